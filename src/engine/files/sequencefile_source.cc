#include "engine/files/sequencefile_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <nlohmann/json.hpp>

#include "base/fail.h"
#include "base/json_text.h"
#include "seqfile/manifest.h"
#include "seqfile/reader.h"

namespace tinderbox::engine {

namespace {

constexpr uint64_t kSplit = 32 << 20;
constexpr size_t kChunkBytes = 8 << 20;  // rows of a chunk are fewer when they are large

/// A file of a running scan.
struct OpenFile {
  std::shared_ptr<const base::InputFile> file;
  std::atomic<uint64_t> splits_left{0};
  std::atomic<uint64_t> records{0};
};

struct Split {
  OpenFile* file;
  uint64_t begin, end;
};

struct RunningScan {
  std::vector<OpenFile> files;
  std::vector<Split> splits;
  std::vector<size_t> projected;
  std::atomic<size_t> next{0};
};

class Part : public ScanPart {
 public:
  explicit Part(std::shared_ptr<RunningScan> scan) : scan_(std::move(scan)) {}

  size_t Fill(std::vector<OutVector>& columns) override {
    size_t rows = 0;
    for (size_t bytes = 0; rows < kChunkRows && bytes < kChunkBytes;) {
      if (reader_ == nullptr && !OpenNext()) break;
      if (!reader_->Next()) {
        CloseSplit();
        continue;
      }
      ++records_;
      for (size_t i = 0; i < columns.size(); ++i) {
        if (scan_->projected[i] == 0) {
          SetKey(&columns[i], rows);
        } else {
          bytes += SetValue(&columns[i], rows);
        }
      }
      ++rows;
    }
    return rows;
  }

 private:
  bool OpenNext() {
    const size_t number = scan_->next++;
    if (number >= scan_->splits.size()) return false;
    split_ = &scan_->splits[number];
    reader_ = std::make_unique<seqfile::Reader>(split_->file->file);
    reader_->Limit(split_->begin, split_->end);
    records_ = 0;
    return true;
  }

  /// Whoever reads the last of a file sees whether all was there: a file may well be cut between two records.
  void CloseSplit() {
    OpenFile& file = *split_->file;
    file.records += records_;
    if (--file.splits_left == 0) {
      const std::string& path = file.file->path();
      const auto manifest = seqfile::Manifest::Of(reader_->header(), path);
      if (manifest && manifest->files != file.records) {
        throw seqfile::DamagedFile(
            path, file.file->size(),
            fmt::format("it has {} of the {} records that were packed", file.records.load(), manifest->files));
      }
    }
    reader_.reset();
  }

  void SetKey(OutVector* column, size_t row) const {
    const std::optional<std::string>& key = reader_->key();
    if (key) {
      column->SetString(row, base::IsUtf8(*key) ? *key : base::ReplaceInvalidUtf8(*key));
    } else {
      column->SetNull(row);
    }
  }

  size_t SetValue(OutVector* column, size_t row) {
    if (reader_->header().value == seqfile::Writable::kNull) {
      column->SetNull(row);
      return 0;
    }
    // Grows as bytes come: a damaged file may claim a size that it does not have.
    const uint64_t size = reader_->ValueSize();
    value_.clear();
    while (true) {
      const size_t before = value_.size();
      value_.resize(before + static_cast<size_t>(std::clamp<uint64_t>(size - before, 1, kChunkBytes)));
      const size_t n = reader_->ReadValue(value_.data() + before, value_.size() - before);
      value_.resize(before + n);
      if (n == 0) break;
    }
    column->SetString(row, value_);
    return value_.size();
  }

  std::shared_ptr<RunningScan> scan_;
  const Split* split_ = nullptr;
  std::unique_ptr<seqfile::Reader> reader_;
  uint64_t records_ = 0;
  std::string value_;
};

class SequenceFileScan : public Scan {
 public:
  explicit SequenceFileScan(std::shared_ptr<RunningScan> scan) : scan_(std::move(scan)) {}
  std::unique_ptr<ScanPart> NewPart() override { return std::make_unique<Part>(scan_); }
  size_t MaxParts() const override { return std::max<size_t>(1, scan_->splits.size()); }
  double Fraction() const override {
    const size_t total = scan_->splits.size();
    return total == 0 ? 1 : std::min(1.0, static_cast<double>(scan_->next) / static_cast<double>(total));
  }

 private:
  std::shared_ptr<RunningScan> scan_;
};

class SequenceFileSource : public Source {
 public:
  explicit SequenceFileSource(std::vector<std::string> files)
      : files_(std::move(files)), columns_(SequenceFileColumns().fields) {}
  const std::vector<StructField>& Columns() const override { return columns_; }
  std::unique_ptr<Scan> Open(std::vector<size_t> projected) override {
    auto scan = std::make_shared<RunningScan>();
    scan->projected = std::move(projected);
    scan->files = std::vector<OpenFile>(files_.size());
    for (size_t i = 0; i < files_.size(); ++i) {
      OpenFile& file = scan->files[i];
      file.file = std::make_shared<const base::InputFile>(files_[i]);
      // The head may be large, and is read for each split: splits begin behind it.
      const uint64_t head = seqfile::Reader(file.file).header().size;
      for (uint64_t begin = head; begin == head || begin < file.file->size(); begin += kSplit) {
        scan->splits.push_back({&file, begin, std::min(begin + kSplit, file.file->size())});
        ++file.splits_left;
      }
    }
    return std::make_unique<SequenceFileScan>(std::move(scan));
  }

 private:
  const std::vector<std::string> files_;
  const std::vector<StructField> columns_;
};

}  // namespace

StructType SequenceFileColumns() {
  return StructType{
      {{"key", DataType(TypeKind::kString), true, "{}"}, {"value", DataType(TypeKind::kBinary), true, "{}"}}};
}

std::shared_ptr<Source> MakeSequenceFileSource(std::string_view spec) {
  try {
    const auto document = nlohmann::json::parse(spec);
    return std::make_shared<SequenceFileSource>(document.at("files").get<std::vector<std::string>>());
  } catch (const nlohmann::json::exception& e) {
    base::Fail("INTERNAL_ERROR", "The specification of a SequenceFile read is unusable: {}", e.what());
  }
}

}  // namespace tinderbox::engine
