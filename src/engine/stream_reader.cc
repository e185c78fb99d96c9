#include "engine/stream_reader.h"

#include <fmt/format.h>

#include "engine/translate/sql.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

/// Only a number of rows.
ArrowBatch NoColumns(int64_t rows) {
  ArrowArray array{};
  static const void* no_buffer = nullptr;
  array.length = rows;
  array.n_buffers = 1;
  array.buffers = &no_buffer;
  array.release = [](ArrowArray* released) { released->release = nullptr; };
  return ArrowBatch(array);
}

class StreamReader : public BatchReader {
 public:
  StreamReader(StructType schema, std::unique_ptr<ResultStream> stream, std::shared_ptr<const void> keep)
      : keep_(std::move(keep)), schema_(std::move(schema)), stream_(std::move(stream)) {}
  const StructType& schema() const override { return schema_; }
  bool Next(ArrowBatch* batch) override {
    if (!stream_->Next(batch)) return false;
    // Rows of no columns come with one that nothing can name.
    if (schema_.fields.empty()) *batch = NoColumns(batch->rows());
    return true;
  }

 private:
  std::shared_ptr<const void> keep_;  // outlives the stream
  StructType schema_;
  std::unique_ptr<ResultStream> stream_;
};

}  // namespace

std::unique_ptr<BatchReader> MakeStreamReader(StructType schema, std::unique_ptr<ResultStream> stream,
                                              std::shared_ptr<const void> keep) {
  for (size_t i = 0; i < schema.fields.size(); ++i) {
    const DataType& promised = schema.fields[i].type;
    if (stream->ReadAs(i, promised)) continue;
    const EngineColumn& column = stream->columns()[i];
    throw Error(
        "INTERNAL_ERROR",
        fmt::format("The column \"{}\" should be {}, but the engine computes {}, which is an error of Tinderbox.",
                    schema.fields[i].name, TypeName(promised).text(), TypeName(column.type.type).text()));
  }
  return std::make_unique<StreamReader>(std::move(schema), std::move(stream), std::move(keep));
}

}  // namespace tinderbox::engine
