#include "cli/setting_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "cli/words.h"
#include "spark/conf_names.h"

namespace tinderbox::cli {
namespace {

constexpr std::string_view kSql = "spark.sql.";
constexpr std::string_view kCatalogs = "spark.sql.catalog.";  // of any name, with settings of their own

/// "adaptive" of spark.sql.adaptive.enabled.
std::string GroupOf(const std::string& name) {
  return name.substr(kSql.size(), name.find('.', kSql.size()) - kSql.size());
}

}  // namespace

std::vector<std::string> UnknownSettings(const std::map<std::string, std::string>& settings) {
  const std::vector<std::string> known = spark::ConfNames();
  std::set<std::string> groups;
  for (const std::string& name : known) {
    if (name.starts_with(kSql)) groups.insert(GroupOf(name));
  }
  std::vector<std::string> unknown;
  for (const auto& [name, value] : settings) {
    if (!name.starts_with(kSql) || name.starts_with(kCatalogs)) continue;
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    // Those of a package begin with a word of its own.
    if (Nearest(GroupOf(name), {groups.begin(), groups.end()}, 1).empty()) continue;
    const std::vector<std::string> meant = Nearest(name, known, 1);
    unknown.push_back(fmt::format("Spark 4.2 has no setting {}, and takes no notice of it.{}", name,
                                  meant.empty() ? "" : fmt::format(" Did you mean {}?", meant[0])));
  }
  return unknown;
}

}  // namespace tinderbox::cli
