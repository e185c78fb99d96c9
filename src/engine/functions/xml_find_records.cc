// Finds records in XML texts by their tags alone, so that what stands around them matters little.
#include "engine/functions/xml_records.h"

namespace tinderbox::engine {

namespace {

constexpr size_t kNone = std::string_view::npos;

/// Where the tag, comment or section that starts at `at` ends, one behind its '>'; npos when it does not.
size_t EndOfMarkup(std::string_view text, size_t at) {
  const auto behind = [&](std::string_view close) {
    const size_t found = text.find(close, at);
    return found == kNone ? kNone : found + close.size();
  };
  const std::string_view rest = text.substr(at);
  if (rest.starts_with("<!--")) return behind("-->");
  if (rest.starts_with("<![CDATA[")) return behind("]]>");
  if (rest.starts_with("<?")) return behind("?>");
  char quote = 0;
  for (size_t i = at + 1; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '>') {
      return i + 1;
    }
  }
  return kNone;
}

bool IsElement(std::string_view text, size_t at) {
  return at + 1 < text.size() && text[at + 1] != '!' && text[at + 1] != '?';
}

}  // namespace

std::optional<std::string_view> XmlRecords::Next() {
  size_t begin = kNone;
  int depth = 0;
  while (true) {
    const size_t at = text_.find('<', at_);
    if (at == kNone) break;
    const size_t end = EndOfMarkup(text_, at);
    if (end == kNone) {
      at_ = text_.size();
      if (begin == kNone && !text_.substr(at + 1).starts_with(tag_)) return std::nullopt;
      return text_.substr(begin == kNone ? at : begin);
    }
    at_ = end;
    if (!IsElement(text_, at)) continue;
    const bool closes = text_[at + 1] == '/';
    const bool empty = text_[end - 2] == '/';
    if (begin == kNone) {
      const std::string_view name = text_.substr(at + 1, end - at - 2);
      const bool same = tag_.empty() ||
                        (name.starts_with(tag_) &&
                         (name.size() == tag_.size() || std::string_view(" \t\r\n/").find(name[tag_.size()]) != kNone));
      if (!same) continue;
      if (empty) return text_.substr(at, end - at);
      begin = at;
      depth = 1;
    } else if (closes) {
      if (--depth == 0) return text_.substr(begin, end - begin);
    } else if (!empty) {
      ++depth;
    }
  }
  at_ = text_.size();
  if (begin == kNone) return std::nullopt;
  return text_.substr(begin);
}

}  // namespace tinderbox::engine
