#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/ascii.h"

#include "base/fail.h"
#include "base/json_text.h"
#include "spark/type_names.h"
#include "tinderbox/types.h"

namespace tinderbox {
namespace {

struct DdlProblem {
  std::string condition;
  size_t at;
  std::string why;
};

enum class TokenKind { kWord, kNumber, kText, kSymbol, kEnd };

struct DdlToken {
  TokenKind kind = TokenKind::kEnd;
  std::string text;  // of a word: as written, or the name inside back-ticks
  bool quoted = false;
  size_t at = 0;
};

bool IsWordByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

class DdlParser {
 public:
  explicit DdlParser(std::string_view text) : text_(text) { Advance(); }

  DataType ParseWholeType() {
    DataType type = ParseType(0);
    ExpectEnd();
    return type;
  }

  std::vector<StructField> ParseColumns() {
    std::vector<StructField> fields;
    if (token_.kind == TokenKind::kEnd) return fields;
    do {
      fields.push_back(ParseField(0));
    } while (TakeSymbol(","));
    ExpectEnd();
    return fields;
  }

 private:
  [[noreturn]] void Bad(const std::string& why, const char* condition = "PARSE_SYNTAX_ERROR") const {
    throw DdlProblem{condition, token_.at, why};
  }

  void Advance() {
    while (next_ < text_.size() &&
           (text_[next_] == ' ' || text_[next_] == '\t' || text_[next_] == '\n' || text_[next_] == '\r')) {
      ++next_;
    }
    token_ = DdlToken{};
    token_.at = next_;
    if (next_ == text_.size()) return;
    const char c = text_[next_];
    if (c == '`') {
      token_.kind = TokenKind::kWord;
      token_.quoted = true;
      ReadQuoted('`');
      if (token_.text.empty()) Bad("a name between back-ticks is empty");
    } else if (c == '\'' || c == '"') {
      token_.kind = TokenKind::kText;
      ReadText(c);
    } else if (IsWordByte(c)) {
      const size_t start = next_;
      while (next_ < text_.size() && IsWordByte(text_[next_])) ++next_;
      token_.text = text_.substr(start, next_ - start);
      const bool digits =
          std::all_of(token_.text.begin(), token_.text.end(), [](char d) { return d >= '0' && d <= '9'; });
      token_.kind = digits ? TokenKind::kNumber : TokenKind::kWord;
    } else {
      token_.kind = TokenKind::kSymbol;
      token_.text = c;
      ++next_;
    }
  }

  void ReadQuoted(char quote) {
    for (++next_; next_ < text_.size(); ++next_) {
      if (text_[next_] == quote) {
        if (next_ + 1 == text_.size() || text_[next_ + 1] != quote) {
          ++next_;
          return;
        }
        ++next_;
      }
      token_.text += text_[next_];
    }
    Bad("the back-tick is not closed");
  }

  void ReadText(char quote) {
    for (++next_; next_ < text_.size(); ++next_) {
      if (text_[next_] == quote) {
        ++next_;
        return;
      }
      if (text_[next_] == '\\' && next_ + 1 < text_.size()) {
        ++next_;
        const char c = text_[next_];
        token_.text += c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
        continue;
      }
      token_.text += text_[next_];
    }
    Bad("the quote is not closed");
  }

  bool TakeSymbol(std::string_view symbol) {
    if (token_.kind != TokenKind::kSymbol || token_.text != symbol) return false;
    Advance();
    return true;
  }

  void ExpectSymbol(std::string_view symbol) {
    if (!TakeSymbol(symbol)) Bad(fmt::format("'{}' is missing here", symbol));
  }

  bool TakeWord(std::string_view lower) {
    if (token_.kind != TokenKind::kWord || token_.quoted || base::LowerCase(token_.text) != lower) return false;
    Advance();
    return true;
  }

  void ExpectEnd() {
    if (token_.kind != TokenKind::kEnd) Bad("unexpected text");
  }

  std::vector<int> ParseParameters() {
    std::vector<int> numbers;
    if (!TakeSymbol("(")) return numbers;
    do {
      int number = 0;
      const std::string& text = token_.text;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
      if (token_.kind != TokenKind::kNumber || error != std::errc()) Bad("a number is missing here");
      numbers.push_back(number);
      Advance();
    } while (TakeSymbol(","));
    ExpectSymbol(")");
    return numbers;
  }

  StructField ParseField(int depth) {
    if (token_.kind != TokenKind::kWord && token_.kind != TokenKind::kNumber) Bad("a column name is missing here");
    if (token_.kind == TokenKind::kNumber) Bad("a column name of digits only must stand between back-ticks");
    StructField field;
    field.name = token_.text;
    Advance();
    TakeSymbol(":");
    field.type = ParseType(depth);
    while (true) {
      if (TakeWord("not")) {
        if (!TakeWord("null")) Bad("NULL is missing after NOT");
        field.nullable = false;
      } else if (TakeWord("comment")) {
        if (token_.kind != TokenKind::kText) Bad("a text between quotes is missing after COMMENT");
        field.metadata_json = "{\"comment\":" + base::JsonString(token_.text) + "}";
        Advance();
      } else {
        return field;
      }
    }
  }

  DataType ParseType(int depth) {
    if (depth > spark::kMaxTypeDepth)
      Bad(fmt::format("the type is nested deeper than {} levels", spark::kMaxTypeDepth));
    if (token_.kind != TokenKind::kWord || token_.quoted) Bad("a data type is missing here");
    const DdlToken start = token_;
    const std::string name = base::LowerCase(token_.text);
    Advance();
    if (name == "array") {
      ExpectSymbol("<");
      DataType element = ParseType(depth + 1);
      ExpectSymbol(">");
      return DataType::Array(std::move(element));
    }
    if (name == "map") {
      ExpectSymbol("<");
      DataType key = ParseType(depth + 1);
      ExpectSymbol(",");
      DataType value = ParseType(depth + 1);
      ExpectSymbol(">");
      return DataType::Map(std::move(key), std::move(value));
    }
    if (name == "struct") {
      ExpectSymbol("<");
      std::vector<StructField> fields;
      if (TakeSymbol(">")) return DataType::Struct({});
      do {
        fields.push_back(ParseField(depth + 1));
      } while (TakeSymbol(","));
      ExpectSymbol(">");
      return DataType::Struct(std::move(fields));
    }
    if (name == "interval") return ParseInterval(start);
    const std::vector<int> numbers = ParseParameters();
    if (name == "decimal" || name == "dec" || name == "numeric") return MakeDecimal(start, numbers);
    if (name == "time") {
      if (numbers.size() > 1 || (numbers.size() == 1 && numbers.front() > 6)) {
        token_ = start;
        Bad("the precision of a TIME is 0 to 6", "UNSUPPORTED_TIME_PRECISION");
      }
      return DataType::Time(numbers.empty() ? 6 : numbers.front());
    }
    // Text of a bounded length is text: the bound is the business of who writes it.
    if ((name == "char" || name == "character" || name == "varchar") && numbers.size() == 1) {
      return DataType(TypeKind::kString);
    }
    if (!numbers.empty()) {
      token_ = start;
      Bad(fmt::format("the type {} with parameters is not supported", start.text), "UNSUPPORTED_DATATYPE");
    }
    static constexpr std::pair<std::string_view, TypeKind> kNames[] = {{"boolean", TypeKind::kBoolean},
                                                                       {"tinyint", TypeKind::kByte},
                                                                       {"byte", TypeKind::kByte},
                                                                       {"smallint", TypeKind::kShort},
                                                                       {"short", TypeKind::kShort},
                                                                       {"int", TypeKind::kInteger},
                                                                       {"integer", TypeKind::kInteger},
                                                                       {"bigint", TypeKind::kLong},
                                                                       {"long", TypeKind::kLong},
                                                                       {"float", TypeKind::kFloat},
                                                                       {"real", TypeKind::kFloat},
                                                                       {"double", TypeKind::kDouble},
                                                                       {"string", TypeKind::kString},
                                                                       {"binary", TypeKind::kBinary},
                                                                       {"date", TypeKind::kDate},
                                                                       {"timestamp", TypeKind::kTimestamp},
                                                                       {"timestamp_ltz", TypeKind::kTimestamp},
                                                                       {"timestamp_ntz", TypeKind::kTimestampNtz},
                                                                       {"variant", TypeKind::kVariant},
                                                                       {"void", TypeKind::kNull}};
    for (const auto& [known, kind] : kNames) {
      if (name == known) return DataType(kind);
    }
    token_ = start;
    Bad(fmt::format("{} is not a data type that is supported", start.text), "UNSUPPORTED_DATATYPE");
  }

  DataType MakeDecimal(const DdlToken& start, const std::vector<int>& numbers) {
    if (numbers.size() > 2) {
      token_ = start;
      Bad("a decimal has a precision and a scale, nothing more");
    }
    const int precision = numbers.empty() ? 10 : numbers[0];
    const int scale = numbers.size() < 2 ? 0 : numbers[1];
    if (precision > 38) {
      throw Error("DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION",
                  fmt::format("Decimal precision {} exceeds max precision 38.", precision),
                  {{"precision", std::to_string(precision)}, {"maxPrecision", "38"}});
    }
    if (precision >= 1 && scale > precision) {
      throw Error("_LEGACY_ERROR_TEMP_1228",
                  fmt::format("Decimal scale ({}) cannot be greater than precision ({}).", scale, precision),
                  {{"scale", std::to_string(scale)}, {"precision", std::to_string(precision)}});
    }
    if (precision < 1) {
      token_ = start;
      Bad(fmt::format("decimal({},{}): the precision must be 1 to 38 and the scale 0 to the precision", precision,
                      scale),
          "INVALID_DECIMAL_SCALE");
    }
    return DataType::Decimal(precision, scale);
  }

  DataType ParseInterval(const DdlToken& start) {
    static constexpr std::array<const char*, 2> kMonths = {"year", "month"};
    static constexpr std::array<const char*, 4> kTime = {"day", "hour", "minute", "second"};
    const auto take = [&](const auto& fields) {
      for (size_t i = 0; i < fields.size(); ++i) {
        if (TakeWord(fields[i])) return static_cast<int>(i);
      }
      return -1;
    };
    const auto range = [&](const auto& fields, int first) {
      if (!TakeWord("to")) return first;
      const int last = take(fields);
      if (last <= first) {
        token_ = start;
        Bad("the fields of an interval go from a longer one to a shorter one");
      }
      return last;
    };
    if (const int first = take(kMonths); first >= 0) return DataType::YearMonthInterval(first, range(kMonths, first));
    if (const int first = take(kTime); first >= 0) return DataType::DayTimeInterval(first, range(kTime, first));
    return DataType(TypeKind::kCalendarInterval);
  }

  std::string_view text_;
  size_t next_ = 0;
  DdlToken token_;
};

[[noreturn]] void Report(const DdlProblem& problem, std::string_view text) {
  const std::string shown = base::ReplaceInvalidUtf8(text.size() > 200 ? text.substr(0, 200) : text);
  base::FailWith(problem.condition, {{"error", problem.why}, {"position", std::to_string(problem.at + 1)}},
                 "The schema text \"{}\" cannot be read: {} (position {}).", shown, problem.why, problem.at + 1);
}

}  // namespace

DataType DataType::FromDdl(std::string_view text) {
  DdlProblem as_type;
  try {
    return DdlParser(text).ParseWholeType();
  } catch (const DdlProblem& problem) {
    as_type = problem;
  }
  try {
    std::vector<StructField> fields = DdlParser(text).ParseColumns();
    if (!fields.empty()) return Struct(std::move(fields));
  } catch (const DdlProblem& problem) {
    // Of the two readings, the one that got further is what was meant; a decimal out of bounds was read to its end.
    const bool bad_decimal = as_type.condition.find("DECIMAL") != std::string::npos;
    if (problem.at > as_type.at && !bad_decimal) Report(problem, text);
  }
  Report(as_type, text);
}

StructType StructType::FromDdl(std::string_view text) {
  try {
    return StructType{DdlParser(text).ParseColumns()};
  } catch (const DdlProblem& problem) {
    try {
      const DataType type = DdlParser(text).ParseWholeType();
      if (type.kind() == TypeKind::kStruct) return StructType{type.fields()};
    } catch (const DdlProblem&) {
    }
    Report(problem, text);
  }
}

}  // namespace tinderbox
