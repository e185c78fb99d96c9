#pragma once

#include <map>
#include <string>
#include <vector>

#include "cluster/spark_submit.h"

namespace tinderbox::cluster {

// What is looked at before a job starts, so that it fails at once and with its reason rather than late or never.

/// Every local file that the command line names exists. Throws Error PATH_NOT_FOUND.
void CheckFiles(const SubmitLine& line, const Settings& settings);

/// The files of this machine that the application consists of: its own, and those of spark.jars, spark.files and their
/// like. Names may have stars.
std::vector<std::string> LocalFiles(const SubmitLine& line, const Settings& settings);

/// No jar, and no package that is to be fetched, is made for another Scala than Spark is, as far as its name tells.
/// Returns a sentence for each that is made for another Spark. Throws Error TINDERBOX_CONFIG.
std::vector<std::string> CheckVersions(const SubmitLine& line, const Settings& settings, const std::string& spark_home);

/// The main class of a jar is in it, in --jars, on the driver's class path or in Spark. Throws Error TINDERBOX_CONFIG
/// with the classes that are like it.
void CheckMainClass(const SubmitLine& line, const Settings& settings, const std::string& spark_home);

/// Where a driver listens, and which address it tells the workers.
struct DriverAddress {
  std::string bind;
  std::string host;
  int port = 0;
};
/// Listens as the driver would and connects from the network of each worker's process. Throws Error
/// TINDERBOX_PREREQUISITE that says what cannot be reached from where.
void CheckDriverReachable(const DriverAddress& driver, const std::map<std::string, int>& workers);

/// The Pythons that PySpark starts, by the same rules.
struct Pythons {
  std::string driver;
  std::string worker;
};
Pythons PythonsOf(const Settings& settings, const std::map<std::string, std::string>& environment);
/// Both can be run, are new enough for Spark, and of one minor version. `worker_environment` is that of a worker, where
/// its Python is looked for. Throws Error TINDERBOX_PREREQUISITE.
void CheckPythons(const Pythons& pythons, const std::map<std::string, std::string>& environment,
                  const std::map<std::string, std::string>& worker_environment);

/// The environment with which a process was started; empty when we may not look.
std::map<std::string, std::string> EnvironmentOf(int pid);

}  // namespace tinderbox::cluster
