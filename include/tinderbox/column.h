#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tinderbox/row.h"
#include "tinderbox/types.h"

namespace spark::connect {
class Expression;
}

namespace tinderbox {

class WindowSpec;

/// An expression over the columns of a DataFrame, as in PySpark. Immutable, cheap to copy, thread-safe.
/// Building never fails for unknown names: the engine reports them when the plan is analysed.
class Column {
 public:
  explicit Column(std::shared_ptr<const ::spark::connect::Expression> expression)
      : expression_(std::move(expression)) {}

  Column Alias(std::string_view name) const;
  Column Cast(const DataType& type) const;
  Column TryCast(const DataType& type) const;
  Column IsNull() const;
  Column IsNotNull() const;
  /// Null-safe equality, Spark's <=>.
  Column EqNullSafe(const Column& other) const;
  Column Asc() const;   ///< nulls first
  Column Desc() const;  ///< nulls last
  Column Over(const WindowSpec& window) const;
  Column GetField(std::string_view name) const;

  const ::spark::connect::Expression& proto() const { return *expression_; }

 private:
  std::shared_ptr<const ::spark::connect::Expression> expression_;
};

Column operator==(const Column& a, const Column& b);
Column operator!=(const Column& a, const Column& b);
Column operator<(const Column& a, const Column& b);
Column operator<=(const Column& a, const Column& b);
Column operator>(const Column& a, const Column& b);
Column operator>=(const Column& a, const Column& b);
Column operator+(const Column& a, const Column& b);
Column operator-(const Column& a, const Column& b);
Column operator*(const Column& a, const Column& b);
Column operator/(const Column& a, const Column& b);
Column operator%(const Column& a, const Column& b);
Column operator-(const Column& a);
Column operator&&(const Column& a, const Column& b);
Column operator||(const Column& a, const Column& b);
Column operator!(const Column& a);

/// A window: partition and order. Frames are Spark's defaults.
class WindowSpec {
 public:
  WindowSpec PartitionBy(std::vector<Column> columns) const;
  WindowSpec OrderBy(std::vector<Column> columns) const;
  const std::vector<Column>& partition() const { return partition_; }
  const std::vector<Column>& order() const { return order_; }

 private:
  std::vector<Column> partition_;
  std::vector<Column> order_;
};

}  // namespace tinderbox
