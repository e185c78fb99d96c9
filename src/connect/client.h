#pragma once

#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <exception>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "connect/connection.h"
#include "connect/remote_session.h"
#include "connect/retry.h"
#include "spark/connect/base.grpc.pb.h"
#include "spark/proto.h"
#include "tinderbox/error.h"

namespace tinderbox::connect {

/// A gRPC channel to the server. Does not connect yet.
std::shared_ptr<grpc::Channel> OpenChannel(const Connection& connection, const RemoteOptions& options);
/// The connection's token and headers, for a call.
void AddHeaders(const Connection& connection, grpc::ClientContext* call);

/// One session's calls: ids, retries, errors, interrupts. Thread-safe.
class Client {
 public:
  using Stub = proto::SparkConnectService::Stub;
  using Milliseconds = std::chrono::milliseconds;

  /// Something that runs and that Interrupt can end: an operation, or a single call.
  class Activity {
   public:
    /// `name` is what Interrupt ends it by, `id` the operation's; both may be empty.
    Activity(Client* client, std::string name, std::string id, std::set<std::string> tags = {});
    Activity(const Activity&) = delete;
    Activity& operator=(const Activity&) = delete;
    ~Activity();

    /// The call that is made now; it ends at once when the activity was interrupted. nullptr: none.
    void Use(grpc::ClientContext* call);
    bool interrupted() const;
    /// Waits before the next attempt. Throws Interrupted, also when the process was told to end.
    void Wait(Milliseconds delay);
    /// The same after a failure, which is told to RemoteOptions::on_wait.
    void WaitAfter(const grpc::Status& status, Milliseconds delay);
    const std::string& id() const { return id_; }

   private:
    friend class Client;
    Client* const client_;
    const std::string name_;
    const std::string id_;
    const std::set<std::string> tags_;
    bool interrupted_ = false;             // guarded by client_->mutex_
    grpc::ClientContext* call_ = nullptr;  // the same
  };

  Client(Connection connection, RemoteOptions options, std::shared_ptr<grpc::Channel> channel);
  /// Tells the server what it need not keep any more, in at most a few seconds.
  ~Client();

  const Connection& connection() const { return connection_; }
  const RemoteOptions& options() const { return options_; }
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }
  const std::string& session_id() const { return session_id_; }
  Stub& stub() { return *stub_; }

  /// Fills in who asks.
  template <typename Request>
  void Identify(Request* request) const {
    request->set_session_id(session_id_);
    request->mutable_user_context()->set_user_id(connection_.user_id);
    request->set_client_type(connection_.user_agent);
    if constexpr (requires { request->set_client_observed_server_side_session_id(""); }) {
      if (const std::string observed = observed_session(); !observed.empty())
        request->set_client_observed_server_side_session_id(observed);
    }
  }

  /// Prepares a call: headers, and an error when the session has ended.
  void Prepare(grpc::ClientContext* call) const;

  /// Makes a call again as long as the policy says. Throws Error.
  template <typename Request, typename Response>
  Response Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*), Request request) {
    Identify(&request);
    Response response;
    Attempt([&](grpc::ClientContext* call) { return (stub_.get()->*method)(call, request, &response); });
    Check(response);
    return response;
  }
  /// The same for any way to make it. `within`: gives up when it is over; nothing: as the policy says.
  void Attempt(const std::function<grpc::Status(grpc::ClientContext*)>& make,
               std::optional<Milliseconds> within = std::nullopt);

  /// Checks that a response belongs to this session. Throws Error INVALID_HANDLE.SESSION_CHANGED when the server was
  /// started anew: what the session had is lost, and no further call is made.
  template <typename Response>
  void Check(const Response& response) {
    CheckIds(response.session_id(), response.server_side_session_id());
  }

  /// Throws the status as the error that it is; asks the server for its details.
  [[noreturn]] void Fail(const grpc::Status& status);

  /// Ends the activities of that name, or all when it is empty.
  void Interrupt(const std::string& name);
  /// Ends those that have the tag, on the server also those of other clients of the session.
  void InterruptTag(const std::string& tag);

  /// Later, and in one message when several are due: the responses up to this one were received, or (when it is empty)
  /// the operation is not needed any more.
  void Release(const std::string& operation, const std::string& response);

 private:
  std::string observed_session() const;
  void CheckIds(const std::string& session, const std::string& server_side);
  void InterruptWhere(const std::function<bool(const Activity&)>& wanted);
  void CancelWhere(const std::function<bool(const Activity&)>& wanted);
  void SendInterrupt(proto::InterruptRequest request);
  void RunReleases();
  void SendRelease(const std::string& operation, const std::string& response);

  const Connection connection_;
  const RemoteOptions options_;
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<Stub> stub_;
  const std::string session_id_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string observed_;     ///< the server's own id of the session
  std::exception_ptr over_;  ///< why no call can be made any more
  std::list<Activity*> activities_;
  std::map<std::string, std::string> releases_;  ///< operation -> response, empty: all
  bool closing_ = false;
  std::thread releaser_;
};

}  // namespace tinderbox::connect
