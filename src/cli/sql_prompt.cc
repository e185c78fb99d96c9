#include "cli/sql_prompt.h"

#include <editline/readline.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>

#include "cli/console.h"
#include "cli/sql_statements.h"

namespace tinderbox::cli {
namespace {

namespace fs = std::filesystem;

constexpr int kKeptLines = 2000;
constexpr const char* kHelp =
    "A statement ends with a semicolon and may have many lines.\n"
    "Ctrl-C stops what runs, or drops what is typed; Ctrl-D, quit or exit leaves.\n"
    "SHOW TABLES, DESCRIBE t, EXPLAIN SELECT … and SHOW FUNCTIONS tell what there is.\n";

/// $XDG_STATE_HOME/tinderbox/sql_history; empty when there is no home.
std::string HistoryFile() {
  const char* state = std::getenv("XDG_STATE_HOME");
  const char* home = std::getenv("HOME");
  fs::path folder;
  if (state != nullptr && *state != '\0') {
    folder = state;
  } else if (home != nullptr && *home != '\0') {
    folder = fs::path(home) / ".local/state";
  } else {
    return "";
  }
  std::error_code error;
  fs::create_directories(folder / "tinderbox", error);
  if (error) return "";
  fs::permissions(folder / "tinderbox", fs::perms::owner_all, error);  // statements may hold secrets
  return (folder / "tinderbox/sql_history").string();
}

std::optional<std::string> ReadLine(const char* prompt) {
  const std::unique_ptr<char, decltype(&std::free)> line(::readline(prompt), &std::free);
  return line == nullptr ? std::nullopt : std::optional<std::string>(line.get());
}

/// The line without the spaces around it and the semicolon behind it.
std::string_view Bare(std::string_view line) {
  constexpr std::string_view kSpaces = " \t\r";
  line.remove_prefix(std::min(line.find_first_not_of(kSpaces), line.size()));
  return line.substr(0, line.find_last_not_of(" \t\r;") + 1);
}

}  // namespace

void RunPrompt(const std::function<void(const std::string&)>& run, const std::function<bool()>& interrupted) {
  ::using_history();
  ::stifle_history(kKeptLines);
  const std::string file = HistoryFile();
  if (!file.empty()) ::read_history(file.c_str());
  std::string open;
  while (true) {
    const auto line = ReadLine(open.empty() ? "sql> " : "  -> ");
    if (interrupted()) {  // Ctrl-C ends the line and not the program
      open.clear();
      WriteOut("\n");
      continue;
    }
    if (!line) break;
    const std::string_view word = open.empty() ? Bare(*line) : "";
    if (word == "quit" || word == "exit" || word == "\\q") return;
    if (word == "help" || word == "?" || word == "\\?" || word == "\\h") {
      WriteOut(kHelp);
      continue;
    }
    if (!line->empty()) ::add_history(line->c_str());
    const SqlStatements statements = SplitStatements(open + *line + "\n");
    for (const std::string& statement : statements.complete) run(statement);
    open = statements.rest.empty() ? "" : statements.rest + "\n";
    if (!file.empty()) ::write_history(file.c_str());
  }
  WriteOut("\n");
}

}  // namespace tinderbox::cli
