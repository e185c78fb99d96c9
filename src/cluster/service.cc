#include "cluster/service.h"

#include <algorithm>

namespace tinderbox::cluster {

NLOHMANN_JSON_SERIALIZE_ENUM(ProbeKind,
                             {{ProbeKind::kTcp, "tcp"}, {ProbeKind::kHttp, "http"}, {ProbeKind::kCommand, "command"}})
NLOHMANN_JSON_SERIALIZE_ENUM(Restart, {{Restart::kAlways, "always"}, {Restart::kNever, "never"}})
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Probe, kind, host, port, path, command, pointer, members, pattern, every, timeout)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Wanted, service, up, generation)

namespace {

/// Calls `visit` with the name and the field of each, so that writing and reading cannot differ.
template <typename ServiceType, typename Visit>
void Fields(ServiceType& service, const Visit& visit) {
  visit("name", service.name);
  visit("role", service.role);
  visit("command", service.command);
  visit("environment", service.environment);
  visit("folder", service.folder);
  visit("log", service.log);
  visit("ports", service.ports);
  visit("needs", service.needs);
  visit("ready", service.ready);
  visit("alive", service.alive);
  visit("drain_signal", service.drain_signal);
  visit("drained", service.drained);
  visit("stop_signal", service.stop_signal);
  visit("restart", service.restart);
  visit("files", service.files);
  visit("page", service.page);
  visit("archive", service.archive);
  visit("start_timeout", service.start_timeout);
  visit("stop_grace", service.stop_grace);
  visit("drain_timeout", service.drain_timeout);
  visit("log_size", service.log_size);
  visit("log_files", service.log_files);
}

}  // namespace

void to_json(nlohmann::json& out, const Service& service) {
  Fields(service, [&](const char* name, const auto& field) { out[name] = field; });
}

void from_json(const nlohmann::json& in, Service& service) {
  Fields(service, [&](const char* name, auto& field) {
    // One that the version before did not have keeps its default.
    if (const auto found = in.find(name); found != in.end()) found->get_to(field);
  });
}

void to_json(nlohmann::json& out, const Desired& desired) {
  out = {{"cluster", desired.cluster}, {"services", desired.services}};
}

void from_json(const nlohmann::json& in, Desired& desired) {
  in.at("cluster").get_to(desired.cluster);
  in.at("services").get_to(desired.services);
}

const Wanted* Desired::Find(const std::string& name) const {
  const auto found =
      std::find_if(services.begin(), services.end(), [&](const Wanted& wanted) { return wanted.service.name == name; });
  return found == services.end() ? nullptr : &*found;
}

}  // namespace tinderbox::cluster
