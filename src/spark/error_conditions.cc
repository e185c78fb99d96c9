#include "spark/error_conditions.h"

#include <algorithm>

namespace tinderbox::spark {
namespace {

struct ConditionRow {
  std::string_view condition;
  std::string_view sql_state;
};

// Rows stand in the .inc file, all of Spark 4.2's conditions and a few of ours.
constexpr ConditionRow kConditions[] = {
#include "spark/error_conditions.inc"
};

static_assert(std::ranges::is_sorted(kConditions, {}, &ConditionRow::condition));

}  // namespace

std::string_view SqlState(std::string_view condition) {
  if (condition.starts_with("TINDERBOX_")) return "58030";
  if (condition.starts_with("_LEGACY_") || IsJavaClass(condition)) return "";
  const std::string_view parent = condition.substr(0, condition.find('.'));
  const auto row = std::ranges::lower_bound(kConditions, parent, {}, &ConditionRow::condition);
  return row != std::end(kConditions) && row->condition == parent ? row->sql_state : "XX000";
}

}  // namespace tinderbox::spark
