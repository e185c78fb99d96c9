#include "engine/files/json_options.h"

#include <algorithm>
#include <iterator>

#include "base/ascii.h"
#include "base/fail.h"

namespace tinderbox::engine {
namespace {

[[noreturn]] void BadValue(const std::string& name, const std::string& value, std::string_view expected) {
  base::Fail("INVALID_PARAMETER_VALUE", "The JSON option {} has the value \"{}\"; it must be {}.", name, value,
             expected);
}

bool ParseFlag(const std::string& name, const std::string& value) {
  const std::string lower = base::LowerCase(value);
  if (lower != "true" && lower != "false") BadValue(name, value, "true or false");
  return lower == "true";
}

/// Options that are known to Spark and accepted only with the value that changes nothing.
struct FixedOption {
  std::string_view lower_name;
  std::string_view values[4];
};

constexpr FixedOption kFixed[] = {
    {"dateformat", {"yyyy-MM-dd"}},
    {"timestampformat", {"yyyy-MM-dd'T'HH:mm:ss[.SSS][XXX]"}},
    {"timestampntzformat", {"yyyy-MM-dd'T'HH:mm:ss[.SSS]"}},
    {"timezone", {"UTC", "Etc/UTC", "Z", "GMT"}},
    {"locale", {"en-US"}},
    {"lineseparator", {"\n"}},
    {"linesep", {"\n"}},
    {"samplingratio", {"1", "1.0"}},
    {"prefersdecimal", {"false"}},
    {"infertimestamp", {"false"}},
    {"dropfieldifallnull", {"false"}},
    {"singlevariantcolumn", {"false"}},
    {"allowcomments", {"false"}},
    {"allowunquotedfieldnames", {"false"}},
    {"allownumericleadingzeros", {"false"}},
    {"allowbackslashescapinganycharacter", {"false"}},
    {"allowunquotedcontrolchars", {"false"}},
};

}  // namespace

JsonOptions ParseJsonOptions(const std::map<std::string, std::string>& options) {
  JsonOptions out;
  for (const auto& [name, value] : options) {
    const std::string key = base::LowerCase(name);
    if (key == "multiline") {
      out.multi_line = ParseFlag(name, value);
    } else if (key == "mode") {
      const std::string mode = base::LowerCase(value);
      if (mode == "permissive") {
        out.mode = csv::Mode::kPermissive;
      } else if (mode == "dropmalformed") {
        out.mode = csv::Mode::kDropMalformed;
      } else if (mode == "failfast") {
        out.mode = csv::Mode::kFailFast;
      } else {
        BadValue(name, value, "PERMISSIVE, DROPMALFORMED or FAILFAST");
      }
    } else if (key == "encoding" || key == "charset") {
      const std::string encoding = base::LowerCase(value);
      if (encoding != "utf-8" && encoding != "utf8") BadValue(name, value, "UTF-8");
    } else if (key == "primitivesasstring") {
      out.primitives_as_string = ParseFlag(name, value);
    } else if (key == "allowsinglequotes") {
      out.dialect.single_quotes = ParseFlag(name, value);
    } else if (key == "allownonnumericnumbers") {
      out.dialect.non_numeric_numbers = ParseFlag(name, value);
    } else if (key == "columnnameofcorruptrecord") {
      out.corrupt_column = value;
    } else if (key == "columnnameofmalformed") {
      out.malformed_column = value;
    } else if (key == "columnnameoflocation") {
      out.location_column = value;
    } else {
      const auto* fixed =
          std::find_if(std::begin(kFixed), std::end(kFixed), [&](const FixedOption& o) { return o.lower_name == key; });
      if (fixed == std::end(kFixed)) continue;  // Spark ignores what it does not know
      if (std::find(std::begin(fixed->values), std::end(fixed->values), value) == std::end(fixed->values) ||
          value.empty()) {
        base::Fail("UNSUPPORTED_FEATURE.JSON_OPTION",
                   "The JSON reader supports the option {} only with its default, \"{}\", not with \"{}\".", name,
                   fixed->values[0], value);
      }
    }
  }
  return out;
}

}  // namespace tinderbox::engine
