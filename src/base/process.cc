#include "base/process.h"

#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace tinderbox::base {

uint64_t PeakRssBytes() {
  // Not getrusage first: its figure survives exec, so it may be that of the program which started this one.
  if (std::FILE* status = std::fopen("/proc/self/status", "re")) {
    char line[256];
    unsigned long long kibibytes = 0;
    bool found = false;
    while (!found && std::fgets(line, sizeof line, status) != nullptr) {
      found = std::sscanf(line, "VmHWM: %llu kB", &kibibytes) == 1;
    }
    std::fclose(status);
    if (found) return kibibytes * 1024;
  }
  struct rusage usage {};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<uint64_t>(usage.ru_maxrss) * 1024;
}

bool IsTerminal(int file) {
  return ::isatty(file) == 1;
}

std::optional<int> TerminalWidth(int file) {
  struct winsize size {};
  if (!IsTerminal(file) || ::ioctl(file, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return std::nullopt;
  return size.ws_col;
}

bool ColorWanted(int file) {
  const char* no_color = std::getenv("NO_COLOR");
  if (no_color != nullptr && *no_color != '\0') return false;
  const char* term = std::getenv("TERM");
  return IsTerminal(file) && (term == nullptr || std::string_view(term) != "dumb");
}

}  // namespace tinderbox::base
