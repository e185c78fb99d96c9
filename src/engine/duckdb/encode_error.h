#pragma once

#include <exception>
#include <string>

namespace tinderbox::engine {

/// Text that carries an Error through DuckDB's error messages: whatever query fails with it throws that very Error.
std::string EncodeError(const std::exception& error);

}  // namespace tinderbox::engine
