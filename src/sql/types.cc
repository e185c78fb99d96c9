// Data types: in casts and column definitions.
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <functional>

#include "base/ascii.h"

#include "sql/grammar.h"

namespace tinderbox::sql {

namespace {

using Type = proto::DataType;

struct TypeRow {
  std::string_view name;
  void (*make)(Type* out);
};

template <typename T, T* (Type::*Member)()>
void Make(Type* out) {
  (out->*Member)();
}

constexpr TypeRow kTypes[] = {
    {"boolean", Make<Type::Boolean, &Type::mutable_boolean>},
    {"tinyint", Make<Type::Byte, &Type::mutable_byte>},
    {"byte", Make<Type::Byte, &Type::mutable_byte>},
    {"smallint", Make<Type::Short, &Type::mutable_short_>},
    {"short", Make<Type::Short, &Type::mutable_short_>},
    {"int", Make<Type::Integer, &Type::mutable_integer>},
    {"integer", Make<Type::Integer, &Type::mutable_integer>},
    {"bigint", Make<Type::Long, &Type::mutable_long_>},
    {"long", Make<Type::Long, &Type::mutable_long_>},
    {"float", Make<Type::Float, &Type::mutable_float_>},
    {"real", Make<Type::Float, &Type::mutable_float_>},
    {"double", Make<Type::Double, &Type::mutable_double_>},
    {"date", Make<Type::Date, &Type::mutable_date>},
    {"timestamp", Make<Type::Timestamp, &Type::mutable_timestamp>},
    {"timestamp_ltz", Make<Type::Timestamp, &Type::mutable_timestamp>},
    {"timestamp_ntz", Make<Type::TimestampNTZ, &Type::mutable_timestamp_ntz>},
    {"string", Make<Type::String, &Type::mutable_string>},
    {"binary", Make<Type::Binary, &Type::mutable_binary>},
    {"void", Make<Type::NULL_, &Type::mutable_null>},
    {"interval", Make<Type::CalendarInterval, &Type::mutable_calendar_interval>},
    {"variant", Make<Type::Variant, &Type::mutable_variant>},
};

constexpr std::array kIntervalFields = {"day", "hour", "minute", "second"};

}  // namespace

std::string Parser::ParseType(proto::DataType* type) {
  const size_t first = at_;
  proto::DataType parsed;
  ParseDataType(&parsed);
  if (type != nullptr) type->Swap(&parsed);
  return Text(first);
}

void Parser::ParseStructFields(proto::DataType::Struct* type) {
  do {
    auto* field = type->add_fields();
    field->set_name(ParseIdentifier());
    Accept(":");
    ParseDataType(field->mutable_data_type());
    field->set_nullable(!AcceptWords("not null"));
    if (Accept("comment")) {
      // The value is a string of JSON: quoted by the text form of a string literal.
      std::string json;
      for (char c : ParseString()) {
        if (c == '"' || c == '\\') json += '\\';
        json += c == '\n' ? "\\n" : c == '\t' ? "\\t" : c == '\r' ? "\\r" : std::string(1, c);
      }
      field->set_metadata(fmt::format("{{\"comment\":\"{}\"}}", json));
    }
  } while (Accept(","));
}

void Parser::ParseDataType(proto::DataType* type) {
  const Level level(this);
  const size_t first = at_;
  const std::string written = ParseIdentifier();
  const std::string name = base::LowerCase(written);
  // ">>" closes two types at once: it is split, so that each takes its own.
  const auto close = [&] {
    Token& token = tokens_[at_];
    if (token.kind == TokenKind::kOperator && (token.text == ">>" || token.text == ">>>")) {
      token.text.pop_back();
      return;
    }
    Expect(">");
  };
  if (name == "array" && Accept("<")) {
    type->mutable_array()->set_contains_null(true);
    ParseDataType(type->mutable_array()->mutable_element_type());
    return close();
  }
  if (name == "map" && Accept("<")) {
    type->mutable_map()->set_value_contains_null(true);
    ParseDataType(type->mutable_map()->mutable_key_type());
    Expect(",");
    ParseDataType(type->mutable_map()->mutable_value_type());
    return close();
  }
  if (name == "struct" && (Is("<") || Is("<>"))) {
    auto* fields = type->mutable_struct_();
    if (Accept("<>")) return;
    ++at_;
    if (!Is(">")) ParseStructFields(fields);
    return close();
  }
  if (name == "array" || name == "map" || name == "struct") {
    Refuse(first, "INCOMPLETE_TYPE_DEFINITION." + Upper(name),
           fmt::format("Incomplete complex type: The definition of \"{}\" type is incomplete.", Upper(name)),
           name == "array" ? Error::Params{{"elementType", "<INT>"}} : Error::Params{});
  }
  if (name == "interval" && (Is("year") || Is("month"))) {
    const bool year = Is("year");
    ++at_;
    auto* interval = type->mutable_year_month_interval();
    interval->set_start_field(year ? 0 : 1);
    interval->set_end_field(year && AcceptWords("to month") ? 1 : interval->start_field());
    return;
  }
  if (name == "interval") {
    for (int start = 0; start < 4; ++start) {
      if (!Accept(kIntervalFields[static_cast<size_t>(start)])) continue;
      auto* interval = type->mutable_day_time_interval();
      interval->set_start_field(start);
      interval->set_end_field(start);
      for (int end = start + 1; end < 4; ++end) {
        if (AcceptWords(std::string("to ") + kIntervalFields[static_cast<size_t>(end)])) interval->set_end_field(end);
      }
      return;
    }
  }
  std::vector<int> numbers;
  if (Accept("(")) {
    do {
      int number = 0;
      const std::string& text = Peek().text;
      const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
      if (Peek().kind != TokenKind::kNumber || failure != std::errc() || end != text.data() + text.size()) Fail();
      numbers.push_back(number);
      ++at_;
    } while (Accept(","));
    Expect(")");
  }
  if (name == "decimal" || name == "dec" || name == "numeric") {
    if (numbers.size() > 2) Refuse(first, "UNSUPPORTED_DATATYPE", "Unsupported data type \"DECIMAL\".");
    auto* decimal = type->mutable_decimal();
    decimal->set_precision(numbers.empty() ? 10 : numbers[0]);
    decimal->set_scale(numbers.size() < 2 ? 0 : numbers[1]);
    return;
  }
  if (name == "char" || name == "character" || name == "varchar") {
    if (numbers.empty()) {
      Refuse(first, "DATATYPE_MISSING_SIZE",
             fmt::format("DataType \"{0}\" requires a length parameter, for example \"{0}\"(10). Please specify the "
                         "length.",
                         Upper(written)),
             {{"type", fmt::format("\"{}\"", Upper(written))}});
    }
    if (numbers.size() == 1) {
      if (name == "varchar") {
        type->mutable_var_char()->set_length(numbers[0]);
      } else {
        type->mutable_char_()->set_length(numbers[0]);
      }
      return;
    }
  }
  if (name == "time" && numbers.size() <= 1) {
    type->mutable_time()->set_precision(numbers.empty() ? 6 : numbers[0]);
    return;
  }
  if (numbers.empty()) {
    for (const TypeRow& row : kTypes) {
      if (row.name != name) continue;
      row.make(type);
      if (name == "string" && Accept("collate")) type->mutable_string()->set_collation(JoinName(ParseMultipart()));
      return;
    }
  }
  std::string shown = Upper(written);
  for (size_t i = 0; i < numbers.size(); ++i) shown += fmt::format("{}{}", i == 0 ? "(" : ",", numbers[i]);
  if (!numbers.empty()) shown += ")";
  Refuse(first, "UNSUPPORTED_DATATYPE", fmt::format("Unsupported data type \"{}\".", shown),
         {{"typeName", fmt::format("\"{}\"", shown)}});
}

}  // namespace tinderbox::sql
