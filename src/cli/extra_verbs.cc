#include <fmt/format.h>

#include <algorithm>

#include "cli/cluster_flags.h"
#include "cli/verbs.h"
#include "cli/words.h"
#include "cluster/prepare.h"
#include "cluster/probe.h"
#include "cluster/s3.h"
#include "cluster/seaweedfs.h"
#include "cluster/secrets.h"

namespace tinderbox::cli {

// Verbs that the supervisor runs, and not people: they stand in no help.

namespace {

constexpr int64_t kProbeTime = 15'000;

/// "127.0.0.1:9000" -> host and port.
std::pair<std::string, int> ParseAddress(const std::string& text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) throw UsageError("", fmt::format("\"{}\" is not HOST:PORT.", text));
  return {text.substr(0, colon), static_cast<int>(ParseCount("PORT ", text.substr(colon + 1), 1))};
}

/// The words before and after "--".
std::pair<Arguments, Arguments> SplitCommand(const Arguments& arguments, const char* usage) {
  const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
  if (dashes == arguments.begin() || dashes == arguments.end() || dashes + 1 == arguments.end())
    throw UsageError("", usage);
  return {{arguments.begin(), dashes}, {dashes + 1, arguments.end()}};
}

int Answer(const std::optional<std::string>& wrong) {
  if (!wrong) return kClusterOk;
  fmt::print(stderr, "{}\n", *wrong);
  return kClusterFailed;
}

}  // namespace

int RunPrepareService(const Arguments& arguments) {
  const auto [what, command] =
      SplitCommand(arguments, "prepare-service takes KIND, what that needs, -- and the service's command.");
  try {
    if (what[0] == "namenode" && what.size() == 2) {
      cluster::PrepareNameNode(what[1], command);
      cluster::Become(command);
    }
    if (what[0] == "hdfs-folder" && what.size() == 3) {
      const auto [host, port] = ParseAddress(what[1]);
      cluster::MakeHdfsFolder(host, port, what[2]);
      cluster::Become(command);
    }
    if (what[0] == "postgres" && what.size() == 5)
      cluster::BecomePostgres({what[1], what[2], what[3], what[4]}, command);
  } catch (const Interrupted&) {
    throw;
  } catch (const std::exception& error) {
    // In one line of the service's log, where the supervisor looks for the cause.
    fmt::print(stderr, "Error: {}\n", error.what());
    return kClusterFailed;
  }
  throw UsageError(
      "", fmt::format("prepare-service does not know how to prepare {} with {} words.", what[0], what.size() - 1));
}

int RunSeaweedfs(const Arguments& arguments) {
  const auto [parts, command] = SplitCommand(arguments, "run-seaweedfs takes PART:PORT..., -- and a command.");
  return cluster::RunSeaweed(parts, command);
}

int RunProbeS3(const Arguments& arguments) {
  if (arguments.size() < 3)
    throw UsageError("", "probe-s3 takes HOST:PORT, the path of its health, the cluster's folder and BUCKET...");
  const auto [host, port] = ParseAddress(arguments[0]);
  std::string why;
  const std::optional<cluster::HttpAnswer> health = cluster::HttpGet(host, port, arguments[1], kProbeTime, &why);
  if (!health) return Answer(why);
  if (health->status != 200) return Answer(fmt::format("{} is answered by {}", arguments[1], health->status));
  const cluster::Secrets secrets(arguments[2]);
  const cluster::S3Server server{host, port, secrets.Read("s3-access-key"), secrets.Read("s3-secret-key")};
  return Answer(cluster::MakeBuckets(server, {arguments.begin() + 3, arguments.end()}, kProbeTime));
}

int RunProbeNodeManager(const Arguments& arguments) {
  if (arguments.size() != 3)
    throw UsageError(
        "", "probe-nodemanager takes HOST:PORT of the ResourceManager, its own HOST:PORT and the port of its id.");
  const auto [manager_host, manager_port] = ParseAddress(arguments[0]);
  const auto [host, port] = ParseAddress(arguments[1]);
  const int rpc = static_cast<int>(ParseCount("PORT ", arguments[2], 1));
  return Answer(cluster::ProbeYarnNode({manager_host, manager_port, host, port, rpc}, kProbeTime));
}

int RunProbeRedis(const Arguments& arguments) {
  if (arguments.size() != 2) throw UsageError("", "probe-redis takes HOST:PORT and the cluster's folder.");
  const auto [host, port] = ParseAddress(arguments[0]);
  return Answer(cluster::PingRedis(host, port, cluster::Secrets(arguments[1]).Read("redis-password"), kProbeTime));
}

}  // namespace tinderbox::cli
