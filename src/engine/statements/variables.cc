#include "engine/statements/variables.h"

#include <fmt/format.h>

#include "base/ascii.h"
#include "engine/metric_literal.h"
#include "engine/statements/statement.h"
#include "engine/statements/tables.h"
#include "engine/translate/expressions.h"
#include "spark/extension.h"
#include "spark/ipc.h"
#include "spark/plan_extensions.pb.h"
#include "spark/proto.h"
#include "spark/proto_expressions.h"
#include "spark/proto_types.h"
#include "spark/text.h"
#include "spark/type_names.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

using Names = std::vector<std::string>;
using ExpressionPointer = std::shared_ptr<const proto::Expression>;

ExpressionPointer Share(const proto::Expression& expression) {
  return std::make_shared<const proto::Expression>(expression);
}

/// The rows of a query, at most `limit` of them.
Rows Collect(Workspace& workspace, const proto::Relation& query, size_t limit, const std::string& operation) {
  const auto reader = workspace.Run(query, operation);
  Rows out{reader->schema(), {}};
  for (ArrowBatch batch; out.rows.size() < limit && reader->Next(&batch);) {
    for (int64_t row = 0; row < batch.rows() && out.rows.size() < limit; ++row) {
      Row& values = out.rows.emplace_back();
      for (size_t i = 0; i < out.schema.fields.size(); ++i) {
        values.values.push_back(spark::ToValue(out.schema.fields[i].type, batch.column(static_cast<int>(i)), row));
      }
    }
  }
  return out;
}

/// A value and its type.
struct Constant {
  Value value;
  DataType type;
};

std::vector<Constant> Evaluate(Workspace& workspace, const std::vector<proto::Expression>& expressions,
                               const std::string& operation) {
  proto::Relation query;
  for (const proto::Expression& expression : expressions) *query.mutable_project()->add_expressions() = expression;
  const Rows rows = Collect(workspace, query, 1, operation);
  std::vector<Constant> out;
  for (size_t i = 0; i < rows.schema.fields.size(); ++i) {
    out.push_back({rows.rows.at(0).values[i], rows.schema.fields[i].type});
  }
  return out;
}

proto::Expression CastExpression(const proto::Expression& expression, const DataType& type) {
  proto::Expression out;
  *out.mutable_cast()->mutable_expr() = expression;
  spark::ToProto(type, out.mutable_cast()->mutable_type());
  return out;
}

proto::Expression NullOfType(const DataType& type) {
  proto::Expression null;
  spark::ToProto(DataType(), null.mutable_literal()->mutable_null());
  return CastExpression(null, type);
}

proto::Expression ConstantExpression(const Constant& constant) {
  proto::Expression literal;
  try {
    ToLiteral(constant.value, constant.type, literal.mutable_literal());
  } catch (const Error&) {
    throw Error("UNSUPPORTED_FEATURE", fmt::format("The embedded engine does not support variables of the type {}.",
                                                   constant.type.SimpleString()));
  }
  const TypeKind kind = constant.type.kind();
  const bool exact = kind != TypeKind::kDecimal && !constant.type.IsNested() && kind != TypeKind::kYearMonthInterval &&
                     kind != TypeKind::kDayTimeInterval;
  return exact && !constant.value.is_null() ? literal : CastExpression(literal, constant.type);
}

/// The value as Spark writes it into the name of a column.
std::string Shown(const Constant& constant) {
  const Value& value = constant.value;
  if (value.is_null()) return fmt::format("CAST(NULL AS {})", constant.type.Sql());
  const std::string text = value.ToString();
  switch (constant.type.kind()) {
    case TypeKind::kString: {
      std::string out = "'";
      for (const char c : text) {
        if (c == '\'' || c == '\\') out += '\\';
        out += c;
      }
      return out + "'";
    }
    case TypeKind::kByte:
      return text + "Y";
    case TypeKind::kShort:
      return text + "S";
    case TypeKind::kLong:
      return text + "L";
    case TypeKind::kDouble:
      return text + "D";
    case TypeKind::kDecimal:
      return text + "BD";
    case TypeKind::kDate:
      return fmt::format("DATE '{}'", text);
    case TypeKind::kTimestamp:
      return fmt::format("TIMESTAMP '{}'", text);
    case TypeKind::kTimestampNtz:
      return fmt::format("TIMESTAMP_NTZ '{}'", text);
    case TypeKind::kArray: {
      std::string out;
      for (const Value& item : value.As<std::shared_ptr<ListValue>>()->items) {
        out += (out.empty() ? "" : ", ") + Shown({item, constant.type.element()});
      }
      return fmt::format("ARRAY({})", out);
    }
    default:
      return text;
  }
}

std::string SearchPath(Workspace& workspace) {
  return fmt::format("[`system`.`builtin`, `system`.`session`, {}]", QuoteName({kCatalogName, workspace.Database()}));
}

std::string FullName(const std::string& name) {
  return QuoteName({"system", "session", name});
}

/// The variable that is set, and its name.
std::pair<std::string, std::shared_ptr<const Variable>> Target(Workspace& workspace, const plan::Name& name) {
  const Names parts = PartsOf(name);
  std::string own = SessionObjectName(parts);
  auto variable = workspace.variables().Find(own);
  if (variable == nullptr) {
    throw Error("UNRESOLVED_VARIABLE",
                fmt::format("Cannot resolve variable {} on search path {}.", QuoteName(parts), SearchPath(workspace)),
                {{"variableName", QuoteName(parts)}, {"searchPath", SearchPath(workspace)}});
  }
  return {std::move(own), std::move(variable)};
}

void Assign(Workspace& workspace, const std::string& name, const Variable& before, const Constant& constant) {
  Variable after = before;
  after.value = Share(ConstantExpression(constant));
  after.shown = Shown(constant);
  workspace.variables().Set(name, std::make_shared<const Variable>(std::move(after)));
}

/// The only row of a query, or NULLs, as the variables' types.
void AssignRow(Workspace& workspace, const google::protobuf::RepeatedPtrField<plan::Name>& names,
               const proto::Relation& query, const std::string& operation) {
  std::vector<std::pair<std::string, std::shared_ptr<const Variable>>> targets;
  for (const plan::Name& name : names) targets.push_back(Target(workspace, name));
  const StructType schema = workspace.Schema(query);
  if (schema.fields.size() != targets.size()) {
    throw Error("ASSIGNMENT_ARITY_MISMATCH",
                fmt::format("The number of columns or variables assigned or aliased: {} does not match the number of "
                            "source expressions: {}.",
                            targets.size(), schema.fields.size()),
                {{"numTarget", std::to_string(targets.size())}, {"numExpr", std::to_string(schema.fields.size())}});
  }
  const Rows rows = Collect(workspace, query, 2, operation);
  if (rows.rows.size() > 1) {
    throw Error("ROW_SUBQUERY_TOO_MANY_ROWS", "More than one row returned by a subquery used as a row.");
  }
  std::vector<proto::Expression> casts;
  for (size_t i = 0; i < targets.size(); ++i) {
    const DataType& type = targets[i].second->type;
    casts.push_back(rows.rows.empty()
                        ? NullOfType(type)
                        : CastExpression(ConstantExpression({rows.rows[0][i], schema.fields[i].type}), type));
  }
  const std::vector<Constant> values = Evaluate(workspace, casts, operation);
  for (size_t i = 0; i < targets.size(); ++i) Assign(workspace, targets[i].first, *targets[i].second, values[i]);
}

/// The last part of a name of a new object of the session.
std::string NewName(const plan::Name& name) {
  std::string own = SessionObjectName(PartsOf(name));
  if (!own.empty()) return own;
  throw Error("INVALID_TEMP_OBJ_QUALIFIER",
              fmt::format("Temporary objects cannot be qualified with {}. Only the schema session is allowed.",
                          QuoteName(PartsOf(name))),
              {{"objectName", QuoteName(PartsOf(name))}});
}

}  // namespace

void DeclareVariable(Workspace& workspace, const plan::DeclareVariable& statement, const std::string& operation) {
  const std::string name = NewName(statement.name());
  if (!statement.or_replace() && workspace.variables().Find(name) != nullptr) {
    throw Error(
        "VARIABLE_ALREADY_EXISTS",
        fmt::format("Cannot create the variable {} because it already exists.\nChoose a different name, or drop "
                    "or replace the existing variable.",
                    FullName(name)),
        {{"variableName", FullName(name)}});
  }
  proto::Expression value = statement.default_value();
  if (!statement.has_default_value()) spark::ToProto(DataType(), value.mutable_literal()->mutable_null());
  if (statement.has_type()) value = CastExpression(value, spark::FromProto(statement.type()));
  const Constant constant = Evaluate(workspace, {value}, operation)[0];
  Variable variable;
  variable.type = constant.type;
  if (statement.has_default_value()) variable.default_value = Share(value);
  Assign(workspace, name, variable, constant);
}

void SetVariables(Workspace& workspace, const plan::SetVariables& statement, const std::string& operation) {
  if (statement.has_query()) {
    google::protobuf::RepeatedPtrField<plan::Name> names;
    for (const auto& target : statement.targets()) *names.Add() = target.name();
    AssignRow(workspace, names, statement.query(), operation);
    return;
  }
  std::vector<std::pair<std::string, std::shared_ptr<const Variable>>> targets;
  std::vector<proto::Expression> values;
  for (const auto& target : statement.targets()) {
    targets.push_back(Target(workspace, target.name()));
    const Variable& variable = *targets.back().second;
    for (size_t i = 0; i + 1 < targets.size(); ++i) {
      if (base::LowerCase(targets[i].first) != base::LowerCase(targets.back().first)) continue;
      throw Error("DUPLICATE_ASSIGNMENTS",
                  fmt::format("The columns or variables {} appear more than once as assignment targets.",
                              spark::Quote(targets[i].first)),
                  {{"nameList", spark::Quote(targets[i].first)}});
    }
    if (target.has_value()) {
      values.push_back(CastExpression(target.value(), variable.type));
    } else {
      values.push_back(variable.default_value == nullptr ? NullOfType(variable.type) : *variable.default_value);
    }
  }
  const std::vector<Constant> constants = Evaluate(workspace, values, operation);
  for (size_t i = 0; i < targets.size(); ++i) Assign(workspace, targets[i].first, *targets[i].second, constants[i]);
}

void CreateFunction(Workspace& workspace, const plan::CreateFunction& statement) {
  const std::string name = NewName(statement.name());
  const auto existing = workspace.functions().Find(name);
  if (existing != nullptr && statement.if_not_exists()) return;
  if (existing != nullptr && !statement.or_replace()) {
    throw Error(
        "ROUTINE_ALREADY_EXISTS",
        fmt::format("Cannot create the routine {} because a routine of that name already exists.\nChoose a "
                    "different name, drop or replace the existing routine, or add the IF NOT EXISTS clause to "
                    "tolerate a pre-existing routine.",
                    spark::Quote(name)),
        {{"routineName", spark::Quote(name)}, {"existingRoutineType", "routine"}, {"newRoutineType", "routine"}});
  }
  if (HasAggregate(statement.body())) {
    throw Error("USER_DEFINED_FUNCTIONS.CANNOT_CONTAIN_COMPLEX_FUNCTIONS",
                fmt::format("User defined function is invalid: SQL scalar function cannot contain "
                            "aggregate/window/generate functions: {}",
                            statement.body_text()),
                {{"queryText", statement.body_text()}});
  }
  auto function = std::make_shared<SqlFunction>();
  proto::Expression call;
  call.mutable_unresolved_function()->set_function_name("session." + spark::Quote(name));
  for (const auto& parameter : statement.parameters()) {
    const DataType type = spark::FromProto(parameter.type());
    function->parameters.push_back(
        {parameter.name(), type, parameter.has_default_value() ? Share(parameter.default_value()) : nullptr});
    *call.mutable_unresolved_function()->add_arguments() = NullOfType(type);
  }
  if (statement.has_returns()) function->returns = spark::FromProto(statement.returns());
  function->body = Share(statement.body());
  workspace.functions().Set(name, function);
  try {
    // What is wrong with the body is said now.
    proto::Relation query;
    *query.mutable_project()->add_expressions() = call;
    workspace.Schema(query);
  } catch (...) {
    if (existing == nullptr) {
      workspace.functions().Drop(name);
    } else {
      workspace.functions().Set(name, existing);
    }
    throw;
  }
}

void DropSessionObject(Workspace& workspace, const plan::DropObject& statement) {
  const Names parts = PartsOf(statement.name());
  const std::string name = SessionObjectName(parts);
  if (statement.kind() == plan::DropObject::VARIABLE) {
    if (workspace.variables().Drop(name) || statement.if_exists()) return;
    throw Error("VARIABLE_NOT_FOUND",
                fmt::format("The variable {} cannot be found. Verify the spelling and correctness of the schema and "
                            "catalog.\nIf you did not qualify the name with a schema and catalog, verify the "
                            "current_schema() output, or qualify the name with the correct schema and catalog.\nTo "
                            "tolerate the error on drop use DROP VARIABLE IF EXISTS.",
                            FullName(parts.back())),
                {{"variableName", FullName(parts.back())}});
  }
  if ((statement.temporary() && workspace.functions().Drop(name)) || statement.if_exists()) return;
  const std::string shown =
      statement.temporary() || parts.size() > 1 ? QuoteName(parts) : QuoteName({workspace.Database(), parts.back()});
  throw Error("ROUTINE_NOT_FOUND",
              fmt::format("The routine {} cannot be found. Verify the spelling and correctness of the schema and "
                          "catalog.\nIf you did not qualify the name with a schema and catalog, verify the "
                          "current_schema() output, or qualify the name with the correct schema and catalog.\nTo "
                          "tolerate the error on drop use DROP … IF EXISTS.",
                          shown),
              {{"routineName", shown}});
}

proto::SQL ImmediateText(Workspace& workspace, const plan::ExecuteImmediate& statement, const std::string& operation) {
  std::vector<proto::Expression> expressions{statement.text()};
  for (const proto::Expression& argument : statement.arguments()) expressions.push_back(argument);
  const std::vector<Constant> values = Evaluate(workspace, expressions, operation);
  if (values[0].type.kind() != TypeKind::kString) {
    const std::string type = fmt::format("\"{}\"", values[0].type.Sql());
    throw Error("INVALID_EXPR_TYPE_FOR_QUERY_EXECUTE_IMMEDIATE",
                fmt::format("Expression type must be string type but got {}.", type), {{"exprType", type}});
  }
  if (values[0].value.is_null()) {
    const std::string name = "`" + ExpressionName(statement.text()) + "`";
    throw Error("NULL_QUERY_STRING_EXECUTE_IMMEDIATE",
                fmt::format("Execute immediate requires a non-null variable as the query string, but the provided "
                            "variable {} is null.",
                            name),
                {{"varName", name}});
  }
  proto::SQL out;
  out.set_query(values[0].value.As<std::string>());
  for (int i = 0; i < statement.arguments_size(); ++i) {
    // A marker without a name takes the arguments in their order, whatever their names.
    const proto::Expression value = ConstantExpression(values[static_cast<size_t>(i) + 1]);
    if (statement.arguments(i).has_alias()) {
      (*out.mutable_named_arguments())[statement.arguments(i).alias().name(0)] = value;
    }
    *out.add_pos_arguments() = value;
  }
  return out;
}

Rows ExecuteImmediate(Workspace& workspace, const plan::ExecuteImmediate& statement, const std::string& operation) {
  const proto::SQL text = ImmediateText(workspace, statement, operation);
  const proto::Plan parsed = ParseSqlStatement(text);
  if (!parsed.has_root()) {
    if (statement.into_size() > 0) {
      throw Error("INVALID_STATEMENT_FOR_EXECUTE_INTO",
                  fmt::format("The INTO clause of EXECUTE IMMEDIATE is only valid for queries but the given statement "
                              "is not a query: {}.",
                              text.query()),
                  {{"sqlString", text.query()}});
    }
    plan::Statement inner;
    spark::UnpackExtension(parsed.command().extension(), &inner);
    return RunStatement(workspace, inner, operation);
  }
  if (statement.into_size() == 0) return Collect(workspace, parsed.root(), SIZE_MAX, operation);
  AssignRow(workspace, statement.into(), parsed.root(), operation);
  return {};
}

}  // namespace tinderbox::engine
