#include <fmt/format.h>

#include <cstdint>
#include <nlohmann/json.hpp>

#include "cluster/probe.h"

namespace tinderbox::cluster {
namespace {

using Json = nlohmann::json;

/// The answer as JSON; null when there is none.
Json Ask(const std::string& host, int port, const char* path, int64_t timeout, std::string* why) {
  const std::optional<HttpAnswer> answer = HttpGet(host, port, path, timeout, why);
  if (!answer) return nullptr;
  *why = fmt::format("http://{}:{}{} answers {}", host, port, path, answer->status);
  return answer->status == 200 ? Json::parse(answer->body, nullptr, false) : Json(nullptr);
}

}  // namespace

std::optional<std::string> ProbeYarnNode(const YarnNode& node, int64_t timeout) {
  std::string why;
  const Json mine = Ask(node.host, node.port, "/ws/v1/node/info", timeout, &why);
  if (!mine.is_object()) return why;
  const int64_t started = mine.value("/nodeInfo/nmStartupTime"_json_pointer, INT64_MAX);
  const Json all = Ask(node.manager_host, node.manager_port, "/ws/v1/cluster/nodes?states=RUNNING", timeout, &why);
  if (!all.is_object()) return why;
  const Json nodes = all.value("/nodes/node"_json_pointer, Json::array());
  const std::string end = fmt::format(":{}", node.rpc);
  for (const Json& each : nodes) {
    // What it says of its health is newer than its start, or of the one before.
    if (each.value("id", "").ends_with(end) && each.value("lastHealthUpdate", int64_t{0}) >= started)
      return std::nullopt;
  }
  return "the ResourceManager has not registered it yet";
}

}  // namespace tinderbox::cluster
