#include "engine/python/python_plans.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/python/python_functions.h"
#include "engine/translate/refusals.h"
#include "engine/translate/relation_translator.h"
#include "spark/proto_types.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

using Functions = std::vector<const proto::CommonInlineUserDefinedFunction*>;

enum class Use { kValue, kAggregate, kMap, kGroups, kPairs, kTable };

/// A way in which PySpark's worker runs functions.
struct Kind {
  EvalType type;
  Use use;
  EvalType run_as;
  bool typed = false;    ///< the worker is told the types of the input
  bool wrapped = false;  ///< a data frame is sent as one struct
};

constexpr Kind kKinds[] = {
    {EvalType::kBatched, Use::kValue, EvalType::kArrowBatched, true},
    {EvalType::kArrowBatched, Use::kValue, EvalType::kArrowBatched, true},
    {EvalType::kScalarPandas, Use::kValue, EvalType::kScalarPandas},
    {EvalType::kScalarPandasIter, Use::kValue, EvalType::kScalarPandasIter},
    {EvalType::kScalarArrow, Use::kValue, EvalType::kScalarArrow},
    {EvalType::kScalarArrowIter, Use::kValue, EvalType::kScalarArrowIter},
    {EvalType::kGroupedAggPandas, Use::kAggregate, EvalType::kGroupedAggPandas},
    {EvalType::kGroupedAggPandasIter, Use::kAggregate, EvalType::kGroupedAggPandasIter},
    {EvalType::kGroupedAggArrow, Use::kAggregate, EvalType::kGroupedAggArrow},
    {EvalType::kGroupedAggArrowIter, Use::kAggregate, EvalType::kGroupedAggArrowIter},
    {EvalType::kMapPandasIter, Use::kMap, EvalType::kMapPandasIter, false, true},
    {EvalType::kMapArrowIter, Use::kMap, EvalType::kMapArrowIter, false, true},
    {EvalType::kGroupedMapPandas, Use::kGroups, EvalType::kGroupedMapPandas},
    {EvalType::kGroupedMapPandasIter, Use::kGroups, EvalType::kGroupedMapPandasIter},
    {EvalType::kGroupedMapArrow, Use::kGroups, EvalType::kGroupedMapArrow, false, true},
    {EvalType::kGroupedMapArrowIter, Use::kGroups, EvalType::kGroupedMapArrowIter, false, true},
    {EvalType::kCogroupedMapPandas, Use::kPairs, EvalType::kCogroupedMapPandas},
    {EvalType::kCogroupedMapArrow, Use::kPairs, EvalType::kCogroupedMapArrow},
    {EvalType::kTable, Use::kTable, EvalType::kArrowTable, true},
    {EvalType::kArrowTable, Use::kTable, EvalType::kArrowTable, true},
};

const Kind& FindKind(const std::string& function, int32_t eval_type, std::initializer_list<Use> uses) {
  const auto found =
      std::ranges::find_if(kKinds, [&](const Kind& kind) { return static_cast<int32_t>(kind.type) == eval_type; });
  if (found == std::end(kKinds) || std::ranges::find(uses, found->use) == uses.end()) {
    RefuseFeature(fmt::format("a Python function of the kind {} in this place (`{}`)", eval_type, function));
  }
  return *found;
}

DataType TypeOf(const proto::DataType& type) {
  return type.has_unparsed() ? DataType::FromDdl(type.unparsed().data_type_string()) : spark::FromProto(type);
}

StructType RowsOf(const proto::CommonInlineUserDefinedFunction& function) {
  const DataType type = TypeOf(function.python_udf().output_type());
  if (type.kind() != TypeKind::kStruct) {
    RefuseFeature(
        fmt::format("the result type {} of `{}`, which makes rows", type.SimpleString(), function.function_name()));
  }
  return {type.fields()};
}

/// Columns as a worker knows them, by their position.
StructType InputOf(const std::vector<PythonFunctions::Argument>& arguments) {
  StructType out;
  for (size_t i = 0; i < arguments.size(); ++i) {
    out.fields.push_back({fmt::format("_{}", i), arguments[i].value.type, arguments[i].value.nullable, "{}"});
  }
  return out;
}

PythonFunction FunctionOf(const std::vector<PythonFunctions::Argument>& arguments, std::vector<std::string> commands) {
  PythonFunction out;
  for (size_t i = 0; i < arguments.size(); ++i) {
    out.arguments.push_back({static_cast<int32_t>(i), arguments[i].keyword});
  }
  out.commands = std::move(commands);
  return out;
}

/// NULL of no type is an INTEGER to the engine.
Sql ValueOf(const Typed& value) {
  return value.type.kind() == TypeKind::kNull ? CastTo(value.sql, value.type) : value.sql;
}

std::vector<Sql> Names(const char* prefix, size_t count) {
  std::vector<Sql> out;
  for (size_t i = 0; i < count; ++i) out.push_back(Ident(fmt::format("{}{}", prefix, i)));
  return out;
}

Sql OrderBy(const std::vector<Sql>& items) {
  return items.empty() ? Sql() : Concat({Token("ORDER BY "), engine::Join(items, ", ")});
}

}  // namespace

PythonPlans::PythonPlans(PythonSession& session, const spark::Conf& conf, PythonReferences& references,
                         std::function<Lease()> connect, std::function<void()> check,
                         std::vector<std::shared_ptr<const void>>* kept)
    : session_(session), conf_(conf), references_(references), connect_(std::move(connect)), kept_(kept) {
  const long long rows = std::stoll(conf.Get("spark.sql.execution.arrow.maxRecordsPerBatch"));
  batch_rows_ = rows > 0 ? static_cast<size_t>(rows) : SIZE_MAX;
  query_ = std::make_shared<PythonQuery>(session.pool(), PythonSession::Options(conf), conf.Get(spark::conf::kTimeZone),
                                         std::move(check));
}

PythonTask PythonPlans::Task(int32_t eval_type, const std::string& python_version) {
  return session_.Task(static_cast<EvalType>(eval_type), python_version, conf_);
}

Sql PythonPlans::Number(PythonCall call) {
  const std::string key = call.result.Json() + call.task + call.input.Json();
  auto [known, fresh] = numbers_.try_emplace(key);
  if (fresh) {
    const auto shared = std::make_shared<const PythonCall>(std::move(call));
    known->second = references_.calls->Add(shared);
    kept_->push_back(shared);
  }
  return CastTo(IntegerLiteral(known->second), DataType(TypeKind::kLong));
}

Typed PythonPlans::Call(const Functions& functions, const std::vector<Argument>& arguments, const Sql& behind) {
  const auto& last = *functions.back();
  const Kind& kind = FindKind(last.function_name(), last.python_udf().eval_type(), {Use::kValue, Use::kAggregate});
  PythonCall call;
  call.name = last.function_name();
  call.eval_type = kind.run_as;
  call.input = InputOf(arguments);
  call.result = TypeOf(last.python_udf().output_type());
  call.batch_rows = batch_rows_;
  call.query = query_;
  std::vector<std::string> commands;
  for (const auto* function : functions) commands.push_back(function->python_udf().command());
  if (kind.type == EvalType::kBatched) commands.push_back(PickledCoercion(call.result.Json()));
  PythonTask task = Task(static_cast<int32_t>(kind.run_as), last.python_udf().python_ver());
  if (kind.typed) task.eval_conf["input_type"] = call.input.Json();
  call.task = EncodeTask(task, FunctionOf(arguments, std::move(commands)));
  const DataType result = HasNoFields(call.result) ? DataType() : call.result;
  std::vector<Sql> parts;
  for (const Argument& argument : arguments) parts.push_back(ValueOf(argument.value));
  const char* family = kPythonFunction;
  if (kind.use == Use::kAggregate) {
    if (parts.empty()) RefuseFeature("a Python aggregate without arguments");
    family = kPythonAggregate;
    std::vector<Sql> fields;
    for (size_t i = 0; i < parts.size(); ++i)
      fields.push_back(Template("$1 := $2", {Ident(call.input.fields[i].name), parts[i]}));
    parts = {Concat({engine::Call("list", {engine::Call("struct_pack", fields)}), behind})};
  } else if (!behind.empty()) {
    throw Error("UNSUPPORTED_EXPR_FOR_WINDOW",
                fmt::format("Expression \"{}\" not supported within a window function.", call.name),
                {{"sqlExpr", "\"" + call.name + "\""}});
  }
  parts.insert(parts.begin(), Number(std::move(call)));
  return {Concat({Ident(MemberName(family, result.Json())), Token("("), engine::Join(parts, ", "), Token(")")}), result,
          true};
}

Typed PythonPlans::CallTable(const proto::CommonInlineUserDefinedTableFunction& function,
                             const std::vector<Argument>& arguments) {
  const auto& udtf = function.python_udtf();
  const Kind& kind = FindKind(function.function_name(), udtf.eval_type(), {Use::kTable});
  if (!udtf.has_return_type()) {
    RefuseFeature(fmt::format("a Python table function whose `analyze` method gives its columns (`{}`)",
                              function.function_name()));
  }
  const DataType row = TypeOf(udtf.return_type());
  if (row.kind() != TypeKind::kStruct) {
    throw Error("UDTF_RETURN_TYPE_MISMATCH",
                fmt::format("The table function `{}` must return a struct, but it returns {}.",
                            function.function_name(), row.SimpleString()),
                {{"name", function.function_name()}, {"return_type", row.SimpleString()}});
  }
  PythonCall call;
  call.name = function.function_name();
  call.eval_type = kind.run_as;
  call.input = InputOf(arguments);
  call.result = DataType::Array(row, false);
  call.batch_rows = batch_rows_;
  call.query = query_;
  PythonTask task = Task(static_cast<int32_t>(kind.run_as), udtf.python_ver());
  task.eval_conf["input_type"] = call.input.Json();
  call.task = EncodeTableTask(task, FunctionOf(arguments, {udtf.command()}), row.Json(), call.name);
  const DataType result = call.result;
  std::vector<Sql> parts{Number(std::move(call))};
  for (const Argument& argument : arguments) parts.push_back(ValueOf(argument.value));
  return {Concat({Ident(MemberName(kPythonTable, result.Json())), Token("("), engine::Join(parts, ", "), Token(")")}),
          result, false};
}

TranslatedRelation PythonPlans::Relation(std::shared_ptr<PythonRows> rows) {
  rows->batch_rows = batch_rows_;
  rows->connect = connect_;
  rows->query = query_;
  std::vector<OutputColumn> columns = NewColumns(rows->result);
  std::vector<SelectItem> items;
  for (size_t i = 0; i < columns.size(); ++i) {
    items.push_back({Ident(fmt::format("c{}", i)), std::move(columns[i])});
    items.back().column.nullable = true;
  }
  const std::shared_ptr<const PythonRows> shared = std::move(rows);
  kept_->push_back(shared);
  const Sql number = StringLiteral(std::to_string(references_.rows->Add(shared)));
  return Select(std::move(items), engine::Call(kPythonRowsFunction, {number}));
}

TranslatedRelation PythonPlans::Map(const proto::CommonInlineUserDefinedFunction& function,
                                    const TranslatedRelation& input) {
  const auto& udf = function.python_udf();
  const Kind& kind = FindKind(function.function_name(), udf.eval_type(), {Use::kMap});
  auto rows = std::make_shared<PythonRows>();
  rows->name = function.function_name();
  rows->result = RowsOf(function);
  rows->sql = input.sql.text();
  rows->columns = ToSchema(input.columns);
  rows->frames.push_back({{}, rows->columns, kind.wrapped});
  rows->task = EncodeTask(Task(udf.eval_type(), udf.python_ver()), {{{0, ""}}, {udf.command()}});
  return Relation(std::move(rows));
}

TranslatedRelation PythonPlans::MapGroups(const proto::CommonInlineUserDefinedFunction& function,
                                          const std::vector<Side>& sides) {
  const auto& udf = function.python_udf();
  const Kind& kind =
      FindKind(function.function_name(), udf.eval_type(), {sides.size() == 1 ? Use::kGroups : Use::kPairs});
  auto rows = std::make_shared<PythonRows>();
  rows->name = function.function_name();
  rows->result = RowsOf(function);
  rows->grouped = true;
  rows->columns = {
      {{"group", DataType(TypeKind::kLong), false, "{}"}, {"frame", DataType(TypeKind::kInteger), false, "{}"}}};
  PythonFunction command{{}, {udf.command()}};
  std::vector<Sql> tables;
  const size_t keys = sides[0].keys;
  size_t width = 0;
  for (const Side& side : sides) width += side.relation.columns.size();
  for (size_t s = 0; s < sides.size(); ++s) {
    const auto& columns = sides[s].relation.columns;
    const size_t values = columns.size() - keys;
    PythonRows::Frame frame{{}, {}, kind.wrapped};
    // The keys come first, and what stands where is told as: how many numbers follow, how many keys, the keys, the
    // rest.
    const auto number = [&](size_t value) { command.arguments.push_back({static_cast<int32_t>(value), ""}); };
    number(columns.size() + 1);
    number(keys);
    for (size_t i = 0; i < columns.size(); ++i) {
      const size_t at = i < keys ? values + i : i - keys;
      frame.columns.push_back(rows->columns.fields.size() + at);
      frame.schema.fields.push_back({columns[at].name, columns[at].type, columns[at].nullable, "{}"});
      number(i);
    }
    // Every column of all sides, of which this side has its own.
    std::vector<Sql> list{Template("CAST($1 AS INTEGER) AS \"frame\"", {IntegerLiteral(static_cast<long long>(s))}),
                          Template("row_number() OVER ($1) AS \"row\"", {OrderBy(sides[s].order)})};
    for (size_t i = 0; i < keys; ++i) {
      const OutputColumn& key = columns[values + i];
      if (!(TypeName(key.type).text() ==
            TypeName(sides[0].relation.columns[sides[0].relation.columns.size() - keys + i].type).text())) {
        RefuseFeature(fmt::format("a cogroup by keys of different types ({})", key.type.SimpleString()));
      }
      list.push_back(Concat({Ident(key.id), Token(" AS "), Ident(fmt::format("k{}", i))}));
    }
    size_t column = 0;
    for (size_t other = 0; other < sides.size(); ++other) {
      for (const OutputColumn& value : sides[other].relation.columns) {
        const Sql own = other == s ? Ident(value.id) : CastTo(Token("NULL"), value.type);
        list.push_back(Concat({own, Token(" AS "), Ident(fmt::format("c{}", column++))}));
      }
    }
    tables.push_back(
        Concat({Token("SELECT "), engine::Join(list, ", "), Token("\nFROM "), Derived(sides[s].relation.sql)}));
    rows->frames.push_back(std::move(frame));
    for (const OutputColumn& value : columns) {
      rows->columns.fields.push_back({value.name, value.type, true, "{}"});
    }
  }
  std::vector<Sql> order;
  for (const Sql& key : Names("k", keys)) order.push_back(Concat({key, Token(" ASC NULLS FIRST")}));
  const Sql group = order.empty() ? Token("CAST(1 AS BIGINT)") : Template("dense_rank() OVER ($1)", {OrderBy(order)});
  rows->sql = Template("SELECT $1 AS \"group\", \"frame\", $2\nFROM $3\nORDER BY \"group\", \"frame\", \"row\"",
                       {group, engine::Join(Names("c", width), ", "), Derived(engine::Join(tables, "\nUNION ALL\n"))})
                  .text();
  rows->task = EncodeTask(Task(udf.eval_type(), udf.python_ver()), command);
  return Relation(std::move(rows));
}

}  // namespace tinderbox::engine
