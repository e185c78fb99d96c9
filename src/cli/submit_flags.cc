#include "cli/submit_flags.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/fail.h"

namespace tinderbox::cli {
namespace {

constexpr const char* kGroup = "Spark's own (as spark-submit takes them)";

bool IsIn(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

void AddClusterFlag(CLI::App* app, std::string* cluster) {
  app->add_option("--cluster", *cluster, "Which cluster, when there are several (or TINDERBOX_NAME); default: default")
      ->type_name("NAME")
      ->envname("TINDERBOX_NAME")
      ->group("Cluster");
}

void AddSubmitFlags(CLI::App* app, SubmitFlags* flags) {
  AddClusterFlag(app, &flags->cluster);
  app->add_option("--on", flags->on, "cluster (the default), or embedded: a PySpark script runs on the embedded engine")
      ->check(OneOf({"cluster", "embedded"}))
      ->type_name("WHERE")
      ->group("Cluster");
  app->add_flag("--no-wait", flags->no_wait, "Start the job, print its id and return; it goes on by itself")
      ->group("Other");
  app->add_flag("--driver-log", flags->driver_log, "Show the whole log of the driver, not its complaints alone")
      ->group("Other");
  app->add_flag("--json", flags->json, "Print how it ended as JSON; the job's own output goes to standard error")
      ->group("Other");
  app->add_flag("--dry-run", flags->dry_run, "Check everything, print the command of Spark's, and start nothing")
      ->group("Other");
  app->add_flag("-q,--quiet", flags->quiet, "Show no progress")->group("Other");
}

void AddSparkFlags(CLI::App* app, std::vector<std::string>* unused) {
  for (const cluster::SparkFlag& flag : cluster::SparkFlags()) {
    const std::string name(flag.name);
    CLI::Option* option =
        flag.value.empty() ? app->add_flag_function(
                                 name, [](int64_t) {}, std::string(flag.what))
                           : AddRepeated(app, name, unused, std::string(flag.what))->type_name(std::string(flag.value));
    option->group(kGroup);
  }
}

std::optional<cluster::SubmitLine> ParseJobLine(CLI::App* app, const std::string& verb, const Arguments& arguments,
                                                OtherFlags* others) {
  Arguments own;
  const auto take = [&](std::span<const std::string> words) -> size_t {
    const std::string name = words[0].substr(0, words[0].find('='));
    const bool has_value = words[0].find('=') != std::string::npos;
    if (others != nullptr && (IsIn(others->with_value, name) || IsIn(others->alone, name))) {
      const size_t size = IsIn(others->with_value, name) && !has_value && words.size() > 1 ? 2 : 1;
      others->words.insert(others->words.end(), words.begin(), words.begin() + static_cast<std::ptrdiff_t>(size));
      return size;
    }
    const CLI::Option* option = name == "-h" ? nullptr : app->get_option_no_throw(name);
    const bool next = option != nullptr && option->get_expected_max() > 0 && !has_value && words.size() > 1;
    const size_t size = next ? 2 : 1;
    own.insert(own.end(), words.begin(), words.begin() + static_cast<std::ptrdiff_t>(size));
    return size;
  };
  cluster::SubmitLine line;
  try {
    line = cluster::ParseSubmitLine(arguments, take);
  } catch (const Error& error) {
    // Asked for help, the rest of the line does not have to make sense.
    if (!IsIn(own, "--help") && !IsIn(own, "-h")) throw UsageError(verb, error.what());
  }
  if (!ParseFlags(app, verb, own)) return std::nullopt;
  return line;
}

std::vector<std::string> SplitWords(const std::string& what, const std::string& text) {
  std::vector<std::string> words;
  std::string word;
  bool in_word = false;
  char quote = '\0';
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote == '\0' && (c == ' ' || c == '\t' || c == '\n')) {
      if (in_word) words.push_back(std::exchange(word, ""));
      in_word = false;
    } else if (quote == '\0' && (c == '\'' || c == '"')) {
      quote = c;
      in_word = true;
    } else if (c == quote) {
      quote = '\0';
    } else {
      const bool escapes = c == '\\' && quote != '\'' && i + 1 < text.size();
      word += escapes ? text[++i] : c;
      in_word = true;
    }
  }
  if (quote != '\0') base::Fail("TINDERBOX_USAGE", "{} has a quote that does not end: {}", what, text);
  if (in_word) words.push_back(word);
  return words;
}

std::string JoinWords(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) {
    if (!out.empty()) out += ' ';
    const bool plain = !word.empty() && std::all_of(word.begin(), word.end(), [](unsigned char c) {
      return std::isalnum(c) || std::string_view("-_./:=,@%+").find(static_cast<char>(c)) != std::string_view::npos;
    });
    if (plain) {
      out += word;
      continue;
    }
    out += '\'';
    for (const char c : word) c == '\'' ? out += "'\\''" : out += c;
    out += '\'';
  }
  return out;
}

}  // namespace tinderbox::cli
