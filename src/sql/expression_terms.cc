// The operands of expressions: literals, names, calls and the forms with words of their own.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "sql/expression_parser.h"
#include "sql/intervals.h"
#include "sql/parser.h"
#include "tinderbox/error.h"

namespace tinderbox::sql {

namespace {

std::string Upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  }
  return out;
}

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return out;
}

proto::Expression CastString(std::string_view text, const char* type) {
  proto::Expression out;
  *out.mutable_cast()->mutable_expr() = MakeString(text);
  out.mutable_cast()->set_type_str(type);
  return out;
}

std::string FromHex(std::string_view digits) {
  std::string padded(digits.size() % 2 == 1 ? "0" : "");
  padded += digits;
  std::string out;
  for (size_t i = 0; i < padded.size(); i += 2) {
    int byte = 0;
    std::from_chars(padded.data() + i, padded.data() + i + 2, byte, 16);
    out += static_cast<char>(byte);
  }
  return out;
}

/// Aggregates that skip NULL, so that FILTER can make their argument NULL.
bool SkipsNull(const std::string& name) {
  static constexpr std::array kNames = {
      "count",       "sum",         "avg",        "mean",     "min",        "max",      "stddev",
      "std",         "stddev_samp", "stddev_pop", "variance", "var_samp",   "var_pop",  "collect_list",
      "collect_set", "array_agg",   "bool_and",   "bool_or",  "every",      "any",      "some",
      "bit_and",     "bit_or",      "bit_xor",    "median",   "percentile", "count_if", "approx_count_distinct",
      "try_sum",     "try_avg"};
  return std::ranges::find(kNames, Lower(name)) != kNames.end();
}

}  // namespace

bool ExpressionParser::IsLambdaVariable(std::string_view name) const {
  return std::ranges::find(lambda_variables_, name) != lambda_variables_.end();
}

proto::Expression ExpressionParser::ParsePrimary() {
  const Level level(this);
  const Token token = Peek();
  switch (token.kind) {
    case TokenKind::kNumber:
      return ParseNumber(false);
    case TokenKind::kString: {
      std::string text;
      for (; Peek().kind == TokenKind::kString; ++at_) text += Peek().text;
      return MakeString(text);
    }
    case TokenKind::kQuotedIdentifier:
      if (Is("->", 1)) {
        ++at_;
        return ParseLambda({token.text});
      }
      return ParseColumn();
    case TokenKind::kIdentifier:
      return ParseWord();
    case TokenKind::kOperator:
      if (token.text == "(") return ParseParenthesis();
      if (token.text == "*") {
        ++at_;
        proto::Expression out;
        out.mutable_unresolved_star();
        return out;
      }
      break;
    case TokenKind::kEnd:
      break;
  }
  Fail("expected an expression");
}

bool ExpressionParser::LambdaAhead() const {
  size_t i = 1;
  while (Peek(i).kind == TokenKind::kIdentifier || Peek(i).kind == TokenKind::kQuotedIdentifier) {
    ++i;
    if (Is(")", i)) return Is("->", i + 1);
    if (!Is(",", i)) return false;
    ++i;
  }
  return false;
}

proto::Expression ExpressionParser::ParseParenthesis() {
  if (LambdaAhead()) {
    Expect("(");
    std::vector<std::string> parameters;
    do {
      parameters.push_back(ParseIdentifier());
    } while (Accept(","));
    Expect(")");
    return ParseLambda(std::move(parameters));
  }
  Expect("(");
  if (Is("select") || Is("with"))
    throw Error("UNSUPPORTED_FEATURE", "The embedded engine does not support scalar subqueries.");
  std::vector<proto::Expression> items;
  do {
    items.push_back(ParseNamed());
  } while (Accept(","));
  Expect(")");
  if (items.size() > 1) return MakeCall("struct", std::move(items));
  return std::move(items[0]);
}

proto::Expression ExpressionParser::ParseLambda(std::vector<std::string> parameters) {
  Expect("->");
  proto::Expression out;
  auto* lambda = out.mutable_lambda_function();
  for (const std::string& parameter : parameters) {
    lambda->add_arguments()->add_name_parts(parameter);
    lambda_variables_.push_back(parameter);
  }
  *lambda->mutable_function() = ParseExpression();
  lambda_variables_.resize(lambda_variables_.size() - parameters.size());
  return out;
}

proto::Expression ExpressionParser::ParseNumber(bool negative) {
  const Token token = Peek();
  ++at_;
  const std::string sign = negative ? "-" : "";
  std::string text = Upper(token.text);
  proto::Expression out;
  auto* literal = out.mutable_literal();
  const auto integer = [&](const std::string& digits, int64_t low, int64_t high, const char* type) {
    int64_t value = 0;
    const std::string whole = sign + digits;
    const auto [end, failure] = std::from_chars(whole.data(), whole.data() + whole.size(), value);
    if (failure != std::errc() || end != whole.data() + whole.size() || value < low || value > high) {
      throw Error("INVALID_NUMERIC_LITERAL_RANGE",
                  fmt::format("The numeric literal {} is outside the range of {}: {} to {}.", sign + token.text, type,
                              low, high),
                  {{"rawStrippedQualifier", whole},
                   {"minValue", std::to_string(low)},
                   {"maxValue", std::to_string(high)},
                   {"typeName", type}});
    }
    return value;
  };
  const auto drop = [&](size_t count) { return text.substr(0, text.size() - count); };
  const auto decimal = [&](const std::string& digits) {
    // Plain digits: an exponent moves the point.
    std::string mantissa = digits;
    int64_t exponent = 0;
    if (const size_t e = digits.find('E'); e != std::string::npos) {
      mantissa = digits.substr(0, e);
      const std::string power = digits.substr(digits[e + 1] == '+' ? e + 2 : e + 1);
      std::from_chars(power.data(), power.data() + power.size(), exponent);
      if (std::abs(exponent) > 76) Fail("the exponent of a decimal literal is too large");
    }
    const size_t dot = mantissa.find('.');
    int64_t scale = dot == std::string::npos ? 0 : static_cast<int64_t>(mantissa.size() - dot - 1);
    if (dot != std::string::npos) mantissa.erase(dot, 1);
    scale -= exponent;
    while (scale < 0) {
      mantissa += '0';
      ++scale;
    }
    const size_t first = mantissa.find_first_not_of('0');
    mantissa = first == std::string::npos ? "0" : mantissa.substr(first);
    while (static_cast<int64_t>(mantissa.size()) <= scale) mantissa.insert(0, "0");
    const auto precision = static_cast<int>(std::max<int64_t>(
        {static_cast<int64_t>(mantissa.size()) - (mantissa[0] == '0' && scale > 0 ? 1 : 0), scale, 1}));
    if (precision > 38) {
      throw Error("DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION",
                  fmt::format("The decimal literal {} has more than 38 digits.", token.text),
                  {{"precision", std::to_string(precision)}, {"maxPrecision", "38"}});
    }
    if (scale > 0) mantissa.insert(mantissa.size() - static_cast<size_t>(scale), ".");
    auto* value = literal->mutable_decimal();
    value->set_value(sign + mantissa);
    value->set_precision(precision);
    value->set_scale(static_cast<int>(scale));
  };
  const auto floating = [&](const std::string& digits) {
    double value = 0;
    const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (failure == std::errc::result_out_of_range) value = digits.find("E-") == std::string::npos ? HUGE_VAL : 0;
    return negative ? -value : value;
  };
  const char last = text.back();
  if (text.ends_with("BD")) {
    decimal(drop(2));
  } else if (last == 'L') {
    literal->set_long_(integer(drop(1), INT64_MIN, INT64_MAX, "bigint"));
  } else if (last == 'S') {
    literal->set_short_(static_cast<int32_t>(integer(drop(1), INT16_MIN, INT16_MAX, "smallint")));
  } else if (last == 'Y') {
    literal->set_byte(static_cast<int32_t>(integer(drop(1), INT8_MIN, INT8_MAX, "tinyint")));
  } else if (last == 'D') {
    literal->set_double_(floating(drop(1)));
  } else if (last == 'F') {
    const std::string digits = drop(1);
    float value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    literal->set_float_(negative ? -value : value);
  } else if (text.find('E') != std::string::npos) {
    literal->set_double_(floating(text));
  } else if (text.find('.') != std::string::npos) {
    decimal(text);
  } else {
    int64_t value = 0;
    const std::string whole = sign + text;
    const auto [end, failure] = std::from_chars(whole.data(), whole.data() + whole.size(), value);
    if (failure != std::errc()) {
      decimal(text);
    } else if (value >= INT32_MIN && value <= INT32_MAX) {
      literal->set_integer(static_cast<int32_t>(value));
    } else {
      literal->set_long_(value);
    }
  }
  return out;
}

proto::Expression ExpressionParser::ParseWord() {
  const std::string word = Lower(Peek().text);
  const bool before_string = Peek(1).kind == TokenKind::kString;
  proto::Expression out;
  if (Is("->", 1)) {
    const std::string parameter = ParseIdentifier();
    return ParseLambda({parameter});
  }
  if (before_string) {
    const std::string text = Peek(1).text;
    for (const char* type : {"date", "timestamp", "timestamp_ntz", "timestamp_ltz"}) {
      if (word != type) continue;
      at_ += 2;
      return CastString(text, word == "timestamp_ltz" ? "timestamp" : type);
    }
    if (word == "x") {
      if (!std::ranges::all_of(text, [](unsigned char c) { return std::isxdigit(c) != 0; }))
        Fail("X'…' takes hexadecimal digits");
      at_ += 2;
      out.mutable_literal()->set_binary(FromHex(text));
      return out;
    }
  }
  if (!Is(".", 1)) {
    if (word == "null") {
      ++at_;
      out.mutable_literal()->mutable_null()->mutable_null();
      return out;
    }
    if (word == "true" || word == "false") {
      ++at_;
      out.mutable_literal()->set_boolean(word == "true");
      return out;
    }
    if (word == "interval" && (before_string || Peek(1).kind == TokenKind::kNumber ||
                               (Is("-", 1) && Peek(2).kind != TokenKind::kIdentifier))) {
      ++at_;
      return ParseInterval();
    }
    if (word == "case" && !Is("(", 1)) return ParseCase();
    if (word == "case") return ParseCase();
    if (!Is("(", 1)) {
      for (const char* constant : {"current_date", "current_timestamp", "localtimestamp", "current_user"}) {
        if (word != constant) continue;
        ++at_;
        return MakeCall(word, {});
      }
    }
  }
  if (Is("(", 1) && !IsLambdaVariable(Peek().text)) {
    bool handled = false;
    proto::Expression special = ParseSpecialCall(word, &handled);
    if (handled) return special;
    const std::string name = ParseIdentifier();
    return ParseCall(name);
  }
  return ParseColumn();
}

proto::Expression ExpressionParser::ParseColumn() {
  std::vector<std::string> parts{ParseIdentifier()};
  while (Is(".")) {
    if (Is("*", 1)) {
      at_ += 2;
      proto::Expression star;
      star.mutable_unresolved_star()->set_unparsed_target(JoinName(parts) + ".*");
      return star;
    }
    ++at_;
    parts.push_back(ParseIdentifier());
  }
  proto::Expression out;
  if (IsLambdaVariable(parts[0])) {
    for (const std::string& part : parts) out.mutable_unresolved_named_lambda_variable()->add_name_parts(part);
    return out;
  }
  if (Is("(")) Fail("functions of other catalogs are not known");
  out.mutable_unresolved_attribute()->set_unparsed_identifier(JoinName(parts));
  return out;
}

proto::Expression ExpressionParser::ParseCase() {
  Expect("case");
  std::vector<proto::Expression> arguments;
  proto::Expression subject;
  const bool simple = !Is("when");
  if (simple) subject = ParseExpression();
  while (Accept("when")) {
    proto::Expression condition = ParseExpression();
    if (simple) condition = MakeCall("==", {subject, std::move(condition)});
    Expect("then");
    arguments.push_back(std::move(condition));
    arguments.push_back(ParseExpression());
  }
  if (arguments.empty()) Fail("expected WHEN");
  if (Accept("else")) arguments.push_back(ParseExpression());
  Expect("end");
  return MakeCall("when", std::move(arguments));
}

std::string ExpressionParser::ParseType() {
  // A type is a name with an optional parenthesis or angle bracket, or the words of an interval.
  const size_t begin = Peek().begin;
  size_t end = Peek().end;
  const bool interval = Is("interval");
  ParseIdentifier();
  if (interval) {
    while (Peek().kind == TokenKind::kIdentifier &&
           (Is("to") || Is("year") || Is("month") || Is("day") || Is("hour") || Is("minute") || Is("second"))) {
      end = Peek().end;
      ++at_;
    }
  }
  if (Is("(") || Is("<") || Is("<>")) {
    int nested = 0;
    do {
      if (AtEnd()) Fail("the type has no end");
      const std::string& text = Peek().text;
      if (Peek().kind == TokenKind::kOperator) {
        if (text == "(" || text == "<") ++nested;
        if (text == ")" || text == ">") --nested;
        if (text == ">>") nested -= 2;
        if (text == ">>>") nested -= 3;
      }
      end = Peek().end;
      ++at_;
    } while (nested > 0);
  }
  return source_.substr(begin, end - begin);
}

proto::Expression ExpressionParser::ParseCast(bool is_try) {
  ++at_;
  Expect("(");
  proto::Expression out;
  auto* cast = out.mutable_cast();
  *cast->mutable_expr() = ParseExpression();
  Expect("as");
  cast->set_type_str(ParseType());
  Expect(")");
  if (is_try) cast->set_eval_mode(proto::Expression::Cast::EVAL_MODE_TRY);
  return out;
}

proto::Expression ExpressionParser::ParseSpecialCall(const std::string& word, bool* handled) {
  *handled = true;
  if (word == "cast" || word == "try_cast") return ParseCast(word == "try_cast");
  const size_t start = at_;
  if (word == "extract") {
    at_ += 2;
    const std::string field = Peek().kind == TokenKind::kString ? Peek().text : Peek().text;
    ++at_;
    Expect("from");
    proto::Expression source = ParseExpression();
    Expect(")");
    return MakeCall("extract", {MakeString(field), std::move(source)});
  }
  if (word == "position") {
    at_ += 2;
    proto::Expression part = ParseBinary(5);
    if (Accept("in")) {
      proto::Expression whole = ParseExpression();
      Expect(")");
      return MakeCall("position", {std::move(part), std::move(whole)});
    }
    at_ = start;
  }
  if (word == "substring" || word == "substr") {
    at_ += 2;
    proto::Expression text = ParseExpression();
    if (Accept("from")) {
      std::vector<proto::Expression> arguments{std::move(text), ParseExpression()};
      if (Accept("for")) arguments.push_back(ParseExpression());
      Expect(")");
      return MakeCall("substring", std::move(arguments));
    }
    at_ = start;
  }
  if (word == "overlay") {
    at_ += 2;
    proto::Expression text = ParseExpression();
    if (Accept("placing")) {
      std::vector<proto::Expression> arguments{std::move(text), ParseExpression()};
      Expect("from");
      arguments.push_back(ParseExpression());
      if (Accept("for")) arguments.push_back(ParseExpression());
      Expect(")");
      return MakeCall("overlay", std::move(arguments));
    }
    at_ = start;
  }
  if (word == "trim") {
    at_ += 2;
    const char* function = "trim";
    const bool side = Is("both") || Is("leading") || Is("trailing");
    if (side && !Is(",", 1) && !Is(")", 1)) {
      function = Is("leading") ? "ltrim" : Is("trailing") ? "rtrim" : "trim";
      ++at_;
      if (Accept("from")) {
        proto::Expression source = ParseExpression();
        Expect(")");
        return MakeCall(function, {std::move(source)});
      }
    }
    proto::Expression characters = ParseExpression();
    if (Accept("from")) {
      proto::Expression source = ParseExpression();
      Expect(")");
      return MakeCall(function, {std::move(characters), std::move(source)});
    }
    at_ = start;
  }
  if (word == "exists" && (Is("select", 2) || Is("with", 2))) {
    throw Error("UNSUPPORTED_FEATURE", "The embedded engine does not support EXISTS.");
  }
  if (word == "timestampadd" || word == "timestampdiff") {
    throw Error("UNSUPPORTED_FEATURE", fmt::format("The embedded engine does not support the function `{}`.", word));
  }
  *handled = false;
  at_ = start;
  return {};
}

proto::Expression ExpressionParser::ParseCall(const std::string& name) {
  Expect("(");
  proto::Expression out;
  auto* call = out.mutable_unresolved_function();
  call->set_function_name(name);
  if (!Accept(")")) {
    call->set_is_distinct(Accept("distinct"));
    if (!call->is_distinct()) Accept("all");
    do {
      if ((Peek().kind == TokenKind::kIdentifier) && Is("=>", 1)) {
        throw Error("UNSUPPORTED_FEATURE", "The embedded engine does not support named arguments.");
      }
      *call->add_arguments() = ParseNamed();
    } while (Accept(","));
    Expect(")");
  }
  if (Is("within")) throw Error("UNSUPPORTED_FEATURE", "The embedded engine does not support WITHIN GROUP.");
  if (Is("filter") && Is("(", 1)) {
    at_ += 2;
    Expect("where");
    const proto::Expression condition = ParseExpression();
    Expect(")");
    if (!SkipsNull(name) || call->arguments().empty()) {
      throw Error("UNSUPPORTED_FEATURE", fmt::format("The embedded engine does not support FILTER for `{}`.", name));
    }
    proto::Expression* argument = call->mutable_arguments(0);
    if (argument->has_unresolved_star()) argument->mutable_literal()->set_integer(1);
    *argument = MakeCall("when", {condition, *argument});
  }
  const bool ignore = Is("ignore") && Is("nulls", 1);
  if (ignore || (Is("respect") && Is("nulls", 1))) {
    at_ += 2;
    if (ignore) {
      const std::string lower = Lower(name);
      const bool neighbour = lower == "lag" || lower == "lead";
      if (neighbour && call->arguments_size() == 1) call->add_arguments()->mutable_literal()->set_integer(1);
      if (neighbour && call->arguments_size() == 2)
        call->add_arguments()->mutable_literal()->mutable_null()->mutable_null();
      call->add_arguments()->mutable_literal()->set_boolean(true);
    }
  }
  if (Is("over")) return ParseOver(std::move(out));
  return out;
}

proto::Expression ExpressionParser::ParseOver(proto::Expression function) {
  Expect("over");
  proto::Expression out;
  auto* window = out.mutable_window();
  window->mutable_window_function()->Swap(&function);
  if (!Is("("))
    throw Error("UNSUPPORTED_FEATURE", "The embedded engine does not support named windows in an expression.");
  Expect("(");
  if (Accept("partition") || Accept("distribute")) {
    Expect("by");
    do {
      *window->add_partition_spec() = ParseExpression();
    } while (Accept(","));
  }
  if (Accept("order") || Accept("sort")) {
    Expect("by");
    do {
      *window->add_order_spec() = ParseSortOrder();
    } while (Accept(","));
  }
  if (Is("rows") || Is("range")) ParseFrame(window);
  Expect(")");
  return out;
}

void ExpressionParser::ParseFrame(proto::Expression::Window* window) {
  using Frame = proto::Expression::Window::WindowFrame;
  Frame* frame = window->mutable_frame_spec();
  frame->set_frame_type(Is("rows") ? Frame::FRAME_TYPE_ROW : Frame::FRAME_TYPE_RANGE);
  ++at_;
  if (Accept("between")) {
    ParseBoundary(frame->mutable_lower());
    Expect("and");
    ParseBoundary(frame->mutable_upper());
  } else {
    ParseBoundary(frame->mutable_lower());
    frame->mutable_upper()->set_current_row(true);
  }
}

void ExpressionParser::ParseBoundary(proto::Expression::Window::WindowFrame::FrameBoundary* boundary) {
  if (Accept("unbounded")) {
    if (!Accept("preceding")) Expect("following");
    boundary->set_unbounded(true);
    return;
  }
  if (Accept("current")) {
    Expect("row");
    boundary->set_current_row(true);
    return;
  }
  proto::Expression value = ParseBinary(5);
  if (Accept("preceding")) {
    if (value.has_literal() && value.literal().has_integer() && value.literal().integer() != INT32_MIN) {
      value.mutable_literal()->set_integer(-value.literal().integer());
    } else {
      value = MakeCall("negative", {std::move(value)});
    }
  } else {
    Expect("following");
  }
  boundary->mutable_value()->Swap(&value);
}

proto::Expression ExpressionParser::ParseInterval() {
  // INTERVAL '…' UNIT TO UNIT, or a list of values each with its unit, or all of it in one string.
  std::vector<IntervalPart> parts;
  const Token first = Peek();
  proto::Expression out;
  const auto is_unit = [&](size_t ahead) {
    return Peek(ahead).kind == TokenKind::kIdentifier && IsIntervalUnit(Peek(ahead).text);
  };
  if (first.kind == TokenKind::kString && is_unit(1) && Is("to", 2)) {
    const std::string from = Peek(1).text;
    const std::string to = Peek(3).text;
    at_ += 4;
    if (!ParseIntervalRange(first.text, from, to, out.mutable_literal()))
      Fail(fmt::format("'{}' is not an interval {} to {}", first.text, from, to));
    return out;
  }
  if (first.kind == TokenKind::kString && !is_unit(1)) {
    ++at_;
    if (!ParseIntervalWords(first.text, &parts)) Fail(fmt::format("'{}' is not an interval", first.text));
  } else {
    while (true) {
      const bool negative = Is("-");
      const Token& value = Peek(negative ? 1 : 0);
      const size_t unit = negative ? 2 : 1;
      if ((value.kind != TokenKind::kNumber && value.kind != TokenKind::kString) || !is_unit(unit)) break;
      parts.push_back({(negative ? "-" : "") + value.text, Peek(unit).text});
      at_ += unit + 1;
    }
    if (parts.empty()) Fail("expected a value and a unit, as in INTERVAL 3 DAYS");
  }
  if (!MakeInterval(parts, out.mutable_literal()))
    Fail("the interval mixes years or months with days or time, or is out of range");
  return out;
}

proto::Expression ParseExpression(std::string_view text) {
  ExpressionParser parser(text);
  proto::Expression out = parser.ParseNamed();
  if (!parser.AtEnd()) parser.Fail("the expression should end here");
  return out;
}

}  // namespace tinderbox::sql
