#include "tinderbox/typed.h"

#include "base/fail.h"

namespace tinderbox::typed {

void WrongType(const std::string& wanted, const Value& found) {
  base::Fail("TINDERBOX_ROW_TYPE",
             "A {} was asked for, but the row holds {}. A column that can be NULL is read into std::optional; "
             "tinderbox/typed.h lists which C++ type holds which column.",
             wanted, found.ToJson());
}

void WrongWidth(size_t wanted, size_t found) {
  base::Fail("TINDERBOX_ROW_TYPE", "Rows of {} columns do not fit a C++ type for {}.", found, wanted);
}

}  // namespace tinderbox::typed
