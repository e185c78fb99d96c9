#include <fmt/format.h>
#include <unistd.h>

#include "base/fail.h"
#include "cluster/extras.h"
#include "cluster/provision_extras.h"

namespace tinderbox::cluster {
namespace {

constexpr int64_t kMemory = 30 * kMiB;
constexpr const char* kProgram = "/usr/bin/redis-server";

std::vector<PortRequest> PortsOf(const ClusterSpec& spec) {
  return {{"redis", "api", "ports.redis", spec.port_redis, 6379}};
}

void Install(const ClusterSpec&, const std::filesystem::path&, const Progress& progress,
             std::map<std::string, std::string>* extras) {
  if (progress && ::access(kProgram, X_OK) != 0)
    base::Fail("TINDERBOX_PREREQUISITE", "There is no Redis on this machine ({}). Install it: apt install redis-server",
               kProgram);
  (*extras)["redis"] = kProgram;
}

std::vector<Service> Services(const Ground& ground) {
  Service service = PlainService(ground, "redis", "redis");
  service.folder = ground.Data("redis");
  service.command = {ground.Extra("redis"),
                     ground.Secret("redis.conf"),
                     "--bind",
                     ground.spec.host,
                     "--port",
                     fmt::format("{}", ground.Port("redis", "api")),
                     "--dir",
                     service.folder,
                     "--appendonly",
                     "yes",
                     "--daemonize",
                     "no"};
  service.ready.kind = ProbeKind::kCommand;
  service.ready.host = ground.spec.host;
  service.ready.port = ground.Port("redis", "api");
  service.ready.command = {ground.installation.program, "probe-redis", ground.Address("redis", "api"), ground.folder};
  service.ready.timeout = 20'000;
  service.alive.host = ground.spec.host;
  service.alive.port = service.ready.port;
  service.page = "redis://" + ground.Address("redis", "api");
  return {service};
}

void AddToSpark(const Ground&, SparkAdditions*) {}

void WriteSecrets(const ClusterSpec&, const Secrets& secrets) {
  std::string quoted;
  for (const char c : secrets.Password("redis-password", "REDIS_PASSWORD")) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  secrets.Write("redis.conf", fmt::format("requirepass \"{}\"\n", quoted));
}

}  // namespace

const Extra kRedis = {"redis",
                      "redis",
                      kMemory,
                      nullptr,
                      PortsOf,
                      Install,
                      Services,
                      AddToSpark,
                      WriteSecrets,
                      nullptr,
                      {"redis-password", "REDIS_PASSWORD"}};

}  // namespace tinderbox::cluster
