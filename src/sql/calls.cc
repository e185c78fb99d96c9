// Function calls: those with words between their arguments, what may stand behind a call, and windows.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/ascii.h"

#include "sql/grammar.h"

namespace tinderbox::sql {

namespace {

constexpr std::array kDatetimeUnits = {"year", "quarter", "month",  "week",        "day",        "dayofyear",
                                       "hour", "minute",  "second", "millisecond", "microsecond"};
constexpr std::array kAddFunctions = {"timestampadd", "dateadd", "date_add"};
constexpr std::array kDiffFunctions = {"timestampdiff", "datediff", "date_diff", "timediff"};

bool Among(const auto& words, const std::string& word) {
  return std::ranges::any_of(words, [&](const char* one) { return word == one; });
}

}  // namespace

bool Parser::HasWord(std::string_view word) const {
  // at_ is at the name; the parenthesis comes next.
  const size_t end = closing_[at_ + 1];
  for (size_t i = at_ + 2; i < end; ++i) {
    if (tokens_[i].kind == TokenKind::kOperator && tokens_[i].text == "(") i = closing_[i];
    if (Is(word, i - at_) && !Is("distinct", i - at_ - 1)) return true;
  }
  return false;
}

proto::Expression Parser::ParseDateArithmetic(const std::string& function) {
  if (Peek().kind == TokenKind::kString) {
    const size_t first = at_;
    const std::string value = Text(first, first + 1);
    Refuse(
        first, "INVALID_PARAMETER_VALUE.DATETIME_UNIT",
        fmt::format("The value of parameter(s) `unit` in `{}` is invalid: expects one of the units without quotes "
                    "YEAR, QUARTER, MONTH, WEEK, DAY, DAYOFYEAR, HOUR, MINUTE, SECOND, MILLISECOND, MICROSECOND, but "
                    "got the string literal {}.",
                    function, value),
        {{"functionName", fmt::format("`{}`", function)}, {"parameter", "`unit`"}, {"invalidValue", value}});
  }
  std::vector<proto::Expression> arguments{MakeString(Upper(ParseIdentifier()))};
  for (int i = 0; i < 2; ++i) {
    Expect(",");
    arguments.push_back(ParseValue());
  }
  Expect(")");
  return MakeCall(Among(kAddFunctions, function) ? "timestampadd" : "timestampdiff", std::move(arguments));
}

bool Parser::ParseSpecialCall(const std::string& word, proto::Expression* out) {
  if (word == "cast" || word == "try_cast") {
    *out = ParseCast(word == "try_cast");
    return true;
  }
  if (word == "extract" && HasWord("from")) {
    at_ += 2;
    const std::string field = Peek().kind == TokenKind::kString ? ParseString() : ParseIdentifier();
    Expect("from");
    *out = MakeCall("extract", {MakeString(field), ParseValue()});
    Expect(")");
    return true;
  }
  if (word == "position" && HasWord("in")) {
    at_ += 2;
    proto::Expression part = ParseValue();
    Expect("in");
    *out = MakeCall("locate", {std::move(part), ParseValue()});
    Expect(")");
    return true;
  }
  if ((word == "substring" || word == "substr") && HasWord("from")) {
    at_ += 2;
    std::vector<proto::Expression> arguments{ParseValue()};
    Expect("from");
    arguments.push_back(ParseValue());
    if (Accept("for") || Accept(",")) arguments.push_back(ParseValue());
    Expect(")");
    *out = MakeCall("substring", std::move(arguments));
    return true;
  }
  if (word == "overlay" && HasWord("placing")) {
    at_ += 2;
    std::vector<proto::Expression> arguments{ParseValue()};
    for (const char* between : {"placing", "from"}) {
      Expect(between);
      arguments.push_back(ParseValue());
    }
    if (Accept("for")) arguments.push_back(ParseValue());
    Expect(")");
    *out = MakeCall("overlay", std::move(arguments));
    return true;
  }
  if (word == "trim" && HasWord("from")) {
    at_ += 2;
    const char* function = Is("leading") ? "ltrim" : Is("trailing") ? "rtrim" : "trim";
    if (Is("leading") || Is("trailing") || Is("both")) ++at_;
    std::vector<proto::Expression> arguments;
    if (!Is("from")) arguments.push_back(ParseValue());
    Expect("from");
    arguments.push_back(ParseValue());
    Expect(")");
    *out = MakeCall(function, std::move(arguments));
    return true;
  }
  const bool unit = Peek(2).kind == TokenKind::kString ? Among(kAddFunctions, word) || Among(kDiffFunctions, word)
                                                       : Among(kDatetimeUnits, base::LowerCase(Peek(2).text));
  if (unit && Is(",", 3) && (Among(kAddFunctions, word) || Among(kDiffFunctions, word))) {
    // Three arguments; with two it is a function of a column that is called like a unit.
    int commas = 0;
    for (size_t i = at_ + 2; i < closing_[at_ + 1]; ++i) {
      if (tokens_[i].kind == TokenKind::kOperator && tokens_[i].text == "(") i = closing_[i];
      if (Is(",", i - at_)) ++commas;
    }
    if (commas >= 2) {
      at_ += 2;
      *out = ParseDateArithmetic(word);
      return true;
    }
  }
  if (word == "identifier" && at_ + 1 < closing_[at_ + 1]) {
    const size_t first = at_;
    at_ += 2;
    const proto::Expression value = ParseExpression();
    Expect(")");
    Names parts = sql::ParseName(ConstantText(value, first));
    if (Is("(")) {
      *out = ParseCall(parts, first);
      return true;
    }
    while (Is(".") && IsName(1)) {
      ++at_;
      parts.push_back(ParseIdentifier());
    }
    out->mutable_unresolved_attribute()->set_unparsed_identifier(JoinName(parts));
    return true;
  }
  return false;
}

proto::Expression Parser::ParseArgument(bool named) {
  if (IsName() && Is("=>", 1)) {
    proto::Expression out;
    out.mutable_named_argument_expression()->set_key(ParseIdentifier());
    Expect("=>");
    *out.mutable_named_argument_expression()->mutable_value() = ParseExpression();
    return out;
  }
  return named ? ParseNamed() : ParseExpression();
}

proto::Expression Parser::ParseCall(const Names& name, size_t first) {
  plan::AggregateCall clauses;
  auto* call = clauses.mutable_function();
  const std::string last = base::LowerCase(name.back());
  const bool builtin = name.size() > 1 && base::LowerCase(name[name.size() - 2]) == "builtin" &&
                       (name.size() == 2 || (name.size() == 3 && base::LowerCase(name[0]) == "system"));
  call->set_function_name(name.size() == 1 || builtin ? name.back() : JoinName(name));
  bool has_clauses = false;
  Expect("(");
  if (!Accept(")")) {
    if (Is("table") && (Is("(", 1) || IsName(1))) RefuseFeature(at_, "a table as the argument of a function");
    if (!Is(",", 1) && !Is(")", 1) && !Is(".", 1)) {
      call->set_is_distinct(Accept("distinct"));
      if (!call->is_distinct() && Is("all") && !Is("(", 1)) ++at_;
    }
    do {
      *call->add_arguments() = ParseArgument(last == "struct");
    } while (Accept(","));
    if ((last == "first" || last == "last" || last == "any_value" || last == "first_value" || last == "last_value") &&
        AcceptWords("ignore nulls")) {
      clauses.set_ignore_nulls(true);
      has_clauses = true;
    }
    Require(")");
  }
  if (AcceptWords("within group")) {
    has_clauses = true;
    Expect("(");
    ExpectWords("order by");
    do {
      *clauses.add_within_group() = ParseSortOrder();
    } while (Accept(","));
    Expect(")");
  }
  if (Is("filter") && Is("(", 1)) {
    has_clauses = true;
    at_ += 2;
    Expect("where");
    *clauses.mutable_filter() = ParseExpression();
    Expect(")");
  }
  if (AcceptWords("ignore nulls")) {
    has_clauses = true;
    clauses.set_ignore_nulls(true);
  } else {
    AcceptWords("respect nulls");
  }
  proto::Expression out;
  if (has_clauses) {
    plan::ExpressionExtension extension;
    extension.mutable_aggregate_call()->Swap(&clauses);
    out = MakeExtension(extension);
  } else {
    out.mutable_unresolved_function()->Swap(call);
  }
  out = Located(std::move(out), first);
  if (Is("over") && (Is("(", 1) || IsName(1))) return ParseOver(std::move(out), first);
  return out;
}

proto::Expression Parser::ParseOver(proto::Expression function, size_t first) {
  Expect("over");
  proto::Expression out;
  ParseWindowSpec(out.mutable_window());
  out.mutable_window()->mutable_window_function()->Swap(&function);
  return Located(std::move(out), first);
}

void Parser::ParseWindowSpec(proto::Expression::Window* window) {
  const bool parenthesis = Is("(");
  if (!parenthesis || (IsName(1) && Is(")", 2))) {
    const size_t at = at_;
    if (parenthesis) ++at_;
    const std::string name = ParseIdentifier();
    if (parenthesis) Expect(")");
    if (select_ != nullptr && !select_->windows_known) FindNamedWindows();
    const auto found =
        select_ == nullptr ? std::map<std::string, proto::Expression::Window>::iterator() : select_->windows.find(name);
    if (select_ == nullptr || found == select_->windows.end()) {
      Refuse(at, "MISSING_WINDOW_SPECIFICATION",
             fmt::format("Window specification is not defined in the WINDOW clause for {}. For more information about "
                         "WINDOW clauses, please refer to "
                         "'https://spark.apache.org/docs/latest/sql-ref-syntax-qry-select-window.html'.",
                         name),
             {{"windowName", name}, {"docroot", "https://spark.apache.org/docs/latest"}});
    }
    copied_bytes_ += found->second.ByteSizeLong();
    CountCopy({});
    *window = found->second;
    return;
  }
  Expect("(");
  const bool cluster = AcceptWords("cluster by");
  if (cluster || AcceptWords("partition by") || AcceptWords("distribute by")) {
    do {
      *window->add_partition_spec() = ParseExpression();
      if (cluster) {
        auto* order = window->add_order_spec();
        *order->mutable_child() = window->partition_spec(window->partition_spec_size() - 1);
        order->set_direction(proto::Expression::SortOrder::SORT_DIRECTION_ASCENDING);
        order->set_null_ordering(proto::Expression::SortOrder::SORT_NULLS_FIRST);
      }
    } while (Accept(","));
  }
  if (!cluster && (AcceptWords("order by") || AcceptWords("sort by"))) {
    do {
      *window->add_order_spec() = ParseSortOrder();
    } while (Accept(","));
  }
  if (Is("rows") || Is("range")) ParseFrame(window);
  Expect(")");
}

void Parser::ParseFrame(proto::Expression::Window* window) {
  using Frame = proto::Expression::Window::WindowFrame;
  Frame* frame = window->mutable_frame_spec();
  const size_t first = at_;
  frame->set_frame_type(Is("rows") ? Frame::FRAME_TYPE_ROW : Frame::FRAME_TYPE_RANGE);
  ++at_;
  const bool between = Accept("between");
  const bool from_end = AreWords("unbounded following");
  ParseBoundary(frame->mutable_lower());
  bool to_start = false;
  if (between) {
    Expect("and");
    to_start = AreWords("unbounded preceding");
    ParseBoundary(frame->mutable_upper());
  } else {
    frame->mutable_upper()->set_current_row(true);
  }
  if (from_end || to_start) {
    Refuse(first, "DATATYPE_MISMATCH.SPECIFIED_WINDOW_FRAME_INVALID_BOUND",
           "Cannot resolve the window frame: it starts behind its end.", {{"sqlExpr", Text(first)}});
  }
}

void Parser::ParseBoundary(proto::Expression::Window::WindowFrame::FrameBoundary* boundary) {
  if (AreWords("unbounded preceding") || AreWords("unbounded following")) {
    at_ += 2;
    boundary->set_unbounded(true);
    return;
  }
  if (AcceptWords("current row")) {
    boundary->set_current_row(true);
    return;
  }
  proto::Expression value = ParseExpression();
  if (Accept("preceding")) {
    value = MakeCall("-", {std::move(value)});
  } else {
    Expect("following");
  }
  boundary->mutable_value()->Swap(&value);
}

void Parser::FindNamedWindows() {
  select_->windows_known = true;
  const size_t back = at_;
  for (size_t i = select_->start; i < tokens_.size(); ++i) {
    at_ = i;
    if (Is("(")) {
      i = closing_[i];
      continue;
    }
    if (Is(")") || Is(";") || Is("union") || Is("intersect") || Is("|>")) break;
    if (Is("window") && IsName(1) && Is("as", 2)) {
      select_->windows_known = false;
      Names variables;
      variables.swap(lambda_variables_);
      ParseWindowClause();
      variables.swap(lambda_variables_);
      break;
    }
  }
  at_ = back;
}

void Parser::ParseWindowClause() {
  if (!Is("window") || !IsName(1) || !Is("as", 2)) return;
  const bool known = select_ != nullptr && select_->windows_known;
  if (select_ != nullptr) select_->windows_known = true;
  ++at_;
  do {
    const std::string name = ParseIdentifier();
    Expect("as");
    if (known) {
      at_ = Is("(") ? Behind(at_) : at_ + 1;
      continue;
    }
    proto::Expression::Window window;
    ParseWindowSpec(&window);
    if (select_ != nullptr) select_->windows[name] = std::move(window);
  } while (Accept(","));
}

}  // namespace tinderbox::sql
