#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cache/redis.h"

namespace tinderbox::cache {

/// Results in a Redis, each a hash under a key with the program's own prefix, which Redis forgets after its time.
/// Nothing else in the Redis is looked at. Thread-safe; every call throws what Redis::Run throws.
class Results {
 public:
  explicit Results(RedisAddress address) : redis_(std::move(address)) {}
  const RedisAddress& address() const { return redis_.address(); }

  /// Whether the Redis is there and lets us in: throws otherwise.
  void Check() { redis_.Run({"PING"}); }

  /// The bytes kept under a key; nullopt: none. Counted as a hit or a miss.
  std::optional<std::string> Get(const std::string& key);
  void Put(const std::string& key, const std::string& bytes, const std::string& what, int64_t ttl_ms);

  struct Entry {
    std::string key;
    std::string what;   ///< the beginning of the query
    int64_t bytes = 0;  ///< as they are kept
    int64_t hits = 0;
    int64_t kept_ms = 0;  ///< when, since the epoch
    int64_t left_ms = 0;  ///< of its time to live
  };
  /// What is kept, newest first.
  std::vector<Entry> List();
  struct Counts {
    int64_t hits = 0, misses = 0, kept = 0;
  };
  /// Since they were cleared.
  Counts Count();
  /// Forgets one; false: there was none.
  bool Remove(const std::string& key);
  /// Forgets everything, the counts too. Returns how many results there were.
  int64_t Clear();

 private:
  std::vector<std::string> Keys();
  Redis redis_;
};

}  // namespace tinderbox::cache
