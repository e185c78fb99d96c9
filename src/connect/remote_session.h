#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "connect/retry_policy.h"
#include "spark/session.h"

namespace tinderbox::connect {

struct RemoteOptions {
  RetryPolicy retry;
  /// How long the server may take to answer the first call; 0: as long as `retry` says.
  std::chrono::milliseconds connect_timeout{10'000};
  /// A connection on which nothing came for so long is tried, and given up when it is dead. Servers cut clients that
  /// try more often than every 5 minutes.
  std::chrono::milliseconds keepalive{310'000};
  /// A stream of responses is followed by another one after so long: who keeps a dead one open does not stop us.
  std::chrono::milliseconds stream_limit{600'000};
  std::string tls_roots;  ///< certificates to trust, as PEM text; empty: those of the system
  /// Called on the reading thread whenever the server tells how far an operation is.
  std::function<void(const std::string& operation, const Progress& progress)> on_progress;
  /// Called on the waiting thread before a call that failed is made again: why it failed, and the wait.
  std::function<void(const std::string& failure, std::chrono::milliseconds wait)> on_wait;
};

/// A session on a Spark Connect server: ours, or a real Spark cluster's. Calls that fail for a while are made again as
/// Spark's clients do it, and results go on where a cut connection left them; nothing runs twice. The session ends with
/// the last pointer to it, unless the connection string gave its id.
class RemoteSession : public spark::Session {
 public:
  struct Status {
    std::string operation;
    std::string state;  ///< "RUNNING", "TERMINATING", "SUCCEEDED", "FAILED", "CANCELLED", "UNKNOWN"
  };
  /// The states of these operations of the session, or of all when there are none.
  virtual std::vector<Status> GetStatus(const std::vector<std::string>& operations) = 0;

  virtual const std::string& session_id() const = 0;
};

/// Opens a session and asks the server for its version. Throws Error: INVALID_CONNECT_URL,
/// TINDERBOX_CONNECT_UNAVAILABLE, TINDERBOX_CONNECT_UNAUTHENTICATED, and what the server raises.
std::shared_ptr<RemoteSession> OpenRemote(const std::string& url, const RemoteOptions& options = {});

}  // namespace tinderbox::connect
