#include "csv/options.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/ascii.h"
#include "base/fail.h"
#include "spark/error_conditions.h"

namespace tinderbox::csv {
namespace {

[[noreturn]] void BadValue(std::string_view name, std::string_view value, std::string_view wanted) {
  base::FailWith("INVALID_OPTION", {{"option", std::string(name)}, {"value", std::string(value)}},
                 "The CSV option '{}' has the value '{}', but {} is needed.", name, value, wanted);
}

[[noreturn]] void Unsupported(std::string_view name, std::string_view value, std::string_view advice) {
  base::FailWith("UNSUPPORTED_FEATURE.CSV_OPTION", {{"option", std::string(name)}, {"value", std::string(value)}},
                 "The CSV option '{}' with the value '{}' is not supported. {}", name, value, advice);
}

bool ToBool(std::string_view name, std::string_view value) {
  const std::string lower = base::LowerCase(value);
  if (lower == "true") return true;
  if (lower == "false") return false;
  base::FailWith("_LEGACY_ERROR_TEMP_2147", {{"paramName", std::string(name)}}, "{} flag can be true or false", name);
}

int64_t ToInt(std::string_view name, std::string_view value) {
  int64_t out = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), out);
  if (error != std::errc() || end != value.data() + value.size()) BadValue(name, value, "a whole number");
  return out;
}

/// One character, or none for "" and U+0000, which is how Spark switches a character off.
std::optional<char> ToChar(std::string_view name, std::string_view value) {
  if (value == "\\t") return '\t';
  if (value == "\\\\") return '\\';
  if (value == "\\\"") return '"';
  if (value == "\\'") return '\'';
  if (value.empty() || value == std::string_view("\0", 1) || value == "\\0" || value == "\\u0000" || value == "\\x00") {
    return std::nullopt;
  }
  if (value.size() != 1 || static_cast<unsigned char>(value[0]) >= 0x80) BadValue(name, value, "one ASCII character");
  return value[0];
}

/// The separator with \t, \\, \", \', \r, \n, \f, \b, \0, \xHH and \u00HH replaced by what they stand for.
std::string ToText(std::string_view name, std::string_view value) {
  if (value.size() == 1) return std::string(value);
  std::string out;
  for (size_t i = 0; i < value.size(); ++i) {
    if (value[i] != '\\') {
      out.push_back(value[i]);
      continue;
    }
    if (++i == value.size()) BadValue(name, value, "a text without a lone backslash at its end");
    switch (value[i]) {
      case 't':
        out.push_back('\t');
        break;
      case 'r':
        out.push_back('\r');
        break;
      case 'n':
        out.push_back('\n');
        break;
      case 'f':
        out.push_back('\f');
        break;
      case 'b':
        out.push_back('\b');
        break;
      case '0':
        out.push_back('\0');
        break;
      case '\\':
      case '"':
      case '\'':
        out.push_back(value[i]);
        break;
      case 'x':
      case 'u': {
        const size_t digits = value[i] == 'x' ? 2 : 4;
        int code = 0;
        for (size_t d = 1; d <= digits; ++d) {
          const int digit = i + d < value.size() ? base::HexDigit(value[i + d]) : -1;
          if (digit < 0) BadValue(name, value, "\\xHH or \\uHHHH with hexadecimal digits");
          code = code * 16 + digit;
        }
        if (code > 0x7F) BadValue(name, value, "an escape of an ASCII character");
        out.push_back(static_cast<char>(code));
        i += digits;
        break;
      }
      default:
        BadValue(name, value, "a known escape after the backslash (\\t, \\\\, \\x01, …)");
    }
  }
  return out;
}

Encoding ToEncoding(std::string_view name, std::string_view value) {
  std::string lower = base::LowerCase(value);
  std::replace(lower.begin(), lower.end(), '_', '-');
  if (lower == "utf-8" || lower == "utf8" || lower == "us-ascii" || lower == "ascii") return Encoding::kUtf8;
  if (lower == "utf-16" || lower == "utf16") return Encoding::kUtf16;
  if (lower == "utf-16le") return Encoding::kUtf16Le;
  if (lower == "utf-16be") return Encoding::kUtf16Be;
  if (lower == "iso-8859-1" || lower == "iso8859-1" || lower == "latin1" || lower == "latin-1")
    return Encoding::kLatin1;
  if (lower == "windows-1252" || lower == "cp1252") return Encoding::kWindows1252;
  Unsupported(name, value, "Use UTF-8, UTF-16, UTF-16LE, UTF-16BE, ISO-8859-1 or windows-1252.");
}

/// Seconds ahead of UTC; nullopt for a zone that is not a fixed offset.
std::optional<int32_t> ToZoneOffset(std::string_view value) {
  std::string upper(value);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  if (upper == "UTC" || upper == "Z" || upper == "GMT" || upper == "ETC/UTC" || upper == "UCT") return 0;
  int hours = 0;
  int minutes = 0;
  const bool shaped = value.size() == 6 && (value[0] == '+' || value[0] == '-') && value[3] == ':';
  if (!shaped || std::from_chars(&value[1], &value[3], hours).ptr != &value[3] ||
      std::from_chars(&value[4], value.data() + 6, minutes).ptr != value.data() + 6 || hours > 18 || minutes > 59) {
    return std::nullopt;
  }
  const int seconds = hours * 3600 + minutes * 60;
  return value[0] == '-' ? -seconds : seconds;
}

}  // namespace

CsvOptions ParseCsvOptions(const std::map<std::string, std::string>& options) {
  CsvOptions out;
  Dialect& dialect = out.dialect;
  std::optional<char> escape_escape;
  bool escape_escape_given = false;
  for (const auto& [name, value] : options) {
    const std::string key = base::LowerCase(name);
    if (key == "sep" || key == "delimiter") {
      if (value.empty()) {
        base::Fail(spark::kJavaIllegalArgument, "requirement failed: Delimiter cannot be empty string");
      }
      dialect.separator = ToText(name, value);
    } else if (key == "header") {
      out.header = ToBool(name, value);
    } else if (key == "quote") {
      const std::optional<char> c = ToChar(name, value);
      dialect.has_quote = c.has_value();
      dialect.quote = c.value_or('\0');
    } else if (key == "escape") {
      const std::optional<char> c = ToChar(name, value);
      dialect.has_escape = c.has_value();
      dialect.escape = c.value_or('\0');
    } else if (key == "chartoescapequoteescaping") {
      escape_escape = ToChar(name, value);
      escape_escape_given = true;
    } else if (key == "comment") {
      const std::optional<char> c = ToChar(name, value);
      dialect.has_comment = c.has_value();
      dialect.comment = c.value_or('\0');
    } else if (key == "multiline") {
      dialect.multi_line = ToBool(name, value);
    } else if (key == "linesep") {
      dialect.line_separator = ToText(name, value);
      if (dialect.line_separator.empty() || dialect.line_separator.size() > 2)
        BadValue(name, value, "one or two characters");
      if (dialect.line_separator == "\n" || dialect.line_separator == "\r\n") dialect.line_separator.clear();
    } else if (key == "ignoreleadingwhitespace") {
      dialect.trim_leading = ToBool(name, value);
    } else if (key == "ignoretrailingwhitespace") {
      dialect.trim_trailing = ToBool(name, value);
    } else if (key == "encoding" || key == "charset") {
      out.encoding = ToEncoding(name, value);
    } else if (key == "nullvalue") {
      out.null_value = value;
    } else if (key == "emptyvalue") {
      out.empty_value = value;
    } else if (key == "nanvalue") {
      out.nan_value = value;
    } else if (key == "positiveinf") {
      out.positive_inf = value;
    } else if (key == "negativeinf") {
      out.negative_inf = value;
    } else if (key == "mode") {
      const std::string mode = base::LowerCase(value);
      if (mode == "permissive") {
        out.mode = Mode::kPermissive;
      } else if (mode == "dropmalformed") {
        out.mode = Mode::kDropMalformed;
      } else if (mode == "failfast") {
        out.mode = Mode::kFailFast;
      } else {
        BadValue(name, value, "PERMISSIVE, DROPMALFORMED or FAILFAST");
      }
    } else if (key == "inferschema") {
      out.infer_schema = ToBool(name, value);
    } else if (key == "preferdate") {
      out.prefer_date = ToBool(name, value);
    } else if (key == "enforceschema") {
      out.enforce_schema = ToBool(name, value);
    } else if (key == "maxcolumns") {
      const int64_t n = ToInt(name, value);
      if (n <= 0) BadValue(name, value, "a positive number");
      out.max_columns = static_cast<size_t>(n);
    } else if (key == "maxcharspercolumn") {
      out.max_chars_per_column = ToInt(name, value);
    } else if (key == "columnnameofcorruptrecord") {
      out.corrupt_record_column = value;
    } else if (key == "timezone") {
      const std::optional<int32_t> offset = ToZoneOffset(value);
      out.zone_offset_seconds = offset.value_or(0);
      if (!offset) out.unknown_zone = value;
    } else if (key == "dateformat") {
      if (value != "yyyy-MM-dd") Unsupported(name, value, "Read the column as a string and parse it with to_date.");
    } else if (key == "timestampformat") {
      if (value != "yyyy-MM-dd'T'HH:mm:ss[.SSS][XXX]" && value != "yyyy-MM-dd HH:mm:ss") {
        Unsupported(name, value, "Read the column as a string and parse it with to_timestamp.");
      }
    } else if (key == "timestampntzformat") {
      if (value != "yyyy-MM-dd'T'HH:mm:ss[.SSS]") Unsupported(name, value, "Read the column as a string and cast it.");
    } else if (key == "samplingratio") {
      if (value != "1" && value != "1.0") Unsupported(name, value, "All rows are read to infer a schema.");
    } else if (key == "locale") {
      const std::string lower = base::LowerCase(value);
      if (lower != "en-us" && lower != "en_us" && lower != "en") Unsupported(name, value, "Only en-US is known.");
    } else if (key == "unescapedquotehandling") {
      if (base::LowerCase(value) != "stop_at_delimiter")
        Unsupported(name, value, "Only STOP_AT_DELIMITER, Spark's default, is known.");
    } else if (key == "columnpruning") {
      ToBool(name, value);  // never changes a result here: field counts are always checked
    } else if (key == "bindbyname") {
      out.bind_by_name = ToBool(name, value);
    } else if (key == "columnnameofmalformed") {
      out.malformed_column = value;
    } else if (key == "columnnameoflocation") {
      out.location_column = value;
    } else if (key == "recordindex") {
      out.record_index = value;
    } else if (key == "singlevariantcolumn") {
      Unsupported(name, value, "There is no VARIANT type.");
    }
    // Spark ignores what it does not know.
  }
  if (escape_escape_given) {
    dialect.has_escape_escape = escape_escape.has_value();
    dialect.escape_escape = escape_escape.value_or('\0');
  } else {
    dialect.has_escape_escape = dialect.has_escape && dialect.escape != dialect.quote;
    dialect.escape_escape = dialect.has_escape_escape ? dialect.escape : '\0';
  }
  if (dialect.has_escape_escape && (!dialect.has_escape || dialect.escape_escape != dialect.escape)) {
    Unsupported("charToEscapeQuoteEscaping", std::string(1, dialect.escape_escape),
                "It can only be the escape character or off.");
  }
  if (dialect.has_quote && dialect.separator[0] == dialect.quote) {
    BadValue("sep", dialect.separator, "a separator that does not begin with the quote");
  }
  const std::string newlines = dialect.line_separator.empty() ? "\r\n" : dialect.line_separator.substr(0, 1);
  if (dialect.separator.find_first_of(newlines) != std::string::npos) {
    BadValue("sep", dialect.separator, "a separator without a line break");
  }
  if (dialect.has_quote && newlines.find(dialect.quote) != std::string::npos) {
    BadValue("quote", std::string(1, dialect.quote), "a quote that is not a line break");
  }
  if (!dialect.line_separator.empty() && out.encoding != Encoding::kUtf8 && dialect.line_separator[0] < 0) {
    BadValue("lineSep", dialect.line_separator, "ASCII characters");
  }
  return out;
}

}  // namespace tinderbox::csv
