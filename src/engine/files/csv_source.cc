#include "engine/files/csv_source.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <tuple>
#include <type_traits>

#include "base/fail.h"
#include "base/json_text.h"
#include "csv/blocks.h"
#include "csv/convert.h"
#include "engine/files/csv_table.h"

namespace tinderbox::engine {
namespace {

using csv::Block;
using csv::CsvOptions;
using csv::Field;
using csv::Record;

/// A malformed value or record of the chunk being filled.
struct Bad {
  size_t row;     // in the portion
  size_t column;  // of the table; kWholeRecord: the record itself
  std::string text;
};
constexpr size_t kWholeRecord = SIZE_MAX;
constexpr size_t kIndexBatch = 512;  // records of a record index that are read together

struct RunningScan {
  std::shared_ptr<const CsvTable> table;
  std::vector<size_t> projected;
  std::vector<CsvBinding> bindings;                       // by file
  std::unique_ptr<csv::BlockReader> reader;               // without a record index
  std::vector<std::unique_ptr<csv::File>> indexed_files;  // with one
  std::atomic<size_t> next_indexed{0};
  bool wants_bad = false;  // something looks at malformed records
};

class Part : public ScanPart {
 public:
  explicit Part(std::shared_ptr<RunningScan> scan)
      : scan_(std::move(scan)), options_(scan_->table->options), block_(options_.dialect), fields_(options_) {}

  size_t Fill(std::vector<OutVector>& columns) override {
    size_t rows = 0;
    while (rows < kChunkRows && !ended_) {
      if (next_ == available_ && !NextBlock()) {
        ended_ = true;
        break;
      }
      const size_t n = std::min(kChunkRows - rows, available_ - next_);
      rows += Convert(columns, rows, n);
      next_ += n;
    }
    return rows;
  }

 private:
  bool NextBlock();
  bool NextIndexed();
  void IndexOne(size_t number);
  size_t Convert(std::vector<OutVector>& columns, size_t first_row, size_t n);
  void ConvertColumn(size_t column, OutVector& out, size_t first_row);
  template <typename T, typename Parse>
  void Each(size_t column, OutVector& out, size_t first_row, Parse parse);
  void Strings(size_t column, OutVector& out, size_t first_row);
  void Binaries(size_t column, OutVector& out, size_t first_row);
  bool IsWhole(const Record& record) const;
  bool Converts(const Record& record);
  void CheckLimits(const Record& record) const;
  void NoteBad(size_t row, size_t column, std::string_view text) {
    if (scan_->wants_bad) bad_.push_back({row, column, std::string(text)});
  }
  void FillMalformed(OutVector& out, size_t first_row);
  void FillCorrupt(OutVector& out, size_t first_row);
  const DataType& TypeOf(size_t column) const { return scan_->table->fields[column].type; }
  uint32_t PositionOf(size_t column) const { return binding_->positions[scan_->table->columns[column].data_index]; }
  uint64_t LineOf(const Record& record) const {
    if (scan_->reader != nullptr) return block_.first_line + record.line;
    return scan_->table->index[first_indexed_ + static_cast<size_t>(&record - block_.walker.records())].line;
  }
  const std::string& PathOf() const { return scan_->table->files[block_.file]; }
  [[noreturn]] void FailMalformed(const Record& record) const;

  std::shared_ptr<RunningScan> scan_;
  const CsvOptions& options_;
  Block block_;
  csv::FieldReader fields_;
  bool ended_ = false;
  size_t available_ = 0;  // records in the block
  size_t next_ = 0;
  const CsvBinding* binding_ = nullptr;
  bool valid_utf8_ = false;
  std::vector<const Record*> rows_;  // of the portion being converted
  std::vector<Bad> bad_;
  // With a record index: the block's first record in it, and those of a batch that are read one by one.
  size_t first_indexed_ = 0;
  size_t next_single_ = 0;
  size_t end_single_ = 0;
  std::vector<char> span_;
};

bool Part::NextBlock() {
  if (!(scan_->reader != nullptr ? scan_->reader->Next(&block_) : NextIndexed())) return false;
  next_ = 0;
  available_ = block_.record_count();
  binding_ = &scan_->bindings[block_.file];
  valid_utf8_ = csv::IsValidUtf8(block_.data(), block_.size);
  return true;
}

/// Reads the next records of the index, which stand in file order, as if they were a file. When one of them has an
/// unclosed quote, which would swallow those behind it, they are read one by one.
bool Part::NextIndexed() {
  if (next_single_ < end_single_) {
    IndexOne(next_single_++);
    return true;
  }
  const std::vector<csv::IndexedRecord>& index = scan_->table->index;
  const std::string newline = options_.dialect.line_separator.empty() ? "\n" : options_.dialect.line_separator;
  const size_t begin = scan_->next_indexed.fetch_add(kIndexBatch);
  if (begin >= index.size()) return false;
  const size_t end = std::min(begin + kIndexBatch, index.size());
  first_indexed_ = begin;
  uint64_t bytes = 0;
  bool one_by_one = false;
  for (size_t i = begin; i < end; ++i) {
    bytes += index[i].length + newline.size();
    one_by_one =
        one_by_one || index[i].file != index[begin].file || (i > begin && index[i].offset <= index[i - 1].offset);
  }
  if (!one_by_one && bytes < (64u << 20)) {
    const csv::File& file = *scan_->indexed_files[index[begin].file];
    const uint64_t first = index[begin].offset;
    const uint64_t span = index[end - 1].offset + index[end - 1].length - first;
    const bool at_once = span <= 4 * bytes + (64 << 10);
    if (at_once) {
      span_.resize(span);
      file.Read(first, span_.data(), span);
    }
    block_.bytes.Reserve(bytes, 0);
    uint32_t size = 0;
    for (size_t i = begin; i < end; ++i) {
      if (at_once) {
        std::memcpy(block_.bytes.data() + size, span_.data() + (index[i].offset - first), index[i].length);
      } else {
        file.Read(index[i].offset, block_.bytes.data() + size, index[i].length);
      }
      size += index[i].length;
      std::memcpy(block_.bytes.data() + size, newline.data(), newline.size());
      size += static_cast<uint32_t>(newline.size());
    }
    block_.size = size;
    block_.file = index[begin].file;
    block_.first_record = 0;
    block_.walker.Index(block_.data(), size);
    block_.walker.Walk(0, size, true);
    bool same = block_.record_count() == end - begin;
    for (size_t i = 0; same && i < block_.record_count(); ++i) {
      const Record& record = block_.record(i);
      same = record.end - record.begin == index[begin + i].length && (record.flags & Record::kUnclosedQuote) == 0;
    }
    if (same) return true;
  }
  next_single_ = begin + 1;
  end_single_ = end;
  IndexOne(begin);
  return true;
}

void Part::IndexOne(size_t number) {
  const csv::IndexedRecord& record = scan_->table->index[number];
  first_indexed_ = number;
  block_.bytes.Reserve(record.length + 1, 0);
  scan_->indexed_files[record.file]->Read(record.offset, block_.bytes.data(), record.length);
  block_.size = record.length;
  block_.file = record.file;
  block_.first_record = 0;
  block_.walker.Index(block_.data(), block_.size);
  block_.walker.Walk(0, block_.size, true);
  if (block_.record_count() != 1) {
    base::Fail("FAILED_READ_FILE.NO_HINT", "The CSV file '{}' changed while it was read (line {}).", PathOf(),
               record.line);
  }
}

void Part::FailMalformed(const Record& record) const {
  const std::string text = base::ReplaceInvalidUtf8(block_.text(record).substr(0, 1000));
  base::FailWith(
      "FAILED_READ_FILE.NO_HINT", {{"path", fmt::format("file://{}", PathOf())}},
      "Encountered error while reading file {0}. Malformed records are detected in record parsing: {0}:{1}: {2}. Parse "
      "Mode: FAILFAST. To process malformed records as null result, try setting the option 'mode' as 'PERMISSIVE'.",
      PathOf(), LineOf(record), text);
}

bool Part::IsWhole(const Record& record) const {
  return record.field_count == binding_->field_count && (record.flags & Record::kUnclosedQuote) == 0;
}

void Part::CheckLimits(const Record& record) const {
  if (record.field_count > options_.max_columns) {
    base::Fail("TINDERBOX_CSV_LIMIT", "{}:{} has {} fields; the option maxColumns allows {}.", PathOf(), LineOf(record),
               record.field_count, options_.max_columns);
  }
  if (options_.max_chars_per_column < 0 || record.end - record.begin <= options_.max_chars_per_column) return;
  for (uint32_t i = 0; i < record.field_count; ++i) {
    const Field& field = block_.fields(record)[i];
    if (field.end() - field.begin > options_.max_chars_per_column) {
      base::Fail("TINDERBOX_CSV_LIMIT", "Field {} of {}:{} is longer than the option maxCharsPerColumn allows ({}).",
                 i + 1, PathOf(), LineOf(record), options_.max_chars_per_column);
    }
  }
}

size_t Part::Convert(std::vector<OutVector>& columns, size_t first_row, size_t n) {
  bad_.clear();
  rows_.clear();
  const bool drop = options_.mode == csv::Mode::kDropMalformed;
  for (size_t i = next_; i < next_ + n; ++i) {
    const Record& record = block_.record(i);
    if (IsWhole(record)) {
      if (record.field_count > options_.max_columns || options_.max_chars_per_column >= 0) CheckLimits(record);
      if (drop && !Converts(record)) continue;
    } else {
      CheckLimits(record);
      if (drop) continue;
      NoteBad(rows_.size(), kWholeRecord, block_.text(record));
    }
    rows_.push_back(&record);
  }
  const CsvTable& table = *scan_->table;
  for (size_t i = 0; i < columns.size(); ++i) {
    const size_t column = scan_->projected[i];
    if (table.columns[column].role == CsvRole::kData) ConvertColumn(column, columns[i], first_row);
  }
  if (!bad_.empty()) {
    std::stable_sort(bad_.begin(), bad_.end(),
                     [](const Bad& a, const Bad& b) { return std::tie(a.row, a.column) < std::tie(b.row, b.column); });
    if (options_.mode == csv::Mode::kFailFast) FailMalformed(*rows_[bad_.front().row]);
  }
  for (size_t i = 0; i < columns.size(); ++i) {
    switch (table.columns[scan_->projected[i]].role) {
      case CsvRole::kData:
        break;
      case CsvRole::kMalformed:
        FillMalformed(columns[i], first_row);
        break;
      case CsvRole::kCorrupt:
        FillCorrupt(columns[i], first_row);
        break;
      case CsvRole::kLocation:
        for (size_t r = 0; r < rows_.size(); ++r) {
          columns[i].SetString(first_row + r, fmt::format("{}:{}", PathOf(), LineOf(*rows_[r])));
        }
        break;
    }
  }
  return rows_.size();
}

void Part::FillMalformed(OutVector& out, size_t first_row) {
  size_t b = 0;
  std::string json;
  for (size_t r = 0; r < rows_.size(); ++r) {
    if (b == bad_.size() || bad_[b].row != r) {
      out.SetNull(first_row + r);
      continue;
    }
    json.assign(1, '{');
    const bool whole = std::any_of(bad_.begin() + static_cast<ptrdiff_t>(b), bad_.end(),
                                   [&](const Bad& bad) { return bad.row == r && bad.column == kWholeRecord; });
    for (; b < bad_.size() && bad_[b].row == r; ++b) {
      if (whole && bad_[b].column != kWholeRecord) continue;
      if (json.size() > 1) json += ',';
      base::AppendJsonString(&json, whole ? "_record" : scan_->table->fields[bad_[b].column].name);
      json += ':';
      base::AppendJsonString(&json, base::ReplaceInvalidUtf8(bad_[b].text));
    }
    json += '}';
    out.SetString(first_row + r, json);
  }
}

void Part::FillCorrupt(OutVector& out, size_t first_row) {
  size_t b = 0;
  for (size_t r = 0; r < rows_.size(); ++r) {
    if (b == bad_.size() || bad_[b].row != r) {
      out.SetNull(first_row + r);
      continue;
    }
    while (b < bad_.size() && bad_[b].row == r) ++b;
    out.SetString(first_row + r, base::ReplaceInvalidUtf8(block_.text(*rows_[r])));
  }
}

template <typename T, typename Parse>
void Part::Each(size_t column, OutVector& out, size_t first_row, Parse parse) {
  T* const values = out.Data<T>() + first_row;
  const uint32_t position = PositionOf(column);
  const Field* const fields = block_.walker.fields();
  const char* const data = block_.data();
  for (size_t r = 0; r < rows_.size(); ++r) {
    const Record& record = *rows_[r];
    std::string_view text;
    if (position >= record.field_count || !fields_.Text(data, fields[record.first_field + position], &text)) {
      out.SetNull(first_row + r);
    } else if (!parse(text, &values[r])) {
      out.SetNull(first_row + r);
      NoteBad(r, column, text);
    }
  }
}

void Part::Strings(size_t column, OutVector& out, size_t first_row) {
  // DuckDB's form of a text of up to twelve bytes, unused ones zero.
  struct Short {
    uint32_t length;
    char bytes[12];
  };
  Short* const values = out.Data<Short>() + first_row;
  const uint32_t position = PositionOf(column);
  const Field* const fields = block_.walker.fields();
  const char* const data = block_.data();
  for (size_t r = 0; r < rows_.size(); ++r) {
    const Record& record = *rows_[r];
    std::string_view text;
    if (position >= record.field_count || !fields_.Text(data, fields[record.first_field + position], &text)) {
      out.SetNull(first_row + r);
    } else if (!valid_utf8_ && !csv::IsValidUtf8(text.data(), text.size())) {
      if (options_.malformed_column.empty()) {
        out.SetString(first_row + r, base::ReplaceInvalidUtf8(text));
      } else {
        out.SetNull(first_row + r);
        NoteBad(r, column, text);
      }
    } else if (text.size() <= sizeof(Short::bytes)) {
      values[r] = {};
      values[r].length = static_cast<uint32_t>(text.size());
      std::memcpy(values[r].bytes, text.data(), text.size());
    } else {
      out.SetCheckedString(first_row + r, text);
    }
  }
}

void Part::Binaries(size_t column, OutVector& out, size_t first_row) {
  const uint32_t position = PositionOf(column);
  for (size_t r = 0; r < rows_.size(); ++r) {
    std::string_view text;
    if (position < rows_[r]->field_count && fields_.Text(block_.data(), block_.fields(*rows_[r])[position], &text)) {
      out.SetString(first_row + r, text);
    } else {
      out.SetNull(first_row + r);
    }
  }
}

void Part::ConvertColumn(size_t column, OutVector& out, size_t first_row) {
  const DataType& type = TypeOf(column);
  switch (type.kind()) {
    case TypeKind::kBoolean:
      return Each<uint8_t>(column, out, first_row, csv::ParseBoolean);
    case TypeKind::kByte:
      return Each<int8_t>(column, out, first_row, csv::ParseInteger<int8_t>);
    case TypeKind::kShort:
      return Each<int16_t>(column, out, first_row, csv::ParseInteger<int16_t>);
    case TypeKind::kInteger:
      return Each<int32_t>(column, out, first_row, csv::ParseInteger<int32_t>);
    case TypeKind::kLong:
      return Each<int64_t>(column, out, first_row, csv::ParseInteger<int64_t>);
    case TypeKind::kDate:
      return Each<int32_t>(column, out, first_row, csv::ParseDate);
    case TypeKind::kTimestampNtz:
      return Each<int64_t>(column, out, first_row, csv::ParseTimestampNtz);
    case TypeKind::kFloat:
      return Each<float>(column, out, first_row, [this](std::string_view text, float* value) {
        return csv::ParseFloating(text, options_, value);
      });
    case TypeKind::kDouble:
      return Each<double>(column, out, first_row, [this](std::string_view text, double* value) {
        return csv::ParseFloating(text, options_, value);
      });
    case TypeKind::kTimestamp:
      return Each<int64_t>(column, out, first_row, [this](std::string_view text, int64_t* value) {
        return csv::ParseTimestamp(text, options_.zone_offset_seconds, value);
      });
    case TypeKind::kDecimal: {
      const auto parse = [&](std::string_view text, auto* value) {
        __int128 wide;
        if (!csv::ParseDecimal(text, type.precision(), type.scale(), &wide)) return false;
        *value = static_cast<std::remove_pointer_t<decltype(value)>>(wide);
        return true;
      };
      if (type.precision() <= 4) return Each<int16_t>(column, out, first_row, parse);
      if (type.precision() <= 9) return Each<int32_t>(column, out, first_row, parse);
      if (type.precision() <= 18) return Each<int64_t>(column, out, first_row, parse);
      return Each<__int128>(column, out, first_row, parse);
    }
    case TypeKind::kBinary:
      return Binaries(column, out, first_row);
    default:
      return Strings(column, out, first_row);
  }
}

bool Part::Converts(const Record& record) {
  for (const size_t column : scan_->projected) {
    if (scan_->table->columns[column].role != CsvRole::kData) continue;
    std::string_view text;
    if (!fields_.Text(block_.data(), block_.fields(record)[PositionOf(column)], &text)) continue;
    if (!csv::Converts(text, TypeOf(column), options_)) return false;
    if (!valid_utf8_ && TypeOf(column).kind() == TypeKind::kString && !options_.malformed_column.empty() &&
        !csv::IsValidUtf8(text.data(), text.size())) {
      return false;
    }
  }
  return true;
}

class CsvScan : public Scan {
 public:
  explicit CsvScan(std::shared_ptr<RunningScan> scan) : scan_(std::move(scan)) {}
  std::unique_ptr<ScanPart> NewPart() override { return std::make_unique<Part>(scan_); }
  size_t MaxParts() const override {
    if (scan_->reader != nullptr) return std::max<size_t>(1, scan_->reader->MaxBlocks());
    return scan_->table->index.size() / kIndexBatch + 1;
  }
  double Fraction() const override {
    if (scan_->reader != nullptr) return scan_->reader->Fraction();
    const size_t total = scan_->table->index.size();
    return total == 0 ? 1 : std::min(1.0, static_cast<double>(scan_->next_indexed) / static_cast<double>(total));
  }

 private:
  std::shared_ptr<RunningScan> scan_;
};

class CsvSource : public Source {
 public:
  explicit CsvSource(std::shared_ptr<const CsvTable> table) : table_(std::move(table)) {}
  const std::vector<StructField>& Columns() const override { return table_->fields; }
  std::unique_ptr<Scan> Open(std::vector<size_t> projected) override {
    auto scan = std::make_shared<RunningScan>();
    scan->table = table_;
    scan->projected = std::move(projected);
    for (const std::string& file : table_->files) scan->bindings.push_back(BindCsv(*table_, file));
    const CsvOptions& options = table_->options;
    scan->wants_bad = options.mode == csv::Mode::kFailFast;
    for (const size_t column : scan->projected) {
      const CsvRole role = table_->columns[column].role;
      scan->wants_bad = scan->wants_bad || role == CsvRole::kMalformed || role == CsvRole::kCorrupt;
    }
    if (options.record_index.empty()) {
      const size_t expected = scan->bindings.empty() ? 0 : scan->bindings[0].field_count;
      scan->reader = std::make_unique<csv::BlockReader>(table_->files, options, expected);
    } else {
      for (const std::string& file : table_->files) scan->indexed_files.push_back(std::make_unique<csv::File>(file));
    }
    return std::make_unique<CsvScan>(std::move(scan));
  }
  std::optional<uint64_t> Rows() const override {
    if (table_->options.record_index.empty() || table_->options.mode == csv::Mode::kDropMalformed) return std::nullopt;
    return table_->index.size();
  }

 private:
  std::shared_ptr<const CsvTable> table_;
};

}  // namespace

std::shared_ptr<Source> MakeCsvSource(std::string_view spec) {
  return std::make_shared<CsvSource>(std::make_shared<const CsvTable>(ReadCsvTable(spec)));
}

}  // namespace tinderbox::engine
