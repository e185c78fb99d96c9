#pragma once

#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace tinderbox {

/// The place in a query that an error comes from: a piece of SQL text, or a DataFrame call.
struct QueryContext {
  enum class Kind { kSql, kDataFrame };
  Kind kind = Kind::kSql;
  std::string object_type;  ///< "VIEW" when the text is a view's, else empty
  std::string object_name;
  int start_index = -1;  ///< of the fragment in the SQL text, in characters, both ends inclusive; -1: unknown
  int stop_index = -1;
  std::string fragment;   ///< the SQL text meant, or the name of the DataFrame method
  std::string call_site;  ///< "file:line" of the DataFrame call
  std::string summary;    ///< as it is shown below the message; empty: made of the others
};

/// The one exception type of Tinderbox.
///
/// `condition` is a Spark error condition ("PATH_NOT_FOUND", "UNSUPPORTED_FEATURE.…"); conditions of our own start with
/// "TINDERBOX_". what() is one readable paragraph: what failed, why, and what to do about it.
/// Thread-safety: immutable after construction.
class Error : public std::runtime_error {
 public:
  using Params = std::map<std::string, std::string>;

  Error(std::string_view condition, const std::string& message, Params params = {},
        std::vector<QueryContext> contexts = {})
      : std::runtime_error(message),
        condition_(condition),
        params_(std::move(params)),
        contexts_(std::move(contexts)) {}

  const std::string& condition() const { return condition_; }
  const Params& params() const { return params_; }
  /// Innermost first; empty when the place is not known.
  const std::vector<QueryContext>& contexts() const { return contexts_; }

 private:
  std::string condition_;
  Params params_;
  std::vector<QueryContext> contexts_;
};

/// What is wrong with a text already as a text of SQL: Spark's ParseException.
class ParseError : public Error {
 public:
  using Error::Error;
};

/// Thrown out of a running call after Session::Interrupt or Ctrl-C; the CLI answers it with exit code 130.
class Interrupted : public Error {
 public:
  Interrupted() : Error("OPERATION_CANCELED", "The operation was interrupted; no output was written.") {}
};

}  // namespace tinderbox
