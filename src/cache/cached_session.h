#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "cache/inputs.h"
#include "cache/results.h"
#include "spark/session.h"

namespace tinderbox::cache {

/// The setting of a session that says how long its results are kept: "10min", "off".
inline constexpr char kTtlSetting[] = "spark.tinderbox.cache.ttl";
inline constexpr uint64_t kDefaultLimit = uint64_t{64} << 20;

struct CacheOptions {
  int64_t ttl_ms = 0;              ///< 0: only sessions whose setting says so keep and find results
  uint64_t limit = kDefaultLimit;  ///< bytes in Arrow's form; larger results are passed through
  Place place;
  std::function<void(const std::string& message)> warn;  ///< called once for each time that the Redis goes away
};

/// Milliseconds of "10min", "1h"; 0 for "off". Throws Error INVALID_CONF_VALUE, which names `what`.
int64_t ParseTtl(const std::string& what, const std::string& text);

/// What the sessions of a process share: the Redis and what is known of it. A Redis that is away is a warning, and is
/// not asked again for a while: no query fails or waits because of it. Thread-safe.
class ResultCache {
 public:
  /// Throws Error TINDERBOX_CACHE for a wrong password.
  ResultCache(RedisAddress address, CacheOptions options);

  const CacheOptions& options() const { return options_; }
  std::optional<std::string> Get(const std::string& key);
  void Put(const std::string& key, const std::string& bytes, const std::string& what, int64_t ttl_ms);

  /// Persisted rows may be older than the files, so that what is made of them says nothing of the files: from then on
  /// results are found and none are kept.
  void NotePersisted() { persisted_ = true; }
  bool keeps() const { return !persisted_; }
  void Warn(const std::string& message) const;

  /// Place::root of the server, which `ask` finds out; it is asked until it knows.
  std::string Root(const std::function<std::string()>& ask);

 private:
  using Clock = std::chrono::steady_clock;
  template <typename Body>
  void Try(const Body& body);

  Results results_;
  const CacheOptions options_;
  std::atomic<bool> persisted_ = false;
  std::mutex mutex_;
  std::optional<Clock::time_point> away_until_;
  std::string root_;
};

/// A session whose queries are answered from the cache where it has their results, and whose results are kept where
/// they can be: see docs/cache.md for which. Everything else goes to `inner`, of which nobody else may change the state
/// (temporary views, functions, variables).
std::shared_ptr<spark::Session> OpenCached(std::shared_ptr<spark::Session> inner, std::shared_ptr<ResultCache> cache);

}  // namespace tinderbox::cache
