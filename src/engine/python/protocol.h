#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tinderbox::engine {

/// How PySpark's worker runs a function: the values of pyspark.util.PythonEvalType.
enum class EvalType : int32_t {
  kBatched = 100,
  kArrowBatched = 101,
  kScalarPandas = 200,
  kGroupedMapPandas = 201,
  kGroupedAggPandas = 202,
  kScalarPandasIter = 204,
  kMapPandasIter = 205,
  kCogroupedMapPandas = 206,
  kMapArrowIter = 207,
  kGroupedMapArrow = 209,
  kCogroupedMapArrow = 210,
  kGroupedMapArrowIter = 215,
  kGroupedMapPandasIter = 216,
  kGroupedAggPandasIter = 217,
  kScalarArrow = 250,
  kScalarArrowIter = 251,
  kGroupedAggArrow = 252,
  kGroupedAggArrowIter = 254,
  kTable = 300,
  kArrowTable = 301,
  kArrowTableFunction = 302,
};

/// Marks in the stream from a worker.
inline constexpr int32_t kEndOfDataSection = -1;
inline constexpr int32_t kPythonException = -2;
inline constexpr int32_t kTimingData = -3;
inline constexpr int32_t kEndOfStream = -4;
inline constexpr int32_t kStartArrowStream = -6;
inline constexpr int32_t kStartFailed = -100;  ///< of our script: what the interpreter lacks

/// A function as its worker is told of it.
struct PythonFunction {
  /// A column of the input; with a name, for the parameter of that name.
  struct Argument {
    int32_t column;
    std::string name;
  };
  std::vector<Argument> arguments;
  std::vector<std::string> commands;  ///< pickled pairs of function and result type; each gets the result of the last
};

/// What every task of a worker is told.
struct PythonTask {
  EvalType eval_type;
  std::string python_version;         ///< of the client: "3.11"
  std::string files;                  ///< the folder of the session's Python files
  std::vector<std::string> archives;  ///< files in it that are packages
  std::map<std::string, std::string> conf;
  std::map<std::string, std::string> eval_conf;
};

/// Text and numbers as Java's DataOutputStream writes them.
std::string Encode(int32_t value);
std::string EncodeText(std::string_view text);
/// The bytes of a task up to its data.
std::string EncodeTask(const PythonTask& task, const PythonFunction& function);
/// The same of a table function. `return_type`: JSON.
std::string EncodeTableTask(const PythonTask& task, const PythonFunction& function, const std::string& return_type,
                            const std::string& name);
/// A pickled pair of a function that casts what a pickled function of Spark returned, and its result type. `type`:
/// JSON.
std::string PickledCoercion(std::string_view type);

}  // namespace tinderbox::engine
