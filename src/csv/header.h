#pragma once

#include <string>
#include <vector>

#include "csv/options.h"

namespace tinderbox::csv {

/// The values of the file's first record (no blank line, no comment); empty when there is none. Nulls are empty texts.
std::vector<std::string> ReadFirstRecord(const std::string& file, const CsvOptions& options);

/// The column names that Spark makes of a first record: _c0, _c1, … without a header or for empty names; repeated names
/// get their number appended.
std::vector<std::string> ColumnNames(const std::vector<std::string>& first_record, const CsvOptions& options);

}  // namespace tinderbox::csv
