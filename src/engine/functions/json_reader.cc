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

/// Keys (raw) and values of a container.
std::vector<std::pair<std::string_view, std::string_view>> EntriesOf(std::string_view raw, const JsonDialect& dialect) {
  std::vector<std::pair<std::string_view, std::string_view>> out;
  JsonCursor(raw, dialect).TakeContainer([&](std::string_view key, std::string_view value) {
    out.emplace_back(key, value);
  });
  return out;
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

JsonReader::JsonReader(const DataType& type, const OutVector& out, const JsonReading& reading)
    : type_(&type), reading_(&reading), out_(out) {
  switch (type.kind()) {
    case TypeKind::kArray:
      children_.emplace_back(type.element(), out_.ListChild(), reading);
      break;
    case TypeKind::kMap: {
      OutVector entries = out_.ListChild();
      children_.emplace_back(type.key(), entries.StructChild(0), reading);
      children_.emplace_back(type.value(), entries.StructChild(1), reading);
      break;
    }
    case TypeKind::kStruct:
      for (size_t i = 0; i < type.fields().size(); ++i) {
        children_.emplace_back(type.fields()[i].type, out_.StructChild(i), reading);
      }
      break;
    default:
      break;
  }
}

void JsonReader::Attach(const OutVector& out) {
  out_ = out;
  if (type_->kind() == TypeKind::kArray) {
    children_[0].Attach(out_.ListChild());
  } else if (type_->kind() == TypeKind::kMap) {
    OutVector entries = out_.ListChild();
    for (size_t i = 0; i < 2; ++i) children_[i].Attach(entries.StructChild(i));
  } else if (type_->kind() == TypeKind::kStruct) {
    for (size_t i = 0; i < children_.size(); ++i) children_[i].Attach(out_.StructChild(i));
  }
}

size_t JsonReader::Grow(size_t more) {
  const size_t first = used_;
  used_ += more;
  if (used_ > capacity_) {
    capacity_ = std::max(used_, std::max<size_t>(kChunkRows, capacity_ * 2));
    out_.ReserveList(capacity_);
    Attach(out_);  // the child's memory has moved
  }
  return first;
}

void JsonReader::SetNull(size_t row) {
  out_.SetNull(row);
  if (type_->kind() == TypeKind::kArray || type_->kind() == TypeKind::kMap) {
    out_.SetList(row, 0, 0);
  } else if (type_->kind() == TypeKind::kStruct) {
    for (JsonReader& child : children_) child.SetNull(row);
  }
}

void JsonReader::Finish() {
  if (type_->kind() == TypeKind::kArray || type_->kind() == TypeKind::kMap) out_.SetListSize(used_);
  for (JsonReader& child : children_) child.Finish();
}

JsonReader::Outcome JsonReader::Set(size_t row, std::string_view raw) {
  if (raw == "null" && type_->kind() != TypeKind::kVariant) {
    SetNull(row);
    return Outcome::kGood;
  }
  Outcome outcome = Outcome::kFailed;
  switch (type_->kind()) {
    case TypeKind::kArray:
      if (raw[0] == '[') outcome = SetList(row, raw);
      break;
    case TypeKind::kMap:
      if (raw[0] == '{') outcome = SetMap(row, raw);
      break;
    case TypeKind::kStruct:
      if (raw[0] == '{') outcome = SetStruct(row, raw);
      break;
    default:
      outcome = SetScalar(row, raw);
  }
  if (outcome == Outcome::kFailed) SetNull(row);
  return outcome;
}

JsonReader::Outcome JsonReader::SetScalar(size_t row, std::string_view raw) {
  std::string_view text;
  const bool has_text = IsJsonString(raw) && Unescape(raw, &scratch_, &text);
  const auto write = [&]<typename T>(std::optional<T> value) {
    if (!value) return Outcome::kFailed;
    out_.Data<T>()[row] = *value;
    return Outcome::kGood;
  };
  switch (type_->kind()) {
    case TypeKind::kString:
      if (IsJsonString(raw)) break;
      scratch_.clear();
      AppendCompactJson(&scratch_, raw);
      out_.SetString(row, scratch_);
      return Outcome::kGood;
    case TypeKind::kDate:
      return has_text ? write(reading_->formats.ParseDate(text)) : Outcome::kFailed;
    case TypeKind::kTimestamp:
      if (!IsJsonString(raw)) break;  // seconds
      return has_text ? write(reading_->formats.ParseTimestamp(text)) : Outcome::kFailed;
    case TypeKind::kTimestampNtz:
      return has_text ? write(reading_->formats.ParseTimestampNtz(text)) : Outcome::kFailed;
    case TypeKind::kTime:
      return has_text ? write(ParseTime(text)) : Outcome::kFailed;
    case TypeKind::kDayTimeInterval:
      return has_text ? write(ParseInterval(text, *type_)) : Outcome::kFailed;
    case TypeKind::kYearMonthInterval: {
      const auto months = has_text ? ParseInterval(text, *type_) : std::nullopt;
      return months ? write(std::optional(static_cast<int32_t>(*months))) : Outcome::kFailed;
    }
    case TypeKind::kBinary:
      if (text.size() % 4 != 0) return Outcome::kFailed;  // base 64 with its padding
      break;
    case TypeKind::kVariant: {
      VariantBuilder built;
      if (!AppendJsonToVariant(raw, &built)) return Outcome::kFailed;
      WriteVariant(built, out_, row);
      return Outcome::kGood;
    }
    case TypeKind::kNull:
      return Outcome::kFailed;
    default:
      break;
  }
  return JsonColumn(*type_, out_, reading_->dialect).Set(row, raw) ? Outcome::kGood : Outcome::kFailed;
}

JsonReader::Outcome JsonReader::SetList(size_t row, std::string_view raw) {
  const auto entries = EntriesOf(raw, reading_->dialect);
  const size_t first = Grow(entries.size());
  out_.SetList(row, first, entries.size());
  Outcome outcome = Outcome::kGood;
  for (size_t i = 0; i < entries.size(); ++i) {
    outcome = std::max(outcome, children_[0].Set(first + i, entries[i].second));
  }
  return outcome;
}

JsonReader::Outcome JsonReader::SetMap(size_t row, std::string_view raw) {
  // Of a key that comes twice the last value counts.
  std::vector<std::pair<std::string, std::string_view>> entries;
  for (const auto& [raw_key, value] : EntriesOf(raw, reading_->dialect)) {
    std::string_view key;
    if (!Unescape(raw_key, &scratch_, &key)) return Outcome::kFailed;
    const auto same = std::ranges::find(entries, key, &std::pair<std::string, std::string_view>::first);
    if (same == entries.end()) {
      entries.emplace_back(key, value);
    } else {
      same->second = value;
    }
  }
  const size_t first = Grow(entries.size());
  out_.SetList(row, first, entries.size());
  Outcome outcome = Outcome::kGood;
  for (size_t i = 0; i < entries.size(); ++i) {
    children_[0].out_.SetString(first + i, entries[i].first);
    outcome = std::max(outcome, children_[1].Set(first + i, entries[i].second));
  }
  return outcome;
}

JsonReader::Outcome JsonReader::SetStruct(size_t row, std::string_view raw, std::optional<size_t> spared) {
  std::vector<std::string_view> values(children_.size(), "null");
  if (!raw.empty()) {
    for (const auto& [raw_key, value] : EntriesOf(raw, reading_->dialect)) {
      std::string_view key;
      if (!Unescape(raw_key, &scratch_, &key)) continue;
      for (size_t i = 0; i < values.size(); ++i) {
        if (key == type_->fields()[i].name) values[i] = value;
      }
    }
  }
  Outcome outcome = Outcome::kGood;
  for (size_t i = 0; i < values.size(); ++i) {
    if (i != spared && children_[i].Set(row, values[i]) != Outcome::kGood) outcome = Outcome::kPartial;
  }
  return outcome;
}

/// A root that is a struct stays, without what cannot be read.
JsonReader::Outcome JsonReader::ReadStruct(size_t row, std::string_view json, std::optional<std::string_view> raw) {
  std::optional<size_t> corrupt;
  for (size_t i = 0; i < children_.size(); ++i) {
    const StructField& field = type_->fields()[i];
    if (field.name == reading_->corrupt_column && field.type.kind() == TypeKind::kString) corrupt = i;
  }
  const bool object = raw && (*raw)[0] == '{';
  Outcome outcome = SetStruct(row, object ? *raw : std::string_view(), corrupt);
  if (!object) outcome = Outcome::kFailed;
  if (corrupt && outcome == Outcome::kGood) children_[*corrupt].SetNull(row);
  if (corrupt && outcome != Outcome::kGood) children_[*corrupt].out_.SetString(row, json);
  return outcome;
}

JsonReader::Outcome JsonReader::ReadRoot(size_t row, std::string_view json) {
  JsonCursor cursor(json, reading_->dialect);
  cursor.SkipSpace();
  std::string_view value;
  const bool good = cursor.TakeValue(&value);
  if (type_->kind() == TypeKind::kStruct) {
    return ReadStruct(row, json, good ? std::optional(value) : std::nullopt);
  }
  if (!good || value == "null") {
    SetNull(row);
    return Outcome::kFailed;
  }
  if (type_->kind() == TypeKind::kArray && type_->element().kind() == TypeKind::kStruct && value[0] == '{') {
    // An object stands for an array of it.
    const size_t first = Grow(1);
    out_.SetList(row, first, 1);
    return children_[0].Set(first, value);
  }
  return Set(row, value);
}

void JsonReader::Read(size_t row, std::string_view json) {
  if (json.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    SetNull(row);
    return;
  }
  if (ReadRoot(row, json) == Outcome::kGood || !reading_->fail_fast) return;
  throw Error("MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION",
              "Malformed records are detected in record parsing: [null]. Parse Mode: FAILFAST. To process malformed "
              "records as null result, try setting the option 'mode' as 'PERMISSIVE'.",
              {{"badRecord", "[null]"}, {"failFastMode", "FAILFAST"}});
}

}  // namespace tinderbox::engine
