#pragma once

#include <filesystem>
#include <string>

#include "cluster/provision.h"

namespace tinderbox::cluster {

// What the services of `with` run on. Each returns where it stands in the cache, and installs it there before when
// `progress` is given and it is not there yet: through the ordinary client of its registry, at a pinned version,
// verified, and renamed into place when it is whole. Throw Error TINDERBOX_PREREQUISITE and TINDERBOX_WRITE_FAILED.

/// The folder whose lib has Hadoop's jars.
std::filesystem::path ProvisionHadoop(const std::filesystem::path& cache, const Progress& progress);

}  // namespace tinderbox::cluster
