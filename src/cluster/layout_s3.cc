#include <fmt/format.h>

#include <algorithm>

#include "base/fail.h"
#include "cluster/extras.h"
#include "cluster/hadoop.h"
#include "cluster/provision_extras.h"
#include "cluster/units.h"

namespace tinderbox::cluster {
namespace {

constexpr int64_t kMemory = 250 * kMiB;
constexpr const char* kConsole = "/minio";  // below the gateway

bool IsMinio(const ClusterSpec& spec) {
  return spec.s3_store == "minio";
}

/// The parts of SeaweedFS, and its flags for their ports.
constexpr std::pair<const char*, const char*> kPorts[] = {
    {"api", "s3.port"},        {"api-grpc", "s3.port.grpc"},
    {"master", "master.port"}, {"master-grpc", "master.port.grpc"},
    {"volume", "volume.port"}, {"volume-grpc", "volume.port.grpc"},
    {"filer", "filer.port"},   {"filer-grpc", "filer.port.grpc"}};

void Check(const ClusterSpec& spec) {
  for (const std::string& bucket : SplitList(spec.s3_buckets)) {
    const bool plain = std::all_of(bucket.begin(), bucket.end(), [](unsigned char c) {
      return std::islower(c) != 0 || std::isdigit(c) != 0 || c == '-';
    });
    if (!plain || bucket.size() < 3 || bucket.size() > 63 || bucket.front() == '-' || bucket.back() == '-')
      base::Fail("TINDERBOX_CONFIG",
                 "s3.buckets has \"{}\", which cannot be a bucket's name: it takes 3 to 63 lower-case letters, digits "
                 "and dashes.",
                 bucket);
  }
}

std::vector<PortRequest> PortsOf(const ClusterSpec& spec) {
  if (IsMinio(spec))
    return {{"s3", "api", "ports.s3", spec.port_s3, 9000},
            {"s3", "console", "ports.s3_console", spec.port_s3_console, 9001}};
  std::vector<PortRequest> requests;
  for (const auto& [purpose, flag] : kPorts) requests.push_back({"s3", purpose, "", 0, 0});
  requests[0] = {"s3", "api", "ports.s3", spec.port_s3, 9000};
  return requests;
}

void Install(const ClusterSpec& spec, const std::filesystem::path& cache, const Progress& progress,
             std::map<std::string, std::string>* extras) {
  (*extras)["s3"] = IsMinio(spec) ? ProvisionMinio(cache, progress) : ProvisionSeaweed(cache, progress);
  (*extras)["s3a"] = ProvisionS3a(cache, progress);
}

void DescribeMinio(const Ground& ground, Service* service) {
  service->command = {ground.Extra("s3"),
                      "server",
                      ground.Data("minio"),
                      "--address",
                      ground.Address("s3", "api"),
                      "--console-address",
                      ground.Address("s3", "console"),
                      "--anonymous"};
  service->environment = {{"MINIO_ROOT_USER_FILE", ground.Secret("s3-access-key")},
                          {"MINIO_ROOT_PASSWORD_FILE", ground.Secret("s3-secret-key")},
                          {"MINIO_UPDATE", "off"},
                          {"HOME", service->folder}};  // where it makes a folder .minio
  service->alive = ground.Http("s3", "api", "/minio/health/live");
}

void DescribeSeaweed(const Ground& ground, Service* service) {
  const std::string& host = ground.spec.host;
  service->command = {ground.installation.program, "run-seaweedfs"};
  // Its local sockets lie in /tmp, by the names of these.
  for (const char* purpose : {"api", "api-grpc", "master-grpc", "volume-grpc", "filer", "filer-grpc"})
    service->command.push_back(fmt::format("{}:{}", purpose, ground.Port("s3", purpose)));
  for (const std::string& word :
       {std::string("--"), ground.Extra("s3"), std::string("-logtostderr=true"), std::string("server"),
        "-dir=" + ground.Data("s3"), "-ip=" + host, "-ip.bind=" + host, std::string("-master.telemetry=false"),
        // Volumes are files that grow, and every bucket has some of its own.
        std::string("-volume.max=1000"), std::string("-master.volumeSizeLimitMB=1024"),
        // Nobody is asked for a password there.
        std::string("-filer.disableHttp=true"), std::string("-volume.preStopSeconds=0"), std::string("-s3"),
        std::string("-s3.port.iceberg=0"), std::string("-s3.port.lance=0"), "-s3.config=" + ground.Secret("s3.json")})
    service->command.push_back(word);
  for (const auto& [purpose, flag] : kPorts)
    service->command.push_back(fmt::format("-{}={}", flag, ground.Port("s3", purpose)));
  service->alive = ground.Http("s3", "api", "/healthz");
}

std::vector<Service> Services(const Ground& ground) {
  Service service = PlainService(ground, "s3", "s3");
  if (IsMinio(ground.spec)) {
    DescribeMinio(ground, &service);
  } else {
    DescribeSeaweed(ground, &service);
  }
  service.ready.kind = ProbeKind::kCommand;
  service.ready.host = ground.spec.host;
  service.ready.port = ground.Port("s3", "api");
  service.ready.command = {ground.installation.program, "probe-s3", ground.Address("s3", "api"),
                           IsMinio(ground.spec) ? "/minio/health/ready" : "/healthz", ground.folder};
  for (const std::string& bucket : SplitList(ground.spec.s3_buckets)) service.ready.command.push_back(bucket);
  service.ready.timeout = 20'000;
  service.page = fmt::format("http://{}", ground.Address("s3", "api"));
  return {service};
}

void AddToSpark(const Ground& ground, SparkAdditions* additions) {
  additions->hadoop_conf = HadoopConf(ground);
  additions->files.merge(HadoopFiles(ground));
  additions->class_path.push_back(ground.Extra("s3a") + "/lib/*");
}

/// Its console, where it has one.
std::vector<Route> Routes(const Ground& ground) {
  if (!IsMinio(ground.spec)) return {};
  return {{"s3", "console", kConsole, true, Rewrite::kBase}};
}

void WriteSecrets(const ClusterSpec&, const Secrets& secrets) {
  constexpr size_t kShortestUser = 3;     // MinIO's own limit; that of its password is ours
  Secrets::Given("MINIO_ROOT_PASSWORD");  // before the user's name is kept
  const std::string access = secrets.Password("s3-access-key", "MINIO_ROOT_USER", kShortestUser);
  const std::string secret = secrets.Password("s3-secret-key", "MINIO_ROOT_PASSWORD");
  using Json = nlohmann::json;
  const Json credentials = {{"accessKey", access}, {"secretKey", secret}};
  const Json identity = {{"name", "spark"},
                         {"credentials", Json::array({credentials})},
                         {"actions", {"Admin", "Read", "Write", "List", "Tagging"}}};
  secrets.Write("s3.json", Json{{"identities", Json::array({identity})}}.dump(2) + "\n");
  secrets.Write("s3a.xml", SiteXml({{"fs.s3a.access.key", access}, {"fs.s3a.secret.key", secret}}));
}

}  // namespace

const Extra kS3 = {"s3",
                   "s3",
                   kMemory,
                   Check,
                   PortsOf,
                   Install,
                   Services,
                   AddToSpark,
                   WriteSecrets,
                   Routes,
                   {"s3-secret-key", "MINIO_ROOT_PASSWORD", false, "connect"}};

}  // namespace tinderbox::cluster
