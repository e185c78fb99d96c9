#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "csv/options.h"
#include "csv/record_index.h"
#include "spark/type_names.h"

namespace tinderbox::engine {

enum class CsvRole { kData, kMalformed, kLocation, kCorrupt };

struct CsvColumn {
  CsvRole role;
  size_t data_index;  // kData: number among the data columns
};

/// Where the data columns stand in the records of one file.
struct CsvBinding {
  std::vector<uint32_t> positions;
  uint32_t field_count = 0;
};

/// What a read of CSV files is about: where, how, and what each column of the result holds.
struct CsvTable {
  std::vector<std::string> files;
  csv::CsvOptions options;
  std::vector<StructField> fields;
  std::vector<CsvColumn> columns;
  size_t data_columns = 0;
  std::vector<csv::IndexedRecord> index;
};

/// From the JSON that the translation writes: files, options and schema. Throws Error for types and options that cannot
/// be read.
CsvTable ReadCsvTable(std::string_view spec);

/// Reads the file's header where names matter. Throws Error when it does not fit the schema.
CsvBinding BindCsv(const CsvTable& table, const std::string& file);

}  // namespace tinderbox::engine
