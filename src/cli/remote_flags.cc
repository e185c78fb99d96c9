#include "cli/remote_flags.h"

#include <fmt/format.h>

#include <chrono>
#include <optional>

#include "base/fail.h"
#include "cli/console.h"
#include "cluster/step.h"
#include "connect/connection.h"

namespace tinderbox::cli {
namespace {

std::string ClusterUrl(const ClusterName& name) {
  const cluster::ClusterFolder folder = ExistingFolder(name);
  const std::optional<cluster::State> state = folder.ReadState();
  const auto found = state ? state->services.find("connect") : decltype(state->services.find("")){};
  if (!state || found == state->services.end()) {
    base::Fail("TINDERBOX_NO_SUCH",
               "The cluster \"{}\" has no Spark Connect server. Bring it up with `tinderbox up --set "
               "connect.enabled=true`.",
               folder.name());
  }
  const cluster::ServiceState& service = found->second;
  if (service.phase != cluster::Phase::kReady) {
    base::Fail("TINDERBOX_CONNECT_UNAVAILABLE",
               "The Spark Connect server of the cluster \"{}\" is not ready; it is {}. `tinderbox up` brings it up, "
               "`tinderbox status` shows how it is.",
               folder.name(), cluster::PhaseName(service.phase));
  }
  return service.running.page;
}

void Refuse(bool given, const char* option) {
  if (!given) return;
  base::Fail("TINDERBOX_USAGE",
             "{} is for the engine in this program; with --on the work is done elsewhere. Leave one of them out.",
             option);
}

}  // namespace

void AddRemoteFlags(CLI::App* app, RemoteFlags* flags) {
  app->add_option("--on", flags->on,
                  "Where to run: cluster (the one that runs, see --name) or the address of a Spark Connect server, "
                  "sc://HOST:PORT; default: in this program")
      ->type_name("WHERE")
      ->group("Engine");
  app->add_option("--name", flags->cluster.name, "Which cluster --on cluster means; default: default")
      ->type_name("NAME")
      ->envname("TINDERBOX_NAME")
      ->group("Engine");
}

std::string RemoteUrl(const RemoteFlags& flags) {
  if (flags.on == "cluster") return ClusterUrl(flags.cluster);
  if (!flags.on.starts_with("sc://")) {
    base::Fail("TINDERBOX_USAGE", "--on \"{}\" is no place to run on: there are cluster and sc://HOST:PORT.", flags.on);
  }
  connect::ParseConnection(flags.on);
  if (flags.on.find(";token=") != std::string::npos) {
    base::Fail("TINDERBOX_USAGE",
               "A token on the command line can be seen by every user of this machine. Leave it out of --on and put it "
               "into the variable SPARK_CONNECT_AUTHENTICATE_TOKEN.");
  }
  return flags.on;
}

std::shared_ptr<spark::Session> ConnectTo(const std::string& url) {
  connect::RemoteOptions options;
  options.on_wait = [](const std::string& failure, std::chrono::milliseconds wait) {
    // Shorter waits are over before anybody has read of them.
    if (wait < std::chrono::seconds(1)) return;
    PrintWarning(
        fmt::format("The Spark Connect server does not answer ({}). It is asked again in {} s; Ctrl-C gives up.",
                    failure, std::chrono::round<std::chrono::seconds>(wait).count()));
  };
  return connect::OpenRemote(url, options);
}

void PrepareForDiff(const Session& session) {
  session.SetConf("spark.sql.session.timeZone", "UTC");
  session.SetConf("spark.sql.ansi.enabled", "true");
  session.SetConf("spark.sql.caseSensitive", "false");
}

void RefuseResources(const ResourceFlags& flags) {
  Refuse(!flags.memory.empty(), "--memory");
  Refuse(flags.threads != 0, "--threads");
  Refuse(!flags.temp.empty(), "--temp");
}

void RefuseEngine(const EngineFlags& flags) {
  RefuseResources(flags.resources);
  Refuse(!flags.time_zone.empty(), "--time-zone");
  Refuse(!flags.warehouse.empty(), "--warehouse");
}

}  // namespace tinderbox::cli
