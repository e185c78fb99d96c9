#include "cache/settings_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "spark/conf.h"

namespace tinderbox::cache {
namespace {

/// Beginnings of names.
constexpr auto kWithoutEffect = std::to_array<std::string_view>({
    "spark.sql.adaptive.",
    "spark.sql.artifact.",
    "spark.sql.autoBroadcastJoinThreshold",
    "spark.sql.catalogImplementation",
    "spark.sql.codegen.",
    "spark.sql.event",
    "spark.sql.execution.arrow.",
    "spark.sql.execution.pyspark.",
    "spark.sql.extensions",
    "spark.sql.files.maxPartitionBytes",
    "spark.sql.files.openCostInBytes",
    "spark.sql.hive.",
    "spark.sql.inMemoryColumnarStorage.",
    "spark.sql.repl.",
    "spark.sql.session.localRelation",
    "spark.sql.shuffle.partitions",
    "spark.sql.sources.parallelPartitionDiscovery.",
    "spark.sql.streaming.",
    "spark.sql.thriftServer.",
    "spark.sql.ui.",
    "spark.sql.warehouse.dir",
});

/// A zone by the name that most have for it.
std::string ZoneName(const std::string& zone) {
  constexpr auto kUtc = std::to_array<std::string_view>({"", "Etc/UTC", "UTC", "Z", "GMT", "Etc/GMT", "+00:00"});
  return std::ranges::find(kUtc, zone) == kUtc.end() ? zone : "UTC";
}

}  // namespace

std::string SettingsText(const std::map<std::string, std::string>& settings) {
  static const spark::Conf defaults;
  const auto zone = settings.find(spark::conf::kTimeZone);
  std::string out = fmt::format("zone={}\n", ZoneName(zone == settings.end() ? "" : zone->second));
  for (const auto& setting : settings) {
    const std::string& key = setting.first;
    const std::string& value = setting.second;
    if (!key.starts_with("spark.sql.") || key == spark::conf::kTimeZone || defaults.Find(key) == value) continue;
    if (std::ranges::any_of(kWithoutEffect, [&](std::string_view begin) { return key.starts_with(begin); })) continue;
    out += fmt::format("{}={}\n", key, value);
  }
  return out;
}

}  // namespace tinderbox::cache
