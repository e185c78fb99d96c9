#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "tinderbox/column.h"

/// pyspark.sql.functions in C++. `Call` reaches every function by its Spark name.
namespace tinderbox::functions {

/// A column by name; dots separate struct fields, back-ticks quote ("`a.b`").
Column Col(std::string_view name);
/// A column whose name is taken literally, whatever characters it has.
Column ColExact(std::string_view name);
Column Lit(const Value& value);
/// A typed literal, also for NULL: Lit({}, DataType(TypeKind::kLong)).
Column Lit(const Value& value, const DataType& type);
/// Spark SQL expression text.
Column Expr(std::string_view sql);
Column Call(std::string_view function, std::vector<Column> arguments);
/// CASE WHEN … ELSE … END; without `otherwise` the rest is NULL.
Column When(std::vector<std::pair<Column, Column>> branches);
Column When(std::vector<std::pair<Column, Column>> branches, const Column& otherwise);
/// x -> body(x), for the higher-order functions ("transform", "filter", …).
Column Lambda(std::string_view variable, const Column& body);
/// The variable of an enclosing Lambda.
Column LambdaVariable(std::string_view variable);

Column Count(const Column& c);
Column CountStar();
Column Sum(const Column& c);
Column Min(const Column& c);
Column Max(const Column& c);
Column Avg(const Column& c);
Column Coalesce(std::vector<Column> columns);
Column Struct(std::vector<Column> columns);
Column RowNumber();

}  // namespace tinderbox::functions
