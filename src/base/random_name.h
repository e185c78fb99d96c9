#pragma once

#include <cstddef>
#include <string>

namespace tinderbox::base {

/// Lower-case letters and digits that nobody can guess: the system's randomness, 5 bits a letter.
std::string RandomName(size_t length = 10);

}  // namespace tinderbox::base
