#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "cluster/service.h"

namespace tinderbox::cluster {

/// Whether the text has what the probe looks for.
bool Matches(const Probe& probe, std::string_view text);

/// Asks, for at most the probe's timeout. A command is not run before the probe's port, if it has one, listens.
/// nullopt: the service does its work; else why not. `stop` ends a command early.
std::optional<std::string> RunProbe(const Probe& probe, const std::stop_token& stop = {});

struct HttpAnswer {
  int status = 0;
  std::string body;
};
/// Sends a whole HTTP/1.0 request; nullopt when there is no answer within the time (`why` says what happened, and names
/// the path).
std::optional<HttpAnswer> HttpExchange(const std::string& host, int port, const std::string& path,
                                       const std::string& request, int64_t timeout, std::string* why);
/// GET over HTTP/1.0; nullopt when there is no answer within the time (`why` says what happened).
std::optional<HttpAnswer> HttpGet(const std::string& host, int port, const std::string& path, int64_t timeout,
                                  std::string* why);
/// The same as POST of a form ("id=driver-1&terminate=true").
std::optional<HttpAnswer> HttpPost(const std::string& host, int port, const std::string& path, const std::string& form,
                                   int64_t timeout, std::string* why);
/// A NodeManager, by the addresses "127.0.0.1:8042" of both pages and the port of its id. nullopt: the ResourceManager
/// has it registered since it started; else why not.
struct YarnNode {
  std::string manager_host;
  int manager_port = 0;
  std::string host;
  int port = 0;
  int rpc = 0;
};
std::optional<std::string> ProbeYarnNode(const YarnNode& node, int64_t timeout);
/// Asks a Redis server PING with this password; nullopt: it answers; else why not.
std::optional<std::string> PingRedis(const std::string& host, int port, const std::string& password, int64_t timeout);

}  // namespace tinderbox::cluster
