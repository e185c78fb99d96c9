#pragma once

#include <memory>

#include "dataframe/dependencies.h"
#include "spark/proto.h"
#include "tinderbox/dataframe.h"

namespace tinderbox::dataframe {

/// A plan id that no other relation of this process has.
int64_t NextPlanId();

/// A seed by chance, never negative.
int64_t RandomSeed();

/// The finished relation, with the plans of its sub-queries around it when it has any.
DataFrame Finish(const Session& session, std::shared_ptr<proto::Relation> relation, Parts parts);

/// A DataFrame of the relation that `fill(parts, relation)` writes, with a plan id of its own; inputs and columns go
/// into it through `parts`.
template <typename Fill>
DataFrame MakeRelation(const Session& session, Fill&& fill) {
  auto relation = std::make_shared<proto::Relation>();
  relation->mutable_common()->set_plan_id(NextPlanId());
  Parts parts;
  fill(parts, relation.get());
  return Finish(session, std::move(relation), std::move(parts));
}

/// Runs the command that `fill(parts, command)` writes, and fills the observations of its inputs.
proto::ExecutePlanResponse RunCommand(const Session& session, const proto::Command& command,
                                      const Dependencies* dependencies);
template <typename Fill>
proto::ExecutePlanResponse RunCommand(const Session& session, Fill&& fill) {
  proto::Command command;
  Parts parts;
  fill(parts, &command);
  return RunCommand(session, command, parts.Take().get());
}

}  // namespace tinderbox::dataframe
