#pragma once

#include <cstdint>

#include "cluster/folder.h"

namespace tinderbox::cluster {

/// Moves the blocks off the DataNodes beyond the first `keep`, so that these can go. Throws Error TINDERBOX_TIMEOUT
/// when that takes longer than `timeout` milliseconds, and TINDERBOX_PREREQUISITE when HDFS is not up; then all is as
/// before.
void EmptyDataNodes(const ClusterFolder& folder, int64_t keep, int64_t timeout);

/// Lets every DataNode take blocks again that EmptyDataNodes had emptied.
void AcceptDataNodes(const ClusterFolder& folder);

}  // namespace tinderbox::cluster
