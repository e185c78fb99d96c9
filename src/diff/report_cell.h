#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tinderbox/row.h"

namespace tinderbox::diff {

/// Columns that the text takes on a terminal: wide letters and emoji count two, combining marks none. REQUIRES UTF-8.
int DisplayWidth(std::string_view text);

/// The text with everything a terminal would act upon made visible: line ends as \n, other control characters, line
/// separators and direction overrides as \u{…}, broken UTF-8 as U+FFFD.
std::string Visible(std::string_view text);

/// One cell as a person reads it, in one line. Strings that could be taken for something else (empty, "NULL", spaces at
/// an end) are quoted; NULL is not.
std::string CellText(const Value& value);

/// At most `width` columns; what does not fit is taken from the middle and replaced by "…". Never cuts a letter.
std::string Clip(std::string_view text, int width);

/// Clips two texts so that the place where they begin to differ stays visible in both.
std::pair<std::string, std::string> ClipPair(std::string_view left, std::string_view right, int left_width,
                                             int right_width);

/// right - left of numbers, or in seconds of dates and times; nullopt for anything else, NULL and NaN.
std::optional<double> Delta(const Value& left, const Value& right);

/// "12,345,678".
std::string GroupDigits(int64_t number);

/// "8.3 %"; never "0.0 %" for a part that is not none and never "100.0 %" for one that is not all.
std::string Percent(int64_t part, int64_t whole);

}  // namespace tinderbox::diff
