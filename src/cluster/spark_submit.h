#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/capacity.h"

namespace tinderbox::cluster {

/// What a flag of spark-submit means to a script that runs on the embedded engine.
enum class OnEmbedded {
  kTaken,
  kUnused,   ///< it has no meaning there, and nothing is lost without it
  kRefused,  ///< the script would miss what it asks for
};

/// A flag of Spark 4.2's spark-submit.
struct SparkFlag {
  std::string_view name;
  std::string_view value;    ///< what stands for its value in the help; empty: it takes none
  std::string_view setting;  ///< the setting that it stands for; empty: none
  OnEmbedded embedded = OnEmbedded::kUnused;
  std::string_view what;
};
std::span<const SparkFlag> SparkFlags();
/// By its name or its letter (-c, -v); null: spark-submit has no such flag.
const SparkFlag* FindSparkFlag(std::string_view name);

/// The words of a spark-submit command line. `options` keep their order; what stands behind the application is its own.
struct SubmitLine {
  struct Option {
    const SparkFlag* flag;
    std::string value;
  };
  std::vector<Option> options;
  std::vector<std::string> application;  ///< the file and its arguments

  /// The value of the last such flag, or "".
  std::string Get(std::string_view flag) const;
  bool Has(std::string_view flag) const;
  void Add(std::string_view flag, std::string value = "");
};

/// Reads the words as spark-submit does: flags up to the first word that is none. `own` is asked about each flag that
/// is not Spark's, with the words from there on, and returns how many of them belong to it. Throws Error
/// TINDERBOX_USAGE for a flag without its value.
using OwnFlags = std::function<size_t(std::span<const std::string> words)>;
SubmitLine ParseSubmitLine(const std::vector<std::string>& words, const OwnFlags& own);

/// The words for spark-submit, without the program.
std::vector<std::string> ToWords(const SubmitLine& line);

using Settings = std::map<std::string, std::string>;
/// Of a text in the format of Java's properties files, as spark-defaults.conf is.
Settings ParseProperties(std::string_view text);
/// The settings that a job starts with: flags beat --conf, which beats the file of --properties-file, which beats
/// `defaults`. Throws Error TINDERBOX_USAGE for a --conf without "=", PATH_NOT_FOUND for a file that cannot be read.
Settings EffectiveSettings(const SubmitLine& line, Settings defaults);

/// What a job with these settings asks of a standalone cluster. Throws Error TINDERBOX_CONFIG for a value that Spark
/// cannot read or would not start with, naming it and one that fits.
JobRequest RequestOf(const Settings& settings);
bool InClusterMode(const Settings& settings);

/// The application is a Python program (or its shell).
bool IsPython(const SubmitLine& line);

/// The words with the values of settings hidden whose names speak of secrets, as Spark's own pages hide them.
std::vector<std::string> HideSecrets(std::vector<std::string> words);

}  // namespace tinderbox::cluster
