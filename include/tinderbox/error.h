#pragma once

#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

namespace tinderbox {

/// The one exception type of Tinderbox.
///
/// `condition` is a Spark error condition ("PATH_NOT_FOUND", "UNSUPPORTED_FEATURE.…"); conditions of our own start with
/// "TINDERBOX_". what() is one readable paragraph: what failed, why, and what to do about it.
/// Thread-safety: immutable after construction.
class Error : public std::runtime_error {
 public:
  using Params = std::map<std::string, std::string>;

  Error(std::string_view condition, const std::string& message, Params params = {})
      : std::runtime_error(message), condition_(condition), params_(std::move(params)) {}

  const std::string& condition() const { return condition_; }
  const Params& params() const { return params_; }

 private:
  std::string condition_;
  Params params_;
};

/// Thrown out of a running call after Session::Interrupt or Ctrl-C; the CLI answers it with exit code 130.
class Interrupted : public Error {
 public:
  Interrupted() : Error("OPERATION_CANCELED", "The operation was interrupted; no output was written.") {}
};

}  // namespace tinderbox
