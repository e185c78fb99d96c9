#include <sys/resource.h>
#include <unistd.h>

#include "cli/cluster_flags.h"
#include "cli/verbs.h"
#include "cluster/archive.h"
#include "cluster/supervisor.h"
#include "connect/probe.h"

namespace tinderbox::cli {

// Verbs that are not for people: they stand in no help.

int RunSupervise(const Arguments& arguments) {
  if (arguments.size() != 1) throw UsageError("", "supervise takes the folder of a cluster.");
  const std::optional<cluster::FileLock> lock = cluster::Supervise(cluster::ClusterFolder(arguments[0]));
  ::_exit(kClusterOk);
}

int RunMakeArchive(const Arguments& arguments) {
  if (arguments.size() != 1) throw UsageError("", "make-archive takes the folder of a cluster.");
  ::setpriority(PRIO_PROCESS, 0, 19);  // nobody waits for it
  cluster::MakeArchive(cluster::ClusterFolder(arguments[0]));
  return kClusterOk;
}

int RunProbeConnect(const Arguments& arguments) {
  if (arguments.size() != 1) throw UsageError("", "probe-connect takes HOST:PORT.");
  return connect::AnswersQuery(arguments[0], std::chrono::seconds(60)) ? kClusterOk : kClusterFailed;
}

}  // namespace tinderbox::cli
