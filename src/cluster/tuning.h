#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cluster/capacity.h"
#include "cluster/spark_submit.h"
#include "cluster/spec.h"

namespace tinderbox::cluster {

/// What an application asks for, and what workers offer; 0: unknown.
struct TuningFacts {
  Settings settings;
  JobRequest request;
  int64_t worker_cores = 0;  ///< of each worker
  int64_t cores = 0;         ///< of all workers
};
/// What a cluster gives to those that do not say.
TuningFacts FactsOf(const ClusterSpec& spec, int64_t workers);
/// A sentence for each rule of thumb that these break: they run, but not as fast as they could.
std::vector<std::string> TuningNotes(const TuningFacts& facts);
/// A sentence for each of these that is a folder of this machine with many small files. Looks at so many files at most
/// that it takes no time.
std::vector<std::string> SmallFilesNotes(const std::vector<std::string>& paths);

}  // namespace tinderbox::cluster
