#include "cli/console.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "base/fail.h"
#include "diff/report_cell.h"

namespace tinderbox::cli {
namespace {

int TerminalWidth(int descriptor) {
  winsize size{};
  if (::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40) return std::min<int>(size.ws_col, 200);
  return 80;
}

bool IsSet(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

}  // namespace

Console Console::Inspect() {
  Console console;
  console.out_terminal = ::isatty(STDOUT_FILENO) == 1;
  console.err_terminal = ::isatty(STDERR_FILENO) == 1;
  if (console.out_terminal) console.width = TerminalWidth(STDOUT_FILENO);
  if (console.err_terminal) console.err_width = TerminalWidth(STDERR_FILENO);
  const char* term = std::getenv("TERM");
  console.no_color = IsSet("NO_COLOR") || (term != nullptr && std::string_view(term) == "dumb");
  return console;
}

std::string Wrap(std::string_view text, int width, int indent) {
  std::string out;
  int used = 0;
  size_t at = 0;
  bool line_start = true;
  while (at <= text.size()) {
    const size_t end = std::min(text.find_first_of(" \n", at), text.size());
    const std::string_view word = text.substr(at, end - at);
    const int word_width = diff::DisplayWidth(word);
    if (!line_start && used + 1 + word_width + indent > width) {
      out += "\n" + std::string(static_cast<size_t>(indent), ' ');
      used = 0;
    } else if (!line_start) {
      out += ' ';
      ++used;
    }
    out += word;
    used += word_width;
    line_start = false;
    if (end < text.size() && text[end] == '\n') {
      out += "\n" + std::string(static_cast<size_t>(indent), ' ');
      used = 0;
      line_start = true;
    }
    at = end + 1;
  }
  return out;
}

void WriteOut(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    base::FailErrno("TINDERBOX_OUTPUT", errno, "Cannot write to standard output");
  }
}

void WriteError(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

void PrintFailure(std::string_view message, std::string_view condition, std::string_view hint) {
  const Console console = Console::Inspect();
  const bool color = console.err_terminal && !console.no_color;
  const int width = std::min(console.err_width, 100);
  std::string out = color ? "\x1b[1;31merror:\x1b[0m " : "error: ";
  out += Wrap(message, width, 7) + "\n";
  if (!hint.empty()) out += "       " + Wrap(hint, width, 7) + "\n";
  if (!condition.empty() && condition != "TINDERBOX_USAGE") out += fmt::format("       [{}]\n", condition);
  WriteError(out);
}

void PrintWarning(std::string_view message) {
  const Console console = Console::Inspect();
  const bool color = console.err_terminal && !console.no_color;
  std::string out = color ? "\x1b[33mwarning:\x1b[0m " : "warning: ";
  WriteError(out + Wrap(message, std::min(console.err_width, 100), 9) + "\n");
}

bool Confirmed(std::string_view question) {
  WriteError(fmt::format("{} [y/N] ", question));
  char answer[16] = {};
  if (std::fgets(answer, sizeof answer, stdin) == nullptr) return false;
  const std::string_view text = answer;
  return text == "y\n" || text == "Y\n" || text == "yes\n";
}

}  // namespace tinderbox::cli
