#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tinderbox/error.h"
#include "tinderbox/types.h"

namespace tinderbox::engine {

/// `what` is not translated: UNSUPPORTED_FEATURE naming it.
[[noreturn]] void RefuseFeature(std::string_view what);
/// An error of which Spark does not say where it is, whatever place stands around it.
class UnplacedError : public Error {
 public:
  using Error::Error;
};

/// Two types which a binary operation cannot bring together: DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES.
[[noreturn]] void RefuseTypes(std::string_view operation, const DataType& a, const DataType& b);
/// Types of which a function of any number of arguments wants one alone: DATATYPE_MISMATCH.DATA_DIFF_TYPES.
[[noreturn]] void RefuseDifferent(std::string_view function, const std::vector<DataType>& types);
/// An argument of a type the function does not take: DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE.
[[noreturn]] void RefuseArgument(std::string_view function, size_t position, std::string_view wanted,
                                 const DataType& given);
/// WRONG_NUM_ARGS.WITHOUT_SUGGESTION.
[[noreturn]] void RefuseCount(std::string_view function, std::string_view wanted, size_t given);
/// The names nearest to `name` (edit distance without regard to letter case), best first, at most `limit`.
std::vector<std::string> Nearest(std::string_view name, const std::vector<std::string>& candidates, size_t limit = 5);

}  // namespace tinderbox::engine
