#include "engine/files/csv_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/ascii.h"
#include "base/fail.h"
#include "csv/convert.h"
#include "csv/header.h"
#include "csv/input.h"
#include "csv/records.h"

namespace tinderbox::engine {
namespace {

[[noreturn]] void FailHeader(const std::string& file, const std::string& why) {
  base::FailWith("FAILED_READ_FILE.NO_HINT", {{"path", "file://" + file}},
                 "Encountered error while reading file {}. Its header does not fit the schema: {}.", file, why);
}

}  // namespace

CsvBinding BindCsv(const CsvTable& table, const std::string& file) {
  CsvBinding out;
  std::vector<std::string> names;
  for (size_t i = 0; i < table.fields.size(); ++i) {
    if (table.columns[i].role == CsvRole::kData) names.push_back(table.fields[i].name);
  }
  for (uint32_t i = 0; i < names.size(); ++i) out.positions.push_back(i);
  out.field_count = static_cast<uint32_t>(names.size());
  const csv::CsvOptions& options = table.options;
  if (!options.header || (!options.bind_by_name && options.enforce_schema)) return out;
  const std::vector<std::string> header = csv::ColumnNames(csv::ReadFirstRecord(file, options), options);
  if (header.empty()) return out;
  if (!options.bind_by_name) {
    if (header.size() != names.size()) {
      FailHeader(file, fmt::format("it has {} columns, and the schema has {}", header.size(), names.size()));
    }
    for (size_t i = 0; i < names.size(); ++i) {
      if (base::LowerCase(header[i]) != base::LowerCase(names[i]))
        FailHeader(file, fmt::format("column {} is '{}' and not '{}'", i + 1, header[i], names[i]));
    }
    return out;
  }
  out.field_count = static_cast<uint32_t>(header.size());
  const auto find = [&](const std::string& name) {
    auto found = std::find(header.begin(), header.end(), name);
    if (found != header.end()) return found;
    return std::find_if(header.begin(), header.end(),
                        [&](const std::string& other) { return base::LowerCase(other) == base::LowerCase(name); });
  };
  std::string missing;
  std::set<uint32_t> used;
  for (size_t i = 0; i < names.size(); ++i) {
    const auto found = find(names[i]);
    if (found == header.end()) {
      missing += fmt::format("{}'{}'", missing.empty() ? "" : ", ", names[i]);
      continue;
    }
    out.positions[i] = static_cast<uint32_t>(found - header.begin());
    if (!used.insert(out.positions[i]).second) FailHeader(file, fmt::format("more than one column is '{}'", names[i]));
  }
  if (missing.empty()) return out;
  FailHeader(
      file,
      fmt::format("it lacks {}. Name the columns of the file in the schema, or bind by position (bindByName=false)",
                  missing));
}

CsvTable ReadCsvTable(std::string_view spec) {
  const nlohmann::json json = nlohmann::json::parse(spec);
  CsvTable table;
  table.files = json.at("files").get<std::vector<std::string>>();
  table.options = csv::ParseCsvOptions(json.value("options", std::map<std::string, std::string>()));
  table.fields = StructType::FromJson(json.at("schema").dump()).fields;
  const csv::CsvOptions& options = table.options;
  for (const auto& name : {options.malformed_column, options.location_column}) {
    const bool given =
        std::any_of(table.fields.begin(), table.fields.end(), [&](const auto& field) { return field.name == name; });
    if (!name.empty() && !given) table.fields.push_back({name, DataType(TypeKind::kString)});
  }
  for (const StructField& field : table.fields) {
    CsvColumn column{CsvRole::kData, 0};
    if (!options.malformed_column.empty() && field.name == options.malformed_column) {
      column.role = CsvRole::kMalformed;
    } else if (!options.location_column.empty() && field.name == options.location_column) {
      column.role = CsvRole::kLocation;
    } else if (field.name == options.corrupt_record_column) {
      column.role = CsvRole::kCorrupt;
    } else {
      csv::CheckReadable(field, options);
      column.data_index = table.data_columns++;
    }
    if (column.role != CsvRole::kData && field.type.kind() != TypeKind::kString) {
      base::FailWith("INVALID_CORRUPT_RECORD_TYPE", {{"columnName", field.name}, {"actualType", field.type.Sql()}},
                     "The column '{}', which takes texts about malformed records, must be a STRING and not a {}.",
                     field.name, field.type.Sql());
    }
    table.columns.push_back(column);
  }
  if (!options.record_index.empty()) {
    for (const std::string& file : table.files) {
      if (!csv::IsPlain(file, options.encoding)) {
        base::Fail("UNSUPPORTED_FEATURE.CSV_OPTION",
                   "The option 'recordIndex' needs files in UTF-8 without compression, unlike '{}'.", file);
      }
    }
    table.index = csv::ReadRecordIndex(options.record_index);
    for (const csv::IndexedRecord& record : table.index) {
      if (record.file >= table.files.size() || record.length > csv::kMaxBytes) {
        base::Fail("FAILED_READ_FILE.NO_HINT", "The record index '{}' belongs to other files.", options.record_index);
      }
    }
  }
  return table;
}

}  // namespace tinderbox::engine
