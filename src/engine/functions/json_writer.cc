#include "engine/functions/json_writer.h"

#include <fmt/format.h>

#include <cmath>

#include "engine/functions/json_text.h"
#include "engine/functions/value_text.h"
#include "engine/functions/variant_cast.h"
#include "engine/translate/refusals.h"
#include "spark/text.h"

namespace tinderbox::engine {

namespace {

bool TakeFlag(std::map<std::string, std::string>* options, const char* name, bool otherwise) {
  auto node = options->extract(name);
  if (node.empty()) return otherwise;
  return node.mapped() == "true" || node.mapped() == "TRUE" || node.mapped() == "True";
}

}  // namespace

JsonWriter::JsonWriter(const DataType& type, std::map<std::string, std::string> options,
                       const std::string& session_zone)
    : type_(type), formats_(&options, session_zone, DateTimePattern::Use::kFormat) {
  ignore_nulls_ = TakeFlag(&options, "ignorenullfields", true);
  pretty_ = TakeFlag(&options, "pretty", false);
  options.erase("dropfieldifallnull");  // these two matter to schema inference alone
  options.erase("samplingratio");
  RefuseOptions(options, "to_json");
}

void AppendIntervalText(std::string* out, const DataType& type, const InVector& column, size_t row) {
  if (type.kind() == TypeKind::kYearMonthInterval) {
    spark::AppendYearMonthInterval(out, column.Data<int32_t>()[row], type);
  } else {
    spark::AppendDayTimeInterval(out, column.Data<int64_t>()[row], type);
  }
}

void JsonWriter::Break(std::string* out, int depth) const {
  if (!pretty_) return;
  *out += '\n';
  out->append(static_cast<size_t>(depth) * 2, ' ');
}

/// The text of a map's key: of the value inside the JVM, where a date is a number of days.
void JsonWriter::AppendKey(std::string* out, const DataType& type, const InVector& column, size_t row) const {
  switch (type.kind()) {
    case TypeKind::kDate:
    case TypeKind::kYearMonthInterval:
      *out += std::to_string(column.Data<int32_t>()[row]);
      return;
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampNtz:
    case TypeKind::kDayTimeInterval:
      *out += std::to_string(column.Data<int64_t>()[row]);
      return;
    case TypeKind::kStruct:
      *out += '[';
      for (size_t i = 0; i < type.fields().size(); ++i) {
        const InVector field = column.StructChild(i);
        if (i > 0) *out += ',';
        if (field.IsNull(row)) {
          *out += "null";
        } else {
          AppendKey(out, type.fields()[i].type, field, row);
        }
      }
      *out += ']';
      return;
    case TypeKind::kArray:
    case TypeKind::kMap:
    case TypeKind::kBinary:
    case TypeKind::kTime:
    case TypeKind::kCalendarInterval:
      RefuseFeature(fmt::format("keys of the type {} in `to_json`", type.SimpleString()));
    default:
      AppendCellText(out, type, column, row);
  }
}

void JsonWriter::Append(std::string* out, const DataType& type, const InVector& column, size_t row, int depth) const {
  const auto value = [&](const DataType& child_type, const InVector& child, size_t at) {
    if (child.IsNull(at)) {
      *out += "null";
    } else {
      Append(out, child_type, child, at, depth + 1);
    }
  };
  const auto quoted = [&](const auto& append) {
    *out += '"';
    append();
    *out += '"';
  };
  const char* const colon = pretty_ ? " : " : ":";
  const auto floating = [&](double number, const auto& append) { std::isfinite(number) ? append() : quoted(append); };
  switch (type.kind()) {
    case TypeKind::kString:
      return AppendJsonString(out, column.String(row));
    case TypeKind::kBinary:
      return quoted([&] { spark::AppendBase64(out, column.String(row)); });
    case TypeKind::kFloat:
      return floating(static_cast<double>(column.Data<float>()[row]),
                      [&] { spark::AppendFloat(out, column.Data<float>()[row]); });
    case TypeKind::kDouble:
      return floating(column.Data<double>()[row], [&] { spark::AppendDouble(out, column.Data<double>()[row]); });
    case TypeKind::kDecimal:
      return spark::AppendDecimalScientific(out, {DecimalDigits(type, column, row), type.scale()});
    case TypeKind::kDate:
      return quoted([&] { formats_.AppendDate(out, column.Data<int32_t>()[row]); });
    case TypeKind::kTimestamp:
      return quoted([&] { formats_.AppendTimestamp(out, column.Data<int64_t>()[row]); });
    case TypeKind::kTimestampNtz:
      return quoted([&] { formats_.AppendTimestampNtz(out, column.Data<int64_t>()[row]); });
    case TypeKind::kYearMonthInterval:
    case TypeKind::kDayTimeInterval:
      return quoted([&] { AppendIntervalText(out, type, column, row); });
    case TypeKind::kVariant:
      return AppendVariantJson(out, VariantAt(column, row), formats_.zone());
    case TypeKind::kTime:
    case TypeKind::kCalendarInterval:
      return quoted([&] { AppendCellText(out, type, column, row); });
    case TypeKind::kArray: {
      const InVector items = column.ListChild();
      const auto range = column.List(row);
      *out += pretty_ ? "[ " : "[";
      for (uint64_t i = 0; i < range.length; ++i) {
        if (i > 0) *out += pretty_ ? ", " : ",";
        if (items.IsNull(range.offset + i)) {
          *out += "null";
        } else {
          Append(out, type.element(), items, range.offset + i, depth);
        }
      }
      *out += pretty_ && range.length > 0 ? " ]" : "]";
      return;
    }
    case TypeKind::kMap: {
      const InVector entries = column.ListChild();
      const InVector keys = entries.StructChild(0);
      const InVector values = entries.StructChild(1);
      const auto range = column.List(row);
      *out += '{';
      for (uint64_t i = range.offset; i < range.offset + range.length; ++i) {
        if (i > range.offset) *out += ',';
        Break(out, depth + 1);
        std::string key;
        AppendKey(&key, type.key(), keys, i);
        AppendJsonString(out, key);
        *out += colon;
        value(type.value(), values, i);
      }
      if (range.length > 0) Break(out, depth);
      *out += pretty_ && range.length == 0 ? " }" : "}";
      return;
    }
    case TypeKind::kStruct: {
      bool any = false;
      *out += '{';
      for (size_t i = 0; i < type.fields().size(); ++i) {
        const InVector field = column.StructChild(i);
        if (ignore_nulls_ && field.IsNull(row)) continue;
        if (any) *out += ',';
        any = true;
        Break(out, depth + 1);
        AppendJsonString(out, type.fields()[i].name);
        *out += colon;
        value(type.fields()[i].type, field, row);
      }
      if (any) Break(out, depth);
      *out += pretty_ && !any ? " }" : "}";
      return;
    }
    default:
      AppendCellText(out, type, column, row);
  }
}

}  // namespace tinderbox::engine
