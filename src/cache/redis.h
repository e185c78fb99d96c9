#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

struct redisContext;

namespace tinderbox::cache {

/// Where a Redis is and how to get in.
struct RedisAddress {
  std::string host;
  int port = 6379;
  std::string user, password;  ///< empty: none
  int database = 0;

  /// "redis://127.0.0.1:6379", for people: without who and what.
  std::string Shown() const;
};
/// Reads redis://[[user]:password@]host[:port][/database]; what is in it may be percent-encoded. Throws Error
/// TINDERBOX_CACHE, which does not repeat the text.
RedisAddress ParseRedisUrl(const std::string& url);

/// What Redis answers to a command.
struct RedisReply {
  bool nil = false;
  int64_t number = 0;
  std::string text;
  std::vector<RedisReply> items;
};

/// A connection to a Redis, made when it is first needed and again after it was lost. Thread-safe: commands of several
/// threads follow one another.
class Redis {
 public:
  explicit Redis(RedisAddress address);
  ~Redis();

  /// Throws Error TINDERBOX_CACHE_UNAVAILABLE when it cannot be reached or is lost on the way, TINDERBOX_CACHE for a
  /// wrong password and for what it refuses.
  RedisReply Run(const std::vector<std::string_view>& words);
  const RedisAddress& address() const { return address_; }

 private:
  struct Close {
    void operator()(redisContext* context) const;
  };

  void Connect();
  RedisReply Send(const std::vector<std::string_view>& words);
  [[noreturn]] void FailLost();

  const RedisAddress address_;
  std::mutex mutex_;
  std::unique_ptr<redisContext, Close> connection_;
};

}  // namespace tinderbox::cache
