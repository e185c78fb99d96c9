#pragma once

#include <functional>
#include <optional>
#include <string>

#include "cluster/folder.h"

namespace tinderbox::cluster {

/// Runs a cluster until nothing of it runs or is to run: the body of the supervisor process. It takes over what an
/// earlier supervisor left, and returns at once when another one is at work. When it is killed or interrupted, the
/// services live on. When nothing is left to do it returns the lock of the commands: hold it until the process ends, so
/// that who has it next finds nothing of the cluster.
std::optional<FileLock> Supervise(const ClusterFolder& folder);

/// Changes what is wanted and sees to it that a supervisor makes it true: starts one (`program` supervise FOLDER, in a
/// session of its own) when none is at work. Safe against other commands and against a supervisor that is just leaving.
/// Makes the cluster's folder when there is none.
void Change(const ClusterFolder& folder, const std::string& program, const std::function<void(Desired*)>& change);

/// Whether a supervisor is at work.
bool IsSupervised(const ClusterFolder& folder);

/// Ends every process of the cluster that is still there, at once.
void KillMarked(const std::string& cluster);

}  // namespace tinderbox::cluster
