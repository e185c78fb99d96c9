// Any options and any bytes: reading a file whole, byte by byte with the plain loop, and in tiny blocks on three
// threads gives the same records, values and lines; inference and conversion end in an answer or an Error.
//
// The first two bytes choose the options; the rest is the file.

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "csv/blocks.h"
#include "csv/convert.h"
#include "csv/infer.h"
#include "tinderbox/error.h"

namespace tinderbox::csv {
namespace {

using Options = std::map<std::string, std::string>;

Options OptionsOf(uint8_t a, uint8_t b) {
  static const char* const kSeparators[] = {",", "\t", "||", ";"};
  static const char* const kEscapes[] = {"\"", "\\", "", "'"};
  static const char* const kEncodings[] = {"UTF-8", "UTF-8", "UTF-16", "ISO-8859-1"};
  Options out = {{"sep", kSeparators[a & 3]}, {"escape", kEscapes[a >> 2 & 3]}, {"encoding", kEncodings[b >> 6]}};
  const auto flag = [&](const char* name, bool on) { out[name] = on ? "true" : "false"; };
  flag("multiLine", (a & 16) != 0);
  flag("header", (a & 32) != 0);
  flag("ignoreLeadingWhiteSpace", (a & 64) != 0);
  flag("ignoreTrailingWhiteSpace", (a & 128) != 0);
  if ((b & 1) != 0) out["comment"] = "#";
  if ((b & 2) != 0) out["lineSep"] = "x";
  if ((b & 4) != 0) out["quote"] = "";
  if ((b & 8) != 0) out["nullValue"] = "NA";
  return out;
}

using Place = std::tuple<size_t, size_t, size_t>;
std::map<Place, std::string> ReadAll(const std::string& path, const CsvOptions& options, BlockTuning tuning,
                                     int threads, size_t expected_fields) {
  std::map<Place, std::string> out;
  std::mutex mutex;
  BlockReader reader({path}, options, expected_fields, tuning);
  const auto work = [&] {
    Block block(options.dialect, tuning.simd);
    FieldReader fields(options);
    while (reader.Next(&block)) {
      for (size_t r = 0; r < block.record_count(); ++r) {
        const Record& record = block.record(r);
        std::string row = std::to_string(block.first_line + record.line) + ' ' + std::to_string(record.flags);
        for (uint32_t f = 0; f < record.field_count; ++f) {
          std::string_view text;
          const bool present = fields.Text(block.data(), block.fields(record)[f], &text);
          row += present ? '[' + std::string(text) + ']' : "~";
        }
        const std::lock_guard lock(mutex);
        out[{block.file, block.chunk, r}] = row;
      }
    }
  };
  std::vector<std::jthread> others;
  for (int t = 1; t < threads; ++t) others.emplace_back(work);
  work();
  others.clear();
  return out;
}

std::vector<std::string> Rows(const std::map<Place, std::string>& records) {
  std::vector<std::string> out;
  for (const auto& [place, row] : records) out.push_back(row);
  return out;
}

void Check(const std::string& path, const Options& given) {
  const CsvOptions options = ParseCsvOptions(given);
  const std::vector<std::string> whole =
      Rows(ReadAll(path, options, {.block_bytes = 1 << 20, .simd = Simd::kScalar}, 1, 0));
  if (Rows(ReadAll(path, options, {.block_bytes = 13, .simd = BestSimd()}, 3, 2)) != whole) std::abort();
  if (Rows(ReadAll(path, options, {.block_bytes = 100, .simd = Simd::kSse2}, 1, 0)) != whole) std::abort();
  InferSchema({path}, given, 2);
}

void CheckValues(std::string_view text) {
  const CsvOptions options;
  for (const TypeKind kind :
       {TypeKind::kBoolean, TypeKind::kByte, TypeKind::kInteger, TypeKind::kLong, TypeKind::kFloat, TypeKind::kDouble,
        TypeKind::kDate, TypeKind::kTimestamp, TypeKind::kTimestampNtz}) {
    Converts(text, DataType(kind), options);
  }
  __int128 value;
  if (ParseDecimal(text, 10, 2, &value) && (value >= 10'000'000'000 || value <= -10'000'000'000)) std::abort();
  int32_t narrow;
  int64_t wide;
  if (ParseInteger(text, &narrow) && (!ParseInteger(text, &wide) || narrow != wide)) std::abort();
}

}  // namespace
}  // namespace tinderbox::csv

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tinderbox::csv;  // NOLINT: the entry point must be outside of any namespace
  if (size < 2) return 0;
  static const std::string path =
      (std::filesystem::temp_directory_path() / ("tinderbox_fuzz_csv_" + std::to_string(getpid()))).string();
  FILE* file = fopen(path.c_str(), "wb");
  if (file == nullptr) std::abort();
  fwrite(data + 2, 1, size - 2, file);
  fclose(file);
  const auto options = OptionsOf(data[0], data[1]);
  try {
    Check(path, options);
  } catch (const tinderbox::Error&) {
    // Refused by name.
  }
  CheckValues({reinterpret_cast<const char*>(data + 2), std::min<size_t>(size - 2, 60)});
  std::filesystem::remove(path);
  return 0;
}
