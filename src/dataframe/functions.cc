#include "tinderbox/functions.h"

#include "dataframe/expression.h"
#include "dataframe/literal.h"
#include "spark/type_names.h"

namespace tinderbox::functions {

using dataframe::MakeColumn;
using dataframe::MakeFunction;

Column Col(std::string_view name) {
  return MakeColumn([&](proto::Expression* out) {
    if (name == "*") {
      out->mutable_unresolved_star();
    } else if (name.ends_with(".*")) {
      out->mutable_unresolved_star()->set_unparsed_target(std::string(name));
    } else {
      out->mutable_unresolved_attribute()->set_unparsed_identifier(std::string(name));
    }
  });
}

Column ColExact(std::string_view name) {
  return MakeColumn([&](proto::Expression* out) {
    out->mutable_unresolved_attribute()->set_unparsed_identifier(spark::QuoteIfNeeded(name));
  });
}

Column Lit(const Value& value) {
  return Lit(value, dataframe::LiteralType(value));
}

Column Lit(const Value& value, const DataType& type) {
  return MakeColumn([&](proto::Expression* out) { dataframe::ToLiteral(value, type, out->mutable_literal()); });
}

Column Expr(std::string_view sql) {
  return MakeColumn(
      [&](proto::Expression* out) { out->mutable_expression_string()->set_expression(std::string(sql)); });
}

Column Call(std::string_view function, std::vector<Column> arguments) {
  return MakeFunction(function, arguments);
}

Column When(std::vector<std::pair<Column, Column>> branches) {
  std::vector<Column> arguments;
  for (auto& [condition, value] : branches) {
    arguments.push_back(std::move(condition));
    arguments.push_back(std::move(value));
  }
  return MakeFunction("when", arguments);
}

Column When(std::vector<std::pair<Column, Column>> branches, const Column& otherwise) {
  std::vector<Column> arguments;
  for (auto& [condition, value] : branches) {
    arguments.push_back(std::move(condition));
    arguments.push_back(std::move(value));
  }
  arguments.push_back(otherwise);
  return MakeFunction("when", arguments);
}

Column Lambda(std::string_view variable, const Column& body) {
  return MakeColumn([&](proto::Expression* out) {
    auto* lambda = out->mutable_lambda_function();
    *lambda->mutable_function() = body.proto();
    lambda->add_arguments()->add_name_parts(std::string(variable));
  });
}

Column LambdaVariable(std::string_view variable) {
  return MakeColumn([&](proto::Expression* out) {
    out->mutable_unresolved_named_lambda_variable()->add_name_parts(std::string(variable));
  });
}

Column Count(const Column& c) {
  return MakeFunction("count", {c});
}
Column CountStar() {
  return MakeFunction("count", {Lit(int64_t{1})});
}
Column Sum(const Column& c) {
  return MakeFunction("sum", {c});
}
Column Min(const Column& c) {
  return MakeFunction("min", {c});
}
Column Max(const Column& c) {
  return MakeFunction("max", {c});
}
Column Avg(const Column& c) {
  return MakeFunction("avg", {c});
}
Column Coalesce(std::vector<Column> columns) {
  return MakeFunction("coalesce", columns);
}
Column Struct(std::vector<Column> columns) {
  return MakeFunction("struct", columns);
}
Column RowNumber() {
  return MakeFunction("row_number", {});
}

}  // namespace tinderbox::functions
