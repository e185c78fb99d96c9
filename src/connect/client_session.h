#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "connect/errors.h"
#include "connect/operation.h"
#include "spark/session.h"

namespace tinderbox::connect {

/// A session as its client knows it: its ids, its running operations, its last errors. Thread-safe.
class ClientSession {
 public:
  using Clock = std::chrono::steady_clock;

  ClientSession(std::string user_id, std::string session_id, std::shared_ptr<spark::Session> session);

  const std::string& user_id() const { return user_id_; }
  const std::string& session_id() const { return session_id_; }
  const std::string& server_side_session_id() const { return server_side_session_id_; }
  const std::shared_ptr<spark::Session>& session() const { return session_; }
  const std::shared_ptr<ErrorStore>& errors() const { return errors_; }

  /// Starts an operation, or finds the one that the same request started before.
  /// Throws Error INVALID_HANDLE.OPERATION_ALREADY_EXISTS, .OPERATION_ABANDONED.
  std::shared_ptr<Operation> Start(OperationOptions options, std::shared_ptr<const ::spark::connect::Plan> plan);
  /// Throws Error INVALID_HANDLE.OPERATION_NOT_FOUND, .OPERATION_ABANDONED.
  std::shared_ptr<Operation> Find(const std::string& id) const;
  /// Forgets an operation and ends it when it is running. Returns false when there is none.
  bool Release(const std::string& id);
  std::vector<std::shared_ptr<Operation>> Operations() const;
  /// What became of an operation that is no more in Operations(); nullopt when there never was one.
  std::optional<Operation::State> Ended(const std::string& id) const;

  /// Ends operations that no stream has read for longer than `timeout`, and interrupts those that are to end once more.
  void Tend(Clock::duration timeout);
  /// True once it was closed and nothing of it runs any more.
  bool ended() const;
  /// Ends all operations for good.
  void Close();

  void Touch();
  /// Since when nothing was asked of it and nothing runs.
  Clock::time_point idle_since() const;

 private:
  struct Past {
    Operation::State state;
    bool abandoned = false;
  };
  void Remember(const std::string& id, Past past);

  const std::string user_id_;
  const std::string session_id_;
  const std::string server_side_session_id_;
  const std::shared_ptr<spark::Session> session_;
  const std::shared_ptr<ErrorStore> errors_ = std::make_shared<ErrorStore>();

  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Operation>> operations_;
  std::vector<std::shared_ptr<Operation>> ending_;  ///< released while they ran
  std::map<std::string, Past> past_;
  std::deque<std::string> past_order_;
  Clock::time_point used_ = Clock::now();
  bool closed_ = false;
};

}  // namespace tinderbox::connect
