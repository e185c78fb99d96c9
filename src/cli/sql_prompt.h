#pragma once

#include <functional>
#include <string>

namespace tinderbox::cli {

/// Asks at the terminal for statements that end with a semicolon, on one line or several, until the end of input,
/// "quit" or "exit". Lines can be edited and are kept in a history file.
void RunPrompt(const std::function<void(const std::string&)>& run);

}  // namespace tinderbox::cli
