#include <fmt/format.h>

#include "cli/console.h"
#include "cli/flags.h"
#include "cli/verbs.h"

namespace tinderbox::cli {

std::string Version() {
  return TINDERBOX_VERSION;
}

int RunVersion(const Arguments& arguments) {
  CLI::App app("Prints the version of Tinderbox.");
  app.footer("Exit code: 0\n");
  if (!ParseFlags(&app, "version", arguments)) return kSame;
  WriteOut(fmt::format("tinderbox {}\n", Version()));
  return kSame;
}

}  // namespace tinderbox::cli
