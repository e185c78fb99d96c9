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
    if (field.type.IsNested() || field.type.kind() == TypeKind::kBinary) {
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

void CsvCells::AppendCell(std::string* out, const DataType& type, const InVector& column, size_t row) const {
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
