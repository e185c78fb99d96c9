#pragma once

#include <string_view>
#include <vector>

#include "dataframe/dependencies.h"
#include "spark/proto.h"
#include "tinderbox/column.h"

namespace tinderbox::dataframe {

/// A Column of the expression that `fill(parts, expression)` writes; columns go into it through `parts`.
template <typename Fill>
Column MakeColumn(Fill&& fill) {
  auto expression = std::make_shared<proto::Expression>();
  Parts parts;
  fill(parts, expression.get());
  return Column(std::move(expression), parts.Take());
}

Column MakeFunction(std::string_view name, const std::vector<Column>& arguments, bool distinct = false);

/// The column as a sort order; one that is none is ascending, nulls first.
void ToSortOrder(Parts& parts, const Column& column, proto::Expression::SortOrder* out);

/// A column of this literal as the protocol's Literal. Throws Error INVALID_PARAMETER_VALUE when it is no literal.
const proto::Expression::Literal& ToLiteral(const ColumnOrValue& value);

}  // namespace tinderbox::dataframe
