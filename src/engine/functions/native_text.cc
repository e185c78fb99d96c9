// Text functions that look at characters one by one, and text as bytes.
#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>

#include "engine/functions/code_points.h"
#include "engine/functions/native_row.h"
#include "engine/functions/value_text.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

constexpr TypeKind kString = TypeKind::kString;
constexpr TypeKind kBinary = TypeKind::kBinary;
constexpr TypeKind kInt = TypeKind::kInteger;
constexpr TypeKind kBoolean = TypeKind::kBoolean;

int32_t FindInSet(std::string_view word, std::string_view set) {
  if (word.find(',') != std::string_view::npos) return 0;
  int32_t number = 1;
  for (size_t begin = 0;; ++number) {
    const size_t comma = set.find(',', begin);
    if (set.substr(begin, comma == std::string_view::npos ? comma : comma - begin) == word) return number;
    if (comma == std::string_view::npos) return 0;
    begin = comma + 1;
  }
}

bool LuhnCheck(std::string_view digits) {
  if (digits.empty()) return false;
  int sum = 0;
  bool twice = false;
  for (auto at = digits.rbegin(); at != digits.rend(); ++at, twice = !twice) {
    if (*at < '0' || *at > '9') return false;
    int digit = *at - '0';
    if (twice) digit = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
    sum += digit;
  }
  return sum % 10 == 0;
}

std::string Soundex(std::string_view text) {
  static constexpr std::string_view kCodes = "01230127022455012623017202";
  const auto upper = [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; };
  const auto is_letter = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (text.empty() || !is_letter(upper(text[0]))) return std::string(text);
  std::string out(1, upper(text[0]));
  char last = kCodes[static_cast<size_t>(out[0] - 'A')];
  for (size_t i = 1; i < text.size() && out.size() < 4; ++i) {
    const char letter = upper(text[i]);
    if (!is_letter(letter)) {
      last = '0';
      continue;
    }
    const char code = kCodes[static_cast<size_t>(letter - 'A')];
    if (code == '7') continue;  // H and W do not part two letters of one code
    if (code != '0' && code != last) out += code;
    last = code;
  }
  out.resize(4, '0');
  return out;
}

/// What stands for a letter or digit in mask(); without a text it stays.
struct Mask {
  std::string_view text;
  bool keep = true;
};

std::string Masked(std::string_view text, const Mask& upper, const Mask& lower, const Mask& digit, const Mask& other) {
  std::string out;
  while (!text.empty()) {
    bool valid = false;
    const std::string_view character = text.substr(0, PointLength(text, &valid));
    text.remove_prefix(character.size());
    const uint32_t point = PointsOf(character).front();
    // Java sees a character beyond U+FFFF as two, which are neither letters nor digits.
    const auto category = point > 0xFFFF ? UTF8PROC_CATEGORY_CS : utf8proc_category(static_cast<int32_t>(point));
    const Mask& mask = category == UTF8PROC_CATEGORY_LU   ? upper
                       : category == UTF8PROC_CATEGORY_LL ? lower
                       : category == UTF8PROC_CATEGORY_ND ? digit
                                                          : other;
    out += mask.keep ? character : mask.text;
    if (!mask.keep && point > 0xFFFF) out += mask.text;
  }
  return out;
}

std::string Quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') out += '\\';
    out += c;
  }
  return out + "'";
}

[[noreturn]] void ThrowInvalidUtf8(std::string_view bytes) {
  std::string shown;
  for (const char c : bytes) shown += fmt::format("\\x{:02X}", static_cast<unsigned char>(c));
  throw Error("INVALID_UTF8_STRING", fmt::format("Invalid UTF8 byte sequence found in string: {}.", shown),
              {{"str", shown}});
}

int32_t Levenshtein(std::string_view left, std::string_view right, int32_t threshold) {
  const std::vector<uint32_t> a = PointsOf(left);
  const std::vector<uint32_t> b = PointsOf(right);
  std::vector<int32_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = static_cast<int32_t>(j);
  for (size_t i = 1; i <= a.size(); ++i) {
    int32_t diagonal = row[0];
    row[0] = static_cast<int32_t>(i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const int32_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()] > threshold ? -1 : row[b.size()];
}

std::string PadBytes(std::string_view bytes, int32_t length, std::string_view pad, bool left) {
  if (length <= 0) return "";
  const auto wanted = static_cast<size_t>(length);
  if (wanted <= bytes.size() || pad.empty()) return std::string(bytes.substr(0, wanted));
  std::string filling;
  while (filling.size() < wanted - bytes.size()) filling += pad;
  filling.resize(wanted - bytes.size());
  return left ? filling + std::string(bytes) : std::string(bytes) + filling;
}

std::string OverlayBytes(std::string_view bytes, std::string_view put, int32_t position, int32_t length) {
  const auto size = static_cast<int64_t>(bytes.size());
  const int64_t cut = length >= 0 ? length : static_cast<int64_t>(put.size());
  const int64_t head = std::clamp<int64_t>(static_cast<int64_t>(position) - 1, 0, size);
  const int64_t tail = std::clamp<int64_t>(static_cast<int64_t>(position) - 1 + cut, 0, size);
  return std::string(bytes.substr(0, static_cast<size_t>(head))) + std::string(put) +
         std::string(bytes.substr(static_cast<size_t>(tail)));
}

int32_t EltIndex(int32_t index, int32_t size) {
  if (index >= 1 && index <= size) return index;
  throw Error(
      "INVALID_ARRAY_INDEX",
      fmt::format("The index {} is out of bounds. The array has {} elements. Use the SQL function `get()` to tolerate "
                  "accessing element at invalid index and return NULL instead.",
                  index, size),
      {{"indexValue", std::to_string(index)}, {"arraySize", std::to_string(size)}});
}

}  // namespace

void AddNativeText(ScalarFunctions* out) {
  const auto number = [](const ScalarInput& in, size_t argument, size_t row) {
    return in[argument].Data<int32_t>()[row];
  };
  AddPerRow(out, "spark_find_in_set", {kString, kString}, DataType(kInt),
            [](const ScalarInput& in, size_t row, OutVector& result) {
              result.Data<int32_t>()[row] = FindInSet(in[0].String(row), in[1].String(row));
            });
  AddPerRow(out, "spark_luhn_check", {kString}, DataType(kBoolean),
            [](const ScalarInput& in, size_t row, OutVector& result) {
              result.Data<uint8_t>()[row] = LuhnCheck(in[0].String(row)) ? 1 : 0;
            });
  AddPerRow(
      out, "spark_soundex", {kString}, DataType(kString),
      [](const ScalarInput& in, size_t row, OutVector& result) { result.SetString(row, Soundex(in[0].String(row))); });
  AddForAllRows(out, "spark_mask", {kString, kString, kString, kString, kString}, DataType(kString),
                [](const ScalarInput& in, size_t row, OutVector& result) {
                  if (in[0].IsNull(row)) return result.SetNull(row);
                  const auto mask = [&](size_t i) {
                    return in[i].IsNull(row) ? Mask{} : Mask{in[i].String(row), false};
                  };
                  result.SetString(row, Masked(in[0].String(row), mask(1), mask(2), mask(3), mask(4)));
                });
  AddPerRow(out, "spark_quote", {kString}, DataType(kString), [](const ScalarInput& in, size_t row, OutVector& result) {
    result.SetString(row, Quoted(in[0].String(row)));
  });
  AddPerRow(out, "spark_levenshtein", {kString, kString, kInt}, DataType(kInt),
            [=](const ScalarInput& in, size_t row, OutVector& result) {
              result.Data<int32_t>()[row] = Levenshtein(in[0].String(row), in[1].String(row), number(in, 2, row));
            });
  AddPerRow(out, "spark_elt_index", {kInt, kInt}, DataType(kInt),
            [=](const ScalarInput& in, size_t row, OutVector& result) {
              result.Data<int32_t>()[row] = EltIndex(number(in, 0, row), number(in, 1, row));
            });
  for (const bool left : {true, false}) {
    AddPerRow(out, left ? "spark_lpad_bytes" : "spark_rpad_bytes", {kBinary, kInt, kBinary}, DataType(kBinary),
              [=](const ScalarInput& in, size_t row, OutVector& result) {
                result.SetString(row, PadBytes(in[0].String(row), number(in, 1, row), in[2].String(row), left));
              });
  }
  AddPerRow(out, "spark_overlay_bytes", {kBinary, kBinary, kInt, kInt}, DataType(kBinary),
            [=](const ScalarInput& in, size_t row, OutVector& result) {
              result.SetString(
                  row, OverlayBytes(in[0].String(row), in[1].String(row), number(in, 2, row), number(in, 3, row)));
            });
  AddPerRow(out, "spark_is_valid_utf8", {kBinary}, DataType(kBoolean),
            [](const ScalarInput& in, size_t row, OutVector& result) {
              result.Data<uint8_t>()[row] = IsValidUtf8(in[0].String(row)) ? 1 : 0;
            });
  AddPerRow(out, "spark_make_valid_utf8", {kBinary}, DataType(kString),
            [](const ScalarInput& in, size_t row, OutVector& result) {
              std::string text;
              AppendValidUtf8(&text, in[0].String(row));
              result.SetString(row, text);
            });
  for (const bool strict : {true, false}) {
    AddPerRow(out, strict ? "spark_validate_utf8" : "spark_try_validate_utf8", {kBinary}, DataType(kString),
              [=](const ScalarInput& in, size_t row, OutVector& result) {
                if (IsValidUtf8(in[0].String(row))) {
                  result.SetString(row, in[0].String(row));
                } else if (strict) {
                  ThrowInvalidUtf8(in[0].String(row));
                } else {
                  result.SetNull(row);
                }
              });
  }
  AddPerRow(out, "spark_starts_with_bytes", {kBinary, kBinary}, DataType(kBoolean),
            [](const ScalarInput& in, size_t row, OutVector& result) {
              result.Data<uint8_t>()[row] = in[0].String(row).starts_with(in[1].String(row)) ? 1 : 0;
            });
  AddPerRow(out, "spark_ends_with_bytes", {kBinary, kBinary}, DataType(kBoolean),
            [](const ScalarInput& in, size_t row, OutVector& result) {
              result.Data<uint8_t>()[row] = in[0].String(row).ends_with(in[1].String(row)) ? 1 : 0;
            });
  AddPerRow(out, "spark_contains_bytes", {kBinary, kBinary}, DataType(kBoolean),
            [](const ScalarInput& in, size_t row, OutVector& result) {
              result.Data<uint8_t>()[row] = in[0].String(row).find(in[1].String(row)) != std::string_view::npos ? 1 : 0;
            });
}

}  // namespace tinderbox::engine
