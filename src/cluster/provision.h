#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace tinderbox::cluster {

/// Told what is going on, for people: "Downloading Apache Spark 4.2.0", share done or -1.
using Progress = std::function<void(const std::string& what, double share)>;

constexpr const char* kSparkVersion = "4.2.0";

/// The folder of Apache Spark in the cache, as SPARK_HOME; downloads, verifies and unpacks it when it is not there yet.
/// Safe against others who do the same at the same time; what is there is complete. Throws Error
/// TINDERBOX_PREREQUISITE (no pip, no network, a file with another hash) and TINDERBOX_WRITE_FAILED.
std::filesystem::path ProvisionSpark(const std::filesystem::path& cache, const Progress& progress);

/// The same for Traefik; returns the program.
std::filesystem::path ProvisionTraefik(const std::filesystem::path& cache, const Progress& progress);

/// Where these stand once they are installed.
std::filesystem::path SparkFolder(const std::filesystem::path& cache);
std::filesystem::path TraefikProgram(const std::filesystem::path& cache);

/// What is wrong with what stands in the cache, a sentence each: files that are missing or others than those that were
/// installed, and rests of installations that were cut off. Nothing when nothing is installed.
std::vector<std::string> CheckCache(const std::filesystem::path& cache);

/// The folder is an Apache Spark. Throws Error TINDERBOX_PREREQUISITE when it is none.
void CheckSparkHome(const std::filesystem::path& home);

}  // namespace tinderbox::cluster
