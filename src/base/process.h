#pragma once

#include <cstdint>
#include <optional>

namespace tinderbox::base {

/// The most memory this process has held so far, in bytes (mapped files in use are part of it).
uint64_t PeakRssBytes();

bool IsTerminal(int file);
/// Columns of the terminal behind `file`; nullopt when it is none or has no size.
std::optional<int> TerminalWidth(int file);
/// True when `file` is a terminal that shows colours and the user has not refused them (NO_COLOR, TERM=dumb).
bool ColorWanted(int file);

}  // namespace tinderbox::base
