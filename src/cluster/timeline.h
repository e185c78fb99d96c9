#pragma once

#include <string>
#include <vector>

#include "cluster/folder.h"

namespace tinderbox::cluster {

/// One service on its way to ready.
struct StartSpan {
  std::string service;
  Time begin = 0;          ///< when it was wanted
  Time started = 0;        ///< when its process was
  Time ready = 0;          ///< 0: not yet
  std::string waited_for;  ///< the one of its needs that was ready last
};

/// The last time that the cluster was brought up from nothing: its services in the order of their start.
std::vector<StartSpan> LastStart(const std::vector<HistoryLine>& history, const Desired& desired);

/// A paragraph on the state of a service: what it is, since when, why, and what will happen next.
std::string Explain(const std::string& name, const Wanted& wanted, const State& state);

}  // namespace tinderbox::cluster
