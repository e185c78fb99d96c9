#include "engine/functions/json_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/files/json_convert.h"
#include "engine/functions/interval_text.h"
#include "engine/functions/json_text.h"
#include "engine/functions/text_case.h"
#include "engine/functions/text_values.h"
#include "engine/functions/variant_cast.h"
#include "engine/translate/refusals.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

/// Whether a flag is set; the option is taken out.
bool TakeFlag(std::map<std::string, std::string>* options, const char* name, bool otherwise) {
  auto node = options->extract(name);
  return node.empty() ? otherwise : UpperOf(node.mapped()) == "TRUE";
}

}  // namespace

JsonReading::JsonReading(std::map<std::string, std::string>* options, const std::string& session_zone)
    : formats(options, session_zone, DateTimePattern::Use::kParse) {
  dialect.single_quotes = TakeFlag(options, "allowsinglequotes", true);
  dialect.non_numeric_numbers = TakeFlag(options, "allownonnumericnumbers", true);
  dialect.unquoted_names = TakeFlag(options, "allowunquotedfieldnames", false);
  if (auto node = options->extract("mode"); !node.empty()) {
    const std::string mode = UpperOf(node.mapped());
    if (mode == "DROPMALFORMED") {
      throw Error(
          "PARSE_MODE_UNSUPPORTED",
          "The function `from_json` doesn't support the DROPMALFORMED mode. Acceptable modes are PERMISSIVE and "
          "FAILFAST.",
          {{"funcName", "`from_json`"}, {"mode", "DROPMALFORMED"}});
    }
    fail_fast = mode == "FAILFAST";  // Spark takes any other word for PERMISSIVE
  }
  if (auto node = options->extract("columnnameofcorruptrecord"); !node.empty()) corrupt_column = node.mapped();
  // These say nothing here, or have the value that changes nothing.
  for (const char* name : {"samplingratio", "prefersdecimal", "dropfieldifallnull", "multiline"}) options->erase(name);
  for (const char* name : {"primitivesasstring", "allowcomments", "allownumericleadingzeros",
                           "allowbackslashescapinganycharacter", "allowunquotedcontrolchars"}) {
    const auto found = options->find(name);
    if (found != options->end() && UpperOf(found->second) == "FALSE") options->erase(found);
  }
  if (options->contains("locale") && UpperOf(options->at("locale")) == "EN-US") options->erase("locale");
  RefuseOptions(*options, "from_json");
}

JsonReading::JsonReading(std::map<std::string, std::string> options, const std::string& session_zone)
    : JsonReading(&options, session_zone) {}

JsonReader::Outcome JsonReader::Set(NestedColumn& column, size_t row, std::string_view raw) {
  if (raw == "null" && column.type().kind() != TypeKind::kVariant) {
    column.SetNull(row);
    return Outcome::kGood;
  }
  Outcome outcome = Outcome::kFailed;
  switch (column.type().kind()) {
    case TypeKind::kArray:
      if (raw[0] == '[') outcome = SetList(column, row, raw);
      break;
    case TypeKind::kMap:
      if (raw[0] == '{') outcome = SetMap(column, row, raw);
      break;
    case TypeKind::kStruct:
      if (raw[0] == '{') outcome = SetStruct(column, row, raw);
      break;
    default:
      outcome = SetScalar(column, row, raw);
  }
  if (outcome == Outcome::kFailed) column.SetNull(row);
  return outcome;
}

JsonReader::Outcome JsonReader::SetScalar(NestedColumn& column, size_t row, std::string_view raw) {
  std::string_view text;
  const bool has_text = IsJsonString(raw) && Unescape(raw, &scratch_, &text);
  const auto write = [&]<typename T>(std::optional<T> value) {
    if (!value) return Outcome::kFailed;
    column.out().Data<T>()[row] = *value;
    return Outcome::kGood;
  };
  switch (column.type().kind()) {
    case TypeKind::kString:
      if (IsJsonString(raw)) break;
      scratch_.clear();
      AppendCompactJson(&scratch_, raw);
      column.out().SetString(row, scratch_);
      return Outcome::kGood;
    case TypeKind::kDate:
      return has_text ? write(reading_.formats.ParseDate(text)) : Outcome::kFailed;
    case TypeKind::kTimestamp:
      if (!IsJsonString(raw)) break;  // seconds
      return has_text ? write(reading_.formats.ParseTimestamp(text)) : Outcome::kFailed;
    case TypeKind::kTimestampNtz:
      return has_text ? write(reading_.formats.ParseTimestampNtz(text)) : Outcome::kFailed;
    case TypeKind::kTime:
      return has_text ? write(ParseTime(text)) : Outcome::kFailed;
    case TypeKind::kDayTimeInterval:
      return has_text ? write(ParseInterval(text, column.type())) : Outcome::kFailed;
    case TypeKind::kYearMonthInterval: {
      const auto months = has_text ? ParseInterval(text, column.type()) : std::nullopt;
      return months ? write(std::optional(static_cast<int32_t>(*months))) : Outcome::kFailed;
    }
    case TypeKind::kBinary:
      if (text.size() % 4 != 0) return Outcome::kFailed;  // base 64 with its padding
      break;
    case TypeKind::kVariant: {
      VariantBuilder built;
      if (!AppendJsonToVariant(raw, &built)) return Outcome::kFailed;
      WriteVariant(built, column.out(), row);
      return Outcome::kGood;
    }
    case TypeKind::kNull:
      return Outcome::kFailed;
    default:
      break;
  }
  return JsonColumn(column.type(), column.out(), reading_.dialect).Set(row, raw) ? Outcome::kGood : Outcome::kFailed;
}

JsonReader::Outcome JsonReader::SetList(NestedColumn& column, size_t row, std::string_view raw) {
  const auto entries = EntriesOf(raw, reading_.dialect);
  const size_t first = column.SetList(row, entries.size());
  Outcome outcome = Outcome::kGood;
  for (size_t i = 0; i < entries.size(); ++i) {
    outcome = std::max(outcome, Set(column.child(0), first + i, entries[i].second));
  }
  return outcome;
}

JsonReader::Outcome JsonReader::SetMap(NestedColumn& column, size_t row, std::string_view raw) {
  JsonMapEntries entries;
  if (!MapEntriesOf(raw, reading_.dialect, &entries)) return Outcome::kFailed;
  const size_t first = column.SetList(row, entries.size());
  Outcome outcome = Outcome::kGood;
  for (size_t i = 0; i < entries.size(); ++i) {
    column.child(0).out().SetString(first + i, entries[i].first);
    outcome = std::max(outcome, Set(column.child(1), first + i, entries[i].second));
  }
  return outcome;
}

JsonReader::Outcome JsonReader::SetStruct(NestedColumn& column, size_t row, std::string_view raw,
                                          std::optional<size_t> spared) {
  std::vector<std::string_view> values(column.child_count(), "null");
  if (!raw.empty()) {
    for (const auto& [raw_key, value] : EntriesOf(raw, reading_.dialect)) {
      std::string_view key;
      if (!Unescape(raw_key, &scratch_, &key)) continue;
      for (size_t i = 0; i < values.size(); ++i) {
        if (key == column.type().fields()[i].name) values[i] = value;
      }
    }
  }
  Outcome outcome = Outcome::kGood;
  for (size_t i = 0; i < values.size(); ++i) {
    if (i != spared && Set(column.child(i), row, values[i]) != Outcome::kGood) outcome = Outcome::kPartial;
  }
  return outcome;
}

/// A root that is a struct stays, without what cannot be read.
JsonReader::Outcome JsonReader::ReadStruct(size_t row, std::string_view json, std::optional<std::string_view> raw) {
  std::optional<size_t> corrupt;
  for (size_t i = 0; i < column_.child_count(); ++i) {
    const StructField& field = column_.type().fields()[i];
    if (field.name == reading_.corrupt_column && field.type.kind() == TypeKind::kString) corrupt = i;
  }
  const bool object = raw && (*raw)[0] == '{';
  Outcome outcome = SetStruct(column_, row, object ? *raw : std::string_view(), corrupt);
  if (!object) outcome = Outcome::kFailed;
  if (corrupt && outcome == Outcome::kGood) column_.child(*corrupt).SetNull(row);
  if (corrupt && outcome != Outcome::kGood) column_.child(*corrupt).out().SetString(row, json);
  return outcome;
}

JsonReader::Outcome JsonReader::ReadRoot(size_t row, std::string_view json) {
  JsonCursor cursor(json, reading_.dialect);
  cursor.SkipSpace();
  std::string_view value;
  const bool good = cursor.TakeValue(&value);
  if (column_.type().kind() == TypeKind::kStruct) {
    return ReadStruct(row, json, good ? std::optional(value) : std::nullopt);
  }
  if (!good || value == "null") {
    SetNull(row);
    return Outcome::kFailed;
  }
  if (column_.type().kind() == TypeKind::kArray && column_.type().element().kind() == TypeKind::kStruct &&
      value[0] == '{') {
    // An object stands for an array of it.
    return Set(column_.child(0), column_.SetList(row, 1), value);
  }
  return Set(column_, row, value);
}

void JsonReader::Read(size_t row, std::string_view json) {
  if (json.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    SetNull(row);
    return;
  }
  if (ReadRoot(row, json) == Outcome::kGood || !reading_.fail_fast) return;
  throw Error("MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION",
              "Malformed records are detected in record parsing: [null]. Parse Mode: FAILFAST. To process malformed "
              "records as null result, try setting the option 'mode' as 'PERMISSIVE'.",
              {{"badRecord", "[null]"}, {"failFastMode", "FAILFAST"}});
}

}  // namespace tinderbox::engine
