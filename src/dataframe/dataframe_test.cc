#include "tinderbox/dataframe.h"

#include <gtest/gtest.h>

#include <optional>
#include <set>
#include <thread>

#include "dataframe/plan_text_fixture.h"
#include "spark/ipc.h"
#include "spark/proto.h"
#include "spark/proto_types.h"
#include "spark/session.h"
#include "tinderbox/error.h"
#include "tinderbox/functions.h"

namespace tinderbox {
namespace {

using functions::Col;
using functions::Lit;

/// Remembers what it is asked and answers with fixed rows.
class FakeSession : public spark::Session {
 public:
  std::unique_ptr<BatchReader> Execute(const proto::Relation& relation, const spark::Operation& operation) override {
    operations.push_back(operation);
    executed.push_back(relation);
    std::vector<ArrowBatch> batches;
    batches.push_back(spark::ToBatch(answer_schema, answer));
    return spark::ReadIpcStream(spark::WriteIpcStream(answer_schema, batches));
  }
  proto::ExecutePlanResponse Execute(const proto::Command& command, const spark::Operation& operation) override {
    operations.push_back(operation);
    commands.push_back(command);
    return {};
  }
  proto::ExecutePlanResponse Observed(const std::string&) override { return {}; }
  proto::AnalyzePlanResponse Analyze(const proto::AnalyzePlanRequest& request) override {
    proto::AnalyzePlanResponse response;
    if (request.has_schema()) {
      ++schema_calls;
      spark::ToProto(DataType::Struct(answer_schema.fields), response.mutable_schema()->mutable_schema());
    }
    if (request.has_explain()) response.mutable_explain()->set_explain_string("plan");
    persisted += (request.has_persist() ? 1 : 0) - (request.has_unpersist() ? 1 : 0);
    return response;
  }
  proto::ConfigResponse Config(const proto::ConfigRequest::Operation& operation) override {
    proto::ConfigResponse response;
    for (const std::string& key : operation.get().keys()) {
      response.add_pairs()->set_key(key);
      response.mutable_pairs(response.pairs_size() - 1)->set_value("value");
    }
    return response;
  }
  void AddArtifact(const std::string&, std::string) override {}
  bool HasArtifact(const std::string&) override { return false; }
  std::shared_ptr<spark::Session> Clone() override { return nullptr; }
  void Interrupt(const std::string&) override { ++interrupts; }
  void InterruptTag(const std::string& tag) override { interrupted_tags.push_back(tag); }
  Progress GetProgress(const std::string&) override { return {}; }

  std::vector<proto::Relation> executed;
  std::vector<proto::Command> commands;
  StructType answer_schema = StructType::FromDdl("count bigint");
  std::vector<Row> answer{Row{{Value(int64_t{42})}}};
  int schema_calls = 0;
  int persisted = 0;
  int interrupts = 0;
  std::vector<spark::Operation> operations;
  std::vector<std::string> interrupted_tags;
};

class DataFrameTest : public testing::Test {
 protected:
  std::shared_ptr<FakeSession> fake_ = std::make_shared<FakeSession>();
  Session session_{fake_};
};

// Expected texts are what pyspark-client 4.2.0 sends for the same calls.
TEST_F(DataFrameTest, RelationsAreThoseOfPySpark) {
  const DataFrame range = session_.Range(10);
  EXPECT_EQ(Print(range.proto()), "common { plan_id: 0 } range { start: 0 end: 10 step: 1 }");
  EXPECT_EQ(
      Print(range.Filter(Col("id") > Lit(int64_t{3})).proto()),
      "common { plan_id: 0 } filter { input { common { plan_id: 1 } range { start: 0 end: 10 step: 1 } } condition { "
      "unresolved_function { function_name: \">\" arguments { unresolved_attribute { unparsed_identifier: \"id\" } } "
      "arguments { literal { integer: 3 } } } } }");
  EXPECT_EQ(
      Print(range.GroupBy({Col("id")}).Count().proto().aggregate().aggregate_expressions(0)),
      "alias { expr { unresolved_function { function_name: \"count\" arguments { literal { integer: 1 } } } } name: "
      "\"count\" }");
  EXPECT_EQ(range.GroupBy({}).Count().proto().aggregate().group_type(), proto::Aggregate::GROUP_TYPE_GROUPBY);
  EXPECT_EQ(Print(range.Sort({Col("a"), Col("b").Desc()}).proto().sort().order(0)),
            "child { unresolved_attribute { unparsed_identifier: \"a\" } } direction: SORT_DIRECTION_ASCENDING "
            "null_ordering: SORT_NULLS_FIRST");
  EXPECT_EQ(range.Sort({Col("b").Desc()}).proto().sort().order(0).null_ordering(),
            proto::Expression::SortOrder::SORT_NULLS_LAST);
  EXPECT_TRUE(range.Sort({}).proto().sort().is_global());
  EXPECT_TRUE(range.Distinct().proto().deduplicate().all_columns_as_keys());
  EXPECT_EQ(range.Limit(3).Offset(1).proto().offset().input().limit().limit(), 3);
  EXPECT_EQ(range.Drop({"a", "b"}).proto().drop().column_names(1), "b");
  EXPECT_EQ(range.Alias("t").proto().subquery_alias().alias(), "t");
  EXPECT_EQ(range.WithColumnsRenamed({{"a", "b"}}).proto().with_columns_renamed().renames(0).new_col_name(), "b");
  EXPECT_EQ(range.WithColumns({{"x y", Lit(true)}}).proto().with_columns().aliases(0).name(0), "x y");
}

TEST_F(DataFrameTest, SetOperations) {
  const DataFrame a = session_.Range(1), b = session_.Range(2);
  const auto check = [](const DataFrame& df, proto::SetOperation::SetOpType type, bool all, bool by_name) {
    EXPECT_EQ(df.proto().set_op().set_op_type(), type);
    EXPECT_EQ(df.proto().set_op().is_all(), all);
    EXPECT_EQ(df.proto().set_op().by_name(), by_name);
  };
  check(a.UnionAll(b), proto::SetOperation::SET_OP_TYPE_UNION, true, false);
  check(a.UnionByName(b, true), proto::SetOperation::SET_OP_TYPE_UNION, true, true);
  EXPECT_TRUE(a.UnionByName(b, true).proto().set_op().allow_missing_columns());
  check(a.Intersect(b), proto::SetOperation::SET_OP_TYPE_INTERSECT, false, false);
  check(a.IntersectAll(b), proto::SetOperation::SET_OP_TYPE_INTERSECT, true, false);
  check(a.Subtract(b), proto::SetOperation::SET_OP_TYPE_EXCEPT, false, false);
  check(a.ExceptAll(b), proto::SetOperation::SET_OP_TYPE_EXCEPT, true, false);
}

TEST_F(DataFrameTest, ColumnsOfADataFrameKnowTheirPlan) {
  const DataFrame left = session_.Range(1), right = session_.Range(2);
  EXPECT_NE(left.proto().common().plan_id(), right.proto().common().plan_id());
  const auto joined = left.Join(right, left["id"] == right["a.b"], "LEFT_OUTER").proto().join();
  EXPECT_EQ(joined.join_type(), proto::Join::JOIN_TYPE_LEFT_OUTER);
  const auto& arguments = joined.join_condition().unresolved_function().arguments();
  EXPECT_EQ(arguments[0].unresolved_attribute().plan_id(), left.proto().common().plan_id());
  EXPECT_EQ(arguments[1].unresolved_attribute().plan_id(), right.proto().common().plan_id());
  EXPECT_EQ(arguments[1].unresolved_attribute().unparsed_identifier(), "`a.b`");
  EXPECT_FALSE(Col("id").proto().unresolved_attribute().has_plan_id());
  try {
    left.Join(right, Lit(true), "sideways");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.condition(), "UNSUPPORTED_JOIN_TYPE");
  }
}

TEST_F(DataFrameTest, Expressions) {
  EXPECT_EQ(Print(functions::RowNumber().Over(WindowSpec().PartitionBy({Col("k")}).OrderBy({Col("v").Desc()})).proto()),
            "window { window_function { unresolved_function { function_name: \"row_number\" } } partition_spec { "
            "unresolved_attribute { unparsed_identifier: \"k\" } } order_spec { child { unresolved_attribute { "
            "unparsed_identifier: \"v\" } } direction: SORT_DIRECTION_DESCENDING null_ordering: SORT_NULLS_LAST } }");
  EXPECT_EQ(
      Print(functions::Lambda("x", functions::LambdaVariable("x") + Lit(int64_t{1})).proto()),
      "lambda_function { function { unresolved_function { function_name: \"+\" arguments { "
      "unresolved_named_lambda_variable { name_parts: \"x\" } } arguments { literal { integer: 1 } } } } arguments { "
      "name_parts: \"x\" } }");
  EXPECT_EQ(
      functions::When({{Lit(true), Lit(int64_t{1})}}, Lit(int64_t{2})).proto().unresolved_function().arguments_size(),
      3);
  EXPECT_EQ(functions::ColExact("a`.b").proto().unresolved_attribute().unparsed_identifier(), "`a``.b`");
  EXPECT_TRUE(Col("*").proto().has_unresolved_star());
  EXPECT_EQ(Col("t.*").proto().unresolved_star().unparsed_target(), "t.*");
  EXPECT_EQ(Col("a").TryCast(DataType(TypeKind::kLong)).proto().cast().eval_mode(),
            proto::Expression::Cast::EVAL_MODE_TRY);
  EXPECT_EQ(Col("a").GetField("b.c").proto().unresolved_extract_value().extraction().literal().string(), "b.c");
}

TEST_F(DataFrameTest, InequalityIsNotEqual) {
  const auto expression = (Col("a") != Col("b")).proto().unresolved_function();
  EXPECT_EQ(expression.function_name(), "not");
  EXPECT_EQ(expression.arguments(0).unresolved_function().function_name(), "==");
}

TEST_F(DataFrameTest, LiteralsHaveTheirTypes) {
  const auto literal = [](const Column& column) { return column.proto().literal(); };
  EXPECT_TRUE(literal(Lit(int64_t{2147483647})).has_integer());
  EXPECT_TRUE(literal(Lit(int64_t{2147483648})).has_long_());
  EXPECT_EQ(literal(Lit(Value(DecimalValue{-5, 3}))).decimal().value(), "-0.005");
  EXPECT_EQ(literal(Lit(Value(DecimalValue{-5, 3}))).decimal().precision(), 3);
  EXPECT_EQ(literal(Lit(int64_t{7}, DataType::Decimal(10, 2))).decimal().value(), "7.00");
  EXPECT_TRUE(literal(Lit({}, DataType(TypeKind::kLong))).null().has_long_());
  const Value list = std::make_shared<ListValue>(ListValue{{Value(), Value(int64_t{1}), Value(int64_t{1} << 40)}});
  EXPECT_EQ(literal(Lit(list)).array().elements(1).long_(), 1);
  EXPECT_TRUE(literal(Lit(list)).array().elements(2).has_long_());
  for (const auto& [value, type] :
       std::vector<std::pair<Value, DataType>>{{Value(int64_t{128}), DataType(TypeKind::kByte)},
                                               {Value(std::string("1")), DataType(TypeKind::kInteger)},
                                               {Value(DecimalValue{1234, 2}), DataType::Decimal(3, 2)},
                                               {Value(DecimalValue{1234, 3}), DataType::Decimal(10, 2)}}) {
    try {
      Lit(value, type);
      ADD_FAILURE() << value.ToJson();
    } catch (const Error& e) {
      EXPECT_EQ(e.condition(), "INVALID_TYPED_LITERAL");
    }
  }
}

TEST_F(DataFrameTest, RunsThroughTheSession) {
  const DataFrame df = session_.Range(3);
  EXPECT_EQ(df.Count(), 42);
  EXPECT_EQ(df.Collect(), fake_->answer);
  const DataFrame copy = df;
  EXPECT_EQ(&df.Schema(), &copy.Schema());
  EXPECT_EQ(fake_->schema_calls, 1);
  EXPECT_EQ(df.Explain(), "plan");
  session_.Interrupt();
  EXPECT_EQ(fake_->interrupts, 1);
}

TEST_F(DataFrameTest, TagsWhatAThreadStarts) {
  using Tags = std::set<std::string>;
  session_.AddTag("etl");
  session_.AddTag("nightly");
  session_.Range(3).Count();
  std::thread([&] {
    EXPECT_TRUE(session_.Tags().empty());
    session_.Range(3).Count();
  }).join();
  session_.RemoveTag("etl");
  session_.Range(3).Write().Parquet("x");
  session_.ClearTags();
  session_.Range(3).Count();
  ASSERT_EQ(fake_->operations.size(), 4U);
  EXPECT_EQ(fake_->operations[0].tags, (Tags{"etl", "nightly"}));
  EXPECT_EQ(fake_->operations[1].tags, Tags{});
  EXPECT_EQ(fake_->operations[2].tags, Tags{"nightly"});
  EXPECT_EQ(fake_->operations[3].tags, Tags{});
  EXPECT_FALSE(fake_->operations[0].id.empty());
  EXPECT_NE(fake_->operations[0].id, fake_->operations[2].id);
  session_.InterruptTag("etl");
  EXPECT_EQ(fake_->interrupted_tags, std::vector<std::string>{"etl"});
  for (const char* wrong : {"", "a,b"}) {
    try {
      session_.AddTag(wrong);
      ADD_FAILURE() << wrong;
    } catch (const Error& error) {
      EXPECT_EQ(error.condition(), "INVALID_PARAMETER_VALUE.TAG");
    }
  }
}

TEST_F(DataFrameTest, ThePersistedRowsGoWithTheLastCopy) {
  std::optional<DataFrame> kept = session_.Range(3).Persist();
  EXPECT_EQ(fake_->persisted, 1);
  {
    const DataFrame copy = *kept;
    kept.reset();
    EXPECT_EQ(fake_->persisted, 1);
  }
  EXPECT_EQ(fake_->persisted, 0);
}

TEST_F(DataFrameTest, ReadsAndWrites) {
  const DataFrame read = session_.Read()
                             .Format("csv")
                             .Option("sep", ";")
                             .Option("sep", "|")
                             .Schema(StructType::FromDdl("a int"))
                             .Load({"/x", "/y*"});
  const auto& source = read.proto().read().data_source();
  EXPECT_EQ(source.format(), "csv");
  EXPECT_EQ(source.options().at("sep"), "|");
  EXPECT_EQ(source.schema(), StructType::FromDdl("a int").Json());
  EXPECT_EQ(source.paths_size(), 2);
  read.Write().Format("json").Mode(SaveMode::kOverwrite).Option("compression", "gzip").PartitionBy({"a"}).Save("/out");
  ASSERT_EQ(fake_->commands.size(), 1u);
  const auto& write = fake_->commands[0].write_operation();
  EXPECT_EQ(write.source(), "json");
  EXPECT_EQ(write.path(), "/out");
  EXPECT_EQ(write.mode(), proto::WriteOperation::SAVE_MODE_OVERWRITE);
  EXPECT_EQ(write.partitioning_columns(0), "a");
  EXPECT_EQ(write.options().at("compression"), "gzip");
  EXPECT_EQ(write.input().common().plan_id(), read.proto().common().plan_id());
}

TEST_F(DataFrameTest, LocalRowsTravelAsArrow) {
  const StructType schema = StructType::FromDdl("a int, l array<string>");
  const Value list = std::make_shared<ListValue>(ListValue{{Value(std::string("x")), Value()}});
  const DataFrame df = session_.CreateDataFrame(schema, {Row{{Value(int64_t{1}), list}}, Row{{Value(), Value()}}});
  const auto reader = spark::ReadIpcStream(df.proto().local_relation().data());
  EXPECT_EQ(reader->schema(), schema);
  ArrowBatch batch;
  ASSERT_TRUE(reader->Next(&batch));
  EXPECT_EQ(batch.rows(), 2);
  EXPECT_EQ(spark::ToValue(schema.fields[1].type, batch.column(1), 0), list);
  EXPECT_EQ(StructType::FromJson(df.proto().local_relation().schema()), schema);
  EXPECT_FALSE(
      spark::ReadIpcStream(session_.CreateDataFrame(schema, std::vector<Row>{}).proto().local_relation().data())
          ->Next(&batch));
}

}  // namespace
}  // namespace tinderbox
