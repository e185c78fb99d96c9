#include "cli/error_text.h"

#include "tinderbox/server_error.h"

namespace tinderbox::cli {

std::string ErrorText(const Error& error) {
  std::string out = error.what();
  const ServerError* raised = ServerErrorOf(error);
  if (raised == nullptr) return out;
  while (!out.empty() && (out.back() == ' ' || out.back() == '\n')) out.pop_back();
  std::string before = out;
  for (const ServerError::Cause& cause : raised->causes) {
    // A cause often says what it was wrapped with.
    if (cause.message.empty() || before.find(cause.message) != std::string::npos) continue;
    const std::string line = cause.message.substr(0, cause.message.find('\n'));
    out += "\nCaused by: " + (line.empty() ? cause.type : line);
    before = cause.message;
  }
  return out;
}

}  // namespace tinderbox::cli
