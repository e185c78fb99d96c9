#include <fmt/format.h>

#include <cmath>

#include "base/json_text.h"
#include "diff/report.h"

namespace tinderbox::diff {
namespace {

/// JSON text with two-space indentation down to `depth`, one line below it.
class Writer {
 public:
  void Open(char bracket) {
    Separate();
    out_ += bracket;
    ++depth_;
    first_ = true;
  }
  void Close(char bracket) {
    --depth_;
    if (!first_) NewLine();
    out_ += bracket;
    first_ = false;
  }
  Writer& Name(std::string_view name) {
    Separate();
    Text(name);
    out_ += ": ";
    named_ = true;
    return *this;
  }
  void Raw(std::string_view json) {
    Separate();
    out_ += json;
  }
  void String(std::string_view text) {
    Separate();
    Text(text);
  }
  void Number(int64_t number) { Raw(fmt::format("{}", number)); }
  void Double(double number) {
    if (std::isnan(number)) return String("NaN");
    if (std::isinf(number)) return String(number > 0 ? "Infinity" : "-Infinity");
    Raw(fmt::format("{}", number));
  }
  void Optional(const std::optional<double>& number) { number ? Double(*number) : Raw("null"); }
  void Type(const std::optional<DataType>& type) { type ? String(type->SimpleString()) : Raw("null"); }
  void Strings(const std::vector<std::string>& texts) {
    std::string json;
    for (const std::string& text : texts) {
      json += json.empty() ? "" : ", ";
      base::AppendJsonString(&json, base::ReplaceInvalidUtf8(text));
    }
    Raw("[" + json + "]");
  }
  void Cells(const std::vector<std::string>& names, const Row& row, size_t count) {
    if (row.size() == 0) return Raw("null");
    std::string json;
    for (size_t i = 0; i < count && i < row.size(); ++i) {
      json += json.empty() ? "" : ", ";
      base::AppendJsonString(&json, base::ReplaceInvalidUtf8(names[i]));
      json += ": " + Cell(row[i]);
    }
    Raw("{" + json + "}");
  }
  static std::string Cell(const Value& value) { return base::ReplaceInvalidUtf8(value.ToJson()); }
  std::string Finish() { return std::move(out_) + "\n"; }

 private:
  void Separate() {
    if (named_) {
      named_ = false;
      return;
    }
    if (depth_ == 0) return;
    if (!first_) out_ += ",";
    NewLine();
    first_ = false;
  }
  void NewLine() {
    out_ += "\n";
    out_.append(2 * depth_, ' ');
  }
  void Text(std::string_view text) { base::AppendJsonString(&out_, base::ReplaceInvalidUtf8(text)); }

  std::string out_;
  size_t depth_ = 0;
  bool first_ = true;
  bool named_ = false;
};

const char* StatusName(ColumnStatus status) {
  switch (status) {
    case ColumnStatus::kSame:
      return "same";
    case ColumnStatus::kTypeChanged:
      return "type_changed";
    case ColumnStatus::kNullabilityChanged:
      return "nullability_changed";
    case ColumnStatus::kLeftOnly:
      return "left_only";
    case ColumnStatus::kRightOnly:
      return "right_only";
    case ColumnStatus::kIgnored:
      return "ignored";
  }
  return "";
}

const char* KindName(DiffRow::Kind kind) {
  switch (kind) {
    case DiffRow::Kind::kChanged:
      return "changed";
    case DiffRow::Kind::kLeftOnly:
      return "left_only";
    case DiffRow::Kind::kRightOnly:
      return "right_only";
  }
  return "";
}

void WriteSide(Writer* json, std::string_view name, const std::string& input, const SideSummary& side) {
  json->Name(name).Open('{');
  json->Name("input").String(input);
  json->Name("rows").Number(side.rows);
  json->Name("only").Number(side.only);
  json->Name("duplicate_keys").Number(side.duplicate_keys);
  json->Name("duplicate_rows").Number(side.duplicate_rows);
  json->Name("malformed_rows").Number(side.malformed_rows);
  json->Name("malformed").Open('[');
  for (const MalformedValue& value : side.malformed) {
    std::string line = "{\"location\": ";
    base::AppendJsonString(&line, base::ReplaceInvalidUtf8(value.location));
    line += ", \"column\": ";
    if (value.column.empty()) {
      line += "null";
    } else {
      base::AppendJsonString(&line, base::ReplaceInvalidUtf8(value.column));
    }
    line += ", \"text\": ";
    base::AppendJsonString(&line, base::ReplaceInvalidUtf8(value.text));
    json->Raw(line + "}");
  }
  json->Close(']');
  json->Close('}');
}

void WriteColumn(Writer* json, const DiffColumn& column) {
  json->Open('{');
  json->Name("name").String(column.name);
  json->Name("status").String(StatusName(column.status));
  json->Name("key").Raw(column.is_key ? "true" : "false");
  column.left_name.empty() ? json->Name("left_name").Raw("null") : json->Name("left_name").String(column.left_name);
  column.right_name.empty() ? json->Name("right_name").Raw("null") : json->Name("right_name").String(column.right_name);
  json->Name("left_type").Type(column.left_type);
  json->Name("right_type").Type(column.right_type);
  json->Name("compared_as").Type(column.compared_as);
  json->Close('}');
}

void WriteChanges(Writer* json, const std::vector<std::string>& key, const ColumnChanges& changes) {
  json->Open('{');
  json->Name("column").String(changes.name);
  json->Name("changed").Number(changes.changed);
  json->Name("null_to_value").Number(changes.null_to_value);
  json->Name("value_to_null").Number(changes.value_to_null);
  json->Name("mean_delta").Optional(changes.mean_delta);
  json->Name("max_abs_delta").Optional(changes.max_abs_delta);
  json->Name("largest").Open('[');
  for (const LargestChange& change : changes.largest) {
    json->Open('{');
    json->Name("key").Cells(key, change.key, key.size());
    json->Name("left").Raw(Writer::Cell(change.left));
    json->Name("right").Raw(Writer::Cell(change.right));
    json->Name("delta").Double(change.delta);
    json->Close('}');
  }
  json->Close(']');
  json->Name("histogram").Open('[');
  for (const auto& [bin, rows] : changes.histogram) {
    std::string line = "{\"bin\": ";
    base::AppendJsonString(&line, base::ReplaceInvalidUtf8(bin));
    json->Raw(fmt::format("{}, \"rows\": {}}}", line, rows));
  }
  json->Close(']');
  json->Close('}');
}

void WriteRow(Writer* json, const DiffSummary& summary, const DiffRow& row) {
  json->Open('{');
  json->Name("kind").String(KindName(row.kind));
  json->Name("count").Number(row.count);
  std::vector<std::string> changed;
  for (size_t i = 0; i < row.changed.size(); ++i) {
    if (row.changed[i]) changed.push_back(summary.value_columns[i]);
  }
  json->Name("changed").Strings(changed);
  json->Name("left").Cells(summary.value_columns, row.left, row.left.size());
  json->Name("right").Cells(summary.value_columns, row.right, row.right.size());
  json->Close('}');
}

}  // namespace

std::string RenderJson(const DiffSummary& summary, const ReportHeading& heading, const std::vector<DiffRow>& rows) {
  Writer json;
  json.Open('{');
  json.Name("format").Number(1);
  json.Name("version").String(heading.version);
  json.Name("same").Raw(summary.same() ? "true" : "false");
  json.Name("schema_differs").Raw(summary.schema_differs() ? "true" : "false");
  json.Name("key").Strings(summary.key);
  json.Name("equal").Number(summary.equal);
  json.Name("changed").Number(summary.changed);
  json.Name("left_only").Number(summary.left.only);
  json.Name("right_only").Number(summary.right.only);
  json.Name("different").Number(summary.different());
  WriteSide(&json, "left", heading.left, summary.left);
  WriteSide(&json, "right", heading.right, summary.right);
  json.Name("columns").Open('[');
  for (const DiffColumn& column : summary.columns) WriteColumn(&json, column);
  json.Close(']');
  json.Name("changes").Open('[');
  for (const ColumnChanges& changes : summary.changes) WriteChanges(&json, summary.key, changes);
  json.Close(']');
  json.Name("concentrations").Open('[');
  for (const Concentration& where : summary.concentrations) {
    json.Open('{');
    json.Name("column").String(where.column);
    json.Name("value").String(where.value);
    json.Name("rows").Number(where.rows);
    json.Name("share").Double(where.share);
    json.Close('}');
  }
  json.Close(']');
  json.Name("warnings").Strings(summary.warnings);
  json.Name("rows").Open('[');
  for (const DiffRow& row : rows) WriteRow(&json, summary, row);
  json.Close(']');
  json.Close('}');
  return json.Finish();
}

}  // namespace tinderbox::diff
