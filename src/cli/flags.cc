#include "cli/flags.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <sstream>

#include "cli/console.h"
#include "cli/words.h"
#include "diff/report_cell.h"

namespace tinderbox::cli {
namespace {

constexpr int kHelpWidth = 80;
constexpr int kHelpColumn = 28;

std::vector<std::string> OptionNames(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

void AddHelpLine(std::string* out, const std::string& left, const std::string& description) {
  std::string line = "  " + left;
  const int width = diff::DisplayWidth(line);
  if (width + 2 > kHelpColumn) {
    *out += line + "\n" + std::string(kHelpColumn, ' ');
  } else {
    *out += line + std::string(static_cast<size_t>(kHelpColumn - width), ' ');
  }
  const std::string text = Wrap(description, kHelpWidth - kHelpColumn, 0);
  for (const char c : text) {
    *out += c;
    if (c == '\n') *out += std::string(kHelpColumn, ' ');
  }
  *out += "\n";
}

std::string Names(const CLI::Option& option) {
  std::string names;
  for (const std::string& name : option.get_snames()) names += (names.empty() ? "-" : ", -") + name;
  for (const std::string& name : option.get_lnames()) names += (names.empty() ? "--" : ", --") + name;
  return names;
}

/// The word for an option's value, without what validators add to it, which stands in the description as well.
std::string TypeOf(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  return type.substr(0, type.find(":{"));
}

CommandFacts* asked_for = nullptr;

/// The words that OneOf adds to a type: "FORMAT:{csv,json}".
std::vector<std::string> ChoicesIn(const std::string& type) {
  std::vector<std::string> words;
  const size_t begin = type.find('{');
  if (begin == std::string::npos) return words;
  std::istringstream list(type.substr(begin + 1, type.find('}', begin) - begin - 1));
  for (std::string word; std::getline(list, word, ',');) words.push_back(word);
  return words;
}

Takes TakesOf(const CLI::Option& option, const std::string& type) {
  static const std::map<std::string, Takes> kinds = {
      {"FILE", Takes::kFile},      {"DIR", Takes::kFolder},  {"LEFT", Takes::kFile},       {"RIGHT", Takes::kFile},
      {"PATCH", Takes::kFolder},   {"SCRIPT", Takes::kFile}, {"APP", Takes::kFile},        {"PROGRAM", Takes::kFile},
      {"PATH", Takes::kFile},      {"FILES", Takes::kFile},  {"SERVICE", Takes::kService}, {"CLUSTER", Takes::kCluster},
      {"ID", Takes::kApplication},
  };
  if (option.get_expected_max() == 0) return Takes::kNothing;
  const auto known = kinds.find(option.get_positional() ? option.get_name() : type);
  return known == kinds.end() ? Takes::kText : known->second;
}

CommandFacts FactsIn(const CLI::App& app) {
  CommandFacts facts;
  for (const CLI::Option* option : app.get_options()) {
    const std::string type = option->get_type_name();
    const Takes takes = TakesOf(*option, TypeOf(*option));
    if (option->get_positional()) {
      facts.words.push_back({option->get_name(), takes, ChoicesIn(type), option->get_expected_max() > 1});
      continue;
    }
    OptionFacts one{{}, option->get_description(), takes, ChoicesIn(type)};
    for (const std::string& name : option->get_snames()) one.names.push_back("-" + name);
    for (const std::string& name : option->get_lnames()) one.names.push_back("--" + name);
    facts.options.push_back(std::move(one));
  }
  return facts;
}

}  // namespace

CLI::Validator OneOf(const std::vector<std::string>& words) {
  const auto wrong = [words](const std::string& word) -> std::string {
    if (std::find(words.begin(), words.end(), word) != words.end()) return "";
    return fmt::format("\"{}\" is not allowed.{} It takes {}.", word, DidYouMean(word, words), fmt::join(words, ", "));
  };
  return {wrong, fmt::format("{{{}}}", fmt::join(words, ","))};
}

CLI::Validator Between(int64_t least, int64_t most) {
  const auto wrong = [least, most](const std::string& word) -> std::string {
    int64_t number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error == std::errc() && end == word.data() + word.size() && number >= least && number <= most) return "";
    const std::string bounds =
        most == kNoLimit ? fmt::format("of at least {}", least) : fmt::format("from {} to {}", least, most);
    return fmt::format("\"{}\" is not a whole number {}.", word, bounds);
  };
  return {wrong, ""};
}

CommandFacts FactsOf(int (*verb)(const std::vector<std::string>&)) {
  CommandFacts facts;
  asked_for = &facts;
  verb({});
  asked_for = nullptr;
  return facts;
}

CommandFacts* AskedForFacts() {
  return asked_for;
}

CLI::Option* AddRepeated(CLI::App* app, const std::string& name, std::vector<std::string>* values,
                         const std::string& description) {
  return app->add_option(name, *values, description)->allow_extra_args(false);
}

bool ParseFlags(CLI::App* app, const std::string& verb, const std::vector<std::string>& arguments) {
  bool help = false;
  app->set_help_flag();
  app->add_flag("-h,--help", help, "Show this text")->group("Other");
  if (CommandFacts* facts = AskedForFacts()) {
    *facts = FactsIn(*app);
    return false;
  }
  // Asked for help, the rest of the line does not have to make sense.
  for (const std::string& argument : arguments) {
    if (argument == "--") break;
    help = help || argument == "--help" || argument == "-h";
  }
  if (help) {
    WriteOut(HelpText(*app, verb));
    return false;
  }
  // Of a line that is wrong in two ways, a word that is not known is the better clue than one that is missing.
  const auto check_extras = [&] {
    const std::vector<std::string> extras = app->remaining();
    if (extras.empty()) return;
    const std::string& word = extras[0];
    if (word.rfind('-', 0) == 0 && word.size() > 1) {
      const std::string name = word.substr(0, word.find('='));
      throw UsageError(verb, fmt::format("There is no option {}.{}", name, DidYouMean(name, OptionNames(*app))));
    }
    throw UsageError(verb, fmt::format("\"{}\" is one argument too many.", word));
  };
  try {
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    app->allow_extras();
    app->parse(reversed);
  } catch (const CLI::RequiredError& error) {
    check_extras();
    throw UsageError(verb, error.what());
  } catch (const CLI::ParseError& error) {
    throw UsageError(verb, error.what());
  }
  check_extras();
  return true;
}

std::string HelpText(const CLI::App& app, const std::string& verb) {
  std::string usage = "tinderbox" + (verb.empty() ? "" : " " + verb);
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional())
      usage += option->get_required() ? " " + option->get_name() : " [" + option->get_name() + "]";
  }
  std::string out = Wrap(app.get_description(), kHelpWidth, 0) + "\n\nUsage: " + usage + " [options]\n";
  std::vector<std::string> groups;
  for (const CLI::Option* option : app.get_options()) {
    if (std::find(groups.begin(), groups.end(), option->get_group()) == groups.end())
      groups.push_back(option->get_group());
  }
  for (const std::string& group : groups) {
    if (group.empty()) continue;
    out += "\n" + (group == "Options" ? std::string("Arguments") : group) + ":\n";
    for (const CLI::Option* option : app.get_options()) {
      if (option->get_group() != group) continue;
      if (option->get_positional()) {
        AddHelpLine(&out, option->get_name(), option->get_description());
        continue;
      }
      std::string left = Names(*option);
      const std::string type = TypeOf(*option);
      const bool attached = type.rfind("[=", 0) == 0;
      if (attached || (option->get_expected_max() > 0 && !type.empty())) left += (attached ? "" : " ") + type;
      AddHelpLine(&out, left, option->get_description());
    }
  }
  const std::string footer = app.get_footer();
  if (!footer.empty()) out += "\n" + footer + (footer.back() == '\n' ? "" : "\n");
  return out;
}

}  // namespace tinderbox::cli
