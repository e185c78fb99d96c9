#pragma once

#include <array>
#include <string_view>

// English words of dates, as java.time has them.

namespace tinderbox::engine {

inline constexpr std::array<std::string_view, 12> kMonths = {"January",   "February", "March",    "April",
                                                             "May",       "June",     "July",     "August",
                                                             "September", "October",  "November", "December"};
inline constexpr std::array<std::string_view, 7> kWeekdays = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                              "Friday", "Saturday", "Sunday"};
inline constexpr std::array<std::string_view, 4> kOrdinals = {"1st", "2nd", "3rd", "4th"};
/// By length (short, full), then by era (before Christ, after).
inline constexpr std::array<std::array<std::string_view, 2>, 2> kEras = {
    {{"BC", "AD"}, {"Before Christ", "Anno Domini"}}};

}  // namespace tinderbox::engine
