#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// JSON text as Spark's functions read and write it. A text is read as far as its first value.

namespace tinderbox::engine {

/// The first value of a text, or nullopt when it is not JSON.
std::optional<std::string_view> FirstJsonValue(std::string_view text);
/// Appends a value without white space, its numbers as Jackson writes them. REQUIRES: a value that a JsonCursor gave.
void AppendCompactJson(std::string* out, std::string_view raw);
/// Appends "text" with its escapes.
void AppendJsonString(std::string* out, std::string_view text);

/// A path of get_json_object: $.a['b'][0][*]. Immutable.
class JsonPath {
 public:
  /// What is no path finds nothing.
  explicit JsonPath(std::string_view text);
  std::optional<std::string> Find(std::string_view json) const;

 private:
  enum class Kind { kName, kIndex, kAll };
  struct Step {
    Kind kind;
    std::string name;
    int64_t index = 0;
  };
  enum class Style { kRaw, kQuoted, kFlatten };
  struct Output;

  bool Parse(std::string_view text);
  bool Evaluate(std::string_view raw, size_t step, Style style, Output* out) const;
  bool EvaluateArray(std::string_view raw, size_t step, Style style, Output* out) const;
  bool Is(size_t step, Kind kind) const { return step < steps_.size() && steps_[step].kind == kind; }

  std::vector<Step> steps_;
  bool valid_ = false;
};

/// The number of elements of an array; nullopt for what is none.
std::optional<int32_t> JsonArrayLength(std::string_view json);
/// The keys of an object; nullopt for what is none.
std::optional<std::vector<std::string>> JsonObjectKeys(std::string_view json);
/// The value of each named field of an object, NULL where there is none: what json_tuple gives.
std::vector<std::optional<std::string>> JsonTuple(std::string_view json, const std::vector<std::string_view>& names);

}  // namespace tinderbox::engine
