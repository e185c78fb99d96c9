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
  std::vector<PortRequest> requests;
  for (const auto& [purpose, flag] : kPorts) requests.push_back({"s3", purpose, "", 0, 0});
  requests[0] = {"s3", "api", "ports.s3", spec.port_s3, 9000};
  return requests;
}

void Install(const ClusterSpec&, const std::filesystem::path& cache, const Progress& progress,
             std::map<std::string, std::string>* extras) {
  (*extras)["seaweedfs"] = ProvisionSeaweed(cache, progress);
  (*extras)["s3a"] = ProvisionS3a(cache, progress);
}

std::vector<Service> Services(const Ground& ground) {
  Service service = PlainService(ground, "s3", "s3");
  const std::string& host = ground.spec.host;
  service.command = {ground.installation.program, "run-seaweedfs"};
  // Its local sockets lie in /tmp, by the names of these.
  for (const char* purpose : {"api", "api-grpc", "master-grpc", "volume-grpc", "filer", "filer-grpc"})
    service.command.push_back(fmt::format("{}:{}", purpose, ground.Port("s3", purpose)));
  for (const std::string& word :
       {std::string("--"), ground.Extra("seaweedfs"), std::string("-logtostderr=true"), std::string("server"),
        "-dir=" + ground.Data("s3"), "-ip=" + host, "-ip.bind=" + host, std::string("-master.telemetry=false"),
        // Volumes are files that grow, and every bucket has some of its own.
        std::string("-volume.max=1000"), std::string("-master.volumeSizeLimitMB=1024"),
        // Nobody is asked for a password there.
        std::string("-filer.disableHttp=true"), std::string("-volume.preStopSeconds=0"), std::string("-s3"),
        std::string("-s3.port.iceberg=0"), std::string("-s3.port.lance=0"), "-s3.config=" + ground.Secret("s3.json")})
    service.command.push_back(word);
  for (const auto& [purpose, flag] : kPorts)
    service.command.push_back(fmt::format("-{}={}", flag, ground.Port("s3", purpose)));
  service.ready.kind = ProbeKind::kCommand;
  service.ready.host = host;
  service.ready.port = ground.Port("s3", "api");
  service.ready.command = {ground.installation.program, "probe-s3", ground.Address("s3", "api"), ground.folder};
  for (const std::string& bucket : SplitList(ground.spec.s3_buckets)) service.ready.command.push_back(bucket);
  service.ready.timeout = 20'000;
  service.alive = ground.Http("s3", "api", "/healthz");
  service.page = fmt::format("http://{}", ground.Address("s3", "api"));
  return {service};
}

void AddToSpark(const Ground& ground, SparkAdditions* additions) {
  additions->hadoop_conf = HadoopConf(ground);
  additions->files.merge(HadoopFiles(ground));
  additions->class_path.push_back(ground.Extra("s3a") + "/lib/*");
}

void WriteSecrets(const ClusterSpec&, const Secrets& secrets) {
  const std::string access = secrets.Password("s3-access-key", "MINIO_ROOT_USER");
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

const Extra kS3 = {"s3", "s3", kMemory, Check, PortsOf, Install, Services, AddToSpark, WriteSecrets};

}  // namespace tinderbox::cluster
