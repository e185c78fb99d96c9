#pragma once

#include <functional>
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
/// The same for a stream that is known to hold rows of this schema, which says more than Arrow's.
std::unique_ptr<BatchReader> ReadIpcStream(std::string_view bytes, const StructType& schema);

/// Makes the bytes of an Arrow IPC stream piece by piece. Not thread-safe.
class IpcWriter {
 public:
  /// `time_zone` names TIMESTAMP columns' zone.
  IpcWriter(StructType schema, const std::string& time_zone);
  ~IpcWriter();
  /// The bytes of one more batch, behind those of the schema at first.
  std::string Write(const ArrowBatch& batch);
  /// The end of the stream, behind the schema when there was no batch.
  std::string Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Reads an IPC stream as it comes: `read` fills the given number of bytes, or throws. Nothing is read beyond the end
/// of the stream, and batches without rows are given as well.
std::unique_ptr<BatchReader> ReadIpcStream(std::function<void(char* bytes, size_t count)> read);

/// Reads an Arrow C stream into the same layouts, and releases it when the reader goes or this throws.
std::unique_ptr<BatchReader> ReadArrowStream(ArrowArrayStream* stream);

/// Row `row` of an Arrow column as a Value.
Value ToValue(const DataType& type, const ArrowArray& column, int64_t row);
/// Builds a batch from rows. Throws Error when a value does not fit its type.
ArrowBatch ToBatch(const StructType& schema, const std::vector<Row>& rows);

}  // namespace tinderbox::spark
