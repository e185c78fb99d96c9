#include "engine/translate/refusals.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace

void RefuseFeature(std::string_view what) {
  throw Error("UNSUPPORTED_FEATURE", fmt::format("The embedded engine does not support {}.", what),
              {{"feature", std::string(what)}});
}

void RefuseTypes(std::string_view operation, const DataType& a, const DataType& b) {
  throw Error("DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES",
              fmt::format("Cannot resolve \"{}\" due to data type mismatch: the left and right operands of the binary "
                          "operator have incompatible types (\"{}\" and \"{}\").",
                          operation, a.Sql(), b.Sql()),
              {{"sqlExpr", std::string(operation)}, {"left", "\"" + a.Sql() + "\""}, {"right", "\"" + b.Sql() + "\""}});
}

void RefuseDifferent(std::string_view function, const std::vector<DataType>& types) {
  // The conditional ones list what they got, the others what it could be.
  static constexpr std::string_view kListing[] = {"case", "greatest", "if", "in", "least", "when"};
  const bool listing = std::ranges::find(kListing, function) != std::end(kListing);
  std::string list;
  for (const DataType& type : types) {
    list += fmt::format("{}\"{}\"", list.empty() ? "" : listing ? ", " : " or ", type.Sql());
  }
  list = listing ? "[" + list + "]" : "(" + list + ")";
  const std::string name = function == "when" || function == "case" ? "casewhen" : base::LowerCase(function);
  throw Error("DATATYPE_MISMATCH.DATA_DIFF_TYPES",
              fmt::format("Cannot resolve \"{}\" due to data type mismatch: Input to `{}` should all be the same type, "
                          "but it's {}.",
                          function, name, list),
              {{"sqlExpr", std::string(function)}, {"functionName", "`" + name + "`"}, {"dataType", list}});
}

void RefuseArgument(std::string_view function, size_t position, std::string_view wanted, const DataType& given) {
  throw Error("DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE",
              fmt::format("Cannot resolve \"{}\": argument {} must be {}, but it has the type \"{}\".", function,
                          position, wanted, given.Sql()),
              {{"sqlExpr", std::string(function)},
               {"paramIndex", std::to_string(position)},
               {"requiredType", std::string(wanted)},
               {"inputType", given.Sql()}});
}

void RefuseCount(std::string_view function, std::string_view wanted, size_t given) {
  constexpr const char* kDocs = "https://spark.apache.org/docs/latest";
  const std::string name = fmt::format("`{}`", base::LowerCase(function));
  const std::string message = fmt::format(
      "The {} requires {} parameters but the actual number is {}. Please, refer to '{}/sql-ref-functions.html' for a "
      "fix.",
      name, wanted, given, kDocs);
  const Error::Params params{{"functionName", name},
                             {"expectedNum", std::string(wanted)},
                             {"actualNum", std::to_string(given)},
                             {"docroot", kDocs}};
  // Functions of any number of arguments count them too late for Spark to know where they stand.
  if (wanted.find('>') != std::string_view::npos) {
    throw UnplacedError("WRONG_NUM_ARGS.WITHOUT_SUGGESTION", message, params);
  }
  throw Error("WRONG_NUM_ARGS.WITHOUT_SUGGESTION", message, params);
}

std::vector<std::string> Nearest(std::string_view name, const std::vector<std::string>& candidates, size_t limit) {
  std::vector<std::pair<size_t, std::string>> ranked;
  const std::string lower = base::LowerCase(name.substr(0, 200));
  for (const std::string& candidate : candidates)
    ranked.emplace_back(EditDistance(lower, base::LowerCase(candidate)), candidate);
  std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> out;
  for (const auto& [distance, candidate] : ranked) {
    if (out.size() == limit) break;
    out.push_back(candidate);
  }
  return out;
}

}  // namespace tinderbox::engine
