#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cli/flags.h"
#include "cli/progress.h"
#include "seqfile/pack.h"

namespace tinderbox::cli {

/// How the verbs about SequenceFiles tell what they did.
struct OutputFlags {
  bool json = false, quiet = false;
};
void AddOutputFlags(CLI::App* app, OutputFlags* flags);

/// Progress of one phase on standard error.
class FileProgress {
 public:
  FileProgress(std::string phase, const OutputFlags& flags);
  /// Lives as long as this.
  seqfile::Progress Callback();
  void Finish() { display_.Finish(); }

 private:
  const std::string phase_;
  ProgressDisplay display_;
};

/// A name for people: what a terminal could take for commands, and what is not UTF-8, in another form.
std::string Printable(std::string_view name);

/// "1 file", "2,000 files".
std::string Count(uint64_t number, const char* what);

/// Prints a warning for each damage that was passed over. Returns the exit code.
int TellDamages(const seqfile::ScanResult& result);

/// The path of a regular file. Throws Error for what is none.
std::filesystem::path RegularFile(const std::string& path);

}  // namespace tinderbox::cli
