#pragma once

#include "tinderbox/functions.h"

namespace tinderbox::functions {

/// Prints the plan of a call: name(argument, …).
void Show(const char* call, const Column& column);
/// Calls every function of the table.
void CallAll();

}  // namespace tinderbox::functions
