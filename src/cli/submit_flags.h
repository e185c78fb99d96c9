#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/flags.h"
#include "cli/verbs.h"
#include "cluster/spark_submit.h"

namespace tinderbox::cli {

/// What submit and run-example take beside the flags of spark-submit.
struct SubmitFlags {
  std::string cluster, on = "cluster";
  bool quiet = false, no_wait = false, json = false, dry_run = false, driver_log = false;
  bool watch = false;  ///< of submit alone
};
void AddClusterFlag(CLI::App* app, std::string* cluster);
void AddSubmitFlags(CLI::App* app, SubmitFlags* flags);
/// For the help and for completion; they are read by ParseJobLine.
void AddSparkFlags(CLI::App* app, std::vector<std::string>* unused);

/// Reads Spark's flags, and the app's own between them, up to the first word that is no flag. A flag that is neither
/// goes to `others` with its value when `takes_value` says that it has one; without `others` it is refused. nullopt:
/// help was asked for and has been printed.
struct OtherFlags {
  std::vector<std::string> with_value, alone;
  std::vector<std::string> words;
};
std::optional<cluster::SubmitLine> ParseJobLine(CLI::App* app, const std::string& verb, const Arguments& arguments,
                                                OtherFlags* others = nullptr);

/// The words of a text as a shell would take them, without anything but quotes and backslashes. Throws Error
/// TINDERBOX_USAGE for an open quote.
std::vector<std::string> SplitWords(const std::string& what, const std::string& text);
/// The words for a person to paste into a shell.
std::string JoinWords(const std::vector<std::string>& words);

}  // namespace tinderbox::cli
