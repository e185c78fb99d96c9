#include "connect/arrow_stream.h"

#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/buffer.h>
#include <arrow/c/bridge.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>

#include <algorithm>
#include <vector>

#include "spark/arrow_types.h"

namespace tinderbox::connect {
namespace {

template <typename T>
T Take(arrow::Result<T> result) {
  spark::CheckArrow(result.status());
  return std::move(result).ValueUnsafe();
}

}  // namespace

struct ArrowStream::State {
  BatchReader* reader;
  BatchSize size;
  std::shared_ptr<arrow::Schema> schema;
  std::shared_ptr<arrow::DataType> row_type;
  std::shared_ptr<arrow::Array> rest;  ///< read and not yet given out
  bool first = true;

  /// The next rows of the reader, as a struct array; nullptr at the end.
  std::shared_ptr<arrow::Array> Read() {
    ArrowBatch batch;
    if (!reader->Next(&batch)) return nullptr;
    ArrowArray array = batch.Release();
    return Take(arrow::ImportArray(&array, row_type));
  }

  std::string Write(const arrow::Array& rows) const {
    std::shared_ptr<arrow::RecordBatch> batch;
    if (schema->num_fields() == 0) {
      batch = arrow::RecordBatch::Make(schema, rows.length(), arrow::ArrayVector{});
    } else {
      arrow::ArrayVector columns;
      const auto& structs = static_cast<const arrow::StructArray&>(rows);
      for (int i = 0; i < schema->num_fields(); ++i) columns.push_back(structs.field(i));
      batch = arrow::RecordBatch::Make(schema, rows.length(), std::move(columns));
    }
    const auto sink = Take(arrow::io::BufferOutputStream::Create());
    const auto writer = Take(arrow::ipc::MakeStreamWriter(sink, schema));
    spark::CheckArrow(writer->WriteRecordBatch(*batch));
    spark::CheckArrow(writer->Close());
    return Take(sink->Finish())->ToString();
  }
};

ArrowStream::ArrowStream(BatchReader* reader, const std::string& time_zone, BatchSize size)
    : state_(std::make_unique<State>()) {
  state_->reader = reader;
  state_->size = size;
  state_->schema = spark::ToArrowSchema(reader->schema(), time_zone);
  state_->row_type = arrow::struct_(state_->schema->fields());
}

ArrowStream::~ArrowStream() = default;

bool ArrowStream::Next(IpcBatch* batch) {
  State& state = *state_;
  arrow::ArrayVector gathered;
  int64_t rows = 0;
  int64_t bytes = 0;
  const auto gather = [&](std::shared_ptr<arrow::Array> more) {
    rows += more->length();
    bytes += Take(arrow::util::ReferencedBufferSize(*more));
    gathered.push_back(std::move(more));
  };
  if (state.rest != nullptr) gather(std::exchange(state.rest, nullptr));
  while (rows < state.size.rows && bytes < state.size.bytes) {
    auto more = state.Read();
    if (more == nullptr) break;
    gather(std::move(more));
  }
  if (rows == 0 && !state.first) return false;
  state.first = false;
  if (rows == 0) gathered = {Take(arrow::MakeEmptyArray(state.row_type))};
  auto all = gathered.size() == 1 ? gathered[0] : Take(arrow::Concatenate(gathered));
  // Rows that are wide are given out in several batches of about the wanted size.
  int64_t taken = std::min(rows, state.size.rows);
  if (bytes > 2 * state.size.bytes) {
    const double row_bytes = static_cast<double>(bytes) / static_cast<double>(rows);
    const auto fitting = static_cast<int64_t>(static_cast<double>(state.size.bytes) / row_bytes);
    taken = std::clamp<int64_t>(fitting, 1, taken);
  }
  if (taken < rows) {
    state.rest = all->Slice(taken);
    all = all->Slice(0, taken);
  }
  batch->rows = taken;
  batch->bytes = state.Write(*all);
  return true;
}

}  // namespace tinderbox::connect
