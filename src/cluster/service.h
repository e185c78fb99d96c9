#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace tinderbox::cluster {

enum class ProbeKind { kTcp, kHttp, kCommand };

/// How to ask whether a service does its work.
struct Probe {
  ProbeKind kind = ProbeKind::kTcp;
  std::string host;
  int port = 0;
  std::string path;                  ///< kHttp: what to GET; the answer must be 200
  std::vector<std::string> command;  ///< kCommand: must exit with 0
  /// kHttp: where in the JSON answer to look (a JSON pointer) and what must be found. `members` (an object) must be
  /// equal to those of the value there, or of one element of the array there; an empty array stands for "the array is
  /// empty". Null: nothing is looked at.
  std::string pointer;
  nlohmann::json members;
  std::string pattern;     ///< kHttp: a regular expression that must be found in the answer; empty: none
  int64_t every = 5000;    ///< milliseconds between two probes of a ready service
  int64_t timeout = 3000;  ///< after which a probe has failed

  friend bool operator==(const Probe&, const Probe&) = default;
};

enum class Restart { kAlways, kNever };

/// One process that the supervisor keeps running. Plain data: it is what --dry-run prints and what the supervisor gets.
struct Service {
  std::string name;  ///< "worker-1"
  std::string role;  ///< "worker"
  std::vector<std::string> command;
  std::map<std::string, std::string> environment;  ///< added to what the supervisor has
  std::string folder;                              ///< where it runs; made when missing
  std::string log;                                 ///< file of its standard output and error
  std::map<std::string, int> ports;                ///< by what they are for: "rpc", "ui"
  std::vector<std::string> needs;                  ///< services that must be ready before it starts
  Probe ready;
  Probe alive;           ///< asked once it has been ready; the same as `ready` unless that is costly
  int drain_signal = 0;  ///< sent before TERM when the service is to go for good; 0: it is not drained
  Probe drained;
  int stop_signal = 15;  ///< by which it ends in good order
  Restart restart = Restart::kAlways;
  std::map<std::string, std::string> files;  ///< path and content, written before it starts
  std::string page;                          ///< address of its web page
  std::string archive;                       ///< class-data archive (archive.h); empty: none
  int64_t start_timeout = 0;                 ///< these in milliseconds
  int64_t stop_grace = 0;
  int64_t drain_timeout = 0;
  int64_t log_size = 0;
  int64_t log_files = 0;

  friend bool operator==(const Service&, const Service&) = default;
};

/// A service as people want it. A new generation asks for a restart.
struct Wanted {
  Service service;
  bool up = true;
  int64_t generation = 0;

  friend bool operator==(const Wanted&, const Wanted&) = default;
};

/// What the commands write and the supervisor makes true.
struct Desired {
  std::string cluster;  ///< random; stands in the environment of every process of the cluster
  std::vector<Wanted> services;

  const Wanted* Find(const std::string& name) const;
  friend bool operator==(const Desired&, const Desired&) = default;
};

void to_json(nlohmann::json& out, const Service& service);
void from_json(const nlohmann::json& in, Service& service);
void to_json(nlohmann::json& out, const Desired& desired);
void from_json(const nlohmann::json& in, Desired& desired);

}  // namespace tinderbox::cluster
