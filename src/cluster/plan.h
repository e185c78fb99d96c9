#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cluster/config.h"
#include "cluster/folder.h"
#include "cluster/layout.h"
#include "cluster/provision.h"

namespace tinderbox::cluster {

/// What `up` needs beside the configuration.
struct PlanInputs {
  Directories directories;
  std::string program;  ///< this program
  Progress progress;
  bool install = true;        ///< false: what is not installed yet stays so, and stands in the plan as it will be
  bool blocks_moved = false;  ///< from the DataNodes that go; else a plan with fewer of them is refused
};

/// From a configuration to the services of the cluster in `folder` on this machine: checks it, finds or installs what
/// it runs on, and gives ports. Holds a lock on the ports of all clusters until it is destroyed: write what is wanted
/// before. Throws Error.
class Plan {
 public:
  Plan(const ClusterFolder& folder, const ClusterSpec& spec, const PlanInputs& inputs);

  const std::vector<Service>& services() const { return services_; }
  /// What may go wrong although nothing forbids it.
  const std::vector<std::string>& warnings() const { return warnings_; }

  /// The plan as what is wanted: services that crashed are tried anew, others keep their generation. Makes the
  /// passwords that services of the plan need. REQUIRES: the cluster's folder is there.
  void Apply(const std::optional<State>& state, Desired* desired) const;

 private:
  std::optional<FileLock> ports_lock_;
  ClusterSpec spec_;
  std::filesystem::path folder_;
  std::vector<Service> services_;
  std::vector<std::string> warnings_;
};

/// How many services of the role a cluster has.
int64_t CountRole(const std::optional<Desired>& desired, std::string_view role);

/// Whether every service that is wanted runs as it is wanted, and why not yet or never.
struct Convergence {
  bool done = false;                 ///< everything is ready
  std::vector<std::string> waiting;  ///< services that are on their way
  std::vector<std::string> broken;   ///< services that will not get ready by themselves
};
Convergence Converged(const Desired& desired, const std::optional<State>& state);

}  // namespace tinderbox::cluster
