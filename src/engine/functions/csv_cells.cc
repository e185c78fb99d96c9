#include "engine/functions/csv_cells.h"

#include <fmt/format.h>

#include "engine/functions/json_writer.h"
#include "engine/functions/text_case.h"
#include "engine/functions/value_text.h"
#include "engine/translate/refusals.h"

namespace tinderbox::engine {

CsvCells::CsvCells(const DataType& type, std::map<std::string, std::string> options, const std::string& session_zone)
    : type_(type), formats_(&options, session_zone, DateTimePattern::Use::kFormat) {
  for (const StructField& field : type.fields()) {
    if (field.type.kind() == TypeKind::kTime) {
      RefuseFeature(fmt::format("a field of the type {} in `to_csv`", field.type.SimpleString()));
    }
  }
  const auto text = [&](const char* name, std::string* to) {
    if (auto node = options.extract(name); !node.empty()) *to = node.mapped();
  };
  const auto flag = [&](const char* name, bool* to) {
    if (auto node = options.extract(name); !node.empty()) *to = UpperOf(node.mapped()) == "TRUE";
  };
  const auto character = [&](const char* name, char* to) {
    auto node = options.extract(name);
    if (node.empty()) return;
    if (node.mapped().size() > 1) RefuseFeature(fmt::format("an option {} of more than one character", name));
    *to = node.mapped().empty() ? '\0' : node.mapped()[0];
  };
  text("delimiter", &options_.separator);
  text("sep", &options_.separator);
  text("nullvalue", &options_.null_value);
  text("emptyvalue", &options_.empty_value);
  character("quote", &options_.quote);
  character("escape", &options_.escape);
  flag("escapequotes", &options_.escape_quotes);
  flag("quoteall", &options_.quote_all);
  flag("ignoreleadingwhitespace", &options_.trim_leading);
  flag("ignoretrailingwhitespace", &options_.trim_trailing);
  RefuseOptions(options, "to_csv");
}

void CsvCells::AppendParts(std::string* out, size_t count, const std::function<bool(size_t)>& append) const {
  for (size_t i = 0; i < count; ++i) {
    if (i > 0) *out += ',';
    const size_t before = out->size();
    if (i > 0) *out += ' ';
    if (append(i)) continue;
    out->resize(before);
    if (!options_.null_value.empty()) *out += (i > 0 ? " " : "") + options_.null_value;
  }
}

void CsvCells::AppendCell(std::string* out, const DataType& type, const InVector& column, size_t row) const {
  const auto present = [&](const DataType& part_type, const InVector& part, size_t at) {
    if (part_type.kind() == TypeKind::kNull || part.IsNull(at)) return false;
    AppendCell(out, part_type, part, at);
    return true;
  };
  switch (type.kind()) {
    case TypeKind::kDate:
      return formats_.AppendDate(out, column.Data<int32_t>()[row]);
    case TypeKind::kTimestamp:
      return formats_.AppendTimestamp(out, column.Data<int64_t>()[row]);
    case TypeKind::kTimestampNtz:
      return formats_.AppendTimestampNtz(out, column.Data<int64_t>()[row]);
    case TypeKind::kYearMonthInterval:
    case TypeKind::kDayTimeInterval:
      return AppendIntervalText(out, type, column, row);
    case TypeKind::kBinary: {
      std::string bytes;
      for (const unsigned char byte : column.String(row))
        bytes += fmt::format("{}{:02X}", bytes.empty() ? "" : " ", byte);
      *out += "[" + bytes + "]";
      return;
    }
    case TypeKind::kArray: {
      const InVector items = column.ListChild();
      const auto range = column.List(row);
      *out += '[';
      AppendParts(out, range.length, [&](size_t i) { return present(type.element(), items, range.offset + i); });
      *out += ']';
      return;
    }
    case TypeKind::kMap: {
      const InVector entries = column.ListChild();
      const InVector keys = entries.StructChild(0);
      const InVector values = entries.StructChild(1);
      const auto range = column.List(row);
      *out += '{';
      AppendParts(out, range.length, [&](size_t i) {
        AppendCell(out, type.key(), keys, range.offset + i);
        *out += " ->";
        const size_t before = out->size();
        *out += ' ';
        if (!present(type.value(), values, range.offset + i)) {
          out->resize(before);
          if (!options_.null_value.empty()) *out += " " + options_.null_value;
        }
        return true;
      });
      *out += '}';
      return;
    }
    case TypeKind::kStruct:
      *out += '{';
      AppendParts(out, type.fields().size(),
                  [&](size_t i) { return present(type.fields()[i].type, column.StructChild(i), row); });
      *out += '}';
      return;
    default:
      AppendCellText(out, type, column, row);
  }
}

std::string CsvCells::Row(const InVector& column, size_t row) const {
  CsvRowWriter writer(options_);
  std::string out;
  std::string cell;
  for (size_t i = 0; i < type_.fields().size(); ++i) {
    const InVector field = column.StructChild(i);
    if (field.IsNull(row)) {
      writer.AppendNull(&out);
      continue;
    }
    cell.clear();
    AppendCell(&cell, type_.fields()[i].type, field, row);
    writer.AppendField(&out, cell);
  }
  return out;
}

}  // namespace tinderbox::engine
