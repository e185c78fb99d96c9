// schema_of_xml.
#include <algorithm>

#include "engine/functions/text_case.h"
#include "engine/functions/text_values.h"
#include "engine/functions/xml_records.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

bool IsBlank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

DataType TextType(std::string_view text, const XmlOptions& options) {
  text = TrimAll(text);
  if (text.empty() || (options.null_value && text == *options.null_value)) return DataType();
  if (!options.infer) return DataType(TypeKind::kString);
  const bool digits = text.find_first_not_of("0123456789+-.eE") == std::string_view::npos;
  if (digits && ParseInteger(text, INT64_MIN, INT64_MAX)) return DataType(TypeKind::kLong);
  if (digits && ParseDouble(text)) return DataType(TypeKind::kDouble);
  const std::string word = LowerOf(text);
  if (word == "true" || word == "false") return DataType(TypeKind::kBoolean);
  const bool dated = text.size() >= 10 && text[4] == '-' && text[7] == '-';
  if (dated && text.size() == 10 && ParseDate(text)) return DataType(TypeKind::kDate);
  if (dated && ParseTimestamp(text)) return DataType(TypeKind::kTimestamp);
  return DataType(TypeKind::kString);
}

DataType Merged(const DataType& a, const DataType& b);

std::vector<StructField>::iterator FieldOf(std::vector<StructField>* fields, const std::string& name) {
  const std::string wanted = LowerOf(name);
  return std::ranges::find_if(*fields, [&](const StructField& field) { return LowerOf(field.name) == wanted; });
}

/// Adds what is known of a field that may have come before: then it is an array.
void Add(std::vector<StructField>* fields, const std::string& name, const DataType& type) {
  const auto found = FieldOf(fields, name);
  if (found == fields->end()) {
    fields->push_back({name, type, true, "{}"});
  } else {
    const DataType& before = found->type;
    found->type = DataType::Array(Merged(before.kind() == TypeKind::kArray ? before.element() : before, type));
  }
}

DataType Merged(const DataType& a, const DataType& b) {
  if (a == b || b.kind() == TypeKind::kNull) return a;
  if (a.kind() == TypeKind::kNull) return b;
  const auto either = [&](TypeKind x, TypeKind y) {
    return (a.kind() == x && b.kind() == y) || (a.kind() == y && b.kind() == x);
  };
  if (either(TypeKind::kLong, TypeKind::kDouble)) return DataType(TypeKind::kDouble);
  if (either(TypeKind::kDate, TypeKind::kTimestamp)) return DataType(TypeKind::kTimestamp);
  if (a.kind() == TypeKind::kArray || b.kind() == TypeKind::kArray) {
    const auto element = [](const DataType& type) { return type.kind() == TypeKind::kArray ? type.element() : type; };
    return DataType::Array(Merged(element(a), element(b)));
  }
  if (a.kind() == TypeKind::kStruct && b.kind() == TypeKind::kStruct) {
    std::vector<StructField> fields = a.fields();
    for (const StructField& field : b.fields()) {
      const auto found = FieldOf(&fields, field.name);
      if (found == fields.end()) {
        fields.push_back(field);
      } else {
        found->type = Merged(found->type, field.type);
      }
    }
    std::ranges::sort(fields, {}, &StructField::name);
    return DataType::Struct(std::move(fields));
  }
  return DataType(TypeKind::kString);
}

DataType ElementType(const XmlElement& element, const XmlOptions& options, bool root) {
  std::vector<StructField> fields;
  if (!options.exclude_attributes) {
    for (const auto& [name, value] : element.attributes) {
      Add(&fields, options.attribute_prefix + name, TextType(value, options));
    }
  }
  for (const XmlElement::Item& item : element.content) {
    if (item.element != nullptr) {
      Add(&fields, item.element->name, ElementType(*item.element, options, false));
    } else if (!IsBlank(item.text)) {
      Add(&fields, options.value_tag, TextType(item.text, options));
    }
  }
  if (!root && fields.empty()) return DataType();
  if (!root && fields.size() == 1 && fields[0].name == options.value_tag) return fields[0].type;
  std::ranges::sort(fields, {}, &StructField::name);
  return DataType::Struct(std::move(fields));
}

/// What was never seen to have a value is text.
DataType Settled(const DataType& type) {
  switch (type.kind()) {
    case TypeKind::kNull:
      return DataType(TypeKind::kString);
    case TypeKind::kArray:
      return DataType::Array(Settled(type.element()));
    case TypeKind::kStruct: {
      std::vector<StructField> fields = type.fields();
      for (StructField& field : fields) field.type = Settled(field.type);
      return DataType::Struct(std::move(fields));
    }
    default:
      return type;
  }
}

}  // namespace

DataType InferXmlFiles(const std::vector<std::string>& texts, std::map<std::string, std::string> options) {
  const XmlOptions parsed(&options, "xml");
  const auto option = [&](const char* name, const char* otherwise) {
    const auto found = options.find(name);
    return found == options.end() ? std::string(otherwise) : found->second;
  };
  const std::string mode = UpperOf(option("mode", "PERMISSIVE"));
  const std::string tag = option("rowtag", "");
  DataType merged = DataType::Struct({});
  for (const std::string& text : texts) {
    XmlRecords records(text, tag);
    while (const auto xml = records.Next()) {
      const auto root = ParseXml(*xml);
      if (root) {
        merged = Merged(merged, ElementType(*root, parsed, true));
        continue;
      }
      if (mode == "FAILFAST") {
        throw Error("MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION",
                    "Malformed records are detected in record parsing: _corrupt_record. Parse Mode: FAILFAST. To "
                    "process malformed records as null result, try setting the option 'mode' as 'PERMISSIVE'.",
                    {{"badRecord", "_corrupt_record"}, {"failFastMode", "FAILFAST"}});
      }
      if (mode != "DROPMALFORMED") {
        const std::string column = option("columnnameofcorruptrecord", "_corrupt_record");
        merged = Merged(merged, DataType::Struct({{column, DataType(TypeKind::kString), true, "{}"}}));
      }
      break;
    }
  }
  return Settled(merged);
}

DataType InferXmlText(std::string_view xml, std::map<std::string, std::string> options) {
  const XmlOptions parsed(&options, "schema_of_xml");
  const auto root = ParseXml(xml);
  if (!root) {
    const auto named = options.find("columnnameofcorruptrecord");
    const std::string column = named == options.end() ? "_corrupt_record" : named->second;
    return DataType::Struct({{column, DataType(TypeKind::kString), true, "{}"}});
  }
  return Settled(ElementType(*root, parsed, true));
}

}  // namespace tinderbox::engine
