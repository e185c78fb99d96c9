#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

struct _xmlDoc;

namespace tinderbox::engine {

/// Parses a document with libxml2, which the caller frees; nullptr when it is malformed. Nothing outside the text is
/// read, whatever entities it names. `first_only`: what comes behind the root element does not matter.
_xmlDoc* ReadXmlDocument(std::string_view xml, bool first_only);

/// An element, its names with their prefixes.
struct XmlElement {
  struct Item {
    std::string text;  ///< of an item that is no element
    std::unique_ptr<XmlElement> element;
  };
  std::string name;
  std::vector<std::pair<std::string, std::string>> attributes;  ///< also those that declare namespaces
  std::vector<Item> content;                                    ///< without comments
};

/// The root of a document; nullopt when it is malformed.
std::optional<XmlElement> ParseXml(std::string_view xml);
/// What is inside an element, as XML.
std::string InnerXml(const XmlElement& element);
/// Appends text with what has a meaning in XML escaped.
void AppendXmlText(std::string* out, std::string_view text, bool in_attribute);

}  // namespace tinderbox::engine
