#include <fmt/format.h>

#include "base/fail.h"
#include "cache/cached_session.h"
#include "cluster/units.h"

namespace tinderbox::cache {
namespace {

constexpr std::chrono::seconds kAwayTime{30};

}  // namespace

int64_t ParseTtl(const std::string& what, const std::string& text) {
  if (text == "off" || text == "0") return 0;
  const std::optional<int64_t> ttl = cluster::ParseDuration(text);
  if (ttl && *ttl >= 1000) return *ttl;
  base::FailWith("INVALID_CONF_VALUE", {{"confName", what}, {"confValue", text}},
                 "{} \"{}\" is no time that results can be kept. Write for instance 30s, 10min, 1h or 1d; off keeps "
                 "none.",
                 what, text);
}

ResultCache::ResultCache(RedisAddress address, CacheOptions options)
    : results_(std::move(address)), options_(std::move(options)) {
  bool refused = false;
  std::string why;
  try {
    results_.Check();
  } catch (const Error& error) {
    refused = error.condition() == "TINDERBOX_CACHE";
    why = error.what();
  }
  if (refused) throw Error("TINDERBOX_CACHE", why);
  if (!why.empty()) Try([&] { throw Error("TINDERBOX_CACHE_UNAVAILABLE", why); });
}

void ResultCache::Warn(const std::string& message) const {
  if (options_.warn) options_.warn(message);
}

template <typename Body>
void ResultCache::Try(const Body& body) {
  {
    const std::lock_guard lock(mutex_);
    if (away_until_ && Clock::now() < *away_until_) return;
  }
  std::string why;
  try {
    body();
  } catch (const Error& error) {
    why = error.what();
  }
  bool said = false;
  {
    const std::lock_guard lock(mutex_);
    said = away_until_.has_value();
    if (why.empty()) {
      away_until_.reset();
    } else {
      away_until_ = Clock::now() + kAwayTime;
    }
  }
  if (!why.empty() && !said) Warn(why + " Queries run without the cache until it is back.");
}

std::optional<std::string> ResultCache::Get(const std::string& key) {
  std::optional<std::string> out;
  Try([&] { out = results_.Get(key); });
  return out;
}

void ResultCache::Put(const std::string& key, const std::string& bytes, const std::string& what, int64_t ttl_ms) {
  Try([&] { results_.Put(key, bytes, what, ttl_ms); });
}

std::string ResultCache::Root(const std::function<std::string()>& ask) {
  {
    const std::lock_guard lock(mutex_);
    if (!root_.empty()) return root_;
  }
  const std::string root = ask();
  const std::lock_guard lock(mutex_);
  return root_ = root;
}

}  // namespace tinderbox::cache
