#include "connect/sessions.h"

#include <fmt/format.h>

#include "connect/deep_thread.h"
#include "connect/uuid.h"

namespace tinderbox::connect {
namespace {

constexpr size_t kRememberedSessions = 10'000;
constexpr std::chrono::milliseconds kTendInterval{100};

Error InvalidClone(const std::string& kind, const std::string& text, const std::string& id) {
  return {"INVALID_CLONE_SESSION_REQUEST." + kind, "Invalid session clone request. " + text, {{"targetSessionId", id}}};
}

void CheckObserved(const ClientSession& session, const std::string& observed) {
  if (!observed.empty() && observed != session.server_side_session_id())
    throw InvalidHandle("SESSION_CHANGED", session.session_id());
}

}  // namespace

Sessions::Sessions(SessionFactory factory, SessionTimeouts timeouts)
    : factory_(std::move(factory)), timeouts_(timeouts), tender_([this] { Tend(); }) {}

Sessions::~Sessions() {
  Close();
  tender_.join();
  AwaitDeep();
}

std::shared_ptr<ClientSession> Sessions::Open(const std::string& user_id, const std::string& session_id,
                                              const std::string& observed) {
  if (!IsUuid(session_id)) throw InvalidHandle("FORMAT", session_id);
  const Key key(user_id, session_id);
  std::shared_ptr<ClientSession> session;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || closed_.contains(key)) throw InvalidHandle("SESSION_CLOSED", session_id);
    auto& slot = sessions_[key];
    if (slot == nullptr) {
      try {
        slot = std::make_shared<ClientSession>(user_id, session_id, factory_(user_id, session_id));
      } catch (...) {
        sessions_.erase(key);
        throw;
      }
    }
    session = slot;
  }
  session->Touch();
  CheckObserved(*session, observed);
  return session;
}

std::shared_ptr<ClientSession> Sessions::Get(const std::string& user_id, const std::string& session_id,
                                             const std::string& observed) {
  if (!IsUuid(session_id)) throw InvalidHandle("FORMAT", session_id);
  const auto session = Find(user_id, session_id);
  if (session == nullptr) {
    const std::lock_guard lock(mutex_);
    throw InvalidHandle(closed_.contains(Key(user_id, session_id)) ? "SESSION_CLOSED" : "SESSION_NOT_FOUND",
                        session_id);
  }
  session->Touch();
  CheckObserved(*session, observed);
  return session;
}

std::shared_ptr<ClientSession> Sessions::Find(const std::string& user_id, const std::string& session_id) const {
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(Key(user_id, session_id));
  return found == sessions_.end() ? nullptr : found->second;
}

std::shared_ptr<ClientSession> Sessions::Release(const std::string& user_id, const std::string& session_id,
                                                 bool allow_reconnect) {
  const Key key(user_id, session_id);
  std::shared_ptr<ClientSession> session;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = sessions_.find(key); found != sessions_.end()) {
      session = std::move(found->second);
      sessions_.erase(found);
      ending_.push_back(session);
      if (!allow_reconnect) RememberClosed(key);
    }
  }
  if (session != nullptr) session->Close();
  return session;
}

std::shared_ptr<ClientSession> Sessions::Clone(const ClientSession& source, const std::string& new_id) {
  const std::string id = new_id.empty() ? NewUuid() : new_id;
  if (!IsUuid(id)) {
    throw InvalidClone("TARGET_SESSION_ID_FORMAT",
                       fmt::format("Target session ID {} for clone operation must be an UUID string of the format "
                                   "'00112233-4455-6677-8899-aabbccddeeff'.",
                                   id),
                       id);
  }
  const Key key(source.user_id(), id);
  auto clone = std::make_shared<ClientSession>(source.user_id(), id, source.session()->Clone());
  const std::lock_guard lock(mutex_);
  if (closed_.contains(key)) {
    throw InvalidClone("TARGET_SESSION_ID_ALREADY_CLOSED",
                       fmt::format("Cannot clone session to target session ID {} because a session with this ID was "
                                   "previously closed.",
                                   id),
                       id);
  }
  if (!sessions_.emplace(key, clone).second) {
    throw InvalidClone("TARGET_SESSION_ID_ALREADY_EXISTS",
                       fmt::format("Cannot clone session to target session ID {} because a session with this ID "
                                   "already exists.",
                                   id),
                       id);
  }
  return clone;
}

size_t Sessions::size() const {
  const std::lock_guard lock(mutex_);
  return sessions_.size();
}

void Sessions::RememberClosed(const Key& key) {
  if (!closed_.insert(key).second) return;
  closed_order_.push_back(key);
  if (closed_order_.size() > kRememberedSessions) {
    closed_.erase(closed_order_.front());
    closed_order_.pop_front();
  }
}

void Sessions::Close() {
  std::vector<std::shared_ptr<ClientSession>> sessions;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    sessions.swap(ending_);
    for (auto& [key, session] : sessions_) sessions.push_back(std::move(session));
    sessions_.clear();
    wake_.notify_all();
  }
  for (const auto& session : sessions) session->Close();
  for (const auto& session : sessions) {
    while (!session->ended()) {
      session->Tend(timeouts_.operation);
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
}

void Sessions::Tend() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, kTendInterval, [this] { return stopping_; })) {
    std::vector<std::shared_ptr<ClientSession>> sessions;
    for (const auto& [key, session] : sessions_) sessions.push_back(session);
    std::vector<std::shared_ptr<ClientSession>> ending = ending_;
    lock.unlock();
    for (const auto& session : ending) session->Tend(timeouts_.operation);
    const auto oldest = ClientSession::Clock::now() - timeouts_.session;
    for (const auto& session : sessions) {
      session->Tend(timeouts_.operation);
      if (session->idle_since() < oldest) Release(session->user_id(), session->session_id(), false);
    }
    sessions.clear();
    lock.lock();
    std::erase_if(ending_, [](const auto& session) { return session->ended(); });
    lock.unlock();
    ending.clear();  // sessions are destroyed without the lock
    lock.lock();
  }
}

}  // namespace tinderbox::connect
