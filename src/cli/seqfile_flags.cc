#include "cli/seqfile_flags.h"

#include <fmt/format.h>

#include "base/fail.h"
#include "base/json_text.h"
#include "cli/console.h"
#include "diff/files.h"
#include "diff/report_cell.h"

namespace tinderbox::cli {
namespace {

namespace fs = std::filesystem;

ProgressDisplay::Mode ModeFor(const OutputFlags& flags, const Console& console) {
  if (flags.quiet) return ProgressDisplay::Mode::kNone;
  if (console.err_terminal) return ProgressDisplay::Mode::kBar;
  return flags.json ? ProgressDisplay::Mode::kNone : ProgressDisplay::Mode::kLines;
}

}  // namespace

void AddOutputFlags(CLI::App* app, OutputFlags* flags) {
  app->add_flag("--json", flags->json, "The answer as JSON")->group("Other");
  app->add_flag("-q,--quiet", flags->quiet, "Say nothing but errors and warnings")->group("Other");
}

FileProgress::FileProgress(std::string phase, const OutputFlags& flags)
    : phase_(std::move(phase)), display_(ModeFor(flags, Console::Inspect()), Console::Inspect()) {}

seqfile::Progress FileProgress::Callback() {
  return [this](uint64_t done, uint64_t total) {
    display_.Show({phase_, total == 0 ? 1 : static_cast<double>(done) / static_cast<double>(total), 0});
  };
}

std::string Printable(std::string_view name) {
  std::string out;
  for (const char c : base::ReplaceInvalidUtf8(name)) {
    if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out;
}

std::string Count(uint64_t number, const char* what) {
  return fmt::format("{} {}{}", diff::GroupDigits(static_cast<int64_t>(number)), what, number == 1 ? "" : "s");
}

int TellDamages(const seqfile::ScanResult& result) {
  for (const std::string& damage : result.damages) PrintWarning("damaged at " + damage);
  return result.damages.empty() ? kSame : kDifferent;
}

fs::path RegularFile(const std::string& path) {
  fs::path local = diff::LocalPath(path);
  std::error_code error;
  const fs::file_status status = fs::status(local, error);
  if (!fs::exists(status)) {
    base::FailWith("PATH_NOT_FOUND", {{"path", Printable(path)}}, "Path does not exist: {}.", Printable(path));
  }
  if (!fs::is_regular_file(status)) {
    base::Fail("FAILED_READ_FILE.NO_HINT", "{} is {}, not a SequenceFile.", Printable(path),
               fs::is_directory(status) ? "a folder" : "a pipe or device");
  }
  return local;
}

}  // namespace tinderbox::cli
