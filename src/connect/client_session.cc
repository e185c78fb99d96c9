#include "connect/client_session.h"

#include <algorithm>

#include "connect/uuid.h"
#include "spark/proto.h"

namespace tinderbox::connect {
namespace {

constexpr size_t kRememberedOperations = 1000;

}  // namespace

ClientSession::ClientSession(std::string user_id, std::string session_id, std::shared_ptr<spark::Session> session)
    : user_id_(std::move(user_id)),
      session_id_(std::move(session_id)),
      server_side_session_id_(NewUuid()),
      session_(std::move(session)) {}

std::shared_ptr<Operation> ClientSession::Start(OperationOptions options, std::shared_ptr<const proto::Plan> plan) {
  const std::lock_guard lock(mutex_);
  if (closed_) throw InvalidHandle("SESSION_CLOSED", session_id_);
  if (const auto found = operations_.find(options.id); found != operations_.end()) {
    if (found->second->options().fingerprint == options.fingerprint && options.reattachable) return found->second;
    throw InvalidHandle("OPERATION_ALREADY_EXISTS", options.id);
  }
  if (past_.contains(options.id)) throw InvalidHandle("OPERATION_ABANDONED", options.id);
  std::string id = options.id;
  options.session_id = session_id_;
  options.server_side_session_id = server_side_session_id_;
  auto operation = Operation::Start(std::move(options), session_, errors_, std::move(plan));
  operations_.emplace(std::move(id), operation);
  return operation;
}

std::shared_ptr<Operation> ClientSession::Find(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  if (const auto found = operations_.find(id); found != operations_.end()) return found->second;
  const auto past = past_.find(id);
  const bool abandoned = past != past_.end() && past->second.abandoned;
  throw InvalidHandle(abandoned ? "OPERATION_ABANDONED" : "OPERATION_NOT_FOUND", id);
}

bool ClientSession::Release(const std::string& id) {
  std::shared_ptr<Operation> operation;
  {
    const std::lock_guard lock(mutex_);
    const auto found = operations_.find(id);
    if (found == operations_.end()) return false;
    operation = std::move(found->second);
    operations_.erase(found);
    Remember(id, {operation->running() ? Operation::State::kCancelled : operation->state()});
    if (operation->running()) ending_.push_back(operation);
  }
  operation->buffer().Close();
  operation->Interrupt();
  return true;
}

void ClientSession::Remember(const std::string& id, Past past) {
  past_.insert_or_assign(id, past);
  past_order_.push_back(id);
  if (past_order_.size() > kRememberedOperations) {
    past_.erase(past_order_.front());
    past_order_.pop_front();
  }
}

std::vector<std::shared_ptr<Operation>> ClientSession::Operations() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Operation>> out;
  for (const auto& [id, operation] : operations_) out.push_back(operation);
  return out;
}

std::optional<Operation::State> ClientSession::Ended(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = past_.find(id);
  return found == past_.end() ? std::nullopt : std::optional(found->second.state);
}

void ClientSession::Tend(Clock::duration timeout) {
  const auto oldest = Clock::now() - timeout;
  for (const auto& operation : Operations()) {
    if (operation->state() == Operation::State::kTerminating) operation->Interrupt();
    if (operation->buffer().idle_since() >= oldest || !Release(operation->options().id)) continue;
    const std::lock_guard lock(mutex_);
    past_[operation->options().id].abandoned = true;
  }
  const std::lock_guard lock(mutex_);
  std::erase_if(ending_, [](const auto& operation) { return !operation->Interrupt(); });
}

bool ClientSession::ended() const {
  const std::lock_guard lock(mutex_);
  return closed_ && ending_.empty() && operations_.empty();
}

void ClientSession::Close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  for (const auto& operation : Operations()) Release(operation->options().id);
}

void ClientSession::Touch() {
  const std::lock_guard lock(mutex_);
  used_ = Clock::now();
}

ClientSession::Clock::time_point ClientSession::idle_since() const {
  const std::lock_guard lock(mutex_);
  return operations_.empty() && ending_.empty() ? used_ : Clock::now();
}

}  // namespace tinderbox::connect
