#include "base/fail.h"

#include <system_error>

namespace tinderbox::base {

void FailErrno(std::string_view condition, int error_number, std::string_view what) {
  Fail(condition, "{}: {}", what, std::generic_category().message(error_number));
}

}  // namespace tinderbox::base
