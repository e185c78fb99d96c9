#include "engine/functions/xpath.h"

#include <fmt/format.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>

#include <charconv>
#include <limits>
#include <utility>

#include "engine/functions/xml_document.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

struct FreeText {
  void operator()(xmlChar* text) const { xmlFree(text); }
};

std::string Take(xmlChar* text) {
  const std::unique_ptr<xmlChar, FreeText> owned(text);
  return owned == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(owned.get()));
}

void Ignore(void*, xmlErrorPtr) {}

/// A text as a number by XPath's own grammar, which has no exponents; NaN for any other text.
double NumberOf(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return std::numeric_limits<double>::quiet_NaN();
  text = text.substr(first, text.find_last_not_of(kSpace) + 1 - first);
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  double value = 0;
  if (digits.find_first_not_of("0123456789.") != std::string_view::npos || digits == ".") {
    return std::numeric_limits<double>::quiet_NaN();
  }
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (failure != std::errc() || end != text.data() + text.size()) return std::numeric_limits<double>::quiet_NaN();
  return value;
}

}  // namespace

struct XPath::Compiled {
  xmlXPathCompExprPtr expression = nullptr;
  ~Compiled() {
    if (expression != nullptr) xmlXPathFreeCompExpr(expression);
  }
};

struct XPath::Result {
  xmlDocPtr document = nullptr;
  xmlXPathContextPtr state = nullptr;
  xmlXPathObjectPtr object = nullptr;

  Result() = default;
  Result(Result&& other) noexcept
      : document(std::exchange(other.document, nullptr)),
        state(std::exchange(other.state, nullptr)),
        object(std::exchange(other.object, nullptr)) {}
  ~Result() {
    if (object != nullptr) xmlXPathFreeObject(object);
    if (state != nullptr) xmlXPathFreeContext(state);
    if (document != nullptr) xmlFreeDoc(document);
  }
};

XPath::XPath(const std::string& text) : text_(text), compiled_(std::make_unique<Compiled>()) {
  const std::unique_ptr<xmlXPathContext, decltype(&xmlXPathFreeContext)> state(xmlXPathNewContext(nullptr),
                                                                               &xmlXPathFreeContext);
  state->error = Ignore;
  compiled_->expression = xmlXPathCtxtCompile(state.get(), reinterpret_cast<const xmlChar*>(text.c_str()));
  if (compiled_->expression == nullptr) {
    throw Error("TINDERBOX_INVALID_XPATH", fmt::format("Invalid XPath '{}'.", text));
  }
}

XPath::~XPath() = default;

XPath::Result XPath::Evaluate(std::string_view xml) const {
  Result out;
  out.document = ReadXmlDocument(xml, false);
  if (out.document == nullptr) {
    throw Error("TINDERBOX_INVALID_XML",
                fmt::format("Error loading expression '{}': the text is no XML document.", text_));
  }
  out.state = xmlXPathNewContext(out.document);
  out.state->error = Ignore;
  xmlXPathSetContextNode(reinterpret_cast<xmlNodePtr>(out.document), out.state);
  out.object = xmlXPathCompiledEval(compiled_->expression, out.state);
  if (out.object == nullptr) {
    throw Error("TINDERBOX_INVALID_XPATH", fmt::format("Invalid XPath '{}'.", text_));
  }
  return out;
}

bool XPath::Boolean(std::string_view xml) const {
  return xmlXPathCastToBoolean(Evaluate(xml).object) != 0;
}

double XPath::Number(std::string_view xml) const {
  const Result result = Evaluate(xml);
  if (result.object->type == XPATH_NUMBER || result.object->type == XPATH_BOOLEAN) {
    return xmlXPathCastToNumber(result.object);
  }
  return NumberOf(Take(xmlXPathCastToString(result.object)));
}

std::string XPath::String(std::string_view xml) const {
  const Result result = Evaluate(xml);
  return Take(xmlXPathCastToString(result.object));
}

std::vector<std::optional<std::string>> XPath::Nodes(std::string_view xml) const {
  const Result result = Evaluate(xml);
  if (result.object->type != XPATH_NODESET) {
    throw Error("TINDERBOX_INVALID_XPATH", fmt::format("The XPath '{}' does not find nodes.", text_));
  }
  std::vector<std::optional<std::string>> out;
  const xmlNodeSetPtr nodes = result.object->nodesetval;
  for (int i = 0; nodes != nullptr && i < nodes->nodeNr; ++i) {
    const xmlNodePtr node = nodes->nodeTab[i];
    if (node->type == XML_ELEMENT_NODE || node->type == XML_DOCUMENT_NODE) {
      out.emplace_back();
    } else {
      out.emplace_back(Take(xmlXPathCastNodeToString(node)));
    }
  }
  return out;
}

}  // namespace tinderbox::engine
