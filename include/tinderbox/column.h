#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tinderbox/row.h"
#include "tinderbox/types.h"

namespace spark::connect {
class Expression;
}

namespace tinderbox {

class ColumnOrName;
class ColumnOrValue;
class DataFrame;
class WindowSpec;
namespace dataframe {
struct Dependencies;
}

/// An expression over the columns of a DataFrame. Immutable, cheap to copy, thread-safe.
///
/// Building never fails for unknown names: the engine reports them when the plan is analysed. Where an operand is a
/// ColumnOrValue, strings, numbers and other plain values are literals: `Col("price") * 2 > Col("limit")`.
/// Source: pyspark.sql.Column.
class Column {
 public:
  explicit Column(std::shared_ptr<const ::spark::connect::Expression> expression,
                  std::shared_ptr<const dataframe::Dependencies> dependencies = nullptr)
      : expression_(std::move(expression)), dependencies_(std::move(dependencies)) {}

  /// The same values under another name.
  Column Alias(std::string_view name) const;
  /// One name for each column of a generator such as posexplode.
  Column Aliases(const std::vector<std::string>& names) const;
  /// The same values under another name, which carries metadata (a JSON object).
  Column Alias(std::string_view name, std::string_view metadata_json) const;

  /// Converts; a value that does not fit is an error in ANSI mode (CAST_INVALID_INPUT, CAST_OVERFLOW).
  Column Cast(const DataType& type) const;
  /// As above, with the type as DDL: "decimal(10,2)".
  Column Cast(std::string_view ddl) const;
  /// Converts; a value that does not fit becomes NULL.
  Column TryCast(const DataType& type) const;
  /// As above, with the type as DDL.
  Column TryCast(std::string_view ddl) const;

  Column IsNull() const;     ///< BOOLEAN, never NULL
  Column IsNotNull() const;  ///< BOOLEAN, never NULL
  Column IsNan() const;      ///< BOOLEAN, never NULL; for FLOAT and DOUBLE
  /// Null-safe equality, Spark's <=>: NULL equals NULL. BOOLEAN, never NULL.
  Column EqNullSafe(const ColumnOrValue& other) const;
  /// lower <= this <= upper.
  Column Between(const ColumnOrValue& lower, const ColumnOrValue& upper) const;
  /// Whether the value is one of these.
  Column IsIn(const std::vector<ColumnOrValue>& values) const;
  /// Whether the value is among the rows of a DataFrame of one column; of struct(a, b), one of two columns.
  Column IsIn(const DataFrame& query) const;

  Column Like(const ColumnOrValue& pattern) const;   ///< SQL pattern: % any text, _ any character, \ escapes
  Column ILike(const ColumnOrValue& pattern) const;  ///< as Like, upper and lower case alike
  Column RLike(const ColumnOrValue& pattern) const;  ///< whether Java's regular expression is found in it
  Column Contains(const ColumnOrValue& part) const;
  Column StartsWith(const ColumnOrValue& prefix) const;
  Column EndsWith(const ColumnOrValue& suffix) const;
  /// `length` characters from the one at `start`, which is counted from 1, or from the end when negative.
  Column Substr(const ColumnOrValue& start, const ColumnOrValue& length) const;

  Column BitwiseAnd(const ColumnOrValue& other) const;
  Column BitwiseOr(const ColumnOrValue& other) const;
  Column BitwiseXor(const ColumnOrValue& other) const;

  /// An element of an array (counted from 0), a value of a map, or a field of a struct.
  Column GetItem(const ColumnOrValue& key) const;
  /// As GetItem.
  Column operator[](const ColumnOrValue& key) const;
  /// A field of a struct; the name is literal.
  Column GetField(std::string_view name) const;
  /// A struct with a field added or replaced; dots in the name go into nested structs.
  Column WithField(std::string_view name, const Column& value) const;
  /// A struct without these fields; dots go into nested structs.
  Column DropFields(const std::vector<std::string>& names) const;

  /// One more branch of functions::When.
  /// @throws Error when this column is not made by When, or Otherwise ended it.
  Column When(const Column& condition, const ColumnOrValue& value) const;
  /// The value where no branch holds; without it that is NULL.
  /// @throws Error as When.
  Column Otherwise(const ColumnOrValue& value) const;

  Column Asc() const;             ///< nulls first
  Column AscNullsFirst() const;   ///< as Asc
  Column AscNullsLast() const;    ///< upwards, nulls last
  Column Desc() const;            ///< nulls last
  Column DescNullsFirst() const;  ///< downwards, nulls first
  Column DescNullsLast() const;   ///< as Desc

  /// An aggregate or window function over a window.
  Column Over(const WindowSpec& window) const;
  /// f(*this), to chain functions of your own.
  template <typename F>
  Column Transform(F&& f) const {
    return std::forward<F>(f)(*this);
  }
  /// In a sub-query: says that the column is one of the outer query.
  Column Outer() const { return *this; }

  const ::spark::connect::Expression& proto() const { return *expression_; }
  /// What a plan that uses this column has to bring with it; null when nothing.
  const std::shared_ptr<const dataframe::Dependencies>& dependencies() const { return dependencies_; }

  // Operators are those of SQL: a comparison with NULL is NULL. At least one operand is a Column.
  friend Column operator==(const ColumnOrValue& a, const ColumnOrValue& b);
  friend Column operator!=(const ColumnOrValue& a, const ColumnOrValue& b);
  friend Column operator<(const ColumnOrValue& a, const ColumnOrValue& b);
  friend Column operator<=(const ColumnOrValue& a, const ColumnOrValue& b);
  friend Column operator>(const ColumnOrValue& a, const ColumnOrValue& b);
  friend Column operator>=(const ColumnOrValue& a, const ColumnOrValue& b);
  friend Column operator+(const ColumnOrValue& a, const ColumnOrValue& b);
  friend Column operator-(const ColumnOrValue& a, const ColumnOrValue& b);
  friend Column operator*(const ColumnOrValue& a, const ColumnOrValue& b);
  friend Column operator/(const ColumnOrValue& a, const ColumnOrValue& b);
  friend Column operator%(const ColumnOrValue& a, const ColumnOrValue& b);
  friend Column operator&&(const ColumnOrValue& a, const ColumnOrValue& b);
  friend Column operator||(const ColumnOrValue& a, const ColumnOrValue& b);
  friend Column operator-(const Column& a);
  friend Column operator!(const Column& a);

 private:
  std::shared_ptr<const ::spark::connect::Expression> expression_;
  std::shared_ptr<const dataframe::Dependencies> dependencies_;
};

namespace functions {
Column Col(std::string_view name);
Column Lit(const Value& value);
Column Lit(const Value& value, const DataType& type);
Column Call(std::string_view function, const std::vector<Column>& arguments);
}  // namespace functions

namespace dataframe {

/// Plain values that become literals by themselves.
template <typename T>
concept Scalar = std::integral<T> || std::floating_point<T> || std::same_as<T, Value> || std::same_as<T, BinaryValue> ||
    std::same_as<T, DecimalValue> || std::same_as<T, DateValue> || std::same_as<T, TimeValue> ||
    std::same_as<T, TimestampValue> || std::same_as<T, TimestampNtzValue> || std::same_as<T, YearMonthIntervalValue> ||
    std::same_as<T, DayTimeIntervalValue> || std::same_as<T, CalendarIntervalValue>;

/// Texts; not in braces, so that {"a", 1} is never a part of a text.
template <typename T>
concept Text = std::convertible_to<const T&, std::string_view>;

/// @throws Error INVALID_TYPED_LITERAL for an unsigned number above 2^63 - 1.
Value ToValue(uint64_t number);
template <Scalar T>
Value ToValue(T value) {
  if constexpr (std::same_as<T, bool> || !std::is_arithmetic_v<T>) {
    return Value(std::move(value));
  } else if constexpr (std::floating_point<T>) {
    if constexpr (std::same_as<T, float>) return Value(value);
    return Value(static_cast<double>(value));
  } else if constexpr (std::same_as<T, unsigned long> || std::same_as<T, unsigned long long>) {
    return ToValue(static_cast<uint64_t>(value));
  } else {
    return Value(static_cast<int64_t>(value));
  }
}

}  // namespace dataframe

/// An operand: a Column, or a plain value that becomes a literal. Strings are text, not names. An integer becomes INT
/// when it fits, else BIGINT; a C++ double becomes DOUBLE. `{}` is no operand at all, where one may be left out.
class ColumnOrValue {
 public:
  ColumnOrValue() = default;
  ColumnOrValue(std::nullptr_t) = delete;                       ///< NULL is Value()
  ColumnOrValue(Column column) : column_(std::move(column)) {}  // NOLINT
  template <dataframe::Text T>
  ColumnOrValue(const T& text) : column_(functions::Lit(Value(std::string(std::string_view(text))))) {}  // NOLINT
  template <dataframe::Scalar T>
  ColumnOrValue(T value) : column_(functions::Lit(dataframe::ToValue(std::move(value)))) {}  // NOLINT
  /// An array of literals.
  template <typename T>
  ColumnOrValue(const std::vector<T>& values) {  // NOLINT
    std::vector<Column> literals;
    for (const T& value : values) literals.push_back(ColumnOrValue(value).column());
    column_ = functions::Call("array", literals);
  }
  /// A type where a function takes a schema: its JSON text.
  ColumnOrValue(const DataType& type) : ColumnOrValue(type.Json()) {}        // NOLINT
  ColumnOrValue(const StructType& schema) : ColumnOrValue(schema.Json()) {}  // NOLINT

  bool given() const { return column_.has_value(); }
  /// REQUIRES given().
  const Column& column() const { return *column_; }

 private:
  std::optional<Column> column_;
};

/// An argument of a function: a Column, or the name of one as functions::Col takes it. Numbers are literals; a text
/// literal is functions::Lit("text"). `{}` is no argument at all, where one may be left out.
class ColumnOrName {
 public:
  ColumnOrName() = default;
  ColumnOrName(std::nullptr_t) = delete;
  ColumnOrName(Column column) : column_(std::move(column)) {}  // NOLINT
  template <dataframe::Text T>
  ColumnOrName(const T& name) : column_(functions::Col(name)), name_(name) {}  // NOLINT
  template <dataframe::Scalar T>
  ColumnOrName(T value) : column_(functions::Lit(dataframe::ToValue(std::move(value)))) {}  // NOLINT

  bool given() const { return column_.has_value(); }
  /// REQUIRES given().
  const Column& column() const { return *column_; }
  /// What it was made from, when that was a name.
  const std::optional<std::string>& name() const { return name_; }

 private:
  std::optional<Column> column_;
  std::optional<std::string> name_;
};

/// Several columns: `{"a", Col("b") + 1}`, one name or Column, or a vector of names or Columns.
class ColumnList {
 public:
  ColumnList() = default;
  ColumnList(std::initializer_list<ColumnOrName> columns) : columns_(columns) {}  // NOLINT
  ColumnList(const Column& column) : columns_{column} {}                          // NOLINT
  ColumnList(const char* name) : columns_{ColumnOrName(name)} {}                  // NOLINT
  ColumnList(const std::string& name) : columns_{ColumnOrName(name)} {}           // NOLINT
  template <typename T>
  requires std::convertible_to<T, ColumnOrName> ColumnList(const std::vector<T>& columns)  // NOLINT
      : columns_(columns.begin(), columns.end()) {}

  auto begin() const { return columns_.begin(); }
  auto end() const { return columns_.end(); }
  bool empty() const { return columns_.empty(); }
  size_t size() const { return columns_.size(); }

 private:
  std::vector<ColumnOrName> columns_;
};

/// Which rows a function over a window sees: partitions, their order, and a frame around the current row. Without a
/// frame it is Spark's default: with an order up to the current row and its equals, without one the whole partition.
/// Immutable; each method returns a changed copy. Source: pyspark.sql.WindowSpec.
class WindowSpec {
 public:
  WindowSpec PartitionBy(const ColumnList& columns) const;
  WindowSpec OrderBy(const ColumnList& columns) const;
  /// From `start` to `end` rows after the current one, both inclusive; before it when negative; Window::kCurrentRow and
  /// Window::kUnboundedPreceding / kUnboundedFollowing are such numbers.
  WindowSpec RowsBetween(int64_t start, int64_t end) const;
  /// Rows whose order value is from `start` to `end` above the current one's, both inclusive; with one order column.
  WindowSpec RangeBetween(int64_t start, int64_t end) const;

  const std::vector<Column>& partition() const { return partition_; }
  const std::vector<Column>& order() const { return order_; }
  struct Frame {
    bool rows = false;  ///< else a range of values
    int64_t start = 0;
    int64_t end = 0;
  };
  const std::optional<Frame>& frame() const { return frame_; }

 private:
  std::vector<Column> partition_;
  std::vector<Column> order_;
  std::optional<Frame> frame_;
};

/// Where window specifications begin: `Window::PartitionBy("k").OrderBy("t").RowsBetween(-1, Window::kCurrentRow)`.
/// Source: pyspark.sql.Window.
struct Window {
  static constexpr int64_t kUnboundedPreceding = std::numeric_limits<int64_t>::min();
  static constexpr int64_t kUnboundedFollowing = std::numeric_limits<int64_t>::max();
  static constexpr int64_t kCurrentRow = 0;
  static WindowSpec PartitionBy(const ColumnList& columns) { return WindowSpec().PartitionBy(columns); }
  static WindowSpec OrderBy(const ColumnList& columns) { return WindowSpec().OrderBy(columns); }
  static WindowSpec RowsBetween(int64_t start, int64_t end) { return WindowSpec().RowsBetween(start, end); }
  static WindowSpec RangeBetween(int64_t start, int64_t end) { return WindowSpec().RangeBetween(start, end); }
};

}  // namespace tinderbox
