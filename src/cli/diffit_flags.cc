#include "cli/diffit_flags.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "cli/words.h"

namespace tinderbox::cli {
namespace {

struct Flag {
  std::vector<std::string> names;
  bool takes_value;
  std::string meaning;
};

const std::vector<std::string>& Commands() {
  static const std::vector<std::string> commands = {"row", "analyse", "columns", "convert", "schema"};
  return commands;
}

/// The options of a command and those that every command has.
std::vector<Flag> FlagsOf(const std::string& command) {
  std::vector<Flag> flags = {
      {{"-M", "--driver-memory", "-m", "--driver_memory", "--memory"}, true, "memory"},
      {{"--threads"}, true, "threads"},
      {{"--temp"}, true, "temp"},
      {{"--quiet"}, false, "quiet"},
      {{"-h", "--help"}, false, "help"},
  };
  const std::vector<Flag> range = {{{"-L", "--lower"}, true, "lower"},
                                   {{"-U", "--upper"}, true, "upper"},
                                   {{"-F", "--force-range"}, false, "force"}};
  const std::vector<Flag> csv = {{{"-s", "--csv-separator"}, true, "separator"},
                                 {{"-E", "--csv-header"}, false, "header"},
                                 {{"-J", "--json-schema"}, true, "schema"}};
  const auto add = [&flags](const std::vector<Flag>& more) { flags.insert(flags.end(), more.begin(), more.end()); };
  if (command == "row") {
    add(range);
    add(csv);
    add({{{"-o", "--output", "--parquet-path"}, true, "output"},
         {{"-a", "--add"}, true, "add"},
         {{"-d", "--drop"}, true, "drop"},
         {{"--range", "--range-column"}, true, "range"},
         {{"-l", "--left"}, true, "left"},
         {{"--right"}, true, "right"},
         {{"-r"}, true, "r"},
         {{"--on"}, true, "on"},
         {{"--name"}, true, "name"},
         {{"--detach", "--no-wait"}, false, "detach"},
         {{"--compat"}, false, "compat"},
         {{"--distinguish-empty"}, false, "distinguish"}});
  } else if (command == "analyse") {
    add(range);
    add({{{"-k", "--key"}, true, "key"},
         {{"-O", "--orientation", "-R", "--diffit_ref"}, true, "orientation"},
         {{"-r", "--range", "--range-column"}, true, "range"},
         {{"-D", "--descending"}, false, "descending"},
         {{"-C", "--counts", "--counts-only"}, false, "counts"},
         {{"-H", "--hits"}, true, "hits"}});
  } else if (command == "columns") {
    add({{{"-k", "--key"}, true, "key"}, {{"-V", "--value"}, true, "value"}});
  } else if (command == "convert") {
    add(csv);
    add({{{"-C", "--csv-data"}, true, "data"},
         {{"-Z", "-z", "--compression-type", "--compression"}, true, "compression"},
         {{"-N", "--num-partitions"}, true, "partitions"}});
  }
  return flags;
}

std::string Verb(const std::string& command) {
  return command.empty() ? "diffit" : "diffit " + command;
}

const Flag* Exact(const std::vector<Flag>& flags, const std::string& name) {
  for (const Flag& flag : flags) {
    if (std::find(flag.names.begin(), flag.names.end(), name) != flag.names.end()) return &flag;
  }
  return nullptr;
}

const Flag& FindLong(const std::vector<Flag>& flags, const std::string& command, const std::string& name) {
  if (const Flag* flag = Exact(flags, name)) return *flag;
  const Flag* found = nullptr;
  std::vector<std::string> known;
  for (const Flag& flag : flags) {
    for (const std::string& candidate : flag.names) {
      if (candidate.rfind("--", 0) != 0) continue;
      known.push_back(candidate);
      if (candidate.rfind(name, 0) != 0 || found == &flag) continue;
      if (found != nullptr)
        throw UsageError(Verb(command), fmt::format("{} is short for more than one option. Write it out.", name));
      found = &flag;
    }
  }
  if (found == nullptr)
    throw UsageError(Verb(command), fmt::format("There is no option {}.{}", name, DidYouMean(name, known)));
  return *found;
}

class LineReader {
 public:
  explicit LineReader(const Arguments& arguments) : arguments_(arguments), flags_(FlagsOf("")) {}

  DiffitLine Read() {
    bool options = true;
    while (at_ < arguments_.size()) {
      const std::string& word = arguments_[at_++];
      if (options && word == "--") {
        options = false;
      } else if (options && word.rfind("--", 0) == 0) {
        ReadLong(word);
      } else if (options && word.size() > 1 && word[0] == '-') {
        ReadShort(word);
      } else {
        AddWord(word);
      }
    }
    return std::move(line_);
  }

 private:
  void AddWord(const std::string& word) {
    if (!line_.command.empty()) {
      line_.words.push_back(word);
      return;
    }
    if (!IsDiffitCommand(word)) {
      throw UsageError("diffit", fmt::format("diffit has no command \"{}\".{}", word, DidYouMean(word, Commands())));
    }
    line_.command = word;
    flags_ = FlagsOf(word);
  }

  std::string NextValue(const std::string& name) {
    if (at_ >= arguments_.size()) throw UsageError(Verb(line_.command), fmt::format("{} needs a value.", name));
    return arguments_[at_++];
  }

  void ReadLong(const std::string& word) {
    const size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const Flag& flag = FindLong(flags_, line_.command, name);
    if (!flag.takes_value) {
      if (equals != std::string::npos) throw UsageError(Verb(line_.command), fmt::format("{} takes no value.", name));
      line_.options[flag.meaning].emplace_back();
      return;
    }
    line_.options[flag.meaning].push_back(equals == std::string::npos ? NextValue(name) : word.substr(equals + 1));
  }

  void ReadShort(const std::string& word) {
    for (size_t i = 1; i < word.size(); ++i) {
      const std::string name = std::string("-") + word[i];
      const Flag* flag = Exact(flags_, name);
      if (flag == nullptr) throw UsageError(Verb(line_.command), fmt::format("There is no option {}.", name));
      if (!flag->takes_value) {
        line_.options[flag->meaning].emplace_back();
        continue;
      }
      line_.options[flag->meaning].push_back(i + 1 < word.size() ? word.substr(i + 1) : NextValue(name));
      return;
    }
  }

  const Arguments& arguments_;
  size_t at_ = 0;
  std::vector<Flag> flags_;
  DiffitLine line_;
};

}  // namespace

std::optional<std::string> DiffitLine::Last(const std::string& name) const {
  const auto found = options.find(name);
  if (found == options.end()) return std::nullopt;
  return found->second.back();
}

std::vector<std::string> DiffitLine::All(const std::string& name) const {
  const auto found = options.find(name);
  return found == options.end() ? std::vector<std::string>() : found->second;
}

bool IsDiffitCommand(const std::string& word) {
  return std::find(Commands().begin(), Commands().end(), word) != Commands().end();
}

DiffitLine ParseDiffitLine(const Arguments& arguments) {
  return LineReader(arguments).Read();
}

CommandFacts DiffitFacts() {
  CommandFacts facts;
  facts.words = {{"COMMAND", Takes::kText, Commands(), false}, {"PATH", Takes::kFile, {}, true}};
  std::set<std::string> names;  // some mean different things to different commands
  for (const std::string& command : Commands()) {
    for (const Flag& flag : FlagsOf(command)) {
      OptionFacts option{{}, "", flag.takes_value ? Takes::kFile : Takes::kNothing, {}};
      for (const std::string& name : flag.names) {
        if (names.insert(name).second) option.names.push_back(name);
      }
      if (!option.names.empty()) facts.options.push_back(std::move(option));
    }
  }
  return facts;
}

DiffitSources ResolveRow(const DiffitLine& line) {
  DiffitSources out;
  std::vector<std::string> words = line.words;
  out.format = "csv";
  if (!words.empty() && (words[0] == "csv" || words[0] == "parquet")) {
    out.format = words[0];
    words.erase(words.begin());
  }
  out.range_column = line.Last("range");
  const std::vector<std::string> r = line.All("r");
  struct Slot {
    const char* name;
    std::string* value;
    std::optional<std::string> option;
  };
  std::vector<Slot> open;
  const auto take = [&](const char* name, std::string* value, const char* option) {
    if (const auto given = line.Last(option)) {
      *value = *given;
    } else {
      open.push_back({name, value, std::nullopt});
    }
  };
  if (out.format == "csv") take("the schema", &out.schema, "schema");
  take("the left source", &out.left, "left");
  take("the right source", &out.right, "right");
  // -r belongs to two options at once. All places filled, only the range column is left for it.
  const bool right_missing = !line.Has("right") && words.size() + 1 == open.size();
  if (!r.empty() && right_missing) {
    out.right = r.back();
    open.pop_back();
    out.warnings.push_back(
        fmt::format("-r {} is taken as --right. Write --right or --range-column to be clear.", r.back()));
  } else if (!r.empty()) {
    out.range_column = r.back();
    out.warnings.push_back(
        fmt::format("-r {} is taken as --range-column, because the right source was given. Write --right or "
                    "--range-column to be clear.",
                    r.back()));
  }
  for (size_t i = 0; i < open.size(); ++i) {
    if (i >= words.size())
      throw UsageError("diffit row", fmt::format("diffit row {} needs {}.", out.format, open[i].name));
    *open[i].value = words[i];
  }
  if (words.size() > open.size())
    throw UsageError("diffit row", fmt::format("\"{}\" is one argument too many.", words[open.size()]));
  return out;
}

}  // namespace tinderbox::cli
