#pragma once

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <CLI/Validators.hpp>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "tinderbox/error.h"

namespace tinderbox::cli {

/// The command line cannot be understood. The program answers with exit code 2 and names the verb's --help.
class UsageError : public Error {
 public:
  UsageError(std::string verb, const std::string& message)
      : Error("TINDERBOX_USAGE", message), verb_(std::move(verb)) {}
  const std::string& verb() const { return verb_; }

 private:
  std::string verb_;
};

/// An option that may be given several times, one value each time.
CLI::Option* AddRepeated(CLI::App* app, const std::string& name, std::vector<std::string>* values,
                         const std::string& description);

/// Parses the words after the verb. Returns false when help was asked for and has been printed.
/// Throws UsageError; for an unknown option it names the nearest known ones.
bool ParseFlags(CLI::App* app, const std::string& verb, const std::vector<std::string>& arguments);

/// For an option or a positional argument that takes these words; another one is refused with the nearest of them.
CLI::Validator OneOf(const std::vector<std::string>& words);
/// For one that takes a whole number.
constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();
CLI::Validator Between(int64_t least, int64_t most = kNoLimit);

/// What an option or a positional argument takes, for completion.
enum class Takes { kNothing, kText, kFile, kFolder, kCluster, kService, kApplication, kVerb };
struct OptionFacts {
  std::vector<std::string> names;  ///< "-f", "--file"
  std::string what;
  Takes takes = Takes::kNothing;
  std::vector<std::string> choices;
};
struct WordFacts {
  std::string name;
  Takes takes = Takes::kText;
  std::vector<std::string> choices;
  bool many = false;
};
struct CommandFacts {
  std::vector<OptionFacts> options;
  std::vector<WordFacts> words;  ///< positional arguments in their order
};
/// What a verb's command line takes. The verb is run as far as ParseFlags.
CommandFacts FactsOf(int (*verb)(const std::vector<std::string>&));
/// Not null while a verb is run for its facts alone: a verb that does not come to ParseFlags fills them in and returns.
CommandFacts* AskedForFacts();

/// The --help text: usage, options by group in 80 columns, then the footer as it is.
std::string HelpText(const CLI::App& app, const std::string& verb);

}  // namespace tinderbox::cli
