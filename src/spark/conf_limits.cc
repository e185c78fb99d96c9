#include "spark/conf_limits.h"

#include <fmt/format.h>

#include <algorithm>

namespace tinderbox::spark {
namespace {

struct Fixed {
  std::string_view key;   ///< "a.b.*" stands for all keys below
  std::string_view also;  ///< the one other value that is allowed, because it changes nothing here
  std::string_view reason;
};

constexpr std::string_view kLegacy = "Tinderbox has no behaviour of older versions of Spark.";
constexpr std::string_view kParser = "Tinderbox's SQL parser follows the default.";
constexpr std::string_view kTypes = "Tinderbox's types and casts follow the default.";
constexpr std::string_view kFunctions = "Tinderbox's functions follow the default.";
constexpr std::string_view kFiles = "Tinderbox's readers and writers follow the default; some take an option instead.";

constexpr Fixed kFixed[] = {
    {"spark.sql.allowNamedFunctionArguments", "", kParser},
    {"spark.sql.ansi.doubleQuotedIdentifiers", "", kParser},
    {"spark.sql.ansi.enforceReservedKeywords", "", kParser},
    {"spark.sql.ansi.relationPrecedence", "", kParser},
    {"spark.sql.binaryOutputStyle", "HEX_DISCRETE", kTypes},
    {"spark.sql.catalog.*", "", "Tinderbox has one catalog, spark_catalog."},
    {"spark.sql.charAsVarchar", "", kTypes},
    {"spark.sql.chunkBase64String.enabled", "", kFunctions},
    {"spark.sql.collation.allowInMapKeys", "", kTypes},
    {"spark.sql.columnNameOfCorruptRecord", "", kFiles},
    {"spark.sql.crossJoin.enabled", "", kParser},
    {"spark.sql.decimalOperations.allowPrecisionLoss", "", kTypes},
    {"spark.sql.defaultCatalog", "", "Tinderbox has one catalog, spark_catalog."},
    {"spark.sql.error.messageFormat", "", "Tinderbox's messages are the readable ones."},
    {"spark.sql.extensions", "", "Tinderbox runs no Java classes."},
    {"spark.sql.files.ignoreCorruptFiles", "", kFiles},
    {"spark.sql.files.ignoreMissingFiles", "", kFiles},
    {"spark.sql.files.maxRecordsPerFile", "", kFiles},
    {"spark.sql.function.concatBinaryAsString", "", kFunctions},
    {"spark.sql.function.eltOutputAsString", "", kFunctions},
    {"spark.sql.json.enablePartialResults", "", kFiles},
    {"spark.sql.jsonGenerator.ignoreNullFields", "", kFiles},
    {"spark.sql.legacy.*", "", kLegacy},
    {"spark.sql.legacy.timeParserPolicy", "CORRECTED", kLegacy},
    {"spark.sql.mapKeyDedupPolicy", "", kFunctions},
    {"spark.sql.operatorPipeSyntaxEnabled", "", kParser},
    {"spark.sql.parquet.binaryAsString", "", kFiles},
    {"spark.sql.parquet.inferTimestampNTZ.enabled", "", kFiles},
    {"spark.sql.parquet.mergeSchema", "", kFiles},
    {"spark.sql.parser.escapedStringLiterals", "", kParser},
    {"spark.sql.parser.quotedRegexColumnNames", "", kParser},
    {"spark.sql.readSideCharPadding", "", kTypes},
    {"spark.sql.runSQLOnFiles", "", kParser},
    {"spark.sql.sources.partitionColumnTypeInference.enabled", "", kFiles},
    {"spark.sql.storeAssignmentPolicy", "", kTypes},
    {"spark.sql.timeType.enabled", "", kTypes},
    {"spark.sql.timestampType", "", kTypes},
    {"spark.sql.variant.allowDuplicateKeys", "", kFunctions},
};

struct Deprecated {
  std::string_view key;
  std::string_view version;
  std::string_view comment;
};

constexpr Deprecated kDeprecated[] = {
    {"spark.sql.adaptive.coalescePartitions.minPartitionNum", "3.2",
     "Use 'spark.sql.adaptive.coalescePartitions.minPartitionSize' instead."},
    {"spark.sql.adaptive.shuffle.targetPostShuffleInputSize", "3.0",
     "Use 'spark.sql.adaptive.advisoryPartitionSizeInBytes' instead of it."},
    {"spark.sql.execution.arrow.fallback.enabled", "3.0",
     "Use 'spark.sql.execution.arrow.pyspark.fallback.enabled' instead of it."},
    {"spark.sql.parser.escapedStringLiterals", "4.0", "Use raw string literals with the `r` prefix instead. "},
    {"spark.sql.shuffleDependency.fileCleanup.enabled", "4.1",
     "Use 'spark.sql.connect.shuffleDependency.fileCleanup.enabled' instead."},
};

// What Spark itself refuses to change in a running application, by the beginning of the key.
constexpr std::string_view kApplication[] = {
    "spark.cores.max", "spark.driver.",     "spark.dynamicAllocation.",
    "spark.eventLog.", "spark.executor.",   "spark.files",
    "spark.io.",       "spark.jars",        "spark.kryo",
    "spark.locality.", "spark.memory.",     "spark.network.",
    "spark.rdd.",      "spark.reducer.",    "spark.resources.",
    "spark.rpc.",      "spark.scheduler.",  "spark.serializer",
    "spark.shuffle.",  "spark.speculation", "spark.stage.",
    "spark.storage.",  "spark.submit.",     "spark.task.",
    "spark.ui.",
};

bool Matches(std::string_view pattern, std::string_view key) {
  return pattern.ends_with(".*") ? key.starts_with(pattern.substr(0, pattern.size() - 1)) : pattern == key;
}

}  // namespace

std::string_view Unchangeable(std::string_view key, std::string_view value) {
  // The longest pattern knows best.
  const Fixed* best = nullptr;
  for (const Fixed& row : kFixed) {
    if (Matches(row.key, key) && (best == nullptr || row.key.size() > best->key.size())) best = &row;
  }
  if (best == nullptr || (!best->also.empty() && value == best->also)) return "";
  return best->reason;
}

std::optional<std::string> Deprecation(std::string_view key) {
  if (key == "spark.sql.execution.arrow.enabled" || key == "spark.sql.execution.arrow.pyspark.fallback.enabled")
    return fmt::format("The SQL config '{}' is NOT supported in Spark Connect", key);
  const auto* row = std::ranges::find(kDeprecated, key, &Deprecated::key);
  if (row == std::end(kDeprecated)) return std::nullopt;
  return fmt::format("The SQL config '{}' has been deprecated in Spark v{} and may be removed in the future. {}", key,
                     row->version, row->comment);
}

bool IsApplicationSetting(std::string_view key) {
  return std::ranges::any_of(kApplication, [&](std::string_view start) { return key.starts_with(start); });
}

}  // namespace tinderbox::spark
