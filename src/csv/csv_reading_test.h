#pragma once

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "csv/blocks.h"

namespace tinderbox::csv {

/// A file that exists as long as this object.
class TempFile {
 public:
  explicit TempFile(std::string_view bytes, const std::string& extension = ".csv") {
    static std::atomic<int> number{0};
    path_ = (std::filesystem::temp_directory_path() /
             ("tinderbox_csv_test_" + std::to_string(getpid()) + "_" + std::to_string(number++) + extension))
                .string();
    FILE* file = fopen(path_.c_str(), "wb");
    if (!bytes.empty()) fwrite(bytes.data(), 1, bytes.size(), file);
    fclose(file);
  }
  ~TempFile() { std::filesystem::remove(path_); }
  TempFile(const TempFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

using Value = std::optional<std::string>;
struct Row {
  std::vector<Value> values;
  uint64_t line = 0;
  uint32_t flags = 0;
  std::string text;
  bool operator==(const Row&) const = default;
};

inline std::vector<Row> ReadRows(const std::vector<std::string>& files,
                                 const std::map<std::string, std::string>& options, BlockTuning tuning = {},
                                 int threads = 1, size_t expected_fields = 0) {
  const CsvOptions parsed = ParseCsvOptions(options);
  BlockReader reader(files, parsed, expected_fields, tuning);
  std::map<std::pair<size_t, size_t>, std::vector<Row>> blocks;
  std::mutex mutex;
  std::exception_ptr failure;
  const auto work = [&] {
    try {
      Block block(parsed.dialect, tuning.simd);
      FieldReader fields(parsed);
      while (reader.Next(&block)) {
        std::vector<Row> rows;
        for (size_t r = 0; r < block.record_count(); ++r) {
          const Record& record = block.record(r);
          Row row;
          row.line = block.first_line + record.line;
          row.flags = record.flags;
          row.text = block.text(record);
          for (uint32_t f = 0; f < record.field_count; ++f) {
            std::string_view text;
            const bool present = fields.Text(block.data(), block.fields(record)[f], &text);
            row.values.push_back(present ? Value(std::string(text)) : std::nullopt);
          }
          rows.push_back(std::move(row));
        }
        const std::lock_guard lock(mutex);
        blocks[{block.file, block.chunk}] = std::move(rows);
      }
    } catch (...) {
      reader.Cancel();
      const std::lock_guard lock(mutex);
      failure = std::current_exception();
    }
  };
  std::vector<std::jthread> others;
  for (int t = 1; t < threads; ++t) others.emplace_back(work);
  work();
  others.clear();
  if (failure) std::rethrow_exception(failure);
  std::vector<Row> out;
  for (auto& [place, rows] : blocks) {
    for (Row& row : rows) out.push_back(std::move(row));
  }
  return out;
}

}  // namespace tinderbox::csv
