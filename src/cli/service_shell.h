#pragma once

#include <map>
#include <string>

#include "cluster/service.h"

namespace tinderbox::cli {

/// The environment in which a person, or a command of theirs, works as a service of the cluster does: this program's
/// own without SPARK_ variables, with SPARK_HOME, JAVA_HOME, SPARK_CONF_DIR and the like, the programs of Spark and
/// Java first on the path, and MASTER. For the Connect server it is that of a client: SPARK_REMOTE, and neither MASTER
/// nor SPARK_CONF_DIR, beside which Spark refuses it. No process that has it belongs to the cluster.
std::map<std::string, std::string> ServiceEnvironment(const cluster::Desired& desired, const cluster::Service& service,
                                                      const std::string& cluster);

}  // namespace tinderbox::cli
