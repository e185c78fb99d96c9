#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "tinderbox/error.h"

namespace spark::connect {
class JvmOrigin;
class Origin;
}  // namespace spark::connect

namespace tinderbox::engine {

/// Lets errors at run time name their place in the user's program.
///
/// DuckDB does not say which expression of a query failed. While a Places lives, therefore, what this thread translates
/// marks each operation that can fail with the place it stands for, and what this thread runs has the marks taken out
/// again (PlacedSql). Without one, no SQL has marks.
class Places {
 public:
  Places();
  ~Places();
  Places(const Places&) = delete;
  Places& operator=(const Places&) = delete;

 private:
  friend class PlacedSql;
  friend std::string PlaceMark();
  Places* outer_;
  std::map<int64_t, QueryContext> contexts_;
};

/// While it lives, what this thread translates stands at `origin`, which must outlive it; where that is empty, at the
/// place around it.
class AtPlace {
 public:
  explicit AtPlace(const ::spark::connect::Origin& origin);
  ~AtPlace();
  AtPlace(const AtPlace&) = delete;
  AtPlace& operator=(const AtPlace&) = delete;

 private:
  friend std::string PlaceMark();
  AtPlace* outer_;
  const ::spark::connect::Origin* origin_;
  const ::spark::connect::JvmOrigin* text_ = nullptr;  // the innermost one around with the text of the query
  int64_t id_ = -1;
};

QueryContext ContextOf(const ::spark::connect::Origin& origin);

/// What marks SQL with the current place: behind the name of a function, or before a cast. Empty without a place.
std::string PlaceMark();
/// PlaceMark() for a function whose errors Spark gives a place, else empty.
std::string PlaceMarkOf(std::string_view function);
/// Whether two texts are the same but for marks.
bool SameButForPlaces(std::string_view a, std::string_view b);

/// Between the name of a native function and the number of one of its places.
inline constexpr std::string_view kPlaceMark = "_at";
/// The name without kPlaceMark and a number; nullopt when it has none.
std::optional<std::string_view> WithoutPlace(std::string_view function);

/// SQL as DuckDB gets it. A function that stands at several places has a name for each: f, f_at1, f_at2, …; a cast
/// begins a line of its own, since DuckDB tells the line of a failed cast.
class PlacedSql {
 public:
  explicit PlacedSql(std::string_view marked);
  const std::string& text() const { return text_; }
  /// The place of the function that failed, by its name in text().
  std::optional<QueryContext> OfFunction(const std::string& name) const;
  /// The place of the cast that begins a line, counted from 1.
  std::optional<QueryContext> OfLine(int line) const;

 private:
  std::string text_;
  std::map<std::string, QueryContext> functions_;
  std::map<int, QueryContext> lines_;
};

}  // namespace tinderbox::engine
