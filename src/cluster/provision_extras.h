#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "cluster/provision.h"

namespace tinderbox::cluster {

// What the services of `with` run on. Each returns where it stands in the cache, and installs it there before when
// `progress` is given and it is not there yet: through the ordinary client of its registry, at a pinned version,
// verified, and renamed into place when it is whole. Throw Error TINDERBOX_PREREQUISITE and TINDERBOX_WRITE_FAILED.

/// The folder whose lib has Hadoop's jars.
std::filesystem::path ProvisionHadoop(const std::filesystem::path& cache, const Progress& progress);

/// Its properties, as Installation::hadoop_names; none when it is not installed.
std::map<std::string, std::string> HadoopNames(const std::filesystem::path& hadoop);
/// A Go that compiles MinIO, for machines without one: the program.
std::filesystem::path ProvisionGo(const std::filesystem::path& cache, const Progress& progress);
/// The program of MinIO, which is compiled.
std::filesystem::path ProvisionMinio(const std::filesystem::path& cache, const Progress& progress);
/// The program of SeaweedFS.
std::filesystem::path ProvisionSeaweed(const std::filesystem::path& cache, const Progress& progress);
/// The folder whose lib has the jars with which Spark speaks s3a://.
std::filesystem::path ProvisionS3a(const std::filesystem::path& cache, const Progress& progress);
/// The folder whose lib has PostgreSQL's JDBC driver.
std::filesystem::path ProvisionPostgresDriver(const std::filesystem::path& cache, const Progress& progress);

}  // namespace tinderbox::cluster
