#pragma once

#include <memory>

#include "spark/proto.h"
#include "tinderbox/dataframe.h"

namespace tinderbox::dataframe {

/// A plan id that no other relation of this process has.
int64_t NextPlanId();

/// A DataFrame of the relation that `fill` writes, with a plan id of its own.
template <typename Fill>
DataFrame MakeRelation(const Session& session, Fill&& fill) {
  auto relation = std::make_shared<proto::Relation>();
  relation->mutable_common()->set_plan_id(NextPlanId());
  fill(relation.get());
  return DataFrame(session, std::move(relation));
}

}  // namespace tinderbox::dataframe
