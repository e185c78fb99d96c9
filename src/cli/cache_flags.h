#pragma once

#include <memory>
#include <string>

#include "cache/cached_session.h"
#include "cli/cluster_flags.h"
#include "cli/flags.h"
#include "connect/server.h"

namespace tinderbox::cli {

/// --cache and --cache-limit: whether results are kept in a Redis, and for how long.
struct CacheFlags {
  std::string ttl, limit;
  bool given() const { return !ttl.empty(); }
};
void AddCacheFlags(CLI::App* app, CacheFlags* flags);

/// The Redis that TINDERBOX_REDIS_URL names, else that of the cluster. Throws Error TINDERBOX_CACHE for neither.
cache::RedisAddress FindRedis(const ClusterName& cluster);

/// The cache that sessions share; nullptr without --cache. `server`: the address of the server that the sessions are
/// on; empty: they are in this process. Throws Error TINDERBOX_USAGE and what FindRedis and the Redis raise; one that
/// is away is only warned of.
std::shared_ptr<cache::ResultCache> OpenCache(const CacheFlags& flags, const ClusterName& cluster,
                                              const std::string& server);

/// The session, in front of it the cache, if there is one.
std::shared_ptr<spark::Session> WithCache(std::shared_ptr<spark::Session> session,
                                          const std::shared_ptr<cache::ResultCache>& cache);
/// Sessions as a server opens them.
connect::SessionFactory WithCache(connect::SessionFactory sessions, const std::shared_ptr<cache::ResultCache>& cache);

/// Sessions on another server, for one of ours in front of it.
connect::SessionFactory RemoteSessions(const std::string& url);

}  // namespace tinderbox::cli
