#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>

#include "tinderbox/types.h"

namespace tinderbox::spark {

/// The Arrow type of ArrowBatch's layout for a Spark type.
std::shared_ptr<arrow::DataType> ToArrowType(const DataType& type, const std::string& time_zone);
std::shared_ptr<arrow::Schema> ToArrowSchema(const StructType& schema, const std::string& time_zone);

/// Throws Error INTERNAL_ERROR, or with another condition, unless the status is good.
void CheckArrow(const arrow::Status& status, const char* condition = "INTERNAL_ERROR");

}  // namespace tinderbox::spark
