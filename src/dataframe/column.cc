#include "tinderbox/column.h"

#include <limits>

#include "base/fail.h"
#include "dataframe/expression.h"
#include "spark/proto_types.h"
#include "tinderbox/dataframe.h"
#include "tinderbox/functions.h"

namespace tinderbox {
namespace dataframe {

using SortOrder = proto::Expression::SortOrder;

Column MakeFunction(std::string_view name, const std::vector<Column>& arguments, bool distinct) {
  return MakeColumn([&](Parts& parts, proto::Expression* out) {
    auto* function = out->mutable_unresolved_function();
    function->set_function_name(std::string(name));
    function->set_is_distinct(distinct);
    parts.PutAll(arguments, function->mutable_arguments());
  });
}

void ToSortOrder(Parts& parts, const Column& column, SortOrder* out) {
  parts.Need(column.dependencies());
  if (column.proto().has_sort_order()) {
    *out = column.proto().sort_order();
    return;
  }
  *out->mutable_child() = column.proto();
  out->set_direction(SortOrder::SORT_DIRECTION_ASCENDING);
  out->set_null_ordering(SortOrder::SORT_NULLS_FIRST);
}

const proto::Expression::Literal& ToLiteral(const ColumnOrValue& value) {
  if (!value.given() || !value.column().proto().has_literal()) {
    base::Fail("INVALID_PARAMETER_VALUE", "A plain value is wanted here, not an expression over columns.");
  }
  return value.column().proto().literal();
}

Value ToValue(uint64_t number) {
  if (number > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
    base::Fail("INVALID_TYPED_LITERAL", "The value {} cannot be a literal of type BIGINT.", number);
  }
  return Value(static_cast<int64_t>(number));
}

}  // namespace dataframe

namespace {

using dataframe::MakeColumn;
using dataframe::MakeFunction;
using dataframe::Parts;
using dataframe::SortOrder;

template <typename SetType>
Column MakeCast(const Column& column, bool try_cast, SetType&& set_type) {
  return MakeColumn([&](Parts& parts, proto::Expression* out) {
    auto* cast = out->mutable_cast();
    parts.Put(column, cast->mutable_expr());
    set_type(cast);
    if (try_cast) cast->set_eval_mode(proto::Expression::Cast::EVAL_MODE_TRY);
  });
}

Column MakeCast(const Column& column, const DataType& type, bool try_cast) {
  return MakeCast(column, try_cast, [&](auto* cast) { spark::ToProto(type, cast->mutable_type()); });
}

Column MakeCast(const Column& column, std::string_view ddl, bool try_cast) {
  return MakeCast(column, try_cast, [&](auto* cast) { cast->set_type_str(std::string(ddl)); });
}

Column MakeSortOrder(const Column& column, SortOrder::SortDirection direction, SortOrder::NullOrdering nulls) {
  return MakeColumn([&](Parts& parts, proto::Expression* out) {
    parts.Put(column, out->mutable_sort_order()->mutable_child());
    out->mutable_sort_order()->set_direction(direction);
    out->mutable_sort_order()->set_null_ordering(nulls);
  });
}

Column MakeBinary(std::string_view name, const ColumnOrValue& a, const ColumnOrValue& b) {
  return MakeFunction(name, {a.column(), b.column()});
}

Column MakeAlias(const Column& column, const std::vector<std::string>& names, std::string_view metadata_json) {
  return MakeColumn([&](Parts& parts, proto::Expression* out) {
    parts.Put(column, out->mutable_alias()->mutable_expr());
    for (const std::string& name : names) out->mutable_alias()->add_name(name);
    if (!metadata_json.empty()) out->mutable_alias()->set_metadata(std::string(metadata_json));
  });
}

/// The arguments of a CASE WHEN that more can be added to; an ELSE makes their count odd.
std::vector<Column> OpenBranches(const Column& column) {
  const auto& function = column.proto().unresolved_function();
  if (function.function_name() != "when" || function.arguments_size() % 2 != 0) {
    base::Fail("INVALID_PARAMETER_VALUE",
               "When and Otherwise continue a column that functions::When began and no Otherwise has ended.");
  }
  std::vector<Column> arguments;
  for (const proto::Expression& argument : function.arguments()) {
    arguments.emplace_back(std::make_shared<proto::Expression>(argument), column.dependencies());
  }
  return arguments;
}

/// A boundary as PySpark sends it: INT for rows, BIGINT for values.
void ToBoundary(int64_t offset, bool rows, proto::Expression::Window::WindowFrame::FrameBoundary* out) {
  constexpr int64_t kFar = std::numeric_limits<int32_t>::max();
  if (offset == 0) {
    out->set_current_row(true);
  } else if (offset == Window::kUnboundedPreceding || offset == Window::kUnboundedFollowing) {
    out->set_unbounded(true);
  } else if (!rows) {
    out->mutable_value()->mutable_literal()->set_long_(offset);
  } else if (offset < -kFar || offset > kFar) {
    base::Fail("INVALID_PARAMETER_VALUE", "A window of rows cannot reach {} rows; the furthest is {}.", offset, kFar);
  } else {
    out->mutable_value()->mutable_literal()->set_integer(static_cast<int32_t>(offset));
  }
}

}  // namespace

Column Column::Alias(std::string_view name) const {
  return MakeAlias(*this, {std::string(name)}, "");
}
Column Column::Alias(std::string_view name, std::string_view metadata_json) const {
  return MakeAlias(*this, {std::string(name)}, metadata_json);
}
Column Column::Aliases(const std::vector<std::string>& names) const {
  return MakeAlias(*this, names, "");
}

Column Column::Cast(const DataType& type) const {
  return MakeCast(*this, type, false);
}
Column Column::Cast(std::string_view ddl) const {
  return MakeCast(*this, ddl, false);
}
Column Column::TryCast(const DataType& type) const {
  return MakeCast(*this, type, true);
}
Column Column::TryCast(std::string_view ddl) const {
  return MakeCast(*this, ddl, true);
}

Column Column::IsNull() const {
  return MakeFunction("isNull", {*this});
}
Column Column::IsNotNull() const {
  return MakeFunction("isNotNull", {*this});
}
Column Column::IsNan() const {
  return MakeFunction("isNaN", {*this});
}
Column Column::EqNullSafe(const ColumnOrValue& other) const {
  return MakeBinary("<=>", *this, other);
}
Column Column::Between(const ColumnOrValue& lower, const ColumnOrValue& upper) const {
  return *this >= lower && *this <= upper;
}

Column Column::IsIn(const std::vector<ColumnOrValue>& values) const {
  std::vector<Column> arguments{*this};
  for (const ColumnOrValue& value : values) arguments.push_back(value.column());
  return MakeFunction("in", arguments);
}

Column Column::IsIn(const DataFrame& query) const {
  return MakeColumn([&](Parts& parts, proto::Expression* out) {
    auto* subquery = out->mutable_subquery_expression();
    subquery->set_subquery_type(proto::SubqueryExpression::SUBQUERY_TYPE_IN);
    subquery->set_plan_id(parts.PutSubquery(query));
    const auto& function = proto().unresolved_function();
    parts.Need(dependencies_);
    if (function.function_name() == "struct") {
      *subquery->mutable_in_subquery_values() = function.arguments();
    } else {
      *subquery->add_in_subquery_values() = proto();
    }
  });
}

Column Column::Like(const ColumnOrValue& pattern) const {
  return MakeBinary("like", *this, pattern);
}
Column Column::ILike(const ColumnOrValue& pattern) const {
  return MakeBinary("ilike", *this, pattern);
}
Column Column::RLike(const ColumnOrValue& pattern) const {
  return MakeBinary("rlike", *this, pattern);
}
Column Column::Contains(const ColumnOrValue& part) const {
  return MakeBinary("contains", *this, part);
}
Column Column::StartsWith(const ColumnOrValue& prefix) const {
  return MakeBinary("startsWith", *this, prefix);
}
Column Column::EndsWith(const ColumnOrValue& suffix) const {
  return MakeBinary("endsWith", *this, suffix);
}
Column Column::Substr(const ColumnOrValue& start, const ColumnOrValue& length) const {
  return MakeFunction("substr", {*this, start.column(), length.column()});
}
Column Column::BitwiseAnd(const ColumnOrValue& other) const {
  return MakeBinary("&", *this, other);
}
Column Column::BitwiseOr(const ColumnOrValue& other) const {
  return MakeBinary("|", *this, other);
}
Column Column::BitwiseXor(const ColumnOrValue& other) const {
  return MakeBinary("^", *this, other);
}

Column Column::GetItem(const ColumnOrValue& key) const {
  return MakeColumn([&](Parts& parts, proto::Expression* out) {
    parts.Put(*this, out->mutable_unresolved_extract_value()->mutable_child());
    parts.Put(key.column(), out->mutable_unresolved_extract_value()->mutable_extraction());
  });
}
Column Column::operator[](const ColumnOrValue& key) const {
  return GetItem(key);
}
Column Column::GetField(std::string_view name) const {
  return GetItem(name);
}

Column Column::WithField(std::string_view name, const Column& value) const {
  return MakeColumn([&](Parts& parts, proto::Expression* out) {
    parts.Put(*this, out->mutable_update_fields()->mutable_struct_expression());
    out->mutable_update_fields()->set_field_name(std::string(name));
    parts.Put(value, out->mutable_update_fields()->mutable_value_expression());
  });
}

Column Column::DropFields(const std::vector<std::string>& names) const {
  Column out = *this;
  for (const std::string& name : names) {
    out = MakeColumn([&](Parts& parts, proto::Expression* expression) {
      parts.Put(out, expression->mutable_update_fields()->mutable_struct_expression());
      expression->mutable_update_fields()->set_field_name(name);
    });
  }
  return out;
}

Column Column::When(const Column& condition, const ColumnOrValue& value) const {
  std::vector<Column> arguments = OpenBranches(*this);
  arguments.push_back(condition);
  arguments.push_back(value.column());
  return MakeFunction("when", arguments);
}
Column Column::Otherwise(const ColumnOrValue& value) const {
  std::vector<Column> arguments = OpenBranches(*this);
  arguments.push_back(value.column());
  return MakeFunction("when", arguments);
}

Column Column::Asc() const {
  return AscNullsFirst();
}
Column Column::AscNullsFirst() const {
  return MakeSortOrder(*this, SortOrder::SORT_DIRECTION_ASCENDING, SortOrder::SORT_NULLS_FIRST);
}
Column Column::AscNullsLast() const {
  return MakeSortOrder(*this, SortOrder::SORT_DIRECTION_ASCENDING, SortOrder::SORT_NULLS_LAST);
}
Column Column::Desc() const {
  return DescNullsLast();
}
Column Column::DescNullsFirst() const {
  return MakeSortOrder(*this, SortOrder::SORT_DIRECTION_DESCENDING, SortOrder::SORT_NULLS_FIRST);
}
Column Column::DescNullsLast() const {
  return MakeSortOrder(*this, SortOrder::SORT_DIRECTION_DESCENDING, SortOrder::SORT_NULLS_LAST);
}

Column Column::Over(const WindowSpec& window) const {
  return MakeColumn([&](Parts& parts, proto::Expression* out) {
    auto* over = out->mutable_window();
    parts.Put(*this, over->mutable_window_function());
    parts.PutAll(window.partition(), over->mutable_partition_spec());
    for (const Column& column : window.order()) dataframe::ToSortOrder(parts, column, over->add_order_spec());
    if (!window.frame()) return;
    using Frame = proto::Expression::Window::WindowFrame;
    auto* frame = over->mutable_frame_spec();
    frame->set_frame_type(window.frame()->rows ? Frame::FRAME_TYPE_ROW : Frame::FRAME_TYPE_RANGE);
    ToBoundary(window.frame()->start, window.frame()->rows, frame->mutable_lower());
    ToBoundary(window.frame()->end, window.frame()->rows, frame->mutable_upper());
  });
}

Column operator==(const ColumnOrValue& a, const ColumnOrValue& b) {
  return MakeBinary("==", a, b);
}
Column operator!=(const ColumnOrValue& a, const ColumnOrValue& b) {
  return !MakeBinary("==", a, b);
}
Column operator<(const ColumnOrValue& a, const ColumnOrValue& b) {
  return MakeBinary("<", a, b);
}
Column operator<=(const ColumnOrValue& a, const ColumnOrValue& b) {
  return MakeBinary("<=", a, b);
}
Column operator>(const ColumnOrValue& a, const ColumnOrValue& b) {
  return MakeBinary(">", a, b);
}
Column operator>=(const ColumnOrValue& a, const ColumnOrValue& b) {
  return MakeBinary(">=", a, b);
}
Column operator+(const ColumnOrValue& a, const ColumnOrValue& b) {
  return MakeBinary("+", a, b);
}
Column operator-(const ColumnOrValue& a, const ColumnOrValue& b) {
  return MakeBinary("-", a, b);
}
Column operator*(const ColumnOrValue& a, const ColumnOrValue& b) {
  return MakeBinary("*", a, b);
}
Column operator/(const ColumnOrValue& a, const ColumnOrValue& b) {
  return MakeBinary("/", a, b);
}
Column operator%(const ColumnOrValue& a, const ColumnOrValue& b) {
  return MakeBinary("%", a, b);
}
Column operator&&(const ColumnOrValue& a, const ColumnOrValue& b) {
  return MakeBinary("and", a, b);
}
Column operator||(const ColumnOrValue& a, const ColumnOrValue& b) {
  return MakeBinary("or", a, b);
}
Column operator-(const Column& a) {
  return MakeFunction("negative", {a});
}
Column operator!(const Column& a) {
  return MakeFunction("not", {a});
}

WindowSpec WindowSpec::PartitionBy(const ColumnList& columns) const {
  WindowSpec out = *this;
  out.partition_.clear();
  for (const ColumnOrName& column : columns) out.partition_.push_back(column.column());
  return out;
}

WindowSpec WindowSpec::OrderBy(const ColumnList& columns) const {
  WindowSpec out = *this;
  out.order_.clear();
  for (const ColumnOrName& column : columns) out.order_.push_back(column.column());
  return out;
}

WindowSpec WindowSpec::RowsBetween(int64_t start, int64_t end) const {
  WindowSpec out = *this;
  out.frame_ = Frame{true, start, end};
  return out;
}

WindowSpec WindowSpec::RangeBetween(int64_t start, int64_t end) const {
  WindowSpec out = *this;
  out.frame_ = Frame{false, start, end};
  return out;
}

}  // namespace tinderbox
