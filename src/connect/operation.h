#pragma once

#include <atomic>
#include <memory>
#include <set>
#include <string>

#include "connect/errors.h"
#include "connect/response_buffer.h"
#include "spark/session.h"

namespace spark::connect {
class ExecutePlanResponse;
class Plan;
}  // namespace spark::connect

namespace tinderbox::connect {

/// What the responses of an operation say, and how they are cut.
struct OperationOptions {
  std::string id;
  std::string session_id;
  std::string server_side_session_id;
  std::set<std::string> tags;
  size_t fingerprint = 0;  ///< of the request's bytes: a client that sends the same one again means the same operation
  bool reattachable = false;
  size_t chunk_bytes = 0;  ///< batches are cut into chunks of this size; 0: never
  BufferSize buffer;
};

/// One running plan: a thread of its own runs it and fills the buffer that the client's streams read. Thread-safe.
class Operation {
 public:
  enum class State { kRunning, kTerminating, kSucceeded, kFailed, kCancelled };

  /// Starts it. `session` and `errors` are kept as long as it runs.
  static std::shared_ptr<Operation> Start(OperationOptions options, std::shared_ptr<spark::Session> session,
                                          std::shared_ptr<ErrorStore> errors,
                                          std::shared_ptr<const ::spark::connect::Plan> plan);

  const OperationOptions& options() const { return options_; }
  ResponseBuffer& buffer() { return buffer_; }
  State state() const { return state_; }
  bool running() const { return state_ == State::kRunning || state_ == State::kTerminating; }

  /// Asks it to end with OPERATION_CANCELED. Returns false when it had ended already. To be repeated until it ends: the
  /// engine can only be interrupted while it works on the query.
  bool Interrupt();
  /// Adds a message on how far the query is.
  void PushProgress();

 private:
  Operation(OperationOptions options, std::shared_ptr<spark::Session> session, std::shared_ptr<ErrorStore> errors);
  void Run(const ::spark::connect::Plan& plan);
  void RunQuery(const ::spark::connect::Plan& plan);
  void RunCommand(const ::spark::connect::Plan& plan);
  void PushBatch(int64_t rows, int64_t start, std::string bytes);
  /// Throws Interrupted when nobody wants it any more.
  void Push(::spark::connect::ExecutePlanResponse* response);
  grpc::ByteBuffer Seal(::spark::connect::ExecutePlanResponse* response) const;
  void End(ErrorPointer error);

  const OperationOptions options_;
  const std::shared_ptr<spark::Session> session_;
  const std::shared_ptr<ErrorStore> errors_;
  ResponseBuffer buffer_;
  std::atomic<State> state_ = State::kRunning;
};

}  // namespace tinderbox::connect
