#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cluster/step.h"

namespace tinderbox::cluster {

struct MachineFacts {
  int64_t cores = 1;
  int64_t memory_free = 0;   ///< bytes that programs can still get, within the limits of the control group
  int64_t memory_total = 0;  ///< bytes of the machine
  int64_t memory_limit = 0;  ///< bytes that the control group allows, when that is less; else 0
};
MachineFacts InspectMachine();

/// Who listens on a TCP port.
struct PortOwner {
  int pid = 0;  ///< 0: a process that we may not look at
  std::string name;
};
/// The process that holds the port of the address (or of all addresses); nullopt: the port is free.
std::optional<PortOwner> FindPortOwner(const std::string& host, int port);

/// nullopt when there is no such process, or only a dead one.
std::optional<Process> IdentifyProcess(int pid);

/// A living process of a cluster, known by the mark in its environment.
struct MarkedProcess {
  Process process;
  std::string service;
  bool leads = false;  ///< its session, as the processes do that the supervisor starts
};
/// Every process whose environment carries the cluster's mark, executors and drivers too.
std::vector<MarkedProcess> FindMarked(const std::string& cluster);
/// Names of the variables that make the mark.
constexpr const char* kClusterVariable = "TINDERBOX_CLUSTER_ID";
constexpr const char* kServiceVariable = "TINDERBOX_SERVICE";

struct Java {
  std::string home;
  int version = 0;
};
/// The Java at `home`, or that of the path when empty. Throws Error TINDERBOX_PREREQUISITE when there is none or it is
/// older than 17.
Java FindJava(const std::string& home);

}  // namespace tinderbox::cluster
