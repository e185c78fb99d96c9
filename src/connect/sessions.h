#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "connect/client_session.h"

namespace tinderbox::connect {

using SessionFactory =
    std::function<std::shared_ptr<spark::Session>(const std::string& user_id, const std::string& session_id)>;

struct SessionTimeouts {
  std::chrono::milliseconds session = std::chrono::minutes(60);   ///< a session that nobody uses ends
  std::chrono::milliseconds operation = std::chrono::minutes(5);  ///< so does an operation that no stream reads
};

/// All sessions of a server, by user and session id. A thread of its own ends those that are left. Thread-safe.
class Sessions {
 public:
  Sessions(SessionFactory factory, SessionTimeouts timeouts);
  /// Ends all of them.
  ~Sessions();

  /// Throws Error INVALID_HANDLE: .FORMAT, .SESSION_CLOSED, .SESSION_CHANGED (when it is not the one that the client
  /// observed before).
  std::shared_ptr<ClientSession> Open(const std::string& user_id, const std::string& session_id,
                                      const std::string& observed);
  /// The same for a session that must be there already: .SESSION_NOT_FOUND.
  std::shared_ptr<ClientSession> Get(const std::string& user_id, const std::string& session_id,
                                     const std::string& observed);
  /// nullptr when there is none.
  std::shared_ptr<ClientSession> Find(const std::string& user_id, const std::string& session_id) const;
  /// Ends a session; its id cannot be used again unless `allow_reconnect`. Returns it, or nullptr when there was none.
  std::shared_ptr<ClientSession> Release(const std::string& user_id, const std::string& session_id,
                                         bool allow_reconnect);
  /// A copy of a session under a new id. Throws Error INVALID_CLONE_SESSION_REQUEST.
  std::shared_ptr<ClientSession> Clone(const ClientSession& source, const std::string& new_id);

  size_t size() const;
  /// Ends everything; no session can be opened any more.
  void Close();

 private:
  using Key = std::pair<std::string, std::string>;

  void RememberClosed(const Key& key);
  void Tend();

  const SessionFactory factory_;
  const SessionTimeouts timeouts_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::map<Key, std::shared_ptr<ClientSession>> sessions_;
  std::vector<std::shared_ptr<ClientSession>> ending_;  ///< released; their operations are interrupted until they end
  std::set<Key> closed_;
  std::deque<Key> closed_order_;
  bool stopping_ = false;
  std::thread tender_;
};

}  // namespace tinderbox::connect
