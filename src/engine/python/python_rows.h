#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/duckdb/connection.h"
#include "engine/duckdb/source.h"
#include "engine/python/python_query.h"

namespace tinderbox::engine {

/// The rows that a Python function makes of a query's rows, or of groups of them.
struct PythonRows {
  std::string name;
  std::string task;  ///< what the worker is told first
  std::string sql;
  StructType columns;  ///< of the query
  /// The columns that one data frame has.
  struct Frame {
    std::vector<size_t> columns;
    StructType schema;
    bool wrapped = false;  ///< sent as the fields of one struct
  };
  /// One: all rows are one data frame, unless they are grouped. Two: each group has two.
  std::vector<Frame> frames;
  /// The first column of the query numbers the groups then, the second one says which frame a row belongs to, and the
  /// rows come in that order.
  bool grouped = false;
  StructType result;
  size_t batch_rows = 0;
  std::function<Lease()> connect;
  std::shared_ptr<PythonQuery> query;
};

/// The table function of such rows; its argument is the number.
inline constexpr char kPythonRowsFunction[] = "tinderbox_python";
SourceFactory PythonRowsFactory(const std::shared_ptr<Numbered<PythonRows>>& rows);

}  // namespace tinderbox::engine
