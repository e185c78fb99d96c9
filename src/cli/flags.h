#pragma once

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
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

/// The --help text: usage, options by group in 80 columns, then the footer as it is.
std::string HelpText(const CLI::App& app, const std::string& verb);

}  // namespace tinderbox::cli
