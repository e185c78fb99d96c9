#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "diff/schema.h"
#include "tinderbox/diff.h"

namespace tinderbox::diff {

/// One side, opened: a table and how it came about.
struct OpenedSide {
  DataFrame frame;  ///< the columns of `columns.schema`, then malformed_column and location_column when they exist
  SideColumns columns;
  std::string format;                          ///< csv, json or parquet
  std::map<std::string, std::string> options;  ///< as given to the reader
  std::vector<std::filesystem::path> files;    ///< none when Spark reads them
  StructType file_schema;                      ///< before rename and map
  std::string malformed_column;                ///< empty: the format has no malformed values
  std::string location_column;
  bool untouched = false;                 ///< no rename, map or where
  std::vector<std::string> paths;         ///< as given
  std::optional<StructType> read_schema;  ///< as given to the reader
  bool values_parse = false;  ///< the types were inferred over all values: only whole records can be malformed
  std::shared_ptr<const void> copies{};  ///< of what lies in stores
};

struct OpenedSides {
  OpenedSide left, right;
};

enum class TextTypes {
  kTyped,    ///< CSV and JSON without a schema take the other side's types or inferred ones
  kStrings,  ///< CSV without a schema is text, exactly as it stands in the file
};

/// Opens both sides, since the types of one may follow from the other.
/// `remote`: Spark reads them; what it would read otherwise than we do is refused by name.
OpenedSides OpenSides(const Session& session, const DiffInput& left, const DiffInput& right, bool case_sensitive_names,
                      TextTypes text, bool remote = false);
/// Opens one side alone.
OpenedSide OpenSide(const Session& session, const DiffInput& input, TextTypes text);

/// The side's table again, of only the records that `record_index` names. REQUIRES: the side is untouched CSV.
DataFrame Reopen(const Session& session, const OpenedSide& side, const std::string& record_index);

/// csv, json or parquet: from the file's extension (compression ending aside), else from its first bytes.
std::string FormatOf(const std::filesystem::path& file);

}  // namespace tinderbox::diff
