// from_xml.
#include <fmt/format.h>

#include <algorithm>

#include "csv/convert.h"
#include "engine/functions/text_case.h"
#include "engine/functions/text_values.h"
#include "engine/functions/xml_records.h"
#include "engine/translate/names.h"
#include "engine/translate/refusals.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

std::string_view Trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") + 1 - first);
}

/// The place of a field's value within the list that an array is filled from.
ListValue& ItemsOf(Value* field) {
  if (field->is_null()) field->data = std::make_shared<ListValue>();
  return *std::get<std::shared_ptr<ListValue>>(field->data);
}

}  // namespace

XmlOptions::XmlOptions(std::map<std::string, std::string>* options, std::string_view function) {
  const auto take = [&](const char* name) -> std::optional<std::string> {
    auto node = options->extract(name);
    return node.empty() ? std::nullopt : std::optional(node.mapped());
  };
  const auto flag = [&](const char* name, bool otherwise) {
    const auto text = take(name);
    return text ? UpperOf(*text) == "TRUE" : otherwise;
  };
  attribute_prefix = take("attributeprefix").value_or(attribute_prefix);
  value_tag = take("valuetag").value_or(value_tag);
  null_value = take("nullvalue");
  exclude_attributes = flag("excludeattribute", false);
  trim = flag("ignoresurroundingspaces", true);
  infer = flag("inferschema", true);
  static constexpr std::pair<const char*, const char*> kFixed[] = {
      {"rowvalidationxsdpath", ""}, {"ignorenamespace", "FALSE"},     {"wildcardcolname", "XS_ANY"},
      {"preferdate", "TRUE"},       {"singlevariantcolumn", "FALSE"}, {"locale", "EN-US"},
      {"prefersdecimal", "FALSE"},  {"validatename", "TRUE"},
  };
  for (const auto& [name, value] : kFixed) {
    const auto given = take(name);
    if (given && UpperOf(*given) != value) RefuseFeature(fmt::format("the option {} of `{}`", name, function));
  }
}

XmlReading::XmlReading(const DataType& type, std::map<std::string, std::string>* options,
                       const std::string& session_zone, bool of_files)
    : type_(type), formats_(options, session_zone, DateTimePattern::Use::kParse), options_(options, "from_xml") {
  if (auto node = options->extract("rowtag"); !node.empty()) row_tag_ = node.mapped();
  if (auto node = options->extract("mode"); !node.empty()) {
    const std::string mode = UpperOf(node.mapped());
    drop_malformed_ = mode == "DROPMALFORMED";
    if (drop_malformed_ && !of_files) {
      throw Error("PARSE_MODE_UNSUPPORTED",
                  "The function `from_xml` doesn't support the DROPMALFORMED mode. Acceptable modes are PERMISSIVE and "
                  "FAILFAST.",
                  {{"funcName", "`from_xml`"}, {"mode", "DROPMALFORMED"}});
    }
    fail_fast_ = mode == "FAILFAST";
  }
  if (auto node = options->extract("columnnameofcorruptrecord"); !node.empty()) corrupt_column_ = node.mapped();
}

XmlReading::XmlReading(const DataType& type, std::map<std::string, std::string> options,
                       const std::string& session_zone, bool of_files)
    : XmlReading(type, &options, session_zone, of_files) {}

const StructField* XmlReading::FieldNamed(const DataType& type, std::string_view name, size_t* index) const {
  const auto& fields = type.fields();
  for (*index = 0; *index < fields.size(); ++*index) {
    if (SameName(fields[*index].name, name, false)) return &fields[*index];
  }
  return nullptr;
}

bool XmlReading::ReadText(std::string_view text, const DataType& type, Value* out) const {
  if (options_.trim) text = Trimmed(text);
  if (options_.null_value && text == *options_.null_value) return true;
  const auto put = [&](auto value) {
    if (value) out->data = *value;
    return value.has_value();
  };
  const auto whole = [&](int64_t low, int64_t high) { return put(ParseInteger(text, low, high)); };
  if (type.kind() == TypeKind::kString) {
    out->data = std::string(text);
    return true;
  }
  if (text.empty()) return true;
  switch (type.kind()) {
    case TypeKind::kBoolean: {
      const std::string word = LowerOf(text);
      if (word != "true" && word != "false" && word != "1" && word != "0") return false;
      out->data = word == "true" || word == "1";
      return true;
    }
    case TypeKind::kByte:
      return whole(INT8_MIN, INT8_MAX);
    case TypeKind::kShort:
      return whole(INT16_MIN, INT16_MAX);
    case TypeKind::kInteger:
      return whole(INT32_MIN, INT32_MAX);
    case TypeKind::kLong:
      return whole(INT64_MIN, INT64_MAX);
    case TypeKind::kFloat:
      return put(ParseFloat(text));
    case TypeKind::kDouble:
      return put(ParseDouble(text));
    case TypeKind::kDecimal: {
      std::string digits(text);
      std::erase(digits, ',');
      DecimalValue value{0, type.scale()};
      if (ParseDecimal(digits, type.precision(), type.scale(), &value.unscaled) != DecimalStatus::kOk) return false;
      out->data = value;
      return true;
    }
    case TypeKind::kBinary:
      out->data = BinaryValue{std::string(text)};
      return true;
    case TypeKind::kDate: {
      const auto days = formats_.ParseDate(text);
      if (days) out->data = DateValue{*days};
      return days.has_value();
    }
    case TypeKind::kTimestamp: {
      const auto micros = formats_.ParseTimestamp(text);
      if (micros) out->data = TimestampValue{*micros};
      return micros.has_value();
    }
    case TypeKind::kTimestampNtz: {
      const auto micros = formats_.ParseTimestampNtz(text);
      if (micros) out->data = TimestampNtzValue{*micros};
      return micros.has_value();
    }
    default:
      return false;
  }
}

bool XmlReading::ReadMap(const XmlElement& element, const DataType& type, Value* out) const {
  auto map = std::make_shared<MapValue>();
  out->data = map;
  const auto entry = [&](const std::string& key) {
    map->entries.emplace_back(Value(key), Value());
    return &map->entries.back().second;
  };
  if (!options_.exclude_attributes) {
    for (const auto& [name, value] : element.attributes) {
      if (!ReadText(value, type.value(), entry(options_.attribute_prefix + name))) return false;
    }
  }
  for (const XmlElement::Item& item : element.content) {
    if (item.element != nullptr) {
      if (!ReadElement(*item.element, type.value(), entry(item.element->name))) return false;
    } else if (!Trimmed(item.text).empty()) {
      if (!ReadText(item.text, type.value(), entry(options_.value_tag))) return false;
    }
  }
  return true;
}

bool XmlReading::ReadElement(const XmlElement& element, const DataType& type, Value* out) const {
  switch (type.kind()) {
    case TypeKind::kStruct: {
      auto value = std::make_shared<StructValue>();
      if (!ReadStruct(element, type, value.get())) return false;
      out->data = value;
      return true;
    }
    case TypeKind::kMap:
      return ReadMap(element, type, out);
    case TypeKind::kArray: {
      Value item;
      if (!ReadElement(element, type.element(), &item)) return false;
      ItemsOf(out).items.push_back(std::move(item));
      return true;
    }
    default:
      return ReadText(InnerXml(element), type, out);
  }
}

/// Fields are filled in the order of the text; the first fault ends it, and what was read stays.
bool XmlReading::ReadStruct(const XmlElement& element, const DataType& type, StructValue* out) const {
  for (const StructField& field : type.fields()) out->names.push_back(field.name);
  out->values.resize(type.fields().size());
  size_t index = 0;
  const auto put_text = [&](const std::string& name, const std::string& text) {
    const StructField* field = FieldNamed(type, name, &index);
    if (field == nullptr) return true;
    const bool list = field->type.kind() == TypeKind::kArray;
    Value value;
    if (!ReadText(text, list ? field->type.element() : field->type, &value)) return false;
    if (list) {
      ItemsOf(&out->values[index]).items.push_back(std::move(value));
    } else {
      out->values[index] = std::move(value);
    }
    return true;
  };
  if (!options_.exclude_attributes) {
    for (const auto& [name, value] : element.attributes) {
      if (!put_text(options_.attribute_prefix + name, value)) return false;
    }
  }
  for (const XmlElement::Item& item : element.content) {
    if (item.element == nullptr) {
      if (!Trimmed(item.text).empty() && !put_text(options_.value_tag, item.text)) return false;
      continue;
    }
    const StructField* field = FieldNamed(type, item.element->name, &index);
    if (field == nullptr) continue;
    if (field->type.kind() == TypeKind::kArray) {
      Value value;
      if (!ReadElement(*item.element, field->type.element(), &value)) return false;
      ItemsOf(&out->values[index]).items.push_back(std::move(value));
    } else {
      Value value;
      if (!ReadElement(*item.element, field->type, &value)) return false;
      out->values[index] = std::move(value);
    }
  }
  return true;
}

std::shared_ptr<StructValue> XmlReading::Record(std::string_view xml, std::string_view text, bool* good,
                                                bool* parsed) const {
  auto record = std::make_shared<StructValue>();
  const auto root = ParseXml(xml);
  *parsed = root.has_value();
  *good = root && ReadStruct(*root, type_, record.get());
  if (!root) record->values.resize(type_.fields().size());
  if (!*good && fail_fast_) {
    throw Error("MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION",
                "Malformed records are detected in record parsing: [null]. Parse Mode: FAILFAST. To process malformed "
                "records as null result, try setting the option 'mode' as 'PERMISSIVE'.",
                {{"badRecord", "[null]"}, {"failFastMode", "FAILFAST"}});
  }
  size_t corrupt = 0;
  if (const StructField* field = FieldNamed(type_, corrupt_column_, &corrupt);
      field != nullptr && field->type.kind() == TypeKind::kString) {
    record->values[corrupt] = *good ? Value() : Value(std::string(text));
  }
  return record;
}

void XmlReading::Read(std::string_view xml, NestedColumn& column, size_t row) const {
  bool good = false;
  bool parsed = false;
  WriteValue(Value(Record(xml, xml, &good, &parsed)), column, row);
}

void XmlReading::ReadFile(std::string_view text, NestedColumn& column, size_t row) const {
  std::vector<Value> rows;
  XmlRecords records(text, row_tag_);
  bool parsed = true;
  while (parsed) {
    const auto xml = records.Next();
    if (!xml) break;
    bool good = false;
    auto record = Record(*xml, text, &good, &parsed);
    if (good || !drop_malformed_) rows.emplace_back(std::move(record));
  }
  const size_t first = column.SetList(row, rows.size());
  for (size_t i = 0; i < rows.size(); ++i) WriteValue(rows[i], column.child(0), first + i);
}

void WriteValue(const Value& value, NestedColumn& column, size_t row) {
  if (value.is_null()) return column.SetNull(row);
  OutVector& out = column.out();
  switch (column.type().kind()) {
    case TypeKind::kBoolean:
      out.Data<uint8_t>()[row] = std::get<bool>(value.data) ? 1 : 0;
      return;
    case TypeKind::kByte:
      out.Data<int8_t>()[row] = static_cast<int8_t>(std::get<int64_t>(value.data));
      return;
    case TypeKind::kShort:
      out.Data<int16_t>()[row] = static_cast<int16_t>(std::get<int64_t>(value.data));
      return;
    case TypeKind::kInteger:
      out.Data<int32_t>()[row] = static_cast<int32_t>(std::get<int64_t>(value.data));
      return;
    case TypeKind::kLong:
      out.Data<int64_t>()[row] = std::get<int64_t>(value.data);
      return;
    case TypeKind::kFloat:
      out.Data<float>()[row] = std::get<float>(value.data);
      return;
    case TypeKind::kDouble:
      out.Data<double>()[row] = std::get<double>(value.data);
      return;
    case TypeKind::kDecimal:
      return WriteDecimal(column.type(), out, row, std::get<DecimalValue>(value.data).unscaled);
    case TypeKind::kString:
      return out.SetString(row, std::get<std::string>(value.data));
    case TypeKind::kBinary:
      return out.SetString(row, std::get<BinaryValue>(value.data).bytes);
    case TypeKind::kDate:
      out.Data<int32_t>()[row] = static_cast<int32_t>(std::get<DateValue>(value.data).days);
      return;
    case TypeKind::kTimestamp:
      out.Data<int64_t>()[row] = std::get<TimestampValue>(value.data).micros;
      return;
    case TypeKind::kTimestampNtz:
      out.Data<int64_t>()[row] = std::get<TimestampNtzValue>(value.data).micros;
      return;
    case TypeKind::kArray: {
      const auto& items = std::get<std::shared_ptr<ListValue>>(value.data)->items;
      const size_t first = column.SetList(row, items.size());
      for (size_t i = 0; i < items.size(); ++i) WriteValue(items[i], column.child(0), first + i);
      return;
    }
    case TypeKind::kMap: {
      const auto& entries = std::get<std::shared_ptr<MapValue>>(value.data)->entries;
      const size_t first = column.SetList(row, entries.size());
      for (size_t i = 0; i < entries.size(); ++i) {
        WriteValue(entries[i].first, column.child(0), first + i);
        WriteValue(entries[i].second, column.child(1), first + i);
      }
      return;
    }
    case TypeKind::kStruct: {
      const auto& values = std::get<std::shared_ptr<StructValue>>(value.data)->values;
      for (size_t i = 0; i < column.child_count(); ++i) {
        if (i < values.size()) {
          WriteValue(values[i], column.child(i), row);
        } else {
          column.child(i).SetNull(row);
        }
      }
      return;
    }
    default:
      throw Error("INTERNAL_ERROR", "A value of a type that no reader makes.");
  }
}

}  // namespace tinderbox::engine
