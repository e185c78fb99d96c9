#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace tinderbox::cli {

struct ChildOptions {
  bool quiet = false;  ///< without output, and signals stay with this program
  std::optional<std::map<std::string, std::string>> environment;  ///< whole; nullopt: that of this program
  std::string folder;                                             ///< empty: that of this program
  std::string hint;                                               ///< ends the complaint when there is no such program
};
/// Runs a program, found on the path of its environment, with this one's input and output and waits for its end;
/// signals that come meanwhile go to it. Returns its exit code, or as shells do 128 and the number of the signal that
/// ended it. Throws Error TINDERBOX_PROGRAM when it cannot be started.
int RunChild(const std::vector<std::string>& words, const ChildOptions& options);

/// The exit code of shells for a program that there is not.
constexpr int kProgramMissing = 127;

/// The same, with nothing to read, for a program whose output is taken line by line; `line` is called from one thread
/// at a time for each of the two streams. An interrupt of this program ends it.
int RunPiped(const std::vector<std::string>& words, const ChildOptions& options,
             const std::function<void(bool is_error, const std::string& line)>& line);

}  // namespace tinderbox::cli
