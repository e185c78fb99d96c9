#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/flags.h"
#include "cli/verbs.h"

namespace tinderbox::cli {

/// A command line of loum/diffit, of whichever generation: the words that are no options, and the options under one
/// name each ("output" for -o, --output and --parquet-path).
struct DiffitLine {
  std::string command;             ///< row, analyse, columns, convert, schema; empty when there is none
  std::vector<std::string> words;  ///< after the command
  std::map<std::string, std::vector<std::string>> options;

  bool Has(const std::string& name) const { return options.count(name) > 0; }
  /// The last value given, as argparse and Typer have it; nullopt when absent.
  std::optional<std::string> Last(const std::string& name) const;
  std::vector<std::string> All(const std::string& name) const;
};

/// Options may stand anywhere, as --name value, --name=value, -n value, -nvalue, several letters in one, and shortened
/// as far as they stay unique. Throws UsageError.
DiffitLine ParseDiffitLine(const Arguments& arguments);

bool IsDiffitCommand(const std::string& word);

/// Its commands, and the options of all of them.
CommandFacts DiffitFacts();

/// What `row` compares, once positionals, -J/-l/-r and their clashes are sorted out.
struct DiffitSources {
  std::string format, schema, left, right;  ///< schema: empty for parquet
  std::optional<std::string> range_column;
  std::vector<std::string> warnings;
};

/// The rule for -r: it is the right source when no right positional was given, else the range column; either way a
/// warning.
DiffitSources ResolveRow(const DiffitLine& line);

}  // namespace tinderbox::cli
