#pragma once

#include <string>
#include <string_view>

namespace tinderbox::cli {

enum ExitCode : int { kSame = 0, kDifferent = 1, kFailed = 2, kInterrupted = 130 };

/// What is at the other end of standard output and standard error.
struct Console {
  bool out_terminal = false;
  bool err_terminal = false;
  int width = 80;  ///< of standard output; 80 when it is no terminal
  int err_width = 80;
  bool no_color = false;  ///< NO_COLOR is set, or TERM is dumb

  static Console Inspect();
};

/// Breaks the text at spaces; lines after the first begin with `indent` spaces. Line ends in the text are kept.
std::string Wrap(std::string_view text, int width, int indent);

/// Writes everything or throws Error TINDERBOX_OUTPUT (a full disk, a closed pipe).
void WriteOut(std::string_view text);
void WriteError(std::string_view text);

/// "error: …" as one block: what failed, why, what to do; then the condition, to search for. `hint` ends the block.
void PrintFailure(std::string_view message, std::string_view condition, std::string_view hint = "");
void PrintWarning(std::string_view message);

/// Asks on standard error, and reads standard input; anything but y and yes is no.
bool Confirmed(std::string_view question);

}  // namespace tinderbox::cli
