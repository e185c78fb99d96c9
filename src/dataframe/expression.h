#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "spark/proto.h"
#include "tinderbox/column.h"

namespace tinderbox::dataframe {

/// A Column of the expression that `fill` writes.
template <typename Fill>
Column MakeColumn(Fill&& fill) {
  auto expression = std::make_shared<proto::Expression>();
  fill(expression.get());
  return Column(std::move(expression));
}

Column MakeFunction(std::string_view name, const std::vector<Column>& arguments);

/// The column as a sort order; one that is none is ascending, nulls first.
void ToSortOrder(const Column& column, proto::Expression::SortOrder* out);

}  // namespace tinderbox::dataframe
