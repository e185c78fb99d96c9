#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "base/fail.h"
#include "base/json_text.h"
#include "spark/type_names.h"
#include "tinderbox/types.h"

namespace tinderbox {
namespace {

using nlohmann::json;

[[noreturn]] void Bad(const std::string& place, const std::string& why) {
  base::FailWith("INVALID_JSON_DATA_TYPE", {{"invalidType", place}}, "The schema JSON is not a Spark data type: {}{}",
                 place.empty() ? "" : "at " + place + ": ", why);
}

std::string Dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string Shorten(std::string text) {
  if (text.size() <= 60) return text;
  text.resize(60);
  return base::ReplaceInvalidUtf8(text) + "…";
}

/// Reads "name(1,2)" as its numbers; nullopt when the text has another form.
std::optional<std::vector<int>> Parameters(std::string_view text, std::string_view name) {
  if (!text.starts_with(name)) return std::nullopt;
  text.remove_prefix(name.size());
  if (text.size() < 3 || text.front() != '(' || text.back() != ')') return std::nullopt;
  text = text.substr(1, text.size() - 2);
  std::vector<int> numbers;
  while (true) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    int number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) return std::nullopt;
    numbers.push_back(number);
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    if (text.empty()) return numbers;
    if (text.front() != ',') return std::nullopt;
    text.remove_prefix(1);
  }
}

DataType ParseName(const std::string& name, const std::string& place) {
  static constexpr TypeKind kPlain[] = {TypeKind::kNull,
                                        TypeKind::kBoolean,
                                        TypeKind::kByte,
                                        TypeKind::kShort,
                                        TypeKind::kInteger,
                                        TypeKind::kLong,
                                        TypeKind::kFloat,
                                        TypeKind::kDouble,
                                        TypeKind::kString,
                                        TypeKind::kBinary,
                                        TypeKind::kDate,
                                        TypeKind::kTime,
                                        TypeKind::kTimestamp,
                                        TypeKind::kTimestampNtz,
                                        TypeKind::kYearMonthInterval,
                                        TypeKind::kDayTimeInterval,
                                        TypeKind::kVariant};
  for (const TypeKind kind : kPlain) {
    if (name == spark::JsonName(kind)) return DataType(kind);
  }
  for (int start = 0; start < 4; ++start) {
    for (int end = start; end < 4; ++end) {
      const DataType time = DataType::DayTimeInterval(start, end);
      if (name == spark::JsonName(time)) return time;
      if (end > 1) continue;
      const DataType months = DataType::YearMonthInterval(start, end);
      if (name == spark::JsonName(months)) return months;
    }
  }
  if (name == "interval" || name == "calendarinterval") return DataType(TypeKind::kCalendarInterval);
  if (const auto numbers = Parameters(name, "time")) {
    if (numbers->size() == 1 && numbers->front() >= 0 && numbers->front() <= 6) return DataType::Time(numbers->front());
  }
  // Text of a bounded length is text: the bound is the business of who writes it.
  if (Parameters(name, "char") || Parameters(name, "varchar")) return DataType(TypeKind::kString);
  if (name == "null") return DataType();
  if (name == "timestamp_ltz") return DataType(TypeKind::kTimestamp);
  if (name == "decimal") return DataType::Decimal(10, 0);
  if (const auto numbers = Parameters(name, "decimal")) {
    if (numbers->size() > 2) Bad(place, fmt::format("{} has too many parameters", base::JsonString(name)));
    const int precision = numbers->front();
    const int scale = numbers->size() == 2 ? numbers->back() : 0;
    if (precision < 1 || precision > 38 || scale < 0 || scale > precision) {
      Bad(place, fmt::format("{}: the precision must be 1 to 38 and the scale 0 to the precision", name));
    }
    return DataType::Decimal(precision, scale);
  }
  for (const std::string_view known : {"time(", "interval", "calendar", "string collate", "geometry", "geography"}) {
    if (std::string_view(name).starts_with(known)) {
      Bad(place, fmt::format("the type {} is not supported", base::JsonString(name)));
    }
  }
  Bad(place,
      fmt::format("{} is no data type; known are string, integer, long, short, byte, float, double, boolean, date, "
                  "timestamp, timestamp_ntz, binary and decimal(p,s)",
                  base::JsonString(Shorten(name))));
}

const json& Member(const json& object, const char* name, const std::string& place) {
  const auto found = object.find(name);
  if (found == object.end()) Bad(place, fmt::format("\"{}\" is missing in {}", name, Shorten(Dump(object))));
  return *found;
}

bool Flag(const json& object, const char* name, const std::string& place) {
  const json& flag = Member(object, name, place);
  if (!flag.is_boolean()) Bad(place, fmt::format("\"{}\" must be true or false, not {}", name, Shorten(Dump(flag))));
  return flag.get<bool>();
}

DataType ParseType(const json& value, const std::string& place);

std::vector<StructField> ParseFields(const json& object, const std::string& place) {
  const json& list = Member(object, "fields", place);
  if (!list.is_array()) Bad(place, "\"fields\" must be a list");
  std::vector<StructField> fields;
  fields.reserve(list.size());
  for (size_t i = 0; i < list.size(); ++i) {
    const std::string here = fmt::format("{}fields[{}]", place.empty() ? "" : place + ".", i);
    const json& item = list[i];
    if (!item.is_object()) Bad(here, "a field must be an object");
    const json& name = Member(item, "name", here);
    if (!name.is_string()) Bad(here, "\"name\" must be a string");
    StructField field;
    field.name = name.get<std::string>();
    field.type = ParseType(Member(item, "type", here), here + ".type");
    // Both have a default in PySpark's reader of the same document.
    if (item.contains("nullable")) field.nullable = Flag(item, "nullable", here);
    if (const auto metadata = item.find("metadata"); metadata != item.end() && !metadata->is_null()) {
      if (!metadata->is_object()) Bad(here, "\"metadata\" must be an object");
      field.metadata_json = Dump(*metadata);
    }
    fields.push_back(std::move(field));
  }
  return fields;
}

DataType ParseType(const json& value, const std::string& place) {
  if (value.is_string()) return ParseName(value.get<std::string>(), place);
  if (!value.is_object()) Bad(place, fmt::format("a type is a name or an object, not {}", Shorten(Dump(value))));
  const json& kind = Member(value, "type", place);
  const std::string prefix = place.empty() ? "" : place + ".";
  if (kind == "struct") return DataType::Struct(ParseFields(value, place));
  if (kind == "array") {
    return DataType::Array(ParseType(Member(value, "elementType", place), prefix + "elementType"),
                           Flag(value, "containsNull", place));
  }
  if (kind == "map") {
    return DataType::Map(ParseType(Member(value, "keyType", place), prefix + "keyType"),
                         ParseType(Member(value, "valueType", place), prefix + "valueType"),
                         Flag(value, "valueContainsNull", place));
  }
  Bad(place, fmt::format("\"type\" must be \"struct\", \"array\" or \"map\", not {}", Shorten(Dump(kind))));
}

json ParseDocument(std::string_view text) {
  const auto bound = [](int depth, json::parse_event_t, json&) {
    // A type needs up to three levels of JSON: the type, its list of fields, a field.
    if (depth > 3 * spark::kMaxTypeDepth)
      Bad("", fmt::format("it is nested deeper than {} levels", spark::kMaxTypeDepth));
    return true;
  };
  try {
    return json::parse(text, bound);
  } catch (const json::parse_error& e) {
    std::string_view why = e.what();
    if (const size_t bracket = why.find("] "); bracket != why.npos) why.remove_prefix(bracket + 2);
    Bad("", base::ReplaceInvalidUtf8(why));
  }
}

}  // namespace

DataType DataType::FromJson(std::string_view text) {
  return ParseType(ParseDocument(text), "");
}

StructType StructType::FromJson(std::string_view text) {
  const json document = ParseDocument(text);
  if (!document.is_object() || !document.contains("type") || document["type"] != "struct") {
    Bad("", R"(a schema is {"type":"struct","fields":[…]})");
  }
  return StructType{ParseFields(document, "")};
}

}  // namespace tinderbox
