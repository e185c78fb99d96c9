#include <algorithm>

#include "base/fail.h"
#include "cli/cluster_flags.h"
#include "cli/verbs.h"
#include "cluster/prepare.h"

namespace tinderbox::cli {

// A verb that is not for people: it stands in no help.

int RunPrepareService(const Arguments& arguments) {
  const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
  if (arguments.empty() || dashes == arguments.end() || dashes + 1 == arguments.end())
    throw UsageError("", "prepare-service takes KIND, what that needs, -- and the service's command.");
  const Arguments what(arguments.begin() + 1, dashes);
  const Arguments command(dashes + 1, arguments.end());
  if (arguments[0] == "namenode" && what.size() == 1) {
    cluster::PrepareNameNode(what[0], command);
  } else {
    throw UsageError("", "prepare-service does not know how to prepare " + arguments[0] + ".");
  }
  cluster::Become(command);
}

}  // namespace tinderbox::cli
