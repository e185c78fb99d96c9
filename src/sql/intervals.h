#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "spark/proto_expressions.h"

namespace tinderbox::sql {

struct IntervalPart {
  std::string value;  ///< "-3", "1.5"
  std::string unit;   ///< "DAYS"
};

bool IsIntervalUnit(std::string_view word);
/// Splits "1 day -2 hours". False when the text has another form.
bool ParseIntervalWords(std::string_view text, std::vector<IntervalPart>* parts);
/// Adds the parts up; the type is that of the units named. False when they overflow, or mix months with time.
bool MakeInterval(const std::vector<IntervalPart>& parts, proto::Expression::Literal* out, bool* mixed = nullptr);
/// '1-2' YEAR TO MONTH, '1 02:03:04.5' DAY TO SECOND and what lies between.
bool ParseIntervalRange(std::string_view text, std::string_view from, std::string_view to,
                        proto::Expression::Literal* out);

}  // namespace tinderbox::sql
