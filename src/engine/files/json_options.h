#pragma once

#include <map>
#include <string>

#include "csv/options.h"
#include "engine/files/json_cursor.h"

namespace tinderbox::engine {

struct JsonOptions {
  bool multi_line = false;
  csv::Mode mode = csv::Mode::kPermissive;
  csv::Encoding encoding = csv::Encoding::kUtf8;
  JsonDialect dialect;
  bool primitives_as_string = false;
  std::string corrupt_column = "_corrupt_record";
  std::string malformed_column;  ///< empty: none
  std::string location_column;   ///< empty: none
};

/// Reads Spark's option names without regard to letter case. Throws Error for one that asks for what is not there,
/// by name; what Spark does not know is ignored, as by Spark.
JsonOptions ParseJsonOptions(const std::map<std::string, std::string>& options);

}  // namespace tinderbox::engine
