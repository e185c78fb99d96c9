#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tinderbox/column.h"

/// Spark's functions. Names are those of pyspark.sql.functions in PascalCase: array_contains is ArrayContains,
/// dayofweek is Dayofweek. This header has those that are more than a call; spark_functions.h, which it includes, has
/// one for each row of src/dataframe/functions.txt. `Call` reaches every function by its Spark name.
///
/// All only build expressions: they are thread-safe, and errors of types and values appear when the plan runs.
namespace tinderbox::functions {

/// A column by name; dots separate struct fields, back-ticks quote ("`a.b`"), "*" is all columns.
Column Col(std::string_view name);
/// A column whose name is taken literally, whatever characters it has.
Column ColExact(std::string_view name);
/// A literal. An integer is INT when it fits, else BIGINT.
Column Lit(const Value& value);
/// A typed literal, also for NULL: Lit({}, DataType(TypeKind::kLong)).
/// @throws Error INVALID_TYPED_LITERAL when the value does not fit the type.
Column Lit(const Value& value, const DataType& type);
/// Spark SQL expression text.
Column Expr(std::string_view sql);
/// A function of Spark by its name.
Column Call(std::string_view function, const std::vector<Column>& arguments);
/// An aggregate function over the distinct values of its arguments: `sum(DISTINCT x)`.
Column CallDistinct(std::string_view function, const std::vector<Column>& arguments);
/// A function by the name it has in SQL, also one of the session or of a database: "db.f".
Column CallFunction(std::string_view name, const ColumnList& arguments);

/// CASE WHEN … END, to be continued by Column::When and Column::Otherwise; without that the rest is NULL.
Column When(const Column& condition, const ColumnOrValue& value);
/// CASE WHEN … END of several branches.
Column When(std::vector<std::pair<Column, Column>> branches);
Column When(std::vector<std::pair<Column, Column>> branches, const Column& otherwise);

/// x -> body(x), for the higher-order functions, with a variable that the caller names.
Column Lambda(std::string_view variable, const Column& body);
Column Lambda(const std::vector<std::string>& variables, const Column& body);
/// The variable of an enclosing Lambda.
Column LambdaVariable(std::string_view variable);
/// A name for a variable that no other has: "x_12".
std::string FreshVariable(std::string_view prefix);

/// A C++ function of Columns as the lambda of a higher-order function: `Transform("xs", [](Column x) { return x + 1;
/// })`. It is called once, now, with variables. Of several arities the first that fits is taken. `{}` is none, where it
/// may be left out.
template <int... kArities>
class LambdaFunction {
 public:
  LambdaFunction() = default;
  template <typename F>
  requires(!std::same_as<std::decay_t<F>, LambdaFunction>) LambdaFunction(F&& f) {  // NOLINT
    static_assert((Takes<F>(std::make_integer_sequence<int, kArities>()) || ...),
                  "the function takes another number of Columns, or does not return a Column");
    (void)(Try(f, std::make_integer_sequence<int, kArities>()) || ...);
  }
  bool given() const { return column_.has_value(); }
  /// REQUIRES given().
  const Column& column() const { return *column_; }

 private:
  template <int>
  using Argument = const Column&;
  template <typename F, int... kI>
  static constexpr bool Takes(std::integer_sequence<int, kI...>) {
    return std::is_invocable_r_v<Column, F, Argument<kI>...>;
  }
  template <typename F, int... kI>
  bool Try(F& f, std::integer_sequence<int, kI...> order) {
    if constexpr (Takes<F&>(order)) {
      if (given()) return true;
      const std::vector<std::string> names{FreshVariable(std::string(1, static_cast<char>('x' + kI)))...};
      column_ = Lambda(names, f(LambdaVariable(names[kI])...));
      return true;
    }
    return false;
  }

  std::optional<Column> column_;
};

/// Options of a function that reads or writes text, by name.
using FunctionOptions = std::map<std::string, std::string>;

Column Asc(const ColumnOrName& column);             ///< upwards, nulls first
Column AscNullsFirst(const ColumnOrName& column);   ///< upwards, nulls first
Column AscNullsLast(const ColumnOrName& column);    ///< upwards, nulls last
Column Desc(const ColumnOrName& column);            ///< downwards, nulls last
Column DescNullsFirst(const ColumnOrName& column);  ///< downwards, nulls first
Column DescNullsLast(const ColumnOrName& column);   ///< downwards, nulls last

/// The number of rows.
Column CountStar();

}  // namespace tinderbox::functions

#include "tinderbox/spark_functions.h"
