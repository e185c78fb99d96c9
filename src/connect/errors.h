#pragma once

#include <grpcpp/support/status.h>

#include <deque>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "tinderbox/error.h"

namespace tinderbox::connect {

using ErrorPointer = std::shared_ptr<const Error>;

/// The errors of a session that its client may ask the whole of. Thread-safe.
class ErrorStore {
 public:
  /// Keeps the error for a while and returns its id.
  std::string Add(ErrorPointer error);
  /// Gives the error away; nullptr when it is not there.
  ErrorPointer Take(const std::string& id);

 private:
  std::mutex mutex_;
  std::map<std::string, ErrorPointer> errors_;
  std::deque<std::string> order_;
};

/// The exception in flight as an Error: what is no Error becomes INTERNAL_ERROR.
ErrorPointer CurrentError();

/// The status a Spark Connect client expects: google.rpc.Status with an ErrorInfo in its details. `store` keeps what
/// does not fit into it; may be nullptr.
grpc::Status ToStatus(const ErrorPointer& error, ErrorStore* store);

/// INVALID_HANDLE.`kind` for an operation or a session.
Error InvalidHandle(const std::string& kind, const std::string& handle);

}  // namespace tinderbox::connect
