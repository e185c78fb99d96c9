#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tinderbox/error.h"

namespace tinderbox {

/// What else a Spark Connect server told of an Error that it raised. The error itself has the condition, the message
/// without its decoration, the parameters and the places in the query; this is reached by ServerErrorOf.
/// Thread-safety: immutable after construction.
class ServerError {
 public:
  struct Cause {
    std::string type;  ///< the Java class, "java.io.IOException"
    std::string message;
  };

  std::string sql_state;             ///< "22012"; empty when the server gave none
  std::vector<std::string> classes;  ///< the error's Java classes, most derived first
  std::string full_message;          ///< as the server shows it, with condition, SQLSTATE and place
  std::vector<Cause> causes;         ///< what led to the error, nearest first
  std::string stack_trace;           ///< of the server; empty unless it gives one

  virtual ~ServerError() = default;
  /// A copy of the whole error.
  virtual std::shared_ptr<const Error> Share() const = 0;
};

/// nullptr when the error was raised in this process.
inline const ServerError* ServerErrorOf(const Error& error) {
  return dynamic_cast<const ServerError*>(&error);
}

}  // namespace tinderbox
