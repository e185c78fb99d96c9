#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/fail.h"
#include "spark/ipc.h"
#include "spark/type_names.h"

namespace tinderbox::spark {
namespace {

constexpr int64_t kNullableFlag = 2;  // ARROW_FLAG_NULLABLE

[[noreturn]] void Unsupported(std::string_view format, const std::string& place, std::string_view why) {
  base::FailWith("UNSUPPORTED_ARROWTYPE", {{"typeName", std::string(format)}},
                 "The column {} has the Arrow type \"{}\", which {}.", place, format, why);
}

bool Nullable(const ArrowSchema& schema) {
  return (schema.flags & kNullableFlag) != 0;
}

std::string_view NameOf(const ArrowSchema& schema) {
  return schema.name == nullptr ? "" : schema.name;
}

DataType ImportDecimal(std::string_view format, const std::string& place) {
  int numbers[3] = {0, 0, 128};
  size_t count = 0;
  const char* at = format.data() + 2;
  const char* end = format.data() + format.size();
  while (at < end && count < 3) {
    const auto parsed = std::from_chars(at, end, numbers[count]);
    if (parsed.ec != std::errc()) Unsupported(format, place, "is no valid decimal");
    ++count;
    at = parsed.ptr + 1;
  }
  if (count < 2 || numbers[0] < 1 || numbers[0] > 38 || numbers[1] < 0 || numbers[1] > numbers[0]) {
    Unsupported(format, place, "is no decimal that Spark has (precision 1 to 38, scale 0 to the precision)");
  }
  return DataType::Decimal(numbers[0], numbers[1]);
}

/// Whether a field's metadata, in the form of the C Data Interface, has the key "variant".
bool MarksVariant(const ArrowSchema& schema) {
  const char* at = schema.metadata;
  if (at == nullptr) return false;
  const auto number = [&] {
    int32_t out = 0;
    std::memcpy(&out, at, sizeof(out));
    at += sizeof(out);
    return std::max(out, 0);
  };
  for (int32_t entries = number(); entries > 0; --entries) {
    const int32_t key_length = number();
    const std::string_view key(at, static_cast<size_t>(key_length));
    if (key == "variant") return true;
    at += key_length;
    const int32_t value_length = number();
    at += value_length;
  }
  return false;
}

DataType ImportType(const ArrowSchema& schema, const std::string& place, int depth) {
  const std::string_view format = schema.format == nullptr ? "" : schema.format;
  if (depth > kMaxTypeDepth) Unsupported(format, place, fmt::format("is nested deeper than {} levels", kMaxTypeDepth));
  if (schema.dictionary != nullptr) return ImportType(*schema.dictionary, place, depth + 1);
  const auto child = [&](int64_t i) -> const ArrowSchema& {
    if (i >= schema.n_children || schema.children[i] == nullptr) Unsupported(format, place, "lacks its children");
    return *schema.children[i];
  };
  const auto child_type = [&](const ArrowSchema& from) {
    return ImportType(from, fmt::format("{}.{}", place, NameOf(from)), depth + 1);
  };
  static constexpr std::pair<std::string_view, TypeKind> kPlain[] = {{"n", TypeKind::kNull},
                                                                     {"b", TypeKind::kBoolean},
                                                                     {"c", TypeKind::kByte},
                                                                     {"s", TypeKind::kShort},
                                                                     {"i", TypeKind::kInteger},
                                                                     {"l", TypeKind::kLong},
                                                                     {"f", TypeKind::kFloat},
                                                                     {"g", TypeKind::kDouble},
                                                                     {"u", TypeKind::kString},
                                                                     {"U", TypeKind::kString},
                                                                     {"vu", TypeKind::kString},
                                                                     {"z", TypeKind::kBinary},
                                                                     {"Z", TypeKind::kBinary},
                                                                     {"vz", TypeKind::kBinary},
                                                                     {"tdD", TypeKind::kDate},
                                                                     {"tdm", TypeKind::kDate},
                                                                     {"tts", TypeKind::kTime},
                                                                     {"ttm", TypeKind::kTime},
                                                                     {"ttu", TypeKind::kTime},
                                                                     {"ttn", TypeKind::kTime},
                                                                     {"tiM", TypeKind::kYearMonthInterval},
                                                                     {"tin", TypeKind::kCalendarInterval}};
  for (const auto& [name, kind] : kPlain) {
    if (format == name) return DataType(kind);
  }
  if (format.starts_with("d:")) return ImportDecimal(format, place);
  if (format.starts_with("w:")) return DataType(TypeKind::kBinary);
  if (format.size() >= 4 && format.starts_with("ts") && format[3] == ':') {
    return DataType(format.size() == 4 ? TypeKind::kTimestampNtz : TypeKind::kTimestamp);
  }
  if (format.size() == 3 && format.starts_with("tD")) return DataType(TypeKind::kDayTimeInterval);
  if (format == "+l" || format == "+L" || format == "+vl" || format == "+vL" || format.starts_with("+w:")) {
    const ArrowSchema& element = child(0);
    return DataType::Array(child_type(element), Nullable(element));
  }
  if (format == "+s" && schema.n_children == 2 && NameOf(child(0)) == "value" && NameOf(child(1)) == "metadata" &&
      MarksVariant(child(1))) {
    return DataType(TypeKind::kVariant);
  }
  if (format == "+s") {
    std::vector<StructField> fields;
    for (int64_t i = 0; i < schema.n_children; ++i) {
      fields.push_back({std::string(NameOf(child(i))), child_type(child(i)), Nullable(child(i)), "{}"});
    }
    return DataType::Struct(std::move(fields));
  }
  if (format == "+m") {
    const ArrowSchema& entries = child(0);
    if (entries.n_children != 2) Unsupported(format, place, "lacks its children");
    return DataType::Map(child_type(*entries.children[0]), child_type(*entries.children[1]),
                         Nullable(*entries.children[1]));
  }
  Unsupported(format, place, "has no Spark type");
}

}  // namespace

StructType ImportSchema(const ArrowSchema& schema) {
  StructType out;
  for (int64_t i = 0; i < schema.n_children; ++i) {
    const ArrowSchema& column = *schema.children[i];
    const std::string name(NameOf(column));
    out.fields.push_back({name, ImportType(column, name, 0), Nullable(column), "{}"});
  }
  return out;
}

}  // namespace tinderbox::spark
