#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>

#include "base/fail.h"
#include "cluster/extras.h"
#include "cluster/provision_extras.h"

namespace tinderbox::cluster {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMemory = 80 * kMiB;
constexpr const char* kVersions = "/usr/lib/postgresql";  // where Debian keeps them side by side

void Check(const ClusterSpec& spec) {
  const std::pair<const char*, std::string> names[] = {{"postgres.user", spec.postgres_user},
                                                       {"postgres.database", spec.postgres_database}};
  for (const auto& [key, name] : names) {
    const bool plain =
        std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
    if (!plain || name.size() > 63 || std::isdigit(static_cast<unsigned char>(name.front())) != 0)
      base::Fail("TINDERBOX_CONFIG",
                 "{} is \"{}\": it takes letters, digits and underscores, at most 63, with no digit in front.", key,
                 name);
  }
  if (spec.postgres_user.rfind("pg_", 0) == 0)
    base::Fail("TINDERBOX_CONFIG", "postgres.user is \"{}\": PostgreSQL keeps names that begin with pg_ for itself.",
               spec.postgres_user);
}

std::vector<PortRequest> PortsOf(const ClusterSpec& spec) {
  return {{"postgres", "api", "ports.postgres", spec.port_postgres, 5432}};
}

/// The folder with the newest version's programs.
std::string FindPrograms() {
  int newest = 0;
  std::error_code error;
  for (fs::directory_iterator entry(kVersions, error), end; !error && entry != end; entry.increment(error)) {
    const int version = std::atoi(entry->path().filename().c_str());
    const fs::path programs = entry->path() / "bin";
    if (::access((programs / "postgres").c_str(), X_OK) == 0 && ::access((programs / "initdb").c_str(), X_OK) == 0)
      newest = std::max(newest, version);
  }
  return newest == 0 ? "" : fmt::format("{}/{}/bin", kVersions, newest);
}

void Install(const ClusterSpec&, const fs::path& cache, const Progress& progress,
             std::map<std::string, std::string>* extras) {
  const std::string programs = FindPrograms();
  if (progress && programs.empty())
    base::Fail("TINDERBOX_PREREQUISITE",
               "There is no PostgreSQL server on this machine ({}/*/bin). Install it: apt install postgresql",
               kVersions);
  (*extras)["postgres"] = programs.empty() ? fmt::format("{}/15/bin", kVersions) : programs;
  (*extras)["postgres-driver"] = ProvisionPostgresDriver(cache, progress);
}

std::vector<Service> Services(const Ground& ground) {
  Service service = PlainService(ground, "postgres", "postgres");
  const std::string& programs = ground.Extra("postgres");
  const std::string port = fmt::format("{}", ground.Port("postgres", "api"));
  service.command = {ground.installation.program,
                     "prepare-service",
                     "postgres",
                     ground.folder,
                     programs,
                     ground.spec.postgres_user,
                     ground.spec.postgres_database,
                     "--",
                     programs + "/postgres",
                     "-c",
                     "listen_addresses=" + ground.spec.host,
                     "-c",
                     "port=" + port,
                     "-c",
                     "unix_socket_directories="};
  // On TERM it would wait until every client has left.
  service.stop_signal = SIGINT;
  service.ready.kind = ProbeKind::kCommand;
  service.ready.host = ground.spec.host;
  service.ready.port = ground.Port("postgres", "api");
  service.ready.command = {programs + "/pg_isready",     "-q", "-h", ground.spec.host, "-p", port, "-d",
                           ground.spec.postgres_database};
  service.ready.timeout = 10'000;
  service.alive = service.ready;
  service.page = fmt::format("postgresql://{}@{}/{}", ground.spec.postgres_user, ground.Address("postgres", "api"),
                             ground.spec.postgres_database);
  return {service};
}

void AddToSpark(const Ground& ground, SparkAdditions* additions) {
  additions->class_path.push_back(ground.Extra("postgres-driver") + "/lib/*");
}

void WriteSecrets(const ClusterSpec&, const Secrets& secrets) {
  secrets.Password("postgres-password", "POSTGRES_PASSWORD");
}

}  // namespace

const Extra kPostgres = {"postgres",
                         "postgres",
                         kMemory,
                         Check,
                         PortsOf,
                         Install,
                         Services,
                         AddToSpark,
                         WriteSecrets,
                         nullptr,
                         {"postgres-password", "POSTGRES_PASSWORD", true}};

}  // namespace tinderbox::cluster
