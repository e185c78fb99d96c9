#include "cli/cache_flags.h"

#include <fmt/format.h>

#include <cstdlib>
#include <optional>

#include "base/fail.h"
#include "cli/console.h"
#include "cli/remote_flags.h"
#include "cli/words.h"
#include "cluster/secrets.h"
#include "connect/connection.h"

namespace tinderbox::cli {

void AddCacheFlags(CLI::App* app, CacheFlags* flags) {
  app->add_option("--cache", flags->ttl,
                  "Keep results of queries in Redis for so long (10min, 1h), and answer equal queries from it; off: "
                  "only for sessions that set spark.tinderbox.cache.ttl")
      ->type_name("TIME")
      ->group("Cache");
  app->add_option("--cache-limit", flags->limit, "Largest result that is kept; default: 64MiB")
      ->type_name("SIZE")
      ->group("Cache");
}

cache::RedisAddress FindRedis(const ClusterName& cluster) {
  if (const char* url = std::getenv("TINDERBOX_REDIS_URL"); url != nullptr && *url != '\0')
    return cache::ParseRedisUrl(url);
  const cluster::ClusterFolder folder = FolderOf(cluster);
  const std::optional<cluster::Desired> desired = folder.ReadDesired();
  const cluster::Wanted* redis = desired ? desired->Find("redis") : nullptr;
  if (redis == nullptr) {
    base::Fail("TINDERBOX_CACHE",
               "There is no Redis to keep results in: the cluster \"{}\" has none. `tinderbox up --with redis` brings "
               "one up; or name yours in the variable TINDERBOX_REDIS_URL: redis://:PASSWORD@HOST:PORT.",
               folder.name());
  }
  cache::RedisAddress out;
  out.host = redis->service.ready.host;
  out.port = redis->service.ready.port;
  out.password = cluster::Secrets(folder.path()).Read("redis-password");
  return out;
}

std::shared_ptr<cache::ResultCache> OpenCache(const CacheFlags& flags, const ClusterName& cluster,
                                              const std::string& server) {
  if (!flags.given()) {
    if (!flags.limit.empty())
      base::Fail("TINDERBOX_USAGE", "--cache-limit is nothing without --cache. Give --cache, too, or leave it out.");
    return nullptr;
  }
  cache::CacheOptions options;
  options.ttl_ms = cache::ParseTtl("--cache", flags.ttl);
  if (!flags.limit.empty()) options.limit = ParseBytes("--cache-limit", flags.limit);
  options.place.server = server;
  options.place.files_here = server.empty() || connect::IsLoopback(connect::ParseConnection(server).host);
  options.warn = PrintWarning;
  if (server.find(";session_id=") != std::string::npos)
    base::Fail("TINDERBOX_USAGE",
               "--cache cannot be used with a session of other programs (session_id), which may change what its names "
               "mean. Leave one of them out.");
  if (!server.empty()) options.place.server = connect::ParseConnection(server).url();
  return std::make_shared<cache::ResultCache>(FindRedis(cluster), std::move(options));
}

std::shared_ptr<spark::Session> WithCache(std::shared_ptr<spark::Session> session,
                                          const std::shared_ptr<cache::ResultCache>& cache) {
  return cache == nullptr ? session : cache::OpenCached(std::move(session), cache);
}

connect::SessionFactory WithCache(connect::SessionFactory sessions, const std::shared_ptr<cache::ResultCache>& cache) {
  if (cache == nullptr) return sessions;
  return [sessions = std::move(sessions), cache](const std::string& user, const std::string& session) {
    return cache::OpenCached(sessions(user, session), cache);
  };
}

connect::SessionFactory RemoteSessions(const std::string& url) {
  return [url](const std::string&, const std::string&) -> std::shared_ptr<spark::Session> { return ConnectTo(url); };
}

}  // namespace tinderbox::cli
