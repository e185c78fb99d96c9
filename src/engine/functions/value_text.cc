#include "engine/functions/value_text.h"

#include <fmt/format.h>

#include "engine/functions/code_points.h"
#include "engine/functions/stored_digits.h"
#include "engine/functions/variant_cast.h"
#include "spark/text.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

__int128 DecimalDigits(const DataType& type, const InVector& column, size_t row) {
  if (type.precision() <= 4) return column.Data<int16_t>()[row];
  if (type.precision() <= 9) return column.Data<int32_t>()[row];
  if (type.precision() <= 18) return column.Data<int64_t>()[row];
  return column.Data<StoredDigits>()[row];
}

void AppendValidUtf8(std::string* out, std::string_view bytes) {
  while (!bytes.empty()) {
    bool valid = false;
    const size_t length = PointLength(bytes, &valid);
    out->append(valid ? bytes.substr(0, length) : std::string_view("\xEF\xBF\xBD"));
    bytes.remove_prefix(length);
  }
}

void AppendCellText(std::string* out, const DataType& type, const InVector& column, size_t row) {
  const auto child = [&](const DataType& child_type, const InVector& values, size_t at) {
    if (values.IsNull(at)) {
      out->append("null");
    } else {
      AppendCellText(out, child_type, values, at);
    }
  };
  switch (type.kind()) {
    case TypeKind::kNull:
      out->append("null");
      return;
    case TypeKind::kBoolean:
      out->append(column.Data<uint8_t>()[row] != 0 ? "true" : "false");
      return;
    case TypeKind::kByte:
      out->append(std::to_string(column.Data<int8_t>()[row]));
      return;
    case TypeKind::kShort:
      out->append(std::to_string(column.Data<int16_t>()[row]));
      return;
    case TypeKind::kInteger:
      out->append(std::to_string(column.Data<int32_t>()[row]));
      return;
    case TypeKind::kLong:
      out->append(std::to_string(column.Data<int64_t>()[row]));
      return;
    case TypeKind::kFloat:
      spark::AppendFloat(out, column.Data<float>()[row]);
      return;
    case TypeKind::kDouble:
      spark::AppendDouble(out, column.Data<double>()[row]);
      return;
    case TypeKind::kDecimal:
      spark::AppendDecimal(out, {DecimalDigits(type, column, row), type.scale()});
      return;
    case TypeKind::kString:
      out->append(column.String(row));
      return;
    case TypeKind::kBinary:
      AppendValidUtf8(out, column.String(row));
      return;
    case TypeKind::kDate:
      spark::AppendDate(out, column.Data<int32_t>()[row]);
      return;
    case TypeKind::kTime:
      spark::AppendTime(out, column.Data<int64_t>()[row]);
      return;
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampNtz:
      spark::AppendTimestamp(out, column.Data<int64_t>()[row]);
      return;
    case TypeKind::kCalendarInterval:
      spark::AppendCalendarInterval(out, column.Data<CalendarIntervalValue>()[row]);
      return;
    case TypeKind::kVariant:
      return AppendVariantJson(out, VariantAt(column, row), TimeZone::Find("UTC"));
    case TypeKind::kArray: {
      const InVector items = column.ListChild();
      const auto range = column.List(row);
      out->push_back('[');
      for (uint64_t i = 0; i < range.length; ++i) {
        if (i > 0) out->append(", ");
        child(type.element(), items, range.offset + i);
      }
      out->push_back(']');
      return;
    }
    case TypeKind::kMap: {
      const InVector entries = column.ListChild();
      const auto range = column.List(row);
      const InVector keys = entries.StructChild(0);
      const InVector values = entries.StructChild(1);
      out->push_back('{');
      for (uint64_t i = 0; i < range.length; ++i) {
        if (i > 0) out->append(", ");
        child(type.key(), keys, range.offset + i);
        out->append(" -> ");
        child(type.value(), values, range.offset + i);
      }
      out->push_back('}');
      return;
    }
    case TypeKind::kStruct: {
      out->push_back('{');
      for (size_t i = 0; i < type.fields().size(); ++i) {
        if (i > 0) out->append(", ");
        child(type.fields()[i].type, column.StructChild(i), row);
      }
      out->push_back('}');
      return;
    }
    default:
      throw Error("UNSUPPORTED_FEATURE",
                  fmt::format("Cannot show a value of the type {} as text.", type.SimpleString()));
  }
}

}  // namespace tinderbox::engine
