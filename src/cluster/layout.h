#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cluster/machine.h"
#include "cluster/service.h"
#include "cluster/spec.h"

namespace tinderbox::cluster {

/// Where the programs are that services run.
struct Installation {
  std::string spark_home;
  std::string java_home;
  std::string python;
  std::string traefik;                             ///< empty: no gateway is asked for
  std::string program;                             ///< Tinderbox itself, which probes the Connect server
  std::string archive;                             ///< of this Spark and this Java, see archive.h
  std::map<std::string, std::string> extras = {};  ///< "hadoop" -> folder or program, of what `with` names
  /// Hadoop's properties by their names in lower case with dots alone: "yarn.log.aggregation.enable" ->
  /// "yarn.log-aggregation-enable".
  std::map<std::string, std::string> hadoop_names = {};
};

/// Service -> purpose ("rpc", "ui") -> port.
using Ports = std::map<std::string, std::map<std::string, int>>;

/// How many workers the spec means on this machine.
int64_t WorkerCount(const ClusterSpec& spec, const MachineFacts& facts);

/// Throws Error TINDERBOX_CONFIG for what Spark would refuse, or would wait for without end, with the reason.
void CheckSpec(const ClusterSpec& spec);

/// What the allocation of ports asks of the world.
struct PortWorld {
  std::function<std::optional<PortOwner>(int port)> owner;  ///< nullopt: the port is free
  std::set<int> reserved;                                   ///< of other clusters, which may be stopped
  int first = 21000;                                        ///< where the search for a free one begins
};
/// A port for every service. `running` holds those that services of this cluster listen on now: they are kept as they
/// are unless the spec pins another; `earlier` holds what they had before, which is taken again when it is free. Throws
/// Error TINDERBOX_PORT when a pinned port is taken, naming its owner and a free one.
Ports AssignPorts(const ClusterSpec& spec, int64_t workers, const Ports& running, const Ports& earlier,
                  const PortWorld& world);
/// A sentence for each port that was asked for if it were free ("9090 or free"), and was not.
std::vector<std::string> MovedPorts(const ClusterSpec& spec, int64_t workers, const Ports& ports,
                                    const PortWorld& world);

/// The services of the cluster that lives in `folder`, in the order of their needs. Pure: everything that depends on
/// the machine is in the arguments. REQUIRES: CheckSpec has passed, `ports` has a port for each.
std::vector<Service> Layout(const ClusterSpec& spec, int64_t workers, const Ports& ports,
                            const Installation& installation, const std::string& folder);

/// Heap of an executor that nothing else is said about.
int64_t ExecutorMemory(const ClusterSpec& spec);

}  // namespace tinderbox::cluster
