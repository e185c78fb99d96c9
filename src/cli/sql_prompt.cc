#include "cli/sql_prompt.h"

#include <editline/readline.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>

#include "cli/console.h"
#include "cli/sql_statements.h"

namespace tinderbox::cli {
namespace {

namespace fs = std::filesystem;

constexpr int kKeptLines = 2000;

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

}  // namespace

void RunPrompt(const std::function<void(const std::string&)>& run) {
  ::using_history();
  ::stifle_history(kKeptLines);
  const std::string file = HistoryFile();
  if (!file.empty()) ::read_history(file.c_str());
  std::string open;
  while (const auto line = ReadLine(open.empty() ? "sql> " : "  -> ")) {
    if (open.empty() && (*line == "quit" || *line == "exit")) break;
    if (!line->empty()) ::add_history(line->c_str());
    const SqlStatements statements = SplitStatements(open + *line + "\n");
    for (const std::string& statement : statements.complete) run(statement);
    open = statements.rest.empty() ? "" : statements.rest + "\n";
    if (!file.empty()) ::write_history(file.c_str());
  }
  WriteOut("\n");
}

}  // namespace tinderbox::cli
