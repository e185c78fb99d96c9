#include <cctype>
#include <stdexcept>

#include "engine/places.h"
#include "engine/translate/sql.h"

namespace tinderbox::engine {

Sql Template(const char* literal, const std::vector<Sql>& arguments) {
  std::string out;
  const auto append_from = [&](size_t first) {
    for (size_t i = first; i < arguments.size(); ++i) {
      if (i > first) out += ", ";
      out += arguments[i].text();
    }
  };
  size_t name = 0;  // where what may be the name of a function begins
  for (const char* p = literal; *p != '\0'; ++p) {
    if (*p != '$') {
      if (*p == '(') out += PlaceMarkOf(std::string_view(out).substr(name));
      out += *p;
      if (*p != '_' && std::isalnum(static_cast<unsigned char>(*p)) == 0) name = out.size();
    } else if (p[1] == '*') {
      append_from(0);
      ++p;
    } else if (std::isdigit(static_cast<unsigned char>(p[1])) != 0) {
      const size_t index = static_cast<size_t>(p[1] - '1');
      ++p;
      if (p[1] == '*') {
        append_from(index);
        ++p;
      } else if (index < arguments.size()) {
        out += arguments[index].text();
      } else {
        throw std::logic_error(std::string("SQL template asks for a missing argument: ") + literal);
      }
    } else {
      out += *p;
    }
  }
  return Sql(std::move(out));
}

}  // namespace tinderbox::engine
