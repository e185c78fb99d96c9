#include "cluster/extras.h"

#include <fmt/format.h>

#include <algorithm>

namespace tinderbox::cluster {
namespace {

const Extra* const kExtras[] = {&kHdfs, &kYarn, &kS3, &kPostgres, &kRedis};

constexpr ScaledRole kScaledRoles[] = {{"datanode", "hdfs", "hdfs.datanodes"},
                                       {"nodemanager", "yarn", "yarn.nodemanagers"}};

}  // namespace

int Ground::Port(const std::string& service, const std::string& purpose) const {
  return ports.at(service).at(purpose);
}

std::string Ground::Address(const std::string& service, const std::string& purpose) const {
  return fmt::format("{}:{}", spec.host, Port(service, purpose));
}

std::string Ground::Data(std::string_view name) const {
  return fmt::format("{}/data/{}", folder, name);
}

std::string Ground::Secret(std::string_view name) const {
  return fmt::format("{}/secrets/{}", folder, name);
}

Probe Ground::Http(const std::string& service, const std::string& purpose, const std::string& path) const {
  Probe probe;
  probe.kind = ProbeKind::kHttp;
  probe.host = spec.host;
  probe.port = Port(service, purpose);
  probe.path = path;
  return probe;
}

Service PlainService(const Ground& ground, const std::string& name, const std::string& role) {
  Service service;
  service.name = name;
  service.role = role;
  service.folder = fmt::format("{}/work/{}", ground.folder, name);
  service.log = fmt::format("{}/logs/{}.log", ground.folder, name);
  service.ports = ground.ports.at(name);
  service.start_timeout = ground.spec.start_timeout;
  service.stop_grace = ground.spec.stop_grace;
  service.drain_timeout = ground.spec.drain_timeout;
  service.log_size = ground.spec.log_size;
  service.log_files = ground.spec.log_files;
  return service;
}

std::string InMebibytes(int64_t bytes) {
  return fmt::format("{}m", bytes / kMiB);
}

std::string FileUrl(std::string_view path) {
  std::string url = "file://";
  for (const unsigned char c : path) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    if (plain || std::string_view("/-._~").find(static_cast<char>(c)) != std::string_view::npos) {
      url += static_cast<char>(c);
    } else {
      url += fmt::format("%{:02X}", c);
    }
  }
  return url;
}

std::span<const Extra* const> Extras() {
  return kExtras;
}

std::vector<const Extra*> ExtrasOf(const ClusterSpec& spec) {
  std::vector<const Extra*> wanted;
  for (const Extra* extra : kExtras) {
    if (spec.with.contains(std::string(extra->name))) wanted.push_back(extra);
  }
  return wanted;
}

std::vector<std::string> OptionalServices() {
  std::vector<std::string> names;
  for (const Extra* extra : kExtras) names.emplace_back(extra->name);
  return names;
}

std::span<const ScaledRole> ScaledRoles() {
  return kScaledRoles;
}

}  // namespace tinderbox::cluster
