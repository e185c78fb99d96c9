#include "connect/client.h"

#include <fmt/format.h>
#include <grpc/support/log.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/interrupt.h"
#include "connect/errors.h"
#include "connect/server_status.h"
#include "connect/uuid.h"

namespace tinderbox::connect {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// As much as Spark's servers take; results come in chunks below it.
constexpr int kMaxMessageBytes = 128 << 20;
// What is only polite must not hold anybody up.
constexpr milliseconds kShortCall{5'000};
constexpr milliseconds kLastCall{2'000};
constexpr int kReleaseAttempts = 3;
// While the first answer is waited for, a server that is just starting is asked so often.
constexpr milliseconds kConnectInterval{500};

std::chrono::system_clock::time_point In(milliseconds delay) {
  return std::chrono::system_clock::now() + delay;
}

}  // namespace

std::shared_ptr<grpc::Channel> OpenChannel(const Connection& connection, const RemoteOptions& options) {
  // gRPC reports on standard error what also comes as an error; GRPC_VERBOSITY asks for it.
  if (std::getenv("GRPC_VERBOSITY") == nullptr) gpr_set_log_function([](gpr_log_func_args*) {});
  grpc::ChannelArguments arguments;
  arguments.SetMaxSendMessageSize(kMaxMessageBytes);
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, static_cast<int>(options.keepalive.count()));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  // The waits between attempts are ours.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1'000);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 10'000);
  // Sessions of one process do not share a connection, so that a large result of one does not slow down others.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  std::shared_ptr<grpc::ChannelCredentials> credentials = grpc::InsecureChannelCredentials();
  if (connection.tls()) {
    grpc::SslCredentialsOptions ssl;
    ssl.pem_root_certs = options.tls_roots;
    credentials = grpc::SslCredentials(ssl);
  }
  return grpc::CreateCustomChannel(connection.target(), credentials, arguments);
}

void AddHeaders(const Connection& connection, grpc::ClientContext* call) {
  if (!connection.token.empty()) call->AddMetadata("authorization", "Bearer " + connection.token);
  for (const auto& [name, value] : connection.headers) call->AddMetadata(name, value);
}

Client::Activity::Activity(Client* client, std::string name, std::string id, std::set<std::string> tags)
    : client_(client), name_(std::move(name)), id_(std::move(id)), tags_(std::move(tags)) {
  const std::lock_guard lock(client_->mutex_);
  client_->activities_.push_back(this);
}

Client::Activity::~Activity() {
  const std::lock_guard lock(client_->mutex_);
  client_->activities_.remove(this);
}

void Client::Activity::Use(grpc::ClientContext* call) {
  const std::lock_guard lock(client_->mutex_);
  call_ = call;
  if (call != nullptr && interrupted_) call->TryCancel();
}

bool Client::Activity::interrupted() const {
  const std::lock_guard lock(client_->mutex_);
  return interrupted_;
}

void Client::Activity::WaitAfter(const grpc::Status& status, Milliseconds delay) {
  if (client_->options_.on_wait) client_->options_.on_wait(status.error_message(), delay);
  Wait(delay);
}

void Client::Activity::Wait(Milliseconds delay) {
  // A program that was told to end does not try for another ten minutes, whatever it still wants.
  const base::OnInterrupt stop([this] {
    const std::lock_guard lock(client_->mutex_);
    interrupted_ = true;
    client_->changed_.notify_all();
  });
  if (client_->options_.retry.sleep) {
    client_->options_.retry.sleep(delay);
  } else {
    std::unique_lock lock(client_->mutex_);
    client_->changed_.wait_for(lock, delay, [this] { return interrupted_; });
  }
  if (interrupted()) throw Interrupted();
}

Client::Client(Connection connection, RemoteOptions options, std::shared_ptr<grpc::Channel> channel)
    : connection_(std::move(connection)),
      options_(std::move(options)),
      channel_(std::move(channel)),
      stub_(proto::SparkConnectService::NewStub(channel_)),
      session_id_(connection_.session_id.empty() ? NewUuid() : connection_.session_id),
      releaser_([this] { RunReleases(); }) {}

Client::~Client() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    changed_.notify_all();
  }
  releaser_.join();
}

std::string Client::observed_session() const {
  const std::lock_guard lock(mutex_);
  return observed_;
}

void Client::Prepare(grpc::ClientContext* call) const {
  {
    const std::lock_guard lock(mutex_);
    if (over_ != nullptr) std::rethrow_exception(over_);
  }
  AddHeaders(connection_, call);
}

void Client::Attempt(const std::function<grpc::Status(grpc::ClientContext*)>& make,
                     std::optional<Milliseconds> within) {
  Activity activity(this, "", "");
  Retrying retrying(options_.retry);
  const auto deadline = Clock::now() + within.value_or(Milliseconds(0));
  while (true) {
    grpc::Status status;
    {
      grpc::ClientContext call;
      Prepare(&call);
      if (within) call.set_deadline(In(std::chrono::duration_cast<Milliseconds>(deadline - Clock::now())));
      activity.Use(&call);
      status = make(&call);
      activity.Use(nullptr);
    }
    if (status.ok()) return;
    if (activity.interrupted()) throw Interrupted();
    std::optional<Milliseconds> delay;
    if (!within) {
      delay = retrying.Next(status);
    } else if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
      status = {grpc::StatusCode::UNAVAILABLE, fmt::format("it did not answer within {} ms", within->count())};
    } else if (IsRetryable(status) && Clock::now() + kConnectInterval < deadline) {
      delay = kConnectInterval;
    }
    if (!delay) Fail(status);
    activity.WaitAfter(status, *delay);
  }
}

void Client::CheckIds(const std::string& session, const std::string& server_side) {
  const std::lock_guard lock(mutex_);
  if (session != session_id_) {
    throw Error("TINDERBOX_CONNECT_FAILED",
                fmt::format("The Spark Connect server {} answered for another session, {} instead of {}.",
                            connection_.url(), session, session_id_));
  }
  if (server_side.empty()) return;
  if (observed_.empty()) observed_ = server_side;
  if (observed_ == server_side) return;
  over_ = std::make_exception_ptr(InvalidHandle("SESSION_CHANGED", session_id_));
  std::rethrow_exception(over_);
}

void Client::Fail(const grpc::Status& status) {
  proto::FetchErrorDetailsResponse details;
  if (const std::string id = ErrorIdOf(status); !id.empty()) {
    proto::FetchErrorDetailsRequest request;
    Identify(&request);
    request.set_error_id(id);
    grpc::ClientContext call;
    AddHeaders(connection_, &call);
    call.set_deadline(In(kShortCall));
    // What does not come is missing in the error, and does not replace it.
    if (!stub_->FetchErrorDetails(&call, request, &details).ok()) details.Clear();
  }
  try {
    ThrowStatus(status, details, connection_.url());
  } catch (const Error& error) {
    if (error.condition() == "INVALID_HANDLE.SESSION_CHANGED" || error.condition() == "INVALID_HANDLE.SESSION_CLOSED") {
      const std::lock_guard lock(mutex_);
      over_ = std::current_exception();
    }
    throw;
  }
}

void Client::SendInterrupt(proto::InterruptRequest request) {
  Identify(&request);
  proto::InterruptResponse response;
  grpc::ClientContext call;
  AddHeaders(connection_, &call);
  call.set_deadline(In(kShortCall));
  stub_->Interrupt(&call, request, &response);
}

void Client::InterruptWhere(const std::function<bool(const Activity&)>& wanted) {
  const std::lock_guard lock(mutex_);
  for (Activity* activity : activities_) {
    if (wanted(*activity)) activity->interrupted_ = true;
  }
  changed_.notify_all();
}

void Client::CancelWhere(const std::function<bool(const Activity&)>& wanted) {
  const std::lock_guard lock(mutex_);
  for (const Activity* activity : activities_) {
    if (wanted(*activity) && activity->interrupted_ && activity->call_ != nullptr) activity->call_->TryCancel();
  }
}

void Client::Interrupt(const std::string& name) {
  const auto wanted = [&](const Activity& activity) { return name.empty() || activity.name_ == name; };
  InterruptWhere(wanted);
  // The server first: a call that is cut here would leave it working.
  proto::InterruptRequest request;
  if (name.empty()) {
    request.set_interrupt_type(proto::InterruptRequest::INTERRUPT_TYPE_ALL);
    SendInterrupt(request);
  } else {
    std::set<std::string> ids;
    if (IsUuid(name)) ids.insert(name);
    {
      const std::lock_guard lock(mutex_);
      for (const Activity* activity : activities_) {
        if (wanted(*activity) && !activity->id_.empty()) ids.insert(activity->id_);
      }
    }
    request.set_interrupt_type(proto::InterruptRequest::INTERRUPT_TYPE_OPERATION_ID);
    for (const std::string& id : ids) {
      request.set_operation_id(id);
      SendInterrupt(request);
    }
  }
  CancelWhere(wanted);
}

void Client::InterruptTag(const std::string& tag) {
  const auto wanted = [&](const Activity& activity) { return activity.tags_.contains(tag); };
  InterruptWhere(wanted);
  proto::InterruptRequest request;
  request.set_interrupt_type(proto::InterruptRequest::INTERRUPT_TYPE_TAG);
  request.set_operation_tag(tag);
  SendInterrupt(request);
  CancelWhere(wanted);
}

void Client::Release(const std::string& operation, const std::string& response) {
  const std::lock_guard lock(mutex_);
  releases_[operation] = response;
  changed_.notify_all();
}

void Client::SendRelease(const std::string& operation, const std::string& response) {
  proto::ReleaseExecuteRequest request;
  Identify(&request);
  request.set_operation_id(operation);
  if (response.empty()) {
    request.mutable_release_all();
  } else {
    request.mutable_release_until()->set_response_id(response);
  }
  for (int attempt = 1; attempt <= kReleaseAttempts; ++attempt) {
    bool closing = false;
    {
      std::unique_lock lock(mutex_);
      if (attempt > 1) changed_.wait_for(lock, milliseconds(100) * attempt, [this] { return closing_; });
      if (over_ != nullptr) return;
      closing = closing_;
    }
    proto::ReleaseExecuteResponse released;
    grpc::ClientContext call;
    AddHeaders(connection_, &call);
    call.set_deadline(In(closing ? kLastCall : kShortCall));
    // The server ends by itself what nobody asks for.
    if (!IsRetryable(stub_->ReleaseExecute(&call, request, &released))) return;
    if (closing) return;
  }
}

void Client::RunReleases() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return closing_ || !releases_.empty(); });
    if (releases_.empty()) return;
    const std::map<std::string, std::string> due = std::exchange(releases_, {});
    lock.unlock();
    for (const auto& [operation, response] : due) SendRelease(operation, response);
    lock.lock();
  }
}

}  // namespace tinderbox::connect
