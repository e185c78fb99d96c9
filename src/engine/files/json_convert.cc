#include "engine/files/json_convert.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "base/fail.h"
#include "csv/convert.h"
#include "engine/functions/variant_cast.h"

namespace tinderbox::engine {
namespace {

bool IsNumber(std::string_view raw) {
  return raw[0] == '-' || (raw[0] >= '0' && raw[0] <= '9');
}

bool IsInteger(std::string_view raw) {
  return IsNumber(raw) && raw.find_first_of(".eE") == std::string_view::npos && raw.back() <= '9';
}

template <typename T>
bool ToInteger(std::string_view raw, T* out) {
  if (!IsInteger(raw)) return false;
  const auto [end, error] = std::from_chars(raw.data(), raw.data() + raw.size(), *out);
  return error == std::errc() && end == raw.data() + raw.size();
}

/// The words that stand for numbers which are none, bare or between quotes.
bool ToNonFinite(std::string_view word, double* out) {
  if (word == "NaN") {
    *out = std::numeric_limits<double>::quiet_NaN();
  } else if (word == "Infinity" || word == "+Infinity" || word == "INF" || word == "+INF") {
    *out = std::numeric_limits<double>::infinity();
  } else if (word == "-Infinity" || word == "-INF") {
    *out = -std::numeric_limits<double>::infinity();
  } else {
    return false;
  }
  return true;
}

template <typename T>
bool ToFloating(std::string_view raw, const JsonDialect& dialect, T* out) {
  if (IsJsonString(raw)) {
    double word = 0;
    if (!dialect.non_numeric_numbers || !ToNonFinite(raw.substr(1, raw.size() - 2), &word)) return false;
    *out = static_cast<T>(word);
    return true;
  }
  const auto [end, error] = std::from_chars(raw.data(), raw.data() + raw.size(), *out);
  if (error == std::errc::result_out_of_range) {
    const std::string text(raw);  // infinity or zero, as Java reads it
    if constexpr (std::is_same_v<T, float>) {
      *out = std::strtof(text.c_str(), nullptr);
    } else {
      *out = std::strtod(text.c_str(), nullptr);
    }
    return true;
  }
  if (error == std::errc() && end == raw.data() + raw.size() && IsNumber(raw) && std::isfinite(*out)) return true;
  double word = 0;
  if (!ToNonFinite(raw, &word)) return false;
  *out = static_cast<T>(word);
  return true;
}

/// Text of a value that must be a non-empty string.
bool ToWords(std::string_view raw, std::string* scratch, std::string_view* out) {
  return IsJsonString(raw) && Unescape(raw, scratch, out) && !out->empty();
}

bool ToDecimal(std::string_view raw, const DataType& type, std::string* scratch, __int128* out) {
  std::string_view text = raw;
  if (IsJsonString(raw) ? !ToWords(raw, scratch, &text) : !IsNumber(raw)) return false;
  return csv::ParseDecimal(text, type.precision(), type.scale(), out);
}

bool ToTimestamp(std::string_view raw, std::string* scratch, int64_t* out) {
  int64_t seconds = 0;
  if (ToInteger(raw, &seconds)) return !__builtin_mul_overflow(seconds, int64_t{1'000'000}, out);
  std::string_view text;
  return ToWords(raw, scratch, &text) && csv::ParseTimestamp(text, 0, out);
}

bool FromBase64(std::string_view text, std::string* out) {
  out->clear();
  uint32_t group = 0;
  int digits = 0;
  size_t padding = 0;
  for (const char c : text) {
    uint32_t digit = 0;
    if (c == '=') {
      ++padding;
      continue;
    }
    if (padding > 0) return false;
    if (c >= 'A' && c <= 'Z') {
      digit = static_cast<uint32_t>(c - 'A');
    } else if (c >= 'a' && c <= 'z') {
      digit = static_cast<uint32_t>(c - 'a' + 26);
    } else if (c >= '0' && c <= '9') {
      digit = static_cast<uint32_t>(c - '0' + 52);
    } else if (c == '+') {
      digit = 62;
    } else if (c == '/') {
      digit = 63;
    } else {
      return false;
    }
    group = group << 6 | digit;
    if (++digits == 4) {
      *out += static_cast<char>(group >> 16);
      *out += static_cast<char>(group >> 8);
      *out += static_cast<char>(group);
      group = 0;
      digits = 0;
    }
  }
  if (digits == 1 || (padding > 0 && padding + static_cast<size_t>(digits) != 4)) return false;
  if (digits >= 2) *out += static_cast<char>(group >> (digits == 2 ? 4 : 10));
  if (digits == 3) *out += static_cast<char>(group >> 2);
  return true;
}

bool KeyIs(std::string_view raw_key, std::string_view name, std::string* scratch) {
  const std::string_view inside = raw_key.substr(1, raw_key.size() - 2);
  if (inside.find('\\') == std::string_view::npos) return inside == name;
  std::string_view key;
  return Unescape(raw_key, scratch, &key) && key == name;
}

/// For each field of the struct its raw value, "null" when it is missing.
std::vector<std::string_view> FieldValues(const DataType& type, std::string_view raw, const JsonDialect& dialect) {
  std::vector<std::string_view> values(type.fields().size(), "null");
  std::string scratch;
  JsonCursor(raw, dialect).TakeContainer([&](std::string_view key, std::string_view value) {
    for (size_t i = 0; i < values.size(); ++i) {
      if (KeyIs(key, type.fields()[i].name, &scratch)) values[i] = value;
    }
  });
  return values;
}

template <typename T, typename Parse>
bool SetFixed(OutVector* out, size_t row, const Parse& parse) {
  T value{};
  if (!parse(&value)) return false;
  if (out != nullptr) out->Data<T>()[row] = value;
  return true;
}

/// Converts a value that is neither NULL nor nested; writes nothing when `out` is null.
bool SetScalar(const DataType& type, std::string_view raw, const JsonDialect& dialect, std::string* scratch,
               OutVector* out, size_t row) {
  switch (type.kind()) {
    case TypeKind::kString: {
      std::string_view text = raw;
      if (IsJsonString(raw) && !Unescape(raw, scratch, &text)) return false;
      if (out != nullptr) out->SetString(row, text);
      return true;
    }
    case TypeKind::kBinary: {
      std::string_view text;
      std::string bytes;
      if (!IsJsonString(raw) || !Unescape(raw, scratch, &text) || !FromBase64(text, &bytes)) return false;
      if (out != nullptr) out->SetString(row, bytes);
      return true;
    }
    case TypeKind::kBoolean:
      if (raw != "true" && raw != "false") return false;
      if (out != nullptr) out->Data<uint8_t>()[row] = raw == "true" ? 1 : 0;
      return true;
    case TypeKind::kByte:
      return SetFixed<int8_t>(out, row, [&](int8_t* v) { return ToInteger(raw, v); });
    case TypeKind::kShort:
      return SetFixed<int16_t>(out, row, [&](int16_t* v) { return ToInteger(raw, v); });
    case TypeKind::kInteger:
      return SetFixed<int32_t>(out, row, [&](int32_t* v) { return ToInteger(raw, v); });
    case TypeKind::kLong:
      return SetFixed<int64_t>(out, row, [&](int64_t* v) { return ToInteger(raw, v); });
    case TypeKind::kFloat:
      return SetFixed<float>(out, row, [&](float* v) { return ToFloating(raw, dialect, v); });
    case TypeKind::kDouble:
      return SetFixed<double>(out, row, [&](double* v) { return ToFloating(raw, dialect, v); });
    case TypeKind::kDecimal: {
      __int128 value = 0;
      if (!ToDecimal(raw, type, scratch, &value)) return false;
      if (out == nullptr) return true;
      if (type.precision() <= 4) {
        out->Data<int16_t>()[row] = static_cast<int16_t>(value);
      } else if (type.precision() <= 9) {
        out->Data<int32_t>()[row] = static_cast<int32_t>(value);
      } else if (type.precision() <= 18) {
        out->Data<int64_t>()[row] = static_cast<int64_t>(value);
      } else {
        out->Data<__int128>()[row] = value;
      }
      return true;
    }
    case TypeKind::kDate:
      return SetFixed<int32_t>(out, row, [&](int32_t* v) {
        std::string_view text;
        return ToWords(raw, scratch, &text) && csv::ParseDate(text, v);
      });
    case TypeKind::kTimestamp:
      return SetFixed<int64_t>(out, row, [&](int64_t* v) { return ToTimestamp(raw, scratch, v); });
    case TypeKind::kTimestampNtz:
      return SetFixed<int64_t>(out, row, [&](int64_t* v) {
        std::string_view text;
        return ToWords(raw, scratch, &text) && csv::ParseTimestampNtz(text, v);
      });
    default:
      return false;
  }
}

}  // namespace

void CheckJsonType(const std::string& column, const DataType& type) {
  switch (type.kind()) {
    case TypeKind::kNull:
    case TypeKind::kTime:
    case TypeKind::kYearMonthInterval:
    case TypeKind::kDayTimeInterval:
    case TypeKind::kCalendarInterval:
      base::FailWith("UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE",
                     {{"format", "JSON"}, {"columnName", column}, {"columnType", type.Sql()}},
                     "The column {} has the type {}, which the JSON reader does not make.", column, type.Sql());
    case TypeKind::kArray:
      CheckJsonType(column + ".element", type.element());
      return;
    case TypeKind::kMap:
      if (type.key().kind() != TypeKind::kString) {
        base::FailWith("UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE",
                       {{"format", "JSON"}, {"columnName", column}, {"columnType", type.Sql()}},
                       "The column {} is a map whose keys are {}; keys of JSON are STRING.", column, type.key().Sql());
      }
      CheckJsonType(column + ".value", type.value());
      return;
    case TypeKind::kStruct:
      for (const StructField& field : type.fields()) CheckJsonType(column + "." + field.name, field.type);
      return;
    default:
      return;
  }
}

JsonColumn::JsonColumn(const DataType& type, const OutVector& out, const JsonDialect& dialect)
    : type_(&type), dialect_(&dialect), out_(out) {
  switch (type.kind()) {
    case TypeKind::kArray:
      children_.emplace_back(type.element(), out_.ListChild(), dialect);
      break;
    case TypeKind::kMap: {
      OutVector entries = out_.ListChild();
      children_.emplace_back(type.key(), entries.StructChild(0), dialect);
      children_.emplace_back(type.value(), entries.StructChild(1), dialect);
      break;
    }
    case TypeKind::kStruct:
      for (size_t i = 0; i < type.fields().size(); ++i) {
        children_.emplace_back(type.fields()[i].type, out_.StructChild(i), dialect);
      }
      break;
    default:
      break;
  }
}

void JsonColumn::Attach(const OutVector& out) {
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

size_t JsonColumn::Grow(size_t more) {
  const size_t first = used_;
  used_ += more;
  if (used_ > capacity_) {
    capacity_ = std::max(used_, std::max<size_t>(kChunkRows, capacity_ * 2));
    out_.ReserveList(capacity_);
    Attach(out_);  // the child's memory has moved
  }
  return first;
}

void JsonColumn::SetNull(size_t row) {
  out_.SetNull(row);
  if (type_->kind() == TypeKind::kArray || type_->kind() == TypeKind::kMap) {
    out_.SetList(row, 0, 0);
  } else if (type_->kind() == TypeKind::kStruct) {
    for (JsonColumn& child : children_) child.SetNull(row);
  }
}

bool JsonColumn::Set(size_t row, std::string_view raw) {
  if (type_->kind() == TypeKind::kVariant) {
    VariantBuilder built;
    const bool good = AppendJsonToVariant(raw, &built);
    if (good) {
      WriteVariant(built, out_, row);
    } else {
      SetNull(row);
    }
    return good;
  }
  if (raw == "null") {
    SetNull(row);
    return true;
  }
  switch (type_->kind()) {
    case TypeKind::kArray:
      if (raw[0] == '[') return SetList(row, raw);
      break;
    case TypeKind::kMap:
      if (raw[0] == '{') return SetMap(row, raw);
      break;
    case TypeKind::kStruct:
      if (raw[0] == '{') return SetStruct(row, raw);
      break;
    default:
      if (SetScalar(*type_, raw, *dialect_, &scratch_, &out_, row)) return true;
  }
  SetNull(row);
  return false;
}

bool JsonColumn::SetList(size_t row, std::string_view raw) {
  const JsonEntries entries = EntriesOf(raw, *dialect_);
  const size_t first = Grow(entries.size());
  out_.SetList(row, first, entries.size());
  bool good = true;
  for (size_t i = 0; i < entries.size(); ++i) good &= children_[0].Set(first + i, entries[i].second);
  return good;
}

bool JsonColumn::SetMap(size_t row, std::string_view raw) {
  JsonMapEntries entries;
  bool good = MapEntriesOf(raw, *dialect_, &entries);
  const size_t first = Grow(entries.size());
  out_.SetList(row, first, entries.size());
  for (size_t i = 0; i < entries.size(); ++i) {
    children_[0].out_.SetString(first + i, entries[i].first);
    good &= children_[1].Set(first + i, entries[i].second);
  }
  return good;
}

bool JsonColumn::SetStruct(size_t row, std::string_view raw) {
  const std::vector<std::string_view> values = FieldValues(*type_, raw, *dialect_);
  bool good = true;
  for (size_t i = 0; i < values.size(); ++i) good &= children_[i].Set(row, values[i]);
  return good;
}

void JsonColumn::Finish() {
  if (type_->kind() == TypeKind::kArray || type_->kind() == TypeKind::kMap) out_.SetListSize(used_);
  for (JsonColumn& child : children_) child.Finish();
}

bool ConvertsTo(const DataType& type, std::string_view raw, const JsonDialect& dialect) {
  if (raw == "null") return true;
  if (type.kind() == TypeKind::kVariant) {
    VariantBuilder ignored;
    return AppendJsonToVariant(raw, &ignored);
  }
  switch (type.kind()) {
    case TypeKind::kArray: {
      if (raw[0] != '[') return false;
      const JsonEntries entries = EntriesOf(raw, dialect);
      return std::all_of(entries.begin(), entries.end(),
                         [&](const auto& entry) { return ConvertsTo(type.element(), entry.second, dialect); });
    }
    case TypeKind::kMap: {
      JsonMapEntries entries;
      return raw[0] == '{' && MapEntriesOf(raw, dialect, &entries) &&
             std::all_of(entries.begin(), entries.end(),
                         [&](const auto& entry) { return ConvertsTo(type.value(), entry.second, dialect); });
    }
    case TypeKind::kStruct: {
      if (raw[0] != '{') return false;
      const std::vector<std::string_view> values = FieldValues(type, raw, dialect);
      for (size_t i = 0; i < values.size(); ++i) {
        if (!ConvertsTo(type.fields()[i].type, values[i], dialect)) return false;
      }
      return true;
    }
    default: {
      std::string scratch;
      return SetScalar(type, raw, dialect, &scratch, nullptr, 0);
    }
  }
}

}  // namespace tinderbox::engine
