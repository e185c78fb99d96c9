#include "engine/files/text_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <nlohmann/json.hpp>

#include "base/ascii.h"
#include "base/fail.h"
#include "base/json_text.h"
#include "csv/input.h"
#include "csv/options.h"
#include "engine/files/read.h"
#include "engine/files/text_sink.h"
#include "spark/batch_builder.h"
#include "spark/type_names.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

using Options = std::map<std::string, std::string>;

struct TextOptions {
  bool whole = false;
  std::string line_separator;  ///< empty: \n, \r\n and \r
  csv::Encoding encoding = csv::Encoding::kUtf8;
  TextCompression compression = TextCompression::kNone;
};

bool IsTrue(const std::string& text) {
  return text.size() == 4 && (text[0] == 't' || text[0] == 'T');
}

TextOptions ParseOptions(const Options& options) {
  TextOptions out;
  if (const auto whole = FindOption(options, "wholetext")) out.whole = IsTrue(*whole);
  if (const auto separator = FindOption(options, "lineSep")) {
    if (separator->empty()) base::Fail("INVALID_PARAMETER_VALUE", "'lineSep' cannot be an empty string.");
    out.line_separator = *separator;
  }
  Options encoding;
  if (auto name = FindOption(options, "encoding")) encoding["encoding"] = std::move(*name);
  out.encoding = csv::ParseCsvOptions(encoding).encoding;
  if (const auto codec = FindOption(options, "compression")) {
    const std::string lower = base::LowerCase(*codec);
    if (lower == "gzip") {
      out.compression = TextCompression::kGzip;
    } else if (lower == "zstd") {
      out.compression = TextCompression::kZstd;
    } else if (lower != "none" && lower != "uncompressed") {
      throw Error(
          "CODEC_NOT_AVAILABLE.WITH_AVAILABLE_CODECS_SUGGESTION",
          fmt::format("The codec {} is not available. Available codecs are gzip, none, uncompressed and zstd.", *codec),
          {{"codecName", *codec}, {"availableCodecs", "gzip, none, uncompressed, zstd"}});
    }
  }
  return out;
}

/// The lines of one file after another.
class TextPart : public ScanPart {
 public:
  TextPart(const std::vector<std::string>& files, const TextOptions& options, bool projected,
           std::atomic<size_t>* next_file)
      : files_(files), options_(options), projected_(projected), next_file_(next_file) {}

  size_t Fill(std::vector<OutVector>& columns) override {
    size_t rows = 0;
    while (rows < kChunkRows) {
      std::string_view line;
      if (!NextLine(&line)) break;
      if (projected_) columns[0].SetString(rows, base::ReplaceInvalidUtf8(line));
      ++rows;
    }
    return rows;
  }

 private:
  bool NextLine(std::string_view* line) {
    while (true) {
      if (stream_ == nullptr && !OpenNext()) return false;
      if (options_.whole) {
        while (ReadMore()) {
        }
        *line = buffer_;
        stream_ = nullptr;
        return true;
      }
      size_t length = 0, separator = 0;
      if (FindEnd(&length, &separator)) {
        *line = std::string_view(buffer_).substr(at_, length);
        at_ += length + separator;
        return true;
      }
      if (!finished_) {
        ReadMore();
        continue;
      }
      stream_ = nullptr;
      if (at_ == buffer_.size()) continue;
      *line = std::string_view(buffer_).substr(at_);
      return true;
    }
  }

  bool OpenNext() {
    const size_t file = (*next_file_)++;
    if (file >= files_.size()) return false;
    stream_ = csv::OpenText(files_[file], options_.encoding);
    buffer_.clear();
    at_ = 0;
    searched_ = 0;
    finished_ = false;
    return true;
  }

  bool ReadMore() {
    buffer_.erase(0, at_);
    searched_ -= std::min(searched_, at_);
    at_ = 0;
    constexpr size_t kBytes = 1 << 18;
    const size_t before = buffer_.size();
    buffer_.resize(before + kBytes);
    const size_t read = stream_->Read(buffer_.data() + before, kBytes);
    buffer_.resize(before + read);
    finished_ = read == 0;
    return read > 0;
  }

  bool FindEnd(size_t* length, size_t* separator) {
    if (!options_.line_separator.empty()) {
      const size_t found = buffer_.find(options_.line_separator, at_);
      if (found == std::string::npos) return false;
      *length = found - at_;
      *separator = options_.line_separator.size();
      return true;
    }
    const size_t found = buffer_.find_first_of("\r\n", std::max(at_, searched_));
    if (found == std::string::npos) {
      searched_ = buffer_.size();
      return false;
    }
    if (buffer_[found] == '\r' && found + 1 == buffer_.size() && !finished_) {
      searched_ = found;  // whether a \n follows is not known yet
      return false;
    }
    *length = found - at_;
    *separator = buffer_[found] == '\r' && found + 1 < buffer_.size() && buffer_[found + 1] == '\n' ? 2 : 1;
    searched_ = found + *separator;
    return true;
  }

  const std::vector<std::string>& files_;
  const TextOptions& options_;
  bool projected_;
  std::atomic<size_t>* next_file_;
  std::unique_ptr<csv::ByteStream> stream_;
  std::string buffer_;
  size_t at_ = 0;        // where the next line starts
  size_t searched_ = 0;  // no line ends before
  bool finished_ = false;
};

class TextScan : public Scan {
 public:
  TextScan(const std::vector<std::string>& files, const TextOptions& options, bool projected)
      : files_(files), options_(options), projected_(projected) {}
  std::unique_ptr<ScanPart> NewPart() override {
    return std::make_unique<TextPart>(files_, options_, projected_, &next_file_);
  }
  size_t MaxParts() const override { return std::max<size_t>(1, files_.size()); }
  double Fraction() const override {
    return files_.empty() ? 1 : std::min(1.0, static_cast<double>(next_file_) / static_cast<double>(files_.size()));
  }

 private:
  const std::vector<std::string> files_;
  const TextOptions options_;
  const bool projected_;
  std::atomic<size_t> next_file_ = 0;
};

class TextSource : public Source {
 public:
  TextSource(std::vector<std::string> files, TextOptions options)
      : files_(std::move(files)), options_(std::move(options)) {}
  const std::vector<StructField>& Columns() const override { return columns_; }
  std::unique_ptr<Scan> Open(std::vector<size_t> projected) override {
    return std::make_unique<TextScan>(files_, options_, !projected.empty());
  }

 private:
  const std::vector<std::string> files_;
  const TextOptions options_;
  const std::vector<StructField> columns_{{"value", DataType(TypeKind::kString), true, "{}"}};
};

}  // namespace

std::shared_ptr<Source> MakeTextSource(std::string_view spec) {
  try {
    const auto document = nlohmann::json::parse(spec);
    return std::make_shared<TextSource>(document.at("files").get<std::vector<std::string>>(),
                                        ParseOptions(document.at("options").get<Options>()));
  } catch (const nlohmann::json::exception& e) {
    base::Fail("INTERNAL_ERROR", "The specification of a text read is unusable: {}", e.what());
  }
}

void CheckTextLines(const StructType& schema, const Options& options) {
  for (const StructField& field : schema.fields) {
    if (field.type.kind() == TypeKind::kString) continue;
    const std::string type = fmt::format("\"{}\"", field.type.Sql());
    throw Error("UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE",
                fmt::format("The Text datasource doesn't support the column {} of the type {}.",
                            spark::Quote(field.name), type),
                {{"format", "Text"}, {"columnName", spark::Quote(field.name)}, {"columnType", type}});
  }
  if (schema.fields.size() != 1) {
    throw Error(
        "_LEGACY_ERROR_TEMP_1290",
        fmt::format("Text data source supports only a single column, and you have {} columns.", schema.fields.size()),
        {{"schemaSize", std::to_string(schema.fields.size())}});
  }
  ParseOptions(options);
}

std::string TextLinesExtension(const Options& options) {
  const TextCompression compression = ParseOptions(options).compression;
  return compression == TextCompression::kNone   ? ".txt"
         : compression == TextCompression::kGzip ? ".txt.gz"
                                                 : ".txt.zst";
}

void WriteTextLines(BatchReader& rows, const Options& options, const std::filesystem::path& file,
                    const std::optional<LinesFrame>& frame) {
  const TextOptions parsed = ParseOptions(options);
  const std::string end = parsed.line_separator.empty() ? "\n" : parsed.line_separator;
  const auto sink = OpenTextSink(file, parsed.compression);
  std::string text;
  bool any = false;
  for (ArrowBatch batch; rows.Next(&batch);) {
    text.clear();
    const ArrowArray& column = batch.column(0);
    const auto* offsets = static_cast<const int32_t*>(column.buffers[1]) + column.offset;
    for (int64_t row = 0; row < batch.rows(); ++row) {
      if (frame) text += any ? end : frame->before;
      any = true;
      if (!spark::IsNull(column, row)) {
        text.append(static_cast<const char*>(column.buffers[2]) + offsets[row],
                    static_cast<size_t>(offsets[row + 1] - offsets[row]));
      }
      if (!frame) text += end;
    }
    sink->Write(text);
  }
  if (frame && any) sink->Write(frame->behind);
  sink->Finish();
}

}  // namespace tinderbox::engine
