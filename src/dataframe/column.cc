#include "tinderbox/column.h"

#include "dataframe/expression.h"
#include "spark/proto_types.h"

namespace tinderbox {
namespace dataframe {

Column MakeFunction(std::string_view name, const std::vector<Column>& arguments) {
  return MakeColumn([&](proto::Expression* out) {
    auto* function = out->mutable_unresolved_function();
    function->set_function_name(std::string(name));
    for (const Column& argument : arguments) *function->add_arguments() = argument.proto();
  });
}

void ToSortOrder(const Column& column, proto::Expression::SortOrder* out) {
  if (column.proto().has_sort_order()) {
    *out = column.proto().sort_order();
    return;
  }
  *out->mutable_child() = column.proto();
  out->set_direction(proto::Expression::SortOrder::SORT_DIRECTION_ASCENDING);
  out->set_null_ordering(proto::Expression::SortOrder::SORT_NULLS_FIRST);
}

}  // namespace dataframe

namespace {

using dataframe::MakeColumn;
using dataframe::MakeFunction;
using SortOrder = proto::Expression::SortOrder;

Column MakeCast(const Column& column, const DataType& type, bool try_cast) {
  return MakeColumn([&](proto::Expression* out) {
    auto* cast = out->mutable_cast();
    *cast->mutable_expr() = column.proto();
    spark::ToProto(type, cast->mutable_type());
    if (try_cast) cast->set_eval_mode(proto::Expression::Cast::EVAL_MODE_TRY);
  });
}

Column MakeSortOrder(const Column& column, SortOrder::SortDirection direction, SortOrder::NullOrdering nulls) {
  return MakeColumn([&](proto::Expression* out) {
    *out->mutable_sort_order()->mutable_child() = column.proto();
    out->mutable_sort_order()->set_direction(direction);
    out->mutable_sort_order()->set_null_ordering(nulls);
  });
}

}  // namespace

Column Column::Alias(std::string_view name) const {
  return MakeColumn([&](proto::Expression* out) {
    *out->mutable_alias()->mutable_expr() = proto();
    out->mutable_alias()->add_name(std::string(name));
  });
}

Column Column::Cast(const DataType& type) const {
  return MakeCast(*this, type, false);
}
Column Column::TryCast(const DataType& type) const {
  return MakeCast(*this, type, true);
}
Column Column::IsNull() const {
  return MakeFunction("isNull", {*this});
}
Column Column::IsNotNull() const {
  return MakeFunction("isNotNull", {*this});
}
Column Column::EqNullSafe(const Column& other) const {
  return MakeFunction("<=>", {*this, other});
}

Column Column::Asc() const {
  return MakeSortOrder(*this, SortOrder::SORT_DIRECTION_ASCENDING, SortOrder::SORT_NULLS_FIRST);
}
Column Column::Desc() const {
  return MakeSortOrder(*this, SortOrder::SORT_DIRECTION_DESCENDING, SortOrder::SORT_NULLS_LAST);
}

Column Column::Over(const WindowSpec& window) const {
  return MakeColumn([&](proto::Expression* out) {
    auto* over = out->mutable_window();
    *over->mutable_window_function() = proto();
    for (const Column& column : window.partition()) *over->add_partition_spec() = column.proto();
    for (const Column& column : window.order()) dataframe::ToSortOrder(column, over->add_order_spec());
  });
}

Column Column::GetField(std::string_view name) const {
  return MakeColumn([&](proto::Expression* out) {
    auto* extract = out->mutable_unresolved_extract_value();
    *extract->mutable_child() = proto();
    extract->mutable_extraction()->mutable_literal()->set_string(std::string(name));
  });
}

Column operator==(const Column& a, const Column& b) {
  return MakeFunction("==", {a, b});
}
Column operator!=(const Column& a, const Column& b) {
  return !(a == b);
}
Column operator<(const Column& a, const Column& b) {
  return MakeFunction("<", {a, b});
}
Column operator<=(const Column& a, const Column& b) {
  return MakeFunction("<=", {a, b});
}
Column operator>(const Column& a, const Column& b) {
  return MakeFunction(">", {a, b});
}
Column operator>=(const Column& a, const Column& b) {
  return MakeFunction(">=", {a, b});
}
Column operator+(const Column& a, const Column& b) {
  return MakeFunction("+", {a, b});
}
Column operator-(const Column& a, const Column& b) {
  return MakeFunction("-", {a, b});
}
Column operator*(const Column& a, const Column& b) {
  return MakeFunction("*", {a, b});
}
Column operator/(const Column& a, const Column& b) {
  return MakeFunction("/", {a, b});
}
Column operator%(const Column& a, const Column& b) {
  return MakeFunction("%", {a, b});
}
Column operator-(const Column& a) {
  return MakeFunction("negative", {a});
}
Column operator&&(const Column& a, const Column& b) {
  return MakeFunction("and", {a, b});
}
Column operator||(const Column& a, const Column& b) {
  return MakeFunction("or", {a, b});
}
Column operator!(const Column& a) {
  return MakeFunction("not", {a});
}

WindowSpec WindowSpec::PartitionBy(std::vector<Column> columns) const {
  WindowSpec out = *this;
  out.partition_ = std::move(columns);
  return out;
}

WindowSpec WindowSpec::OrderBy(std::vector<Column> columns) const {
  WindowSpec out = *this;
  out.order_ = std::move(columns);
  return out;
}

}  // namespace tinderbox
