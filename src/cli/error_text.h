#pragma once

#include <string>

#include "tinderbox/error.h"

namespace tinderbox::cli {

/// The error's message, and what led to it when a server told so.
std::string ErrorText(const Error& error);

}  // namespace tinderbox::cli
