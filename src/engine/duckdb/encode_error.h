#pragma once

#include <exception>
#include <string>

namespace tinderbox::engine {

/// Text that carries an Error through DuckDB's error messages: whatever query fails with it throws that very Error, at
/// the place that `function` has in the query.
std::string EncodeError(const std::exception& error, const std::string& function = "");

}  // namespace tinderbox::engine
