#pragma once

#include <grpcpp/support/status.h>

#include <chrono>
#include <functional>
#include <optional>

#include "connect/retry_policy.h"

namespace tinderbox::connect {

/// Whether Spark's clients make a call again that ended so: the server is not there, another stream took over, or it
/// says itself when to come again.
bool IsRetryable(const grpc::Status& status);
/// How long the server asks to wait.
std::optional<std::chrono::milliseconds> ServerDelay(const grpc::Status& status);

/// Counts the attempts of one call. Not thread-safe.
class Retrying {
 public:
  explicit Retrying(const RetryPolicy& policy) : policy_(policy), next_(policy.initial_backoff) {}
  /// How long to wait before the call that ended so is made again; nullopt when it is not.
  std::optional<std::chrono::milliseconds> Next(const grpc::Status& status);

 private:
  const RetryPolicy& policy_;
  int attempts_ = 0;
  std::chrono::duration<double, std::milli> next_;
};

}  // namespace tinderbox::connect
