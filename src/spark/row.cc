#include "tinderbox/row.h"

#include <algorithm>

#include "spark/text.h"

namespace tinderbox {

bool ListValue::operator==(const ListValue& other) const {
  return items == other.items;
}

bool MapValue::operator==(const MapValue& other) const {
  // Entries have no order; keys may repeat in data that other engines wrote, hence the permutation.
  return entries.size() == other.entries.size() &&
         std::is_permutation(entries.begin(), entries.end(), other.entries.begin());
}

bool StructValue::operator==(const StructValue& other) const {
  return names == other.names && values == other.values;
}

bool Value::operator==(const Value& other) const {
  if (data.index() != other.data.index()) return false;
  return std::visit(
      [&](const auto& a) {
        using T = std::decay_t<decltype(a)>;
        const T& b = std::get<T>(other.data);
        if constexpr (std::is_floating_point_v<T>) {
          return a == b || (a != a && b != b);
        } else if constexpr (requires { *a == *b; }) {
          return a == b || *a == *b;
        } else {
          return a == b;
        }
      },
      data);
}

std::string Value::ToString() const {
  std::string out;
  spark::AppendText(&out, *this);
  return out;
}

std::string Value::ToJson() const {
  std::string out;
  spark::AppendJson(&out, *this);
  return out;
}

}  // namespace tinderbox
