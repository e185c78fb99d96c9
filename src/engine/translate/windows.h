#pragma once

#include "engine/translate/scope.h"
#include "spark/proto_expressions.h"

namespace tinderbox::engine {

/// A window expression: function, partitions, order and frame.
Typed TranslateWindow(const proto::Expression::Window& window, const Scope& scope);
/// "x ASC NULLS FIRST".
Sql TranslateSortOrder(const proto::Expression::SortOrder& order, const Scope& scope);

}  // namespace tinderbox::engine
