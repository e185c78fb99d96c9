#pragma once

#include <string>
#include <vector>

#include "cluster/folder.h"
#include "cluster/machine.h"

namespace tinderbox::cli {

enum class Health { kOk, kWarn, kFail };
std::string_view HealthName(Health health);

/// What one look at the machine found.
struct Diagnosis {
  std::string what;  ///< "memory"
  Health health = Health::kOk;
  std::string detail;  ///< what there is
  std::string remedy;  ///< what to do, unless all is well
};

/// What the configuration says about programs of the machine.
struct Programs {
  std::string java_home;   ///< empty: that of the path
  std::string spark_home;  ///< empty: that of the cache
  std::string python;
  std::string host;
};

/// Looks at everything that a cluster needs of this machine. Never throws for what it finds.
std::vector<Diagnosis> Examine(const cluster::Directories& directories, const Programs& programs);

// The judgements, apart from the looking.

/// Whether a cluster of the usual size finds room. `workers`: how many it would have.
Diagnosis JudgeMemory(const cluster::MachineFacts& facts, int64_t workers);
/// Room on the disk of a folder, in bytes.
Diagnosis JudgeSpace(const std::string& what, const std::string& folder, int64_t available);
/// What a process may have; -1: as much as it wants.
struct Limits {
  int64_t files = -1;
  int64_t processes = -1;
  int64_t address_space = -1;
};
Diagnosis JudgeLimits(const Limits& limits);

}  // namespace tinderbox::cli
