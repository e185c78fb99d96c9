#include "cli/service_shell.h"

#include <fmt/format.h>

#include "cli/cluster_flags.h"
#include "cluster/spawn.h"

namespace tinderbox::cli {

std::map<std::string, std::string> ServiceEnvironment(const cluster::Desired& desired, const cluster::Service& service,
                                                      const std::string& cluster) {
  std::map<std::string, std::string> environment = cluster::PlainEnvironment();
  environment.erase("MASTER");
  const auto add = [&](const cluster::Service& from) {
    for (const auto& [name, value] : from.environment) {
      // How the daemons themselves are started is no matter of what runs beside them.
      if (name.rfind("SPARK_DAEMON_", 0) != 0 && name.find("_OPTS") == std::string::npos && name != "HOME")
        environment[name] = value;
    }
  };
  // Services that are no Spark have no such variables, and those of the master are the cluster's.
  if (const cluster::Wanted* master = desired.Find("master")) {
    add(master->service);
    environment["MASTER"] = MasterUrl(master->service);
  }
  add(service);
  environment.erase(cluster::kClusterVariable);
  environment["TINDERBOX_NAME"] = cluster;
  std::string path;
  for (const char* home : {"SPARK_HOME", "JAVA_HOME"}) {
    if (environment.contains(home)) path += fmt::format("{}/bin:", environment[home]);
  }
  const auto before = environment.find("PATH");
  environment["PATH"] = path + (before == environment.end() ? "/usr/local/bin:/usr/bin:/bin" : before->second);
  if (service.role == "connect") {
    environment["SPARK_REMOTE"] = service.page;
    environment.erase("MASTER");
    environment.erase("SPARK_CONF_DIR");
  }
  return environment;
}

}  // namespace tinderbox::cli
