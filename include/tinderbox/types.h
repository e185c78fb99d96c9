#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tinderbox {

enum class TypeKind {
  kNull,
  kBoolean,
  kByte,
  kShort,
  kInteger,
  kLong,
  kFloat,
  kDouble,
  kDecimal,
  kString,
  kBinary,
  kDate,
  kTime,
  kTimestamp,     // an instant, microseconds since the epoch
  kTimestampNtz,  // wall-clock time without zone, microseconds
  kYearMonthInterval,
  kDayTimeInterval,
  kCalendarInterval,  // months, days and microseconds, none of which carries into another
  kVariant,           // a value that carries its own type, in Spark's binary form
  kArray,
  kMap,
  kStruct,
};

struct StructField;

/// A Spark SQL data type: a small immutable value, cheap to copy. Children are shared.
class DataType {
 public:
  DataType() = default;  // NullType
  explicit DataType(TypeKind kind) : kind_(kind) {}

  static DataType Decimal(int precision, int scale);
  /// TIME(precision), 0 to 6; DataType(TypeKind::kTime) is TIME(6).
  static DataType Time(int precision);
  /// Fields are 0 YEAR and 1 MONTH; DataType(TypeKind::kYearMonthInterval) is YEAR TO MONTH.
  static DataType YearMonthInterval(int start_field, int end_field);
  /// Fields are 0 DAY, 1 HOUR, 2 MINUTE and 3 SECOND; DataType(TypeKind::kDayTimeInterval) is DAY TO SECOND.
  static DataType DayTimeInterval(int start_field, int end_field);
  static DataType Array(DataType element, bool contains_null = true);
  static DataType Map(DataType key, DataType value, bool value_contains_null = true);
  static DataType Struct(std::vector<StructField> fields);

  TypeKind kind() const { return kind_; }
  int precision() const { return kind_ == TypeKind::kTime ? precision_ + 6 : precision_; }
  int scale() const { return kind_ == TypeKind::kDecimal ? scale_ : 0; }
  int start_field() const { return precision_; }  ///< REQUIRES an interval of years and months or days and time
  int end_field() const { return scale_ + (kind_ == TypeKind::kYearMonthInterval ? 1 : 3); }  ///< as start_field

  const DataType& element() const;  ///< array element; REQUIRES kArray
  const DataType& key() const;      ///< REQUIRES kMap
  const DataType& value() const;    ///< REQUIRES kMap
  /// REQUIRES kStruct.
  const std::vector<StructField>& fields() const;
  /// Array: containsNull; map: valueContainsNull.
  bool contains_null() const { return contains_null_; }

  bool IsIntegral() const;  ///< byte, short, int, long
  bool IsNumeric() const;   ///< integral, float, double, decimal
  bool IsNested() const { return kind_ == TypeKind::kArray || kind_ == TypeKind::kMap || kind_ == TypeKind::kStruct; }

  /// Spark's simpleString: "bigint", "decimal(10,2)", "array<string>", "struct<a:int>". Never abbreviated.
  std::string SimpleString() const;
  /// Spark's sql form, upper case: "BIGINT", "STRUCT<a: INT>".
  std::string Sql() const;
  /// Spark's DataType.json().
  std::string Json() const;
  /// Parses DataType.json(), both the quoted atomic names and the nested objects. Throws Error INVALID_JSON_DATA_TYPE.
  static DataType FromJson(std::string_view json);
  /// Parses a DDL type ("decimal(10,2)", "array<struct<a:int,b:string>>") or, when `text` is a column list
  /// ("a INT, b STRING NOT NULL COMMENT 'x'"), a struct. Throws Error PARSE_SYNTAX_ERROR with the position.
  static DataType FromDdl(std::string_view text);

  /// Same type including names and nullability of children.
  bool operator==(const DataType& other) const;
  /// Same type, nullability of children ignored.
  bool SameIgnoringNullability(const DataType& other) const;

 private:
  TypeKind kind_ = TypeKind::kNull;
  // Of a decimal. Else what differs from the widest type of the kind: of a TIME its precision - 6, of an interval its
  // start field and how far its end field is from the last one. So that a kind alone makes the widest type.
  int precision_ = 0;
  int scale_ = 0;
  bool contains_null_ = true;
  std::shared_ptr<const std::vector<StructField>> children_;
};

struct StructField {
  std::string name;
  DataType type;
  bool nullable = true;
  std::string metadata_json = "{}";

  bool operator==(const StructField&) const = default;
};

/// The schema of a table: an ordered list of fields. Names may repeat (after a join).
struct StructType {
  std::vector<StructField> fields;

  /// Index of the only field of that name (case-insensitive when asked); nullopt when absent or ambiguous.
  std::optional<size_t> Find(std::string_view name, bool case_sensitive = false) const;
  std::string Json() const;
  /// Reads Spark's StructType.json(). Throws Error INVALID_JSON_DATA_TYPE naming the place.
  static StructType FromJson(std::string_view json);
  static StructType FromDdl(std::string_view ddl);
  DataType ToType() const { return DataType::Struct(fields); }
  /// Spark's printSchema() text.
  std::string TreeString() const;
  bool operator==(const StructType&) const = default;
};

}  // namespace tinderbox
