#include "engine/functions/variant.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "engine/files/json_cursor.h"
#include "engine/functions/text_values.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

// The two lowest bits of a value's first byte, 0 for a primitive; the other six are the type of a primitive, the length
// of a short text, or the widths of what a container holds.
constexpr int kShortText = 1;
constexpr int kObject = 2;
constexpr int kArray = 3;

// Types of primitives.
constexpr int kNull = 0;
constexpr int kTrue = 1;
constexpr int kFalse = 2;
constexpr int kInt1 = 3;
constexpr int kInt8 = 6;
constexpr int kDouble = 7;
constexpr int kDecimal4 = 8;
constexpr int kDecimal8 = 9;
constexpr int kDecimal16 = 10;
constexpr int kDate = 11;
constexpr int kTimestamp = 12;
constexpr int kTimestampNtz = 13;
constexpr int kFloat = 14;
constexpr int kBinary = 15;
constexpr int kLongText = 16;
constexpr int kUuid = 20;

constexpr size_t kMaxShortText = 63;
constexpr size_t kMaxBytes = size_t{128} << 20;
constexpr int kMaxDepth = kMaxJsonDepth;

[[noreturn]] void Malformed() {
  throw Error("MALFORMED_VARIANT", "Variant binary is malformed. Please check the data source is valid.");
}

std::string_view Part(std::string_view bytes, size_t at, size_t count) {
  if (at > bytes.size() || count > bytes.size() - at) Malformed();
  return bytes.substr(at, count);
}

template <typename T>
T Read(std::string_view bytes, size_t at) {
  T out;
  std::memcpy(&out, Part(bytes, at, sizeof(T)).data(), sizeof(T));
  return out;
}

size_t ReadUnsigned(std::string_view bytes, size_t at, size_t width) {
  const std::string_view part = Part(bytes, at, width);
  size_t out = 0;
  for (size_t i = 0; i < width; ++i) out |= size_t{static_cast<unsigned char>(part[i])} << (8 * i);
  return out;
}

void AppendUnsigned(std::string* out, size_t value, size_t width) {
  for (size_t i = 0; i < width; ++i) *out += static_cast<char>(value >> (8 * i) & 0xFF);
}

size_t WidthOf(size_t value) {
  return value <= 0xFF ? 1 : value <= 0xFFFF ? 2 : value <= 0xFFFFFF ? 3 : 4;
}

/// The order of names: by UTF-16 units, in which a pair of surrogates stands before U+E000.
bool NameLess(std::string_view a, std::string_view b) {
  const auto [x, y] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  if (x == a.end() || y == b.end()) return x == a.end() && y != b.end();
  const auto rank = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == 0xEE || byte == 0xEF ? byte + 0x10 : int{byte};
  };
  return rank(*x) < rank(*y);
}

int Digits(__int128 value) {
  int out = 0;
  for (; value != 0; value /= 10) ++out;
  return std::max(out, 1);
}

}  // namespace

VariantView::VariantView(std::string_view value, std::string_view metadata) : value_(value), metadata_(metadata) {
  if (metadata.empty() || (metadata[0] & 0x0F) != 1 || value.empty()) Malformed();
}

int VariantView::Basic() const {
  return value_[0] & 3;
}

int VariantView::Primitive() const {
  return static_cast<unsigned char>(value_[0]) >> 2;
}

VariantKind VariantView::kind() const {
  switch (Basic()) {
    case kShortText:
      return VariantKind::kString;
    case kObject:
      return VariantKind::kObject;
    case kArray:
      return VariantKind::kArray;
    default:
      break;
  }
  static constexpr VariantKind kKinds[] = {VariantKind::kNull,      VariantKind::kBoolean,      VariantKind::kBoolean,
                                           VariantKind::kLong,      VariantKind::kLong,         VariantKind::kLong,
                                           VariantKind::kLong,      VariantKind::kDouble,       VariantKind::kDecimal,
                                           VariantKind::kDecimal,   VariantKind::kDecimal,      VariantKind::kDate,
                                           VariantKind::kTimestamp, VariantKind::kTimestampNtz, VariantKind::kFloat,
                                           VariantKind::kBinary,    VariantKind::kString};
  const int primitive = Primitive();
  if (primitive == kUuid) return VariantKind::kUuid;
  if (primitive > kLongText) {
    throw Error("UNKNOWN_PRIMITIVE_TYPE_IN_VARIANT",
                "Unknown primitive type with id " + std::to_string(primitive) + " was found in a variant value.",
                {{"id", std::to_string(primitive)}});
  }
  return kKinds[primitive];
}

bool VariantView::Boolean() const {
  return Primitive() == kTrue;
}

int64_t VariantView::Long() const {
  switch (Primitive()) {
    case kInt1:
      return Read<int8_t>(value_, 1);
    case kInt1 + 1:
      return Read<int16_t>(value_, 1);
    case kInt1 + 2:
    case kDate:
      return Read<int32_t>(value_, 1);
    default:
      return Read<int64_t>(value_, 1);
  }
}

double VariantView::Double() const {
  return Read<double>(value_, 1);
}

float VariantView::Float() const {
  return Read<float>(value_, 1);
}

VariantView::Decimal VariantView::StoredDecimal() const {
  Decimal out;
  out.scale = static_cast<int>(ReadUnsigned(value_, 1, 1));
  const int primitive = Primitive();
  if (primitive == kDecimal4) {
    out.digits = Read<int32_t>(value_, 2);
  } else if (primitive == kDecimal8) {
    out.digits = Read<int64_t>(value_, 2);
  } else {
    out.digits = Read<__int128>(value_, 2);
  }
  if (out.scale > 38 || Digits(out.digits) > 38) Malformed();
  return out;
}

VariantView::Decimal VariantView::ShortDecimal() const {
  Decimal out = StoredDecimal();
  while (out.scale > 0 && out.digits % 10 == 0) {
    out.digits /= 10;
    --out.scale;
  }
  return out;
}

std::string_view VariantView::Bytes() const {
  if (Basic() == kShortText) return Part(value_, 1, static_cast<unsigned char>(value_[0]) >> 2);
  if (Primitive() == kUuid) return Part(value_, 1, 16);
  return Part(value_, 5, ReadUnsigned(value_, 1, 4));
}

VariantView::Layout VariantView::ReadLayout() const {
  const auto header = static_cast<unsigned char>(value_[0]) >> 2;
  const bool object = Basic() == kObject;
  const size_t size_width = (header >> (object ? 4 : 2) & 1) != 0 ? 4 : 1;
  Layout out;
  out.size = ReadUnsigned(value_, 1, size_width);
  out.offset_width = static_cast<size_t>(header & 3) + 1;
  out.id_width = object ? static_cast<size_t>(header >> 2 & 3) + 1 : 0;
  out.ids = 1 + size_width;
  out.offsets = out.ids + out.size * out.id_width;
  out.data = out.offsets + (out.size + 1) * out.offset_width;
  if (out.data > value_.size()) Malformed();
  return out;
}

size_t VariantView::size() const {
  return ReadLayout().size;
}

std::string_view VariantView::Key(size_t field) const {
  const Layout layout = ReadLayout();
  const size_t id = ReadUnsigned(value_, layout.ids + field * layout.id_width, layout.id_width);
  const size_t width = (static_cast<unsigned char>(metadata_[0]) >> 6 & 3) + 1;
  const size_t names = ReadUnsigned(metadata_, 1, width);
  if (id >= names) Malformed();
  const size_t start = ReadUnsigned(metadata_, 1 + (id + 1) * width, width);
  const size_t end = ReadUnsigned(metadata_, 1 + (id + 2) * width, width);
  if (end < start) Malformed();
  return Part(metadata_, 1 + (names + 2) * width + start, end - start);
}

VariantView VariantView::Child(size_t i) const {
  const Layout layout = ReadLayout();
  const size_t offset = ReadUnsigned(value_, layout.offsets + i * layout.offset_width, layout.offset_width);
  if (layout.data + offset >= value_.size()) Malformed();
  return {value_.substr(layout.data + offset), metadata_};
}

std::optional<VariantView> VariantView::Field(std::string_view name) const {
  const size_t count = size();
  for (size_t i = 0; i < count; ++i) {
    if (Key(i) == name) return Child(i);
  }
  return std::nullopt;
}

void VariantBuilder::Fixed(int primitive, const void* bytes, size_t count) {
  value_ += static_cast<char>(primitive << 2);
  value_.append(static_cast<const char*>(bytes), count);
}

void VariantBuilder::Null() {
  Fixed(kNull, "", 0);
}

void VariantBuilder::Boolean(bool value) {
  Fixed(value ? kTrue : kFalse, "", 0);
}

void VariantBuilder::Long(int64_t value) {
  int primitive = kInt1;
  size_t width = 1;
  while (primitive < kInt8 && (value >> (8 * width - 1)) != 0 && (value >> (8 * width - 1)) != -1) {
    ++primitive;
    width *= 2;
  }
  Fixed(primitive, &value, width);
}

void VariantBuilder::Double(double value) {
  Fixed(kDouble, &value, sizeof(value));
}

void VariantBuilder::Float(float value) {
  Fixed(kFloat, &value, sizeof(value));
}

void VariantBuilder::Decimal(__int128 digits, int scale) {
  const int precision = std::max(Digits(digits), scale);
  const bool four = precision <= 9;
  const bool eight = precision <= 18;
  value_ += static_cast<char>((four ? kDecimal4 : eight ? kDecimal8 : kDecimal16) << 2);
  value_ += static_cast<char>(scale);
  value_.append(reinterpret_cast<const char*>(&digits), four ? 4 : eight ? 8 : 16);
}

void VariantBuilder::String(std::string_view text) {
  if (text.size() <= kMaxShortText) {
    value_ += static_cast<char>(text.size() << 2 | kShortText);
  } else {
    value_ += static_cast<char>(kLongText << 2);
    AppendUnsigned(&value_, text.size(), 4);
  }
  value_ += text;
}

void VariantBuilder::Binary(std::string_view bytes) {
  value_ += static_cast<char>(kBinary << 2);
  AppendUnsigned(&value_, bytes.size(), 4);
  value_ += bytes;
}

void VariantBuilder::Date(int32_t days) {
  Fixed(kDate, &days, sizeof(days));
}

void VariantBuilder::Timestamp(int64_t micros) {
  Fixed(kTimestamp, &micros, sizeof(micros));
}

void VariantBuilder::TimestampNtz(int64_t micros) {
  Fixed(kTimestampNtz, &micros, sizeof(micros));
}

void VariantBuilder::Copy(const VariantView& from, int depth) {
  if (depth > kMaxDepth) Malformed();
  switch (from.kind()) {
    case VariantKind::kNull:
      return Null();
    case VariantKind::kBoolean:
      return Boolean(from.Boolean());
    case VariantKind::kLong:
      return Long(from.Long());
    case VariantKind::kFloat:
      return Float(from.Float());
    case VariantKind::kDouble:
      return Double(from.Double());
    case VariantKind::kDecimal: {
      const VariantView::Decimal decimal = from.StoredDecimal();
      return Decimal(decimal.digits, decimal.scale);
    }
    case VariantKind::kString:
      return String(from.Bytes());
    case VariantKind::kBinary:
      return Binary(from.Bytes());
    case VariantKind::kDate:
      return Date(static_cast<int32_t>(from.Long()));
    case VariantKind::kTimestamp:
      return Timestamp(from.Long());
    case VariantKind::kTimestampNtz:
      return TimestampNtz(from.Long());
    case VariantKind::kUuid:
      return Fixed(kUuid, from.Bytes().data(), 16);
    case VariantKind::kObject: {
      const size_t start = position();
      std::vector<Field> fields;
      for (size_t i = 0; i < from.size(); ++i) {
        fields.push_back(StartField(from.Key(i)));
        Copy(from.Child(i), depth + 1);
      }
      if (!CloseObject(start, std::move(fields))) Malformed();
      return;
    }
    case VariantKind::kArray: {
      const size_t start = position();
      std::vector<size_t> starts;
      for (size_t i = 0; i < from.size(); ++i) {
        starts.push_back(position());
        Copy(from.Child(i), depth + 1);
      }
      return CloseArray(start, starts);
    }
  }
}

VariantBuilder::Field VariantBuilder::StartField(std::string_view name) {
  const auto [found, added] = ids_.emplace(name, names_.size());
  if (added) names_.emplace_back(name);
  return {std::string(name), found->second, position()};
}

bool VariantBuilder::CloseObject(size_t start, std::vector<Field> fields) {
  std::ranges::sort(fields, NameLess, &Field::name);
  size_t max_id = 0;
  for (const Field& field : fields) max_id = std::max(max_id, field.id);
  for (size_t i = 1; i < fields.size(); ++i) {
    if (fields[i].id == fields[i - 1].id) return false;
  }
  const size_t data = position() - start;
  const size_t id_width = WidthOf(max_id);
  const size_t offset_width = WidthOf(data);
  const bool large = fields.size() > 0xFF;
  std::string head;
  head += static_cast<char>(((large ? 1 : 0) << 4 | (id_width - 1) << 2 | (offset_width - 1)) << 2 | kObject);
  AppendUnsigned(&head, fields.size(), large ? 4 : 1);
  for (const Field& field : fields) AppendUnsigned(&head, field.id, id_width);
  for (const Field& field : fields) AppendUnsigned(&head, field.start - start, offset_width);
  AppendUnsigned(&head, data, offset_width);
  value_.insert(start, head);
  return true;
}

void VariantBuilder::CloseArray(size_t start, const std::vector<size_t>& starts) {
  const size_t data = position() - start;
  const size_t offset_width = WidthOf(data);
  const bool large = starts.size() > 0xFF;
  std::string head;
  head += static_cast<char>(((large ? 1 : 0) << 2 | (offset_width - 1)) << 2 | kArray);
  AppendUnsigned(&head, starts.size(), large ? 4 : 1);
  for (const size_t at : starts) AppendUnsigned(&head, at - start, offset_width);
  AppendUnsigned(&head, data, offset_width);
  value_.insert(start, head);
}

std::string VariantBuilder::Metadata() const {
  size_t bytes = 0;
  for (const std::string& name : names_) bytes += name.size();
  if (bytes > kMaxBytes || value_.size() > kMaxBytes) {
    throw Error("VARIANT_CONSTRUCTOR_SIZE_LIMIT",
                "Cannot construct a Variant larger than 128 MiB. The maximum allowed "
                "size of a Variant value is 128 MiB.");
  }
  const size_t width = WidthOf(std::max(bytes, names_.size()));
  std::string out(1, static_cast<char>((width - 1) << 6 | 1));
  AppendUnsigned(&out, names_.size(), width);
  size_t at = 0;
  for (const std::string& name : names_) {
    AppendUnsigned(&out, at, width);
    at += name.size();
  }
  AppendUnsigned(&out, at, width);
  for (const std::string& name : names_) out += name;
  return out;
}

std::optional<VariantPath> VariantPath::Parse(std::string_view text) {
  if (!text.starts_with('$')) return std::nullopt;
  text.remove_prefix(1);
  VariantPath out;
  // Takes a name that ends before `end`.
  const auto quoted = [&](std::string_view open, std::string_view close) {
    if (!text.starts_with(open)) return false;
    const size_t end = text.find(close[0], open.size());
    if (end == std::string_view::npos || !text.substr(end).starts_with(close)) return false;
    out.steps_.push_back({std::string(text.substr(open.size(), end - open.size())), 0});
    text.remove_prefix(end + close.size());
    return true;
  };
  while (!text.empty()) {
    if (quoted("['", "']") || quoted("[\"", "\"]")) continue;
    if (text[0] == '.') {
      const size_t end = std::min(text.find_first_of(".[", 1), text.size());
      if (end == 1) return std::nullopt;
      out.steps_.push_back({std::string(text.substr(1, end - 1)), 0});
      text.remove_prefix(end);
      continue;
    }
    int32_t index = 0;
    if (text[0] != '[' || text.size() < 3 || text[1] < '0' || text[1] > '9') return std::nullopt;
    const auto [end, failure] = std::from_chars(text.data() + 1, text.data() + text.size(), index);
    if (failure != std::errc() || end == text.data() + text.size() || *end != ']') return std::nullopt;
    out.steps_.push_back({std::nullopt, static_cast<size_t>(index)});
    text.remove_prefix(static_cast<size_t>(end - text.data()) + 1);
  }
  return out;
}

std::optional<VariantView> VariantPath::Find(VariantView variant) const {
  for (const Step& step : steps_) {
    const VariantKind kind = variant.kind();
    std::optional<VariantView> next;
    if (step.name && kind == VariantKind::kObject) next = variant.Field(*step.name);
    if (!step.name && kind == VariantKind::kArray && step.index < variant.size()) next = variant.Child(step.index);
    if (!next) return std::nullopt;
    variant = *next;
  }
  return variant;
}

}  // namespace tinderbox::engine
