#include "engine/places.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <vector>

#include "engine/duckdb/scalar_function.h"
#include "spark/proto.h"
#include "spark/sql_context.h"

namespace tinderbox::engine {

namespace {

constexpr char kBegin = '\x01';
constexpr char kEnd = '\x02';

thread_local Places* current_places = nullptr;
thread_local AtPlace* current_place = nullptr;

/// Numbers are never used twice: SQL that outlives its Places names no place rather than another's.
std::atomic<int64_t> next_id = 0;

/// The functions of which an error can have a place; which errors have one is for their conditions to say.
constexpr std::string_view kFunctions[] = {
    "spark_add",
    "spark_array_index",
    "spark_conv",
    "spark_corr",
    "spark_decimal_add",
    "spark_decimal_div",
    "spark_decimal_divide",
    "spark_decimal_multiply",
    "spark_decimal_pmod",
    "spark_decimal_product",
    "spark_decimal_remainder",
    "spark_decimal_subtract",
    "spark_div",
    "spark_divide",
    "spark_double_to_decimal",
    "spark_double_to_timestamp",
    "spark_element_index",
    "spark_elt_index",
    "spark_insert_position",
    "spark_interval_add",
    "spark_interval_divide",
    "spark_interval_months",
    "spark_interval_multiply",
    "spark_interval_plus",
    "spark_make_day_time",
    "spark_make_year_month",
    "spark_multiply",
    "spark_pmod",
    "spark_remainder",
    "spark_round",
    "spark_round_decimal",
    "spark_string_to_boolean",
    "spark_string_to_byte",
    "spark_string_to_date",
    "spark_string_to_day_time",
    "spark_string_to_decimal",
    "spark_string_to_double",
    "spark_string_to_float",
    "spark_string_to_int",
    "spark_string_to_long",
    "spark_string_to_short",
    "spark_string_to_time",
    "spark_string_to_timestamp",
    "spark_string_to_timestamp_ntz",
    "spark_string_to_year_month",
    "spark_subquery",
    "spark_subtract",
    "spark_sum_digits",
};

/// What DuckDB does itself, and what it calls it.
struct Builtin {
  std::string_view name;
  std::string_view text;
  bool numbered;  ///< whether further places have native functions
};
constexpr Builtin kBuiltins[] = {
    {"spark_add", "\"+\"", true},
    {"spark_subtract", "\"-\"", true},
    {"spark_multiply", "\"*\"", true},
    {"spark_subquery", "", false},
};

const Builtin* FindBuiltin(std::string_view name) {
  const auto* found = std::ranges::find(kBuiltins, name, &Builtin::name);
  return found == std::end(kBuiltins) ? nullptr : found;
}

bool InName(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

/// The number of the mark at `begin`; the end of the mark in `end`.
int64_t ReadMark(std::string_view text, size_t begin, size_t* end) {
  *end = std::min(text.find(kEnd, begin), text.size() - 1) + 1;
  int64_t id = -1;
  std::from_chars(text.data() + begin + 1, text.data() + *end - 1, id);
  return id;
}

/// Tells what stands in quotes, where nothing is a mark.
class Quotes {
 public:
  /// Whether `c`, the next character, begins a mark.
  bool IsMark(char c) {
    if (c == kBegin) return quote_ == '\0';
    // A doubled quote ends a piece of text and begins the next.
    if (quote_ == '\0' ? c == '\'' || c == '"' : c == quote_) quote_ = quote_ == '\0' ? c : '\0';
    return false;
  }

 private:
  char quote_ = '\0';
};

std::string WithoutMarks(std::string_view text) {
  std::string out;
  Quotes quotes;
  for (size_t i = 0; i < text.size();) {
    if (quotes.IsMark(text[i])) {
      ReadMark(text, i, &i);
    } else {
      out += text[i++];
    }
  }
  return out;
}

}  // namespace

Places::Places() : outer_(current_places) {
  current_places = this;
}

Places::~Places() {
  current_places = outer_;
}

AtPlace::AtPlace(const proto::Origin& origin) : outer_(current_place), origin_(&origin) {
  if (!origin.has_python_origin() && !origin.has_jvm_origin()) {
    origin_ = nullptr;
    return;
  }
  if (outer_ != nullptr) text_ = outer_->text_;
  if (origin.has_jvm_origin() && origin.jvm_origin().has_sql_text()) text_ = &origin.jvm_origin();
  current_place = this;
}

AtPlace::~AtPlace() {
  current_place = outer_;
}

QueryContext ContextOf(const proto::Origin& origin) {
  QueryContext out;
  if (origin.has_python_origin()) {
    out.kind = QueryContext::Kind::kDataFrame;
    out.fragment = origin.python_origin().fragment();
    out.call_site = origin.python_origin().call_site();
    return out;
  }
  const auto& sql = origin.jvm_origin();
  if (sql.has_sql_text()) {
    return spark::MakeSqlContext(sql.sql_text(), sql.start_index(), sql.stop_index(), sql.object_type(),
                                 sql.object_name());
  }
  // The text stands further out.
  out.object_type = sql.object_type();
  out.object_name = sql.object_name();
  out.start_index = sql.start_index();
  out.stop_index = sql.stop_index();
  return out;
}

std::string PlaceMark() {
  if (current_places == nullptr || current_place == nullptr) return "";
  AtPlace& at = *current_place;
  if (at.id_ < 0) {
    QueryContext context = ContextOf(*at.origin_);
    if (context.kind == QueryContext::Kind::kSql && context.summary.empty()) {
      if (at.text_ == nullptr) return "";
      context = spark::MakeSqlContext(at.text_->sql_text(), context.start_index, context.stop_index,
                                      at.text_->object_type(), at.text_->object_name());
    }
    at.id_ = next_id++;
    current_places->contexts_.emplace(at.id_, std::move(context));
  }
  return fmt::format("{}{}{}", kBegin, at.id_, kEnd);
}

std::string PlaceMarkOf(std::string_view function) {
  // A member of a family stands where its family does.
  return std::ranges::binary_search(kFunctions, function.substr(0, function.rfind(kMemberMark))) ? PlaceMark() : "";
}

bool SameButForPlaces(std::string_view a, std::string_view b) {
  if (a == b) return true;
  if (a.find(kBegin) == std::string_view::npos && b.find(kBegin) == std::string_view::npos) return false;
  return WithoutMarks(a) == WithoutMarks(b);
}

std::optional<std::string_view> WithoutPlace(std::string_view function) {
  size_t digits = function.size();
  while (digits > 0 && function[digits - 1] >= '0' && function[digits - 1] <= '9') --digits;
  const std::string_view rest = function.substr(0, digits);
  if (digits == function.size() || !rest.ends_with(kPlaceMark)) return std::nullopt;
  return rest.substr(0, rest.size() - kPlaceMark.size());
}

PlacedSql::PlacedSql(std::string_view marked) {
  if (marked.find(kBegin) == std::string_view::npos) {
    text_ = marked;
    return;
  }
  // The places of each function, in the order of the text.
  std::map<std::string, std::vector<int64_t>, std::less<>> ids;
  int line = 1;
  Quotes quotes;
  const auto place = [&](int64_t id) -> const QueryContext* {
    if (current_places == nullptr) return nullptr;
    const auto found = current_places->contexts_.find(id);
    return found == current_places->contexts_.end() ? nullptr : &found->second;
  };
  for (size_t i = 0; i < marked.size();) {
    const char c = marked[i];
    if (!quotes.IsMark(c)) {
      if (c == '\n') ++line;
      text_ += c;
      ++i;
      continue;
    }
    const int64_t id = ReadMark(marked, i, &i);
    const QueryContext* context = place(id);
    if (i >= marked.size() || marked[i] != '(') {
      text_ += '\n';
      ++line;
      if (context != nullptr) lines_.emplace(line, *context);
      continue;
    }
    size_t begin = text_.size();
    while (begin > 0 && InName(text_[begin - 1])) --begin;
    const std::string name = text_.substr(begin);
    std::vector<int64_t>& known = ids[name];
    auto at = std::ranges::find(known, id);
    if (at == known.end()) at = known.insert(at, id);
    const auto number = at - known.begin();
    const Builtin* builtin = FindBuiltin(name);
    if (builtin != nullptr && (number == 0 || !builtin->numbered)) {
      text_.resize(begin);
      text_ += builtin->text;
      if (known.size() > 1 && !builtin->numbered) {
        functions_.erase(name);  // which of them failed cannot be told
      } else if (context != nullptr) {
        functions_.emplace(name, *context);
      }
      continue;
    }
    if (number != 0) text_ += fmt::format("{}{}", kPlaceMark, number);
    if (context != nullptr) functions_.emplace(text_.substr(begin), *context);
  }
}

std::optional<QueryContext> PlacedSql::OfFunction(const std::string& name) const {
  const auto found = functions_.find(name);
  return found == functions_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<QueryContext> PlacedSql::OfLine(int line) const {
  const auto found = lines_.find(line);
  return found == lines_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace tinderbox::engine
