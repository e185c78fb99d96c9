#include <gtest/gtest.h>

#include "dataframe/plan_text_fixture.h"
#include "spark/proto.h"
#include "tinderbox/dataframe.h"
#include "tinderbox/error.h"
#include "tinderbox/functions.h"

namespace tinderbox {
namespace {

using namespace functions;  // NOLINT: as a user of the library does

// Expected texts are what pyspark-client 4.2.0 sends for the same calls, without the field is_metadata_column.
TEST(Plans, AreThoseOfPySpark) {
  const Session session(nullptr);  // building asks nobody
  const DataFrame d = session.Range(3);
  const DataFrame e = session.Range(3);
  EXPECT_EQ(
      Print(d.Where(e.Exists()).proto()),
      R"(common { plan_id: 0 } with_relations { root { common { plan_id: 1 } filter { input { common { plan_id: 2 } range { start: 0 end: 3 step: 1 } } condition { subquery_expression { plan_id: 3 subquery_type: SUBQUERY_TYPE_EXISTS } } } } references { common { plan_id: 3 } range { start: 0 end: 3 step: 1 } } })");
  EXPECT_EQ(
      Print(d.Where(Col("id").IsIn(e)).proto()),
      R"(common { plan_id: 0 } with_relations { root { common { plan_id: 1 } filter { input { common { plan_id: 2 } range { start: 0 end: 3 step: 1 } } condition { subquery_expression { plan_id: 3 subquery_type: SUBQUERY_TYPE_IN in_subquery_values { unresolved_attribute { unparsed_identifier: "id" } } } } } } references { common { plan_id: 3 } range { start: 0 end: 3 step: 1 } } })");
  EXPECT_EQ(
      Print(Sum("id")
                .Over(Window::PartitionBy("k").OrderBy(Col("id").Desc()).RowsBetween(-1, Window::kCurrentRow))
                .proto()),
      R"(window { window_function { unresolved_function { function_name: "sum" arguments { unresolved_attribute { unparsed_identifier: "id" } } } } partition_spec { unresolved_attribute { unparsed_identifier: "k" } } order_spec { child { unresolved_attribute { unparsed_identifier: "id" } } direction: SORT_DIRECTION_DESCENDING null_ordering: SORT_NULLS_LAST } frame_spec { frame_type: FRAME_TYPE_ROW lower { value { literal { integer: -1 } } } upper { current_row: true } } })");
  EXPECT_EQ(
      Print(Sum("id").Over(Window::OrderBy("id").RangeBetween(Window::kUnboundedPreceding, 2)).proto()),
      R"(window { window_function { unresolved_function { function_name: "sum" arguments { unresolved_attribute { unparsed_identifier: "id" } } } } order_spec { child { unresolved_attribute { unparsed_identifier: "id" } } direction: SORT_DIRECTION_ASCENDING null_ordering: SORT_NULLS_FIRST } frame_spec { frame_type: FRAME_TYPE_RANGE lower { unbounded: true } upper { value { literal { long: 2 } } } } })");
  EXPECT_EQ(
      Print(d.Na().Fill({{"id", 1}}).proto()),
      R"(common { plan_id: 0 } fill_na { input { common { plan_id: 1 } range { start: 0 end: 3 step: 1 } } cols: "id" values { long: 1 } })");
  EXPECT_EQ(
      Print(d.Na().Replace({{1, 2}}, {"id"}).proto()),
      R"(common { plan_id: 0 } replace { input { common { plan_id: 1 } range { start: 0 end: 3 step: 1 } } cols: "id" replacements { old_value { double: 1 } new_value { double: 2 } } })");
  EXPECT_EQ(
      Print(d.Unpivot("id", {}, "k", "v").proto()),
      R"(common { plan_id: 0 } unpivot { input { common { plan_id: 1 } range { start: 0 end: 3 step: 1 } } ids { unresolved_attribute { unparsed_identifier: "id" } } variable_column_name: "k" value_column_name: "v" })");
  EXPECT_EQ(
      Print(d.Join(e, {"id"}, "left").proto()),
      R"(common { plan_id: 0 } join { left { common { plan_id: 1 } range { start: 0 end: 3 step: 1 } } right { common { plan_id: 2 } range { start: 0 end: 3 step: 1 } } join_type: JOIN_TYPE_LEFT_OUTER using_columns: "id" })");
  EXPECT_EQ(
      Print(d.CrossJoin(e).proto()),
      R"(common { plan_id: 0 } join { left { common { plan_id: 1 } range { start: 0 end: 3 step: 1 } } right { common { plan_id: 2 } range { start: 0 end: 3 step: 1 } } join_type: JOIN_TYPE_CROSS })");
  EXPECT_EQ(
      Print(d.Drop("a.b").proto()),
      R"(common { plan_id: 0 } drop { input { common { plan_id: 1 } range { start: 0 end: 3 step: 1 } } column_names: "a.b" })");
  EXPECT_EQ(
      Print(d.Drop(Col("a")).proto()),
      R"(common { plan_id: 0 } drop { input { common { plan_id: 1 } range { start: 0 end: 3 step: 1 } } columns { unresolved_attribute { unparsed_identifier: "a" } } })");
  EXPECT_EQ(
      Print(d.Hint("x", {1, "y"}).proto()),
      R"(common { plan_id: 0 } hint { input { common { plan_id: 1 } range { start: 0 end: 3 step: 1 } } name: "x" parameters { literal { integer: 1 } } parameters { literal { string: "y" } } })");
  EXPECT_EQ(
      Print(d.GroupBy("id").Pivot("id", {1, 2}).Agg(Max("id")).proto()),
      R"(common { plan_id: 0 } aggregate { input { common { plan_id: 1 } range { start: 0 end: 3 step: 1 } } group_type: GROUP_TYPE_PIVOT grouping_expressions { unresolved_attribute { unparsed_identifier: "id" } } aggregate_expressions { unresolved_function { function_name: "max" arguments { unresolved_attribute { unparsed_identifier: "id" } } } } pivot { col { unresolved_attribute { unparsed_identifier: "id" plan_id: 1 } } values { integer: 1 } values { integer: 2 } } })");
  EXPECT_EQ(
      Print(d.GroupingSets({{"id"}, {}}, "id").Agg(Max("id")).proto()),
      R"(common { plan_id: 0 } aggregate { input { common { plan_id: 1 } range { start: 0 end: 3 step: 1 } } group_type: GROUP_TYPE_GROUPING_SETS grouping_expressions { unresolved_attribute { unparsed_identifier: "id" } } aggregate_expressions { unresolved_function { function_name: "max" arguments { unresolved_attribute { unparsed_identifier: "id" } } } } grouping_sets { grouping_set { unresolved_attribute { unparsed_identifier: "id" } } } grouping_sets { } })");
  EXPECT_EQ(
      Print(d.UnionByName(e, true).proto()),
      R"(common { plan_id: 0 } set_op { left_input { common { plan_id: 1 } range { start: 0 end: 3 step: 1 } } right_input { common { plan_id: 2 } range { start: 0 end: 3 step: 1 } } set_op_type: SET_OP_TYPE_UNION is_all: true by_name: true allow_missing_columns: true })");
  EXPECT_EQ(
      Print(d.Sort({Col("id").Desc(), "id"}).proto()),
      R"(common { plan_id: 0 } sort { input { common { plan_id: 1 } range { start: 0 end: 3 step: 1 } } order { child { unresolved_attribute { unparsed_identifier: "id" } } direction: SORT_DIRECTION_DESCENDING null_ordering: SORT_NULLS_LAST } order { child { unresolved_attribute { unparsed_identifier: "id" } } direction: SORT_DIRECTION_ASCENDING null_ordering: SORT_NULLS_FIRST } is_global: true })");
  EXPECT_EQ(
      Print(d.Union(e).proto()),
      R"(common { plan_id: 0 } set_op { left_input { common { plan_id: 1 } range { start: 0 end: 3 step: 1 } } right_input { common { plan_id: 2 } range { start: 0 end: 3 step: 1 } } set_op_type: SET_OP_TYPE_UNION is_all: true by_name: false allow_missing_columns: false })");
  EXPECT_EQ(
      Print(d.RepartitionByRange(2, "id").proto()),
      R"(common { plan_id: 0 } repartition_by_expression { input { common { plan_id: 1 } range { start: 0 end: 3 step: 1 } } partition_exprs { sort_order { child { unresolved_attribute { unparsed_identifier: "id" } } direction: SORT_DIRECTION_ASCENDING null_ordering: SORT_NULLS_FIRST } } num_partitions: 2 })");
  EXPECT_EQ(Print(Col("a").Cast("int").proto()),
            R"(cast { expr { unresolved_attribute { unparsed_identifier: "a" } } type_str: "int" })");
  EXPECT_EQ(
      Print(Col("a")["k"].proto()),
      R"(unresolved_extract_value { child { unresolved_attribute { unparsed_identifier: "a" } } extraction { literal { string: "k" } } })");
  EXPECT_EQ(
      Print(When(Col("a") > 1, "x").Otherwise(2).proto()),
      R"(unresolved_function { function_name: "when" arguments { unresolved_function { function_name: ">" arguments { unresolved_attribute { unparsed_identifier: "a" } } arguments { literal { integer: 1 } } } } arguments { literal { string: "x" } } arguments { literal { integer: 2 } } })");
  EXPECT_EQ(
      Print(Col("a").WithField("b", Lit(int64_t{1})).DropFields({"c"}).proto()),
      R"(update_fields { struct_expression { update_fields { struct_expression { unresolved_attribute { unparsed_identifier: "a" } } field_name: "b" value_expression { literal { integer: 1 } } } } field_name: "c" })");
  EXPECT_EQ(
      Print(d.Select("*").proto()),
      R"(common { plan_id: 0 } project { input { common { plan_id: 1 } range { start: 0 end: 3 step: 1 } } expressions { unresolved_star { } } })");
}

TEST(Plans, SubQueriesAreTakenInOnce) {
  const Session session(nullptr);
  const DataFrame inner = session.Range(3);
  const Column twice = inner.Scalar() + inner.Scalar();
  const DataFrame outer = session.Range(1).Select((twice * 2).Cast("string").Alias("x"));
  EXPECT_EQ(outer.proto().with_relations().references_size(), 2);
  // The plan above needs nothing more; neither does what is built on it.
  EXPECT_EQ(outer.dependencies(), nullptr);
  EXPECT_TRUE(outer.Limit(1).proto().limit().input().has_with_relations());
}

TEST(Plans, WhatNoPlanCanBeMadeOf) {
  const auto condition = [](auto&& step) {
    try {
      step();
    } catch (const Error& error) {
      return error.condition();
    }
    return std::string("none");
  };
  const DataFrame d = Session(nullptr).Range(3);
  EXPECT_EQ(condition([&] { d.Na().Fill(Col("id")); }), "INVALID_PARAMETER_VALUE");
  EXPECT_EQ(condition([&] { d.GroupBy("id").Pivot("id").Pivot("id"); }), "UNSUPPORTED_OPERATION");
  EXPECT_EQ(condition([&] { Sum("id").Over(Window::RowsBetween(int64_t{1} << 40, 0)); }), "INVALID_PARAMETER_VALUE");
  EXPECT_EQ(condition([&] { Col("id") + ~uint64_t{0}; }), "INVALID_TYPED_LITERAL");
  EXPECT_EQ(condition([&] { Col("id").Otherwise(1); }), "INVALID_PARAMETER_VALUE");
}

}  // namespace
}  // namespace tinderbox
