#include "tinderbox/functions.h"

#include <atomic>

#include "dataframe/expression.h"
#include "dataframe/literal.h"
#include "spark/type_names.h"

namespace tinderbox::functions {

using dataframe::MakeColumn;
using dataframe::MakeFunction;
using dataframe::Parts;

Column Col(std::string_view name) {
  return MakeColumn([&](Parts&, proto::Expression* out) {
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
  return MakeColumn([&](Parts&, proto::Expression* out) {
    out->mutable_unresolved_attribute()->set_unparsed_identifier(spark::QuoteIfNeeded(name));
  });
}

Column Lit(const Value& value) {
  return Lit(value, dataframe::LiteralType(value));
}

Column Lit(const Value& value, const DataType& type) {
  return MakeColumn([&](Parts&, proto::Expression* out) { dataframe::ToLiteral(value, type, out->mutable_literal()); });
}

Column Expr(std::string_view sql) {
  return MakeColumn(
      [&](Parts&, proto::Expression* out) { out->mutable_expression_string()->set_expression(std::string(sql)); });
}

Column Call(std::string_view function, const std::vector<Column>& arguments) {
  return MakeFunction(function, arguments);
}

Column CallDistinct(std::string_view function, const std::vector<Column>& arguments) {
  return MakeFunction(function, arguments, true);
}

Column CallFunction(std::string_view name, const ColumnList& arguments) {
  return MakeColumn([&](Parts& parts, proto::Expression* out) {
    out->mutable_call_function()->set_function_name(std::string(name));
    parts.PutAll(arguments, out->mutable_call_function()->mutable_arguments());
  });
}

Column When(const Column& condition, const ColumnOrValue& value) {
  return MakeFunction("when", {condition, value.column()});
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
  return When(std::move(branches)).Otherwise(otherwise);
}

Column Lambda(std::string_view variable, const Column& body) {
  return Lambda(std::vector<std::string>{std::string(variable)}, body);
}

Column Lambda(const std::vector<std::string>& variables, const Column& body) {
  return MakeColumn([&](Parts& parts, proto::Expression* out) {
    auto* lambda = out->mutable_lambda_function();
    parts.Put(body, lambda->mutable_function());
    for (const std::string& variable : variables) lambda->add_arguments()->add_name_parts(variable);
  });
}

Column LambdaVariable(std::string_view variable) {
  return MakeColumn([&](Parts&, proto::Expression* out) {
    out->mutable_unresolved_named_lambda_variable()->add_name_parts(std::string(variable));
  });
}

std::string FreshVariable(std::string_view prefix) {
  static std::atomic<uint64_t> next{0};
  return std::string(prefix) + "_" + std::to_string(next.fetch_add(1, std::memory_order_relaxed));
}

Column Asc(const ColumnOrName& column) {
  return column.column().Asc();
}
Column AscNullsFirst(const ColumnOrName& column) {
  return column.column().AscNullsFirst();
}
Column AscNullsLast(const ColumnOrName& column) {
  return column.column().AscNullsLast();
}
Column Desc(const ColumnOrName& column) {
  return column.column().Desc();
}
Column DescNullsFirst(const ColumnOrName& column) {
  return column.column().DescNullsFirst();
}
Column DescNullsLast(const ColumnOrName& column) {
  return column.column().DescNullsLast();
}

Column CountStar() {
  return MakeFunction("count", {Lit(int64_t{1})});
}

}  // namespace tinderbox::functions
