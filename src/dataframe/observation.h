#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "dataframe/dependencies.h"
#include "tinderbox/dataframe.h"

namespace tinderbox {

struct Observation::State {
  std::string name;
  std::mutex mutex;
  std::optional<std::map<std::string, Value>> metrics;
};

namespace dataframe {

/// Runs a query; its observations are filled when the reader is read to its end.
std::unique_ptr<BatchReader> ExecuteObserved(const Session& session, const ::spark::connect::Relation& relation,
                                             const std::shared_ptr<const Dependencies>& dependencies);

/// The tags of the actions that this thread starts in the session.
std::set<std::string>& ThreadTags(const Session& session);

/// Takes the metrics of a finished operation.
void FillObservations(const Session& session, const std::string& operation, const Dependencies* dependencies);

}  // namespace dataframe
}  // namespace tinderbox
