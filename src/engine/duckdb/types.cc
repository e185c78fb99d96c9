#include "engine/duckdb/types.h"

#include <algorithm>

#include "engine/duckdb/capi.h"
#include "spark/type_names.h"

namespace tinderbox::engine {

namespace {

LogicalType Simple(duckdb_type type) {
  return LogicalType(duckdb_create_logical_type(type));
}

EngineType Leaf(const char* name, DataType type, bool exact = true) {
  return {.type = std::move(type), .name = name, .exact = exact, .children = {}};
}
EngineType Leaf(const char* name, TypeKind kind, bool exact = true) {
  return Leaf(name, DataType(kind), exact);
}

/// Fills what a nested type inherits of its children.
EngineType Nested(const char* name, DataType type, std::vector<EngineType> children, bool exact = true) {
  EngineType out{.type = std::move(type), .name = name, .exact = exact, .children = std::move(children)};
  for (const EngineType& child : out.children) {
    out.exact = out.exact && child.exact;
    out.nanoseconds = out.nanoseconds || child.nanoseconds;
    out.unsupported = out.unsupported || child.unsupported;
  }
  return out;
}

}  // namespace

LogicalType ToLogicalType(const DataType& type) {
  switch (type.kind()) {
    case TypeKind::kNull:
      return Simple(DUCKDB_TYPE_SQLNULL);
    case TypeKind::kBoolean:
      return Simple(DUCKDB_TYPE_BOOLEAN);
    case TypeKind::kByte:
      return Simple(DUCKDB_TYPE_TINYINT);
    case TypeKind::kShort:
      return Simple(DUCKDB_TYPE_SMALLINT);
    case TypeKind::kInteger:
    case TypeKind::kYearMonthInterval:
      return Simple(DUCKDB_TYPE_INTEGER);
    case TypeKind::kLong:
    case TypeKind::kDayTimeInterval:
      return Simple(DUCKDB_TYPE_BIGINT);
    case TypeKind::kFloat:
      return Simple(DUCKDB_TYPE_FLOAT);
    case TypeKind::kDouble:
      return Simple(DUCKDB_TYPE_DOUBLE);
    case TypeKind::kCalendarInterval:
      return Simple(DUCKDB_TYPE_INTERVAL);
    case TypeKind::kDecimal:
      return LogicalType(duckdb_create_decimal_type(type.precision(), type.scale()));
    case TypeKind::kString:
      return Simple(DUCKDB_TYPE_VARCHAR);
    case TypeKind::kBinary:
      return Simple(DUCKDB_TYPE_BLOB);
    case TypeKind::kDate:
      return Simple(DUCKDB_TYPE_DATE);
    case TypeKind::kTime:
      return Simple(DUCKDB_TYPE_TIME);
    case TypeKind::kTimestamp:
      return Simple(DUCKDB_TYPE_TIMESTAMP_TZ);
    case TypeKind::kTimestampNtz:
      return Simple(DUCKDB_TYPE_TIMESTAMP);
    case TypeKind::kVariant:
      return ToLogicalType(spark::VariantStorage());
    case TypeKind::kArray:
      return LogicalType(duckdb_create_list_type(ToLogicalType(type.element()).get()));
    case TypeKind::kMap:
      return LogicalType(duckdb_create_map_type(ToLogicalType(type.key()).get(), ToLogicalType(type.value()).get()));
    case TypeKind::kStruct: {
      std::vector<LogicalType> owned;
      std::vector<duckdb_logical_type> types;
      std::vector<const char*> names;
      for (const StructField& field : type.fields()) {
        owned.push_back(ToLogicalType(field.type));
        types.push_back(owned.back().get());
        names.push_back(field.name.c_str());
      }
      return LogicalType(duckdb_create_struct_type(types.data(), names.data(), types.size()));
    }
  }
  throw Error("INTERNAL_ERROR", "A data type has no counterpart in DuckDB.");
}

EngineType FromLogicalType(duckdb_logical_type type) {
  switch (duckdb_get_type_id(type)) {
    case DUCKDB_TYPE_SQLNULL:
      return Leaf("NULL", TypeKind::kNull);
    case DUCKDB_TYPE_BOOLEAN:
      return Leaf("BOOLEAN", TypeKind::kBoolean);
    case DUCKDB_TYPE_TINYINT:
      return Leaf("TINYINT", TypeKind::kByte);
    case DUCKDB_TYPE_SMALLINT:
      return Leaf("SMALLINT", TypeKind::kShort);
    case DUCKDB_TYPE_INTEGER:
      return Leaf("INTEGER", TypeKind::kInteger);
    case DUCKDB_TYPE_BIGINT:
      return Leaf("BIGINT", TypeKind::kLong);
    case DUCKDB_TYPE_UTINYINT:
      return Leaf("UTINYINT", TypeKind::kShort, false);
    case DUCKDB_TYPE_USMALLINT:
      return Leaf("USMALLINT", TypeKind::kInteger, false);
    case DUCKDB_TYPE_UINTEGER:
      return Leaf("UINTEGER", TypeKind::kLong, false);
    case DUCKDB_TYPE_UBIGINT:
      return Leaf("UBIGINT", DataType::Decimal(20, 0), false);
    case DUCKDB_TYPE_HUGEINT:
      return Leaf("HUGEINT", DataType::Decimal(38, 0), false);
    case DUCKDB_TYPE_UHUGEINT:
      return Leaf("UHUGEINT", DataType::Decimal(38, 0), false);
    case DUCKDB_TYPE_FLOAT:
      return Leaf("FLOAT", TypeKind::kFloat);
    case DUCKDB_TYPE_DOUBLE:
      return Leaf("DOUBLE", TypeKind::kDouble);
    case DUCKDB_TYPE_DECIMAL:
      return Leaf("DECIMAL", DataType::Decimal(duckdb_decimal_width(type), duckdb_decimal_scale(type)));
    case DUCKDB_TYPE_VARCHAR: {
      // JSON is a VARCHAR with an alias.
      std::string alias = Take(duckdb_logical_type_get_alias(type));
      return Leaf(alias.empty() ? "VARCHAR" : "JSON", TypeKind::kString, alias.empty());
    }
    case DUCKDB_TYPE_ENUM:
      return Leaf("ENUM", TypeKind::kString, false);
    case DUCKDB_TYPE_UUID:
      return Leaf("UUID", TypeKind::kString, false);
    case DUCKDB_TYPE_BLOB: {
      std::string alias = Take(duckdb_logical_type_get_alias(type));
      return Leaf(alias.empty() ? "BLOB" : "GEOMETRY", TypeKind::kBinary, alias.empty());
    }
    case DUCKDB_TYPE_DATE:
      return Leaf("DATE", TypeKind::kDate);
    case DUCKDB_TYPE_TIME:
      return Leaf("TIME", TypeKind::kTime);
    case DUCKDB_TYPE_TIMESTAMP:
      return Leaf("TIMESTAMP", TypeKind::kTimestampNtz);
    case DUCKDB_TYPE_TIMESTAMP_S:
      return Leaf("TIMESTAMP_S", TypeKind::kTimestampNtz, false);
    case DUCKDB_TYPE_TIMESTAMP_MS:
      return Leaf("TIMESTAMP_MS", TypeKind::kTimestampNtz, false);
    case DUCKDB_TYPE_TIMESTAMP_NS: {
      EngineType out = Leaf("TIMESTAMP_NS", TypeKind::kTimestampNtz, false);
      out.nanoseconds = true;
      return out;
    }
    case DUCKDB_TYPE_TIMESTAMP_TZ:
      return Leaf("TIMESTAMP WITH TIME ZONE", TypeKind::kTimestamp);
    case DUCKDB_TYPE_LIST: {
      EngineType element = FromLogicalType(LogicalType(duckdb_list_type_child_type(type)).get());
      DataType list = DataType::Array(element.type);
      return Nested("LIST", list, {std::move(element)});
    }
    case DUCKDB_TYPE_ARRAY: {
      EngineType element = FromLogicalType(LogicalType(duckdb_array_type_child_type(type)).get());
      DataType list = DataType::Array(element.type);
      return Nested("ARRAY", list, {std::move(element)}, false);
    }
    case DUCKDB_TYPE_MAP: {
      EngineType key = FromLogicalType(LogicalType(duckdb_map_type_key_type(type)).get());
      EngineType value = FromLogicalType(LogicalType(duckdb_map_type_value_type(type)).get());
      DataType map = DataType::Map(key.type, value.type);
      return Nested("MAP", map, {std::move(key), std::move(value)});
    }
    case DUCKDB_TYPE_STRUCT: {
      std::vector<EngineType> children;
      std::vector<StructField> fields;
      for (idx_t i = 0; i < duckdb_struct_type_child_count(type); ++i) {
        children.push_back(FromLogicalType(LogicalType(duckdb_struct_type_child_type(type, i)).get()));
        fields.push_back({Take(duckdb_struct_type_child_name(type, i)), children.back().type});
      }
      DataType type_read = DataType::Struct(std::move(fields));
      if (type_read.SameIgnoringNullability(spark::VariantStorage())) type_read = DataType(TypeKind::kVariant);
      return Nested("STRUCT", std::move(type_read), std::move(children));
    }
    case DUCKDB_TYPE_INTERVAL: {
      return Leaf("INTERVAL", TypeKind::kCalendarInterval);
    }
    default: {
      std::string alias = Take(duckdb_logical_type_get_alias(type));
      EngineType out = Leaf(alias.empty() ? "of a kind without a counterpart in Spark" : alias.c_str(), DataType());
      out.unsupported = true;
      return out;
    }
  }
}

}  // namespace tinderbox::engine
