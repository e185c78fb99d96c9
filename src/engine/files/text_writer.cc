#include "engine/files/text_writer.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <optional>
#include <vector>

#include "base/ascii.h"
#include "base/fail.h"
#include "base/json_text.h"
#include "engine/files/csv_row_writer.h"
#include "engine/files/text_sink.h"
#include "spark/batch_builder.h"
#include "spark/ipc.h"
#include "spark/text.h"
#include "spark/type_names.h"

namespace tinderbox::engine {
namespace {

struct TextWriteOptions {
  CsvWriteOptions csv;
  bool ignore_null_fields = true;
  TextCompression compression = TextCompression::kNone;
};

[[noreturn]] void BadValue(const std::string& name, const std::string& value, std::string_view expected) {
  base::Fail("INVALID_PARAMETER_VALUE", "The write option {} has the value \"{}\"; it must be {}.", name, value,
             expected);
}

bool ParseFlag(const std::string& name, const std::string& value) {
  const std::string lower = base::LowerCase(value);
  if (lower != "true" && lower != "false") BadValue(name, value, "true or false");
  return lower == "true";
}

/// One byte of ASCII, or nothing, which is NUL.
char ParseCharacter(const std::string& name, const std::string& value) {
  if (value.empty() || value == "\\0" || value == std::string_view("\0", 1)) return '\0';
  if (value.size() != 1 || static_cast<unsigned char>(value[0]) >= 0x80) BadValue(name, value, "one ASCII character");
  return value[0];
}

/// Java-like escapes of separators: "\t" may be given as two characters.
std::string ParseSeparator(const std::string& name, const std::string& value) {
  std::string out;
  for (size_t i = 0; i < value.size(); ++i) {
    if (value[i] != '\\' || i + 1 == value.size()) {
      out += value[i];
      continue;
    }
    const char next = value[++i];
    static constexpr std::pair<char, char> kEscapes[] = {{'t', '\t'}, {'\\', '\\'}, {'r', '\r'}, {'b', '\b'},
                                                         {'f', '\f'}, {'"', '"'},   {'\'', '\''}};
    const auto* found =
        std::find_if(std::begin(kEscapes), std::end(kEscapes), [&](const auto& e) { return e.first == next; });
    if (found == std::end(kEscapes)) BadValue(name, value, "text in which \\ stands before t, r, b, f, \\ or a quote");
    out += found->second;
  }
  if (out.empty()) BadValue(name, value, "at least one character");
  return out;
}

TextCompression ParseCompression(const std::string& name, const std::string& value) {
  const std::string lower = base::LowerCase(value);
  if (lower == "none" || lower == "uncompressed") return TextCompression::kNone;
  if (lower == "gzip") return TextCompression::kGzip;
  if (lower == "zstd") return TextCompression::kZstd;
  BadValue(name, value, "none, gzip or zstd");
}

bool ParseCsvOption(const std::string& key, const std::string& name, const std::string& value, CsvWriteOptions* out,
                    bool* escape_escape_given) {
  if (key == "sep" || key == "delimiter") {
    out->separator = ParseSeparator(name, value);
  } else if (key == "header") {
    out->header = ParseFlag(name, value);
  } else if (key == "quote") {
    out->quote = ParseCharacter(name, value);
  } else if (key == "escape") {
    out->escape = ParseCharacter(name, value);
    if (out->escape == '\0') BadValue(name, value, "one ASCII character, or quotes inside values could not be told");
  } else if (key == "chartoescapequoteescaping") {
    out->escape_escape = ParseCharacter(name, value);
    *escape_escape_given = true;
  } else if (key == "escapequotes") {
    out->escape_quotes = ParseFlag(name, value);
  } else if (key == "quoteall") {
    out->quote_all = ParseFlag(name, value);
  } else if (key == "nullvalue") {
    out->null_value = value;
  } else if (key == "emptyvalue") {
    out->empty_value = value;
  } else if (key == "ignoreleadingwhitespace") {
    out->trim_leading = ParseFlag(name, value);
  } else if (key == "ignoretrailingwhitespace") {
    out->trim_trailing = ParseFlag(name, value);
  } else {
    return false;
  }
  return true;
}

/// Refuses options that are accepted only with the value that changes nothing, with another one.
void CheckFixedOption(const std::string& key, const std::string& name, const std::string& value) {
  static constexpr std::pair<std::string_view, std::string_view> kFixed[] = {
      {"encoding", "UTF-8"},
      {"charset", "UTF-8"},
      {"linesep", "\n"},
      {"timezone", "UTC"},
      {"locale", "en-US"},
      {"dateformat", "yyyy-MM-dd"},
      {"timestampformat", "yyyy-MM-dd'T'HH:mm:ss[.SSS][XXX]"},
      {"timestampntzformat", "yyyy-MM-dd'T'HH:mm:ss[.SSS]"}};
  for (const auto& [known, fixed] : kFixed) {
    if (key != known) continue;
    const bool same =
        value == fixed || (known != "dateformat" && base::LowerCase(value) == base::LowerCase(std::string(fixed)));
    if (!same) {
      base::Fail("UNSUPPORTED_FEATURE.WRITE_OPTION",
                 "The write option {} is supported only with its default, not with \"{}\".", name, value);
    }
  }
}

TextWriteOptions ParseOptions(TextFormat format, const std::map<std::string, std::string>& options) {
  TextWriteOptions out;
  bool escape_escape_given = false;
  for (const auto& [name, value] : options) {
    const std::string key = base::LowerCase(name);
    if (key == "compression" || key == "codec") {
      out.compression = ParseCompression(name, value);
    } else if (format == TextFormat::kJson && key == "ignorenullfields") {
      out.ignore_null_fields = ParseFlag(name, value);
    } else if (format == TextFormat::kCsv && ParseCsvOption(key, name, value, &out.csv, &escape_escape_given)) {
      continue;
    } else {
      CheckFixedOption(key, name, value);  // Spark ignores what it does not know
    }
  }
  if (!escape_escape_given) out.csv.escape_escape = out.csv.escape == out.csv.quote ? '\0' : out.csv.escape;
  return out;
}

template <typename T>
T Fixed(const ArrowArray& column, int64_t row) {
  T out;
  std::memcpy(&out, static_cast<const T*>(column.buffers[1]) + column.offset + row, sizeof(T));
  return out;
}

std::string_view Bytes(const ArrowArray& column, int64_t row) {
  const auto start = Fixed<int32_t>(column, row);
  const auto end = Fixed<int32_t>(column, row + 1);
  return start == end
             ? std::string_view()
             : std::string_view(static_cast<const char*>(column.buffers[2]) + start, static_cast<size_t>(end - start));
}

/// The text of a value that is not NULL in a CSV file.
void AppendCsvText(std::string* out, const DataType& type, const ArrowArray& column, int64_t row) {
  switch (type.kind()) {
    case TypeKind::kDecimal:
      spark::AppendDecimalScientific(out, {Fixed<__int128>(column, row), type.scale()});
      return;
    case TypeKind::kTimestamp:
      spark::AppendTimestampMillis(out, Fixed<int64_t>(column, row), true);
      return;
    case TypeKind::kTimestampNtz:
      spark::AppendTimestampMillis(out, Fixed<int64_t>(column, row), false);
      return;
    case TypeKind::kLong:
      out->append(fmt::format_int(Fixed<int64_t>(column, row)).c_str());
      return;
    case TypeKind::kInteger:
      out->append(fmt::format_int(Fixed<int32_t>(column, row)).c_str());
      return;
    case TypeKind::kDouble:
      spark::AppendDouble(out, Fixed<double>(column, row));
      return;
    default:
      spark::AppendText(out, spark::ToValue(type, column, row));
  }
}

class Formatter {
 public:
  Formatter(TextFormat format, const StructType& schema, const TextWriteOptions& options)
      : format_(format), schema_(schema), options_(options), csv_(options.csv) {
    for (const StructField& field : schema.fields) keys_.push_back(base::JsonString(field.name) + ":");
  }

  void AppendHeader(std::string* out) {
    if (format_ != TextFormat::kCsv || !options_.csv.header) return;
    for (const StructField& field : schema_.fields) csv_.AppendField(out, field.name);
    csv_.EndRow(out);
  }

  void AppendRow(std::string* out, const ArrowBatch& batch, int64_t row) {
    if (format_ == TextFormat::kCsv) {
      AppendCsvRow(out, batch, row);
    } else {
      AppendJsonRow(out, batch, row);
    }
  }

 private:
  void AppendCsvRow(std::string* out, const ArrowBatch& batch, int64_t row) {
    for (size_t c = 0; c < schema_.fields.size(); ++c) {
      const DataType& type = schema_.fields[c].type;
      const ArrowArray& column = batch.column(c);
      if (spark::IsNull(column, row)) {
        csv_.AppendNull(out);
      } else if (type.kind() == TypeKind::kString) {
        csv_.AppendField(out, Bytes(column, row));
      } else {
        scratch_.clear();
        AppendCsvText(&scratch_, type, column, row);
        csv_.AppendField(out, scratch_);
      }
    }
    csv_.EndRow(out);
  }

  void AppendJsonRow(std::string* out, const ArrowBatch& batch, int64_t row) {
    *out += '{';
    bool first = true;
    for (size_t c = 0; c < schema_.fields.size(); ++c) {
      const DataType& type = schema_.fields[c].type;
      const ArrowArray& column = batch.column(c);
      const bool null = type.kind() == TypeKind::kNull || spark::IsNull(column, row);
      if (null && options_.ignore_null_fields) continue;
      if (!first) *out += ',';
      first = false;
      *out += keys_[c];
      if (null) {
        *out += "null";
      } else if (type.kind() == TypeKind::kString) {
        base::AppendJsonString(out, Bytes(column, row));
      } else {
        spark::AppendJson(out, spark::ToValue(type, column, row), options_.ignore_null_fields);
      }
    }
    *out += "}\n";
  }

  const TextFormat format_;
  const StructType& schema_;
  const TextWriteOptions& options_;
  CsvRowWriter csv_;
  std::vector<std::string> keys_;
  std::string scratch_;
};

void CheckTypes(TextFormat format, const StructType& schema) {
  for (const StructField& field : schema.fields) {
    const TypeKind kind = field.type.kind();
    if (format != TextFormat::kCsv) continue;
    if (field.type.IsNested() || kind == TypeKind::kNull || kind == TypeKind::kBinary) {
      base::FailWith("UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE",
                     {{"format", "CSV"},
                      {"columnName", spark::Quote(field.name)},
                      {"columnType", fmt::format("\"{}\"", field.type.Sql())}},
                     "CSV cannot hold the column {} of type {}. Write JSON or Parquet, or make the column a text first "
                     "(to_json, base64).",
                     field.name, field.type.Sql());
    }
  }
}

}  // namespace

std::string TextFileExtension(TextFormat format, const std::map<std::string, std::string>& options) {
  const std::string plain = format == TextFormat::kCsv ? ".csv" : ".json";
  switch (ParseOptions(format, options).compression) {
    case TextCompression::kNone:
      return plain;
    case TextCompression::kGzip:
      return plain + ".gz";
    case TextCompression::kZstd:
      return plain + ".zst";
  }
  return plain;
}

void CheckTextOptions(TextFormat format, const StructType& schema, const std::map<std::string, std::string>& options) {
  ParseOptions(format, options);
  CheckTypes(format, schema);
}

uint64_t WriteText(BatchReader& rows, TextFormat format, const std::map<std::string, std::string>& options,
                   const std::filesystem::path& file) {
  constexpr size_t kFlushBytes = 1 << 20;
  const TextWriteOptions parsed = ParseOptions(format, options);
  CheckTypes(format, rows.schema());
  const auto sink = OpenTextSink(file, parsed.compression);
  Formatter formatter(format, rows.schema(), parsed);
  std::string text;
  formatter.AppendHeader(&text);
  uint64_t count = 0;
  ArrowBatch batch;
  while (rows.Next(&batch)) {
    for (int64_t i = 0; i < batch.rows(); ++i) {
      formatter.AppendRow(&text, batch, batch.array().offset + i);
      if (text.size() >= kFlushBytes) {
        sink->Write(text);
        text.clear();
      }
    }
    count += static_cast<uint64_t>(batch.rows());
  }
  sink->Write(text);
  sink->Finish();
  return count;
}

}  // namespace tinderbox::engine
