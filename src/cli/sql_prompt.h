#pragma once

#include <functional>
#include <string>

namespace tinderbox::cli {

/// Asks at the terminal for statements that end with a semicolon, on one line or several, until the end of input,
/// "quit" or "exit". Lines can be edited and are kept in a history file. `interrupted` says whether Ctrl-C came since
/// it was asked last: what was typed is dropped then.
void RunPrompt(const std::function<void(const std::string&)>& run, const std::function<bool()>& interrupted);

}  // namespace tinderbox::cli
