#include "engine/functions/xml_document.h"

#include <libxml/parser.h>
#include <libxml/tree.h>

#include <limits>
#include <mutex>

namespace tinderbox::engine {

namespace {

std::string TextOf(const xmlChar* text) {
  return text == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(text));
}

std::string NameOf(const xmlNs* space, const xmlChar* name) {
  const std::string prefix = space == nullptr ? std::string() : TextOf(space->prefix);
  return prefix.empty() ? TextOf(name) : prefix + ":" + TextOf(name);
}

/// The parser bounds how deep elements nest.
XmlElement Import(xmlNodePtr node) {
  XmlElement out;
  out.name = NameOf(node->ns, node->name);
  for (const xmlNs* space = node->nsDef; space != nullptr; space = space->next) {
    out.attributes.emplace_back(space->prefix == nullptr ? "xmlns" : "xmlns:" + TextOf(space->prefix),
                                TextOf(space->href));
  }
  for (xmlAttrPtr attribute = node->properties; attribute != nullptr; attribute = attribute->next) {
    xmlChar* value = xmlNodeListGetString(node->doc, attribute->children, 1);
    out.attributes.emplace_back(NameOf(attribute->ns, attribute->name), TextOf(value));
    xmlFree(value);
  }
  for (xmlNodePtr child = node->children; child != nullptr; child = child->next) {
    if (child->type == XML_ELEMENT_NODE) {
      out.content.push_back({{}, std::make_unique<XmlElement>(Import(child))});
    } else if (child->type == XML_TEXT_NODE || child->type == XML_CDATA_SECTION_NODE) {
      const std::string text = TextOf(child->content);
      if (!out.content.empty() && out.content.back().element == nullptr) {
        out.content.back().text += text;
      } else {
        out.content.push_back({text, nullptr});
      }
    }
  }
  return out;
}

}  // namespace

_xmlDoc* ReadXmlDocument(std::string_view xml, bool first_only) {
  static std::once_flag once;
  std::call_once(once, [] {
    xmlInitParser();
    xmlSetExternalEntityLoader([](const char*, const char*, xmlParserCtxtPtr) -> xmlParserInputPtr { return nullptr; });
  });
  if (xml.size() > static_cast<size_t>(std::numeric_limits<int>::max())) return nullptr;
  const std::unique_ptr<xmlParserCtxt, decltype(&xmlFreeParserCtxt)> parser(xmlNewParserCtxt(), &xmlFreeParserCtxt);
  if (parser == nullptr) return nullptr;
  const int options = XML_PARSE_NOENT | XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOCDATA |
                      (first_only ? XML_PARSE_RECOVER : 0);
  xmlDocPtr document = xmlCtxtReadMemory(parser.get(), xml.data(), static_cast<int>(xml.size()), "", "UTF-8", options);
  if (first_only && document != nullptr && parser->wellFormed == 0 && parser->errNo != XML_ERR_DOCUMENT_END) {
    xmlFreeDoc(document);
    return nullptr;
  }
  return document;
}

std::optional<XmlElement> ParseXml(std::string_view xml) {
  const std::unique_ptr<xmlDoc, decltype(&xmlFreeDoc)> document(ReadXmlDocument(xml, true), &xmlFreeDoc);
  const xmlNodePtr root = document == nullptr ? nullptr : xmlDocGetRootElement(document.get());
  if (root == nullptr) return std::nullopt;
  return Import(root);
}

void AppendXmlText(std::string* out, std::string_view text, bool in_attribute) {
  for (const char c : text) {
    switch (c) {
      case '&':
        *out += "&amp;";
        break;
      case '<':
        *out += "&lt;";
        break;
      case '>':
        *out += !in_attribute && out->ends_with("]]") ? "&gt;" : ">";
        break;
      case '"':
        *out += in_attribute ? "&quot;" : "\"";
        break;
      default:
        *out += c;
    }
  }
}

std::string InnerXml(const XmlElement& element) {
  std::string out;
  for (const XmlElement::Item& item : element.content) {
    if (item.element == nullptr) {
      out += item.text;
      continue;
    }
    out += "<" + item.element->name;
    for (const auto& [name, value] : item.element->attributes) out += " " + name + "=\"" + value + "\"";
    out += ">" + InnerXml(*item.element) + "</" + item.element->name + ">";
  }
  return out;
}

}  // namespace tinderbox::engine
