#include <fmt/format.h>
#include <utf8proc.h>
#include <zlib.h>

#include <algorithm>
#include <cstdlib>

#include "base/escapes.h"

#include "engine/functions/code_points.h"
#include "engine/functions/native.h"
#include "engine/functions/text_case.h"
#include "engine/functions/value_text.h"
#include "spark/text.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

bool IsAscii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

/// The bytes of the code points [begin, end).
std::string_view Slice(std::string_view text, int64_t begin, int64_t end) {
  if (end <= begin) return {};
  size_t i = 0;
  int64_t count = 0;
  const auto advance = [&](int64_t to) {
    while (i < text.size() && count < to) {
      ++i;
      while (i < text.size() && !StartsPoint(text[i])) ++i;
      ++count;
    }
  };
  advance(begin);
  const size_t from = i;
  advance(end);
  return text.substr(from, i - from);
}

/// Spark's substringSQL: positions count from 1, from the end when negative, and 0 means 1.
std::string_view SubstringSql(std::string_view text, int64_t position, int64_t length) {
  const int64_t start = position > 0 ? position - 1 : position < 0 ? CountPoints(text) + position : 0;
  return Slice(text, start, start + length);
}

std::string_view SubstringBytes(std::string_view bytes, int64_t position, int64_t length) {
  const auto size = static_cast<int64_t>(bytes.size());
  const int64_t start = position > 0 ? position - 1 : position < 0 ? size + position : 0;
  const int64_t end = std::min(start + length, size);
  const int64_t from = std::clamp<int64_t>(start, 0, size);
  return end <= from ? std::string_view() : bytes.substr(static_cast<size_t>(from), static_cast<size_t>(end - from));
}

std::string InitCap(std::string_view text) {
  std::string out;
  bool start = true;
  for (uint32_t point : PointsOf(LowerOf(text))) {
    std::string character;
    base::AppendUtf8(&character, point);
    if (start) {
      const std::string upper = UpperOf(character);
      if (CountPoints(upper) > 1) {  // the capital of some is several letters, of which one is large at a word's start
        const std::string_view first = Slice(upper, 0, 1);
        character = std::string(first) + LowerOf(std::string_view(upper).substr(first.size()));
      } else {
        character.clear();
        base::AppendUtf8(&character, static_cast<uint32_t>(utf8proc_totitle(static_cast<utf8proc_int32_t>(point))));
      }
    }
    out += character;
    start = point == ' ';
  }
  return out;
}

std::string ReverseOf(std::string_view text) {
  std::string out;
  for (size_t end = text.size(); end > 0;) {
    size_t begin = end - 1;
    while (begin > 0 && !StartsPoint(text[begin])) --begin;
    out.append(text.substr(begin, end - begin));
    end = begin;
  }
  return out;
}

std::string Pad(std::string_view text, int64_t length, std::string_view pad, bool left) {
  const int64_t count = CountPoints(text);
  if (length <= 0) return "";
  if (length <= count) return std::string(Slice(text, 0, length));
  if (pad.empty()) return std::string(text);
  std::string filling;
  int64_t missing = length - count;
  const int64_t width = CountPoints(pad);
  for (; missing >= width; missing -= width) filling += pad;
  filling += Slice(pad, 0, missing);
  return left ? filling + std::string(text) : std::string(text) + filling;
}

int32_t Locate(std::string_view part, std::string_view text, int32_t start) {
  if (start < 1) return 0;
  if (part.empty()) return 1;
  const std::string_view before = Slice(text, 0, start - 1);
  const size_t at = text.find(part, before.size());
  return at == std::string_view::npos ? 0 : static_cast<int32_t>(CountPoints(text.substr(0, at))) + 1;
}

std::string_view SplitPart(std::string_view text, std::string_view delimiter, int32_t index) {
  if (index == 0)
    throw Error("INVALID_INDEX_OF_ZERO", "The index 0 is invalid: parts count from 1, or from -1 at the end.");
  std::vector<std::string_view> parts;
  if (delimiter.empty()) {
    parts.push_back(text);
  } else {
    size_t begin = 0;
    for (size_t at = text.find(delimiter); at != std::string_view::npos; at = text.find(delimiter, begin)) {
      parts.push_back(text.substr(begin, at - begin));
      begin = at + delimiter.size();
    }
    parts.push_back(text.substr(begin));
  }
  const int64_t at = index > 0 ? index - 1 : static_cast<int64_t>(parts.size()) + index;
  return at < 0 || at >= static_cast<int64_t>(parts.size()) ? std::string_view() : parts[static_cast<size_t>(at)];
}

std::string_view SubstringIndex(std::string_view text, std::string_view delimiter, int32_t count) {
  if (delimiter.empty() || count == 0) return {};
  if (count > 0) {
    size_t at = std::string_view::npos;
    for (; count > 0; --count) {
      at = text.find(delimiter, at == std::string_view::npos ? 0 : at + 1);
      if (at == std::string_view::npos) return text;
    }
    return text.substr(0, at);
  }
  size_t at = text.size();
  for (int64_t left = -static_cast<int64_t>(count); left > 0; --left) {
    if (at == 0) return text;
    at = text.rfind(delimiter, at - 1);
    if (at == std::string_view::npos) return text;
  }
  return text.substr(at + delimiter.size());
}

std::string Normalize(std::string_view text, std::string_view form) {
  int options = UTF8PROC_STABLE;
  if (form == "NFC" || form == "NFKC") options |= UTF8PROC_COMPOSE;
  if (form == "NFD" || form == "NFKD") options |= UTF8PROC_DECOMPOSE;
  if (form == "NFKC" || form == "NFKD") options |= UTF8PROC_COMPAT;
  if (options == UTF8PROC_STABLE) {
    throw Error("INVALID_PARAMETER_VALUE", fmt::format("tb_normalize knows NFC, NFD, NFKC and NFKD, not '{}'.", form));
  }
  if (IsAscii(text)) return std::string(text);
  utf8proc_uint8_t* buffer = nullptr;
  const auto length =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()),
                   &buffer, static_cast<utf8proc_option_t>(options));
  if (length < 0)
    throw Error("INVALID_UTF8_STRING", fmt::format("A text cannot be normalised: {}.", utf8proc_errmsg(length)));
  std::string out(reinterpret_cast<char*>(buffer), static_cast<size_t>(length));
  std::free(buffer);
  return out;
}

void AddText(ScalarFunctions* out, const char* name, std::vector<ParameterType> parameters, TypeKind result,
             std::function<void(const ScalarInput&, size_t, OutVector&)> one) {
  out->push_back({.name = name,
                  .parameters = std::move(parameters),
                  .varargs = {},
                  .result = DataType(result),
                  .run = PerRow(std::move(one))});
}

}  // namespace

void AddNativeStrings(ScalarFunctions* out) {
  constexpr TypeKind s = TypeKind::kString;
  constexpr TypeKind i = TypeKind::kInteger;
  const auto unary = [&](const char* name, std::string (*f)(std::string_view)) {
    AddText(out, name, {s}, s,
            [f](const ScalarInput& in, size_t row, OutVector& result) { result.SetString(row, f(in[0].String(row))); });
  };
  const auto number = [](const ScalarInput& in, size_t argument, size_t row) {
    return in[argument].Data<int32_t>()[row];
  };
  unary("spark_upper", UpperOf);
  unary("spark_lower", LowerOf);
  unary("spark_initcap", InitCap);
  unary("spark_reverse", ReverseOf);
  AddText(out, "spark_reverse", {TypeKind::kBinary}, TypeKind::kBinary,
          [](const ScalarInput& in, size_t row, OutVector& result) {
            const std::string_view bytes = in[0].String(row);
            result.SetString(row, std::string(bytes.rbegin(), bytes.rend()));
          });
  AddText(out, "spark_substring", {s, i, i}, s, [=](const ScalarInput& in, size_t row, OutVector& result) {
    result.SetString(row, SubstringSql(in[0].String(row), number(in, 1, row), number(in, 2, row)));
  });
  AddText(out, "spark_substring", {TypeKind::kBinary, i, i}, TypeKind::kBinary,
          [=](const ScalarInput& in, size_t row, OutVector& result) {
            result.SetString(row, SubstringBytes(in[0].String(row), number(in, 1, row), number(in, 2, row)));
          });
  AddText(out, "spark_right", {s, i}, s, [=](const ScalarInput& in, size_t row, OutVector& result) {
    const int32_t length = number(in, 1, row);
    result.SetString(row, length <= 0 ? std::string_view()
                                      : SubstringSql(in[0].String(row), -static_cast<int64_t>(length), INT32_MAX));
  });
  for (const bool left : {true, false}) {
    AddText(out, left ? "spark_lpad" : "spark_rpad", {s, i, s}, s,
            [=](const ScalarInput& in, size_t row, OutVector& result) {
              result.SetString(row, Pad(in[0].String(row), number(in, 1, row), in[2].String(row), left));
            });
  }
  AddText(out, "spark_overlay", {s, s, i, i}, s, [=](const ScalarInput& in, size_t row, OutVector& result) {
    const std::string_view text = in[0].String(row);
    const std::string_view put = in[1].String(row);
    const int64_t position = number(in, 2, row);
    const int64_t length = number(in, 3, row) >= 0 ? number(in, 3, row) : CountPoints(put);
    std::string all(SubstringSql(text, 1, position - 1));
    all += put;
    all += SubstringSql(text, position + length, INT32_MAX);
    result.SetString(row, all);
  });
  AddText(out, "spark_locate", {s, s, i}, i, [=](const ScalarInput& in, size_t row, OutVector& result) {
    result.Data<int32_t>()[row] = Locate(in[0].String(row), in[1].String(row), number(in, 2, row));
  });
  AddText(out, "spark_split_part", {s, s, i}, s, [=](const ScalarInput& in, size_t row, OutVector& result) {
    result.SetString(row, SplitPart(in[0].String(row), in[1].String(row), number(in, 2, row)));
  });
  AddText(out, "spark_substring_index", {s, s, i}, s, [=](const ScalarInput& in, size_t row, OutVector& result) {
    result.SetString(row, SubstringIndex(in[0].String(row), in[1].String(row), number(in, 2, row)));
  });
  AddText(out, "spark_chr", {TypeKind::kLong}, s, [](const ScalarInput& in, size_t row, OutVector& result) {
    const int64_t value = in[0].Data<int64_t>()[row];
    std::string text;
    if (value >= 0) base::AppendUtf8(&text, static_cast<uint32_t>(value & 0xFF));
    result.SetString(row, text);
  });
  AddText(out, "spark_crc32", {TypeKind::kBinary}, TypeKind::kLong,
          [](const ScalarInput& in, size_t row, OutVector& result) {
            const std::string_view bytes = in[0].String(row);
            result.Data<int64_t>()[row] =
                static_cast<int64_t>(crc32_z(0, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
          });
  AddText(out, "spark_normalize", {s, s}, s, [](const ScalarInput& in, size_t row, OutVector& result) {
    result.SetString(row, Normalize(in[0].String(row), in[1].String(row)));
  });
}

}  // namespace tinderbox::engine
