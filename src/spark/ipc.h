#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tinderbox/arrow.h"
#include "tinderbox/row.h"

namespace tinderbox::spark {

/// Writes an ArrowSchema for a Spark schema, in the layouts that ArrowBatch fixes. `time_zone` names TIMESTAMP columns'
/// zone.
void ExportSchema(const StructType& schema, const std::string& time_zone, ArrowSchema* out);
/// The Spark schema of an Arrow schema. Throws Error UNSUPPORTED_ARROWTYPE naming the column.
StructType ImportSchema(const ArrowSchema& schema);

/// One whole Arrow IPC stream: schema and batches.
std::string WriteIpcStream(const StructType& schema, const std::vector<ArrowBatch>& batches);
/// Reads an IPC stream into the layouts that ArrowBatch fixes (large and view forms are converted).
std::unique_ptr<BatchReader> ReadIpcStream(std::string_view bytes);

/// Row `row` of an Arrow column as a Value.
Value ToValue(const DataType& type, const ArrowArray& column, int64_t row);
/// Builds a batch from rows. Throws Error when a value does not fit its type.
ArrowBatch ToBatch(const StructType& schema, const std::vector<Row>& rows);

}  // namespace tinderbox::spark
