// to_xml.
#include <fmt/format.h>

#include <algorithm>

#include "engine/functions/value_text.h"
#include "engine/functions/xml_records.h"
#include "engine/translate/refusals.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

/// Throws for what cannot be the name of an element or an attribute.
void ExpectName(std::string_view name) {
  const auto fits = [](char c, bool first) {
    const auto byte = static_cast<unsigned char>(c);
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' || byte >= 0x80) return true;
    return !first && ((c >= '0' && c <= '9') || c == '-' || c == '.');
  };
  for (size_t i = 0; i < name.size(); ++i) {
    if (fits(name[i], i == 0)) continue;
    throw Error("TINDERBOX_INVALID_XML", fmt::format("Illegal {}name character '{}' (code {}) in the XML name '{}'.",
                                                     i == 0 ? "first " : "", name[i], static_cast<int>(name[i]), name));
  }
  if (name.empty()) throw Error("TINDERBOX_INVALID_XML", "An XML name cannot be empty.");
}

void ExpectWritable(const DataType& type) {
  switch (type.kind()) {
    case TypeKind::kArray:
      return ExpectWritable(type.element());
    case TypeKind::kMap:
      if (type.key().kind() != TypeKind::kString) RefuseFeature("keys of `to_xml` that are no texts");
      return ExpectWritable(type.value());
    case TypeKind::kStruct:
      for (const StructField& field : type.fields()) ExpectWritable(field.type);
      return;
    case TypeKind::kVariant:
    case TypeKind::kTime:
    case TypeKind::kYearMonthInterval:
    case TypeKind::kDayTimeInterval:
    case TypeKind::kCalendarInterval:
      RefuseFeature(fmt::format("a field of the type {} in `to_xml`", type.SimpleString()));
    default:
      return;
  }
}

}  // namespace

struct XmlWriter::Element {
  std::string attributes;  ///< with a space before each
  std::string content;
  bool has_content = false;
  bool has_children = false;
};

XmlWriter::XmlWriter(const DataType& type, std::map<std::string, std::string>* options, const std::string& session_zone)
    : type_(type), formats_(options, session_zone, DateTimePattern::Use::kFormat), options_(options, "to_xml") {
  const auto take = [&](const char* name, std::string* to) {
    if (auto node = options->extract(name); !node.empty()) *to = node.mapped();
  };
  take("rowtag", &row_tag_);
  take("arrayelementname", &item_tag_);
  take("indent", &indent_);
  if (options->erase("tb_in_file") > 0) depth_ = 1;
  ExpectWritable(type);
}

XmlWriter::XmlWriter(const DataType& type, std::map<std::string, std::string> options, const std::string& session_zone)
    : XmlWriter(type, &options, session_zone) {}

std::string XmlWriter::Text(const DataType& type, const InVector& column, size_t row) const {
  std::string out;
  switch (type.kind()) {
    case TypeKind::kDate:
      formats_.AppendDate(&out, column.Data<int32_t>()[row]);
      return out;
    case TypeKind::kTimestamp:
      formats_.AppendTimestamp(&out, column.Data<int64_t>()[row]);
      return out;
    case TypeKind::kTimestampNtz:
      formats_.AppendTimestampNtz(&out, column.Data<int64_t>()[row]);
      return out;
    case TypeKind::kBinary:
      for (const unsigned char byte : column.String(row)) out += fmt::format("{}{:02X}", out.empty() ? "" : " ", byte);
      return "[" + out + "]";
    default:
      AppendCellText(&out, type, column, row);
      return out;
  }
}

std::string XmlWriter::Close(const std::string& name, const Element& element, int depth) const {
  ExpectName(name);
  if (!element.has_content) return "<" + name + element.attributes + "/>";
  std::string out = "<" + name + element.attributes + ">" + element.content;
  if (element.has_children && !indent_.empty()) {
    out += '\n';
    for (int i = 0; i < depth; ++i) out += indent_;
  }
  return out + "</" + name + ">";
}

/// One element named `name`, of a value that is NULL or not.
void XmlWriter::AppendChild(Element* parent, const std::string& name, const DataType& type, const InVector& column,
                            size_t row, int depth) const {
  Element element;
  if (type.kind() == TypeKind::kNull || column.IsNull(row)) {
    if (!options_.null_value) return;
    AppendXmlText(&element.content, *options_.null_value, false);
    element.has_content = true;
  } else if (type.kind() == TypeKind::kArray) {
    const InVector items = column.ListChild();
    const auto range = column.List(row);
    for (uint64_t i = 0; i < range.length; ++i) {
      AppendChild(&element, item_tag_, type.element(), items, range.offset + i, depth + 1);
    }
  } else if (type.IsNested()) {
    AppendFields(&element, type, column, row, depth);
  } else {
    AppendXmlText(&element.content, Text(type, column, row), false);
    element.has_content = true;
  }
  if (!indent_.empty()) {
    parent->content += '\n';
    for (int i = 0; i < depth; ++i) parent->content += indent_;
  }
  parent->content += Close(name, element, depth);
  parent->has_content = parent->has_children = true;
}

/// A field of a struct, or an entry of a map: an attribute, the element's own text, or elements within it.
void XmlWriter::AppendMember(Element* element, const std::string& name, const DataType& type, const InVector& column,
                             size_t row, int depth) const {
  const bool null = type.kind() == TypeKind::kNull || column.IsNull(row);
  if (name == options_.value_tag && !type.IsNested()) {
    if (null && !options_.null_value) return;
    AppendXmlText(&element->content, null ? *options_.null_value : Text(type, column, row), false);
    element->has_content = true;
    return;
  }
  if (!options_.attribute_prefix.empty() && name.starts_with(options_.attribute_prefix) && name != options_.value_tag &&
      !type.IsNested()) {
    if (null && !options_.null_value) return;
    const std::string attribute = name.substr(options_.attribute_prefix.size());
    ExpectName(attribute);
    element->attributes += " " + attribute + "=\"";
    AppendXmlText(&element->attributes, null ? *options_.null_value : Text(type, column, row), true);
    element->attributes += '"';
    return;
  }
  if (type.kind() == TypeKind::kArray && !null) {
    const InVector items = column.ListChild();
    const auto range = column.List(row);
    for (uint64_t i = 0; i < range.length; ++i) {
      AppendChild(element, name, type.element(), items, range.offset + i, depth + 1);
    }
    return;
  }
  AppendChild(element, name, type, column, row, depth + 1);
}

void XmlWriter::AppendFields(Element* element, const DataType& type, const InVector& column, size_t row,
                             int depth) const {
  if (type.kind() == TypeKind::kStruct) {
    for (size_t i = 0; i < type.fields().size(); ++i) {
      AppendMember(element, type.fields()[i].name, type.fields()[i].type, column.StructChild(i), row, depth);
    }
    return;
  }
  const InVector entries = column.ListChild();
  const InVector keys = entries.StructChild(0);
  const InVector values = entries.StructChild(1);
  const auto range = column.List(row);
  for (uint64_t i = range.offset; i < range.offset + range.length; ++i) {
    AppendMember(element, std::string(keys.String(i)), type.value(), values, i, depth);
  }
}

std::string XmlWriter::Write(const InVector& column, size_t row) const {
  Element root;
  AppendFields(&root, type_, column, row, depth_);
  return (depth_ > 0 ? indent_ : "") + Close(row_tag_, root, depth_);
}

}  // namespace tinderbox::engine
