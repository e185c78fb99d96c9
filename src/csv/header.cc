#include "csv/header.h"

#include <algorithm>
#include <map>

#include "base/ascii.h"
#include "csv/blocks.h"

namespace tinderbox::csv {

std::vector<std::string> ReadFirstRecord(const std::string& file, const CsvOptions& options) {
  CsvOptions plain = options;
  plain.header = false;
  BlockReader reader({file}, plain, 0, {.block_bytes = 64 << 10});
  Block block(plain.dialect);
  std::vector<std::string> out;
  if (!reader.Next(&block)) return out;
  const Record& record = block.record(0);
  FieldReader fields(plain);
  for (uint32_t i = 0; i < record.field_count; ++i) {
    std::string_view text;
    out.emplace_back(fields.Text(block.data(), block.fields(record)[i], &text) ? std::string(text) : std::string());
  }
  return out;
}

std::vector<std::string> ColumnNames(const std::vector<std::string>& first_record, const CsvOptions& options) {
  std::map<std::string, int> times;
  for (const std::string& name : first_record) ++times[base::LowerCase(name)];
  std::vector<std::string> out;
  for (size_t i = 0; i < first_record.size(); ++i) {
    const std::string& name = first_record[i];
    if (!options.header || name.empty()) {
      out.push_back("_c" + std::to_string(i));
    } else {
      out.push_back(times[base::LowerCase(name)] > 1 ? name + std::to_string(i) : name);
    }
  }
  return out;
}

}  // namespace tinderbox::csv
