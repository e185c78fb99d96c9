#include "spark/ipc.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/c/bridge.h>
#include <arrow/compute/cast.h>
#include <arrow/io/interfaces.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/reader.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>

#include "base/fail.h"
#include "spark/arrow_types.h"
#include "spark/row_holder.h"

namespace tinderbox::spark {
namespace {

constexpr char kBadStream[] = "TINDERBOX_BAD_ARROW_STREAM";

template <typename T>
T Take(arrow::Result<T> result, const char* condition = "INTERNAL_ERROR") {
  CheckArrow(result.status(), condition);
  return std::move(result).ValueUnsafe();
}

void Forget(ArrowArray* array) {
  array->release = nullptr;
}

/// The batch as Arrow C++ sees it, without taking it over: valid as long as `batch`.
std::shared_ptr<arrow::RecordBatch> Borrow(const ArrowBatch& batch, const std::shared_ptr<arrow::Schema>& schema) {
  ArrowArray copy = batch.array();
  copy.release = Forget;
  // Through a struct array, because Arrow refuses record batches with an offset.
  const auto columns = Take(arrow::ImportArray(&copy, arrow::struct_(schema->fields())), kBadStream);
  auto out = Take(arrow::RecordBatch::FromStructArray(columns));
  return arrow::RecordBatch::Make(schema, out->num_rows(), out->columns());
}

std::shared_ptr<arrow::RecordBatchReader> OpenStream(const std::shared_ptr<arrow::io::InputStream>& bytes) {
  arrow::ipc::IpcReadOptions options = arrow::ipc::IpcReadOptions::Defaults();
  options.use_threads = false;
  return Take(arrow::ipc::RecordBatchStreamReader::Open(bytes, options), kBadStream);
}

/// Gives Arrow's batches the layouts that ArrowBatch fixes. Columns that have them already are not copied.
class LayoutReader : public BatchReader {
 public:
  LayoutReader(std::shared_ptr<arrow::RecordBatchReader> stream, bool skip_empty, const StructType* known = nullptr)
      : skip_empty_(skip_empty), stream_(std::move(stream)) {
    ArrowSchema exported{};
    CheckArrow(arrow::ExportSchema(*stream_->schema(), &exported), kBadStream);
    try {
      schema_ = ImportSchema(exported);
    } catch (...) {
      exported.release(&exported);
      throw;
    }
    exported.release(&exported);
    if (known != nullptr) {
      if (known->fields.size() != schema_.fields.size())
        base::Fail(kBadStream, "Arrow data of {} columns came for a result of {} columns.", schema_.fields.size(),
                   known->fields.size());
      schema_ = *known;
    }
    target_ = ToArrowSchema(schema_, "UTC");
  }

  const StructType& schema() const override { return schema_; }

  bool Next(ArrowBatch* batch) override {
    std::shared_ptr<arrow::RecordBatch> read;
    do {
      CheckArrow(stream_->ReadNext(&read), kBadStream);
      if (read == nullptr) return false;
      // The bytes may come from anywhere: offsets and UTF-8 are checked before anybody follows them.
      CheckArrow(read->ValidateFull(), kBadStream);
    } while (skip_empty_ && read->num_rows() == 0);
    std::vector<std::shared_ptr<arrow::Array>> columns = read->columns();
    for (int i = 0; i < read->num_columns(); ++i) {
      auto& column = columns[static_cast<size_t>(i)];
      const auto& wanted = target_->field(i)->type();
      if (column->type()->Equals(*wanted)) continue;
      if (column->type_id() == arrow::Type::TIMESTAMP && column->type()->ToString().find("[us") != std::string::npos &&
          wanted->id() == arrow::Type::TIMESTAMP) {
        column = Take(column->View(wanted), kBadStream);  // another zone's name, the same instants
        continue;
      }
      arrow::compute::CastOptions options = arrow::compute::CastOptions::Safe(wanted);
      options.allow_time_truncate = true;
      column = Take(arrow::compute::Cast(*column, wanted, options), kBadStream);
    }
    ArrowArray out{};
    CheckArrow(arrow::ExportRecordBatch(*arrow::RecordBatch::Make(target_, read->num_rows(), columns), &out));
    *batch = ArrowBatch(out);
    return true;
  }

 private:
  bool skip_empty_;
  std::shared_ptr<arrow::RecordBatchReader> stream_;
  StructType schema_;
  std::shared_ptr<arrow::Schema> target_;
};

/// Bytes that a function gives.
class FunctionStream : public arrow::io::InputStream {
 public:
  explicit FunctionStream(std::function<void(char*, size_t)> read) : read_(std::move(read)) {
    set_mode(arrow::io::FileMode::READ);
  }
  arrow::Status Close() override { return arrow::Status::OK(); }
  bool closed() const override { return false; }
  arrow::Result<int64_t> Tell() const override { return position_; }
  arrow::Result<int64_t> Read(int64_t bytes, void* out) override {
    read_(static_cast<char*>(out), static_cast<size_t>(bytes));
    position_ += bytes;
    return bytes;
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(int64_t bytes) override {
    std::string out(static_cast<size_t>(bytes), '\0');
    read_(out.data(), out.size());
    position_ += bytes;
    return arrow::Buffer::FromString(std::move(out));
  }

 private:
  std::function<void(char*, size_t)> read_;
  int64_t position_ = 0;
};

std::shared_ptr<arrow::Field> ToArrowField(const StructField& field, const std::string& time_zone) {
  return arrow::field(field.name, ToArrowType(field.type, time_zone), field.nullable);
}

}  // namespace

void CheckArrow(const arrow::Status& status, const char* condition) {
  if (!status.ok()) base::Fail(condition, "Arrow data cannot be converted: {}", status.message());
}

std::shared_ptr<arrow::DataType> ToArrowType(const DataType& type, const std::string& time_zone) {
  switch (type.kind()) {
    case TypeKind::kNull:
      return arrow::null();
    case TypeKind::kBoolean:
      return arrow::boolean();
    case TypeKind::kByte:
      return arrow::int8();
    case TypeKind::kShort:
      return arrow::int16();
    case TypeKind::kInteger:
      return arrow::int32();
    case TypeKind::kLong:
      return arrow::int64();
    case TypeKind::kFloat:
      return arrow::float32();
    case TypeKind::kDouble:
      return arrow::float64();
    case TypeKind::kDecimal:
      return arrow::decimal128(type.precision(), type.scale());
    case TypeKind::kString:
      return arrow::utf8();
    case TypeKind::kBinary:
      return arrow::binary();
    case TypeKind::kDate:
      return arrow::date32();
    case TypeKind::kTime:
      return arrow::time64(arrow::TimeUnit::MICRO);
    case TypeKind::kTimestamp:
      return arrow::timestamp(arrow::TimeUnit::MICRO, time_zone);
    case TypeKind::kTimestampNtz:
      return arrow::timestamp(arrow::TimeUnit::MICRO);
    case TypeKind::kYearMonthInterval:
      return arrow::month_interval();
    case TypeKind::kDayTimeInterval:
      return arrow::duration(arrow::TimeUnit::MICRO);
    case TypeKind::kCalendarInterval:
      return arrow::month_day_nano_interval();
    case TypeKind::kVariant:
      return arrow::struct_(
          {arrow::field("value", arrow::binary(), false),
           arrow::field("metadata", arrow::binary(), false, arrow::key_value_metadata({"variant"}, {"true"}))});
    case TypeKind::kArray:
      return arrow::list(arrow::field("element", ToArrowType(type.element(), time_zone), type.contains_null()));
    case TypeKind::kMap:
      return std::make_shared<arrow::MapType>(
          arrow::field("key", ToArrowType(type.key(), time_zone), false),
          arrow::field("value", ToArrowType(type.value(), time_zone), type.contains_null()));
    case TypeKind::kStruct: {
      arrow::FieldVector fields;
      for (const StructField& field : type.fields()) fields.push_back(ToArrowField(field, time_zone));
      return arrow::struct_(fields);
    }
  }
  base::Fail("INTERNAL_ERROR", "A type has no Arrow form.");
}

std::shared_ptr<arrow::Schema> ToArrowSchema(const StructType& schema, const std::string& time_zone) {
  arrow::FieldVector fields;
  for (const StructField& field : schema.fields) fields.push_back(ToArrowField(field, time_zone));
  return arrow::schema(fields);
}

void ExportSchema(const StructType& schema, const std::string& time_zone, ArrowSchema* out) {
  CheckArrow(arrow::ExportSchema(*ToArrowSchema(schema, time_zone), out));
}

std::string WriteIpcStream(const StructType& schema, const std::vector<ArrowBatch>& batches) {
  const auto arrow_schema = ToArrowSchema(schema, "UTC");
  const auto sink = Take(arrow::io::BufferOutputStream::Create());
  const auto writer = Take(arrow::ipc::MakeStreamWriter(sink, arrow_schema));
  for (const ArrowBatch& batch : batches) {
    if (batch.rows() > 0) CheckArrow(writer->WriteRecordBatch(*Borrow(batch, arrow_schema)));
  }
  CheckArrow(writer->Close());
  return Take(sink->Finish())->ToString();
}

void CheckBatches(const StructType& schema, const std::vector<ArrowBatch>& batches) {
  const auto arrow_schema = ToArrowSchema(schema, "UTC");
  for (const ArrowBatch& batch : batches) CheckArrow(Borrow(batch, arrow_schema)->ValidateFull(), kBadStream);
}

std::unique_ptr<BatchReader> ReadIpcStream(std::string_view bytes) {
  const auto buffer = arrow::Buffer::FromString(std::string(bytes));
  return std::make_unique<LayoutReader>(OpenStream(std::make_shared<arrow::io::BufferReader>(buffer)), true);
}

std::unique_ptr<BatchReader> ReadIpcStream(std::string_view bytes, const StructType& schema) {
  const auto buffer = arrow::Buffer::FromString(std::string(bytes));
  return std::make_unique<LayoutReader>(OpenStream(std::make_shared<arrow::io::BufferReader>(buffer)), true, &schema);
}

std::unique_ptr<BatchReader> ReadIpcStream(std::function<void(char* bytes, size_t count)> read) {
  return std::make_unique<LayoutReader>(OpenStream(std::make_shared<FunctionStream>(std::move(read))), false);
}

std::unique_ptr<BatchReader> ReadArrowStream(ArrowArrayStream* stream) {
  return std::make_unique<LayoutReader>(Take(arrow::ImportRecordBatchReader(stream), kBadStream), true);
}

struct IpcWriter::State {
  std::shared_ptr<arrow::Schema> schema;
  std::shared_ptr<arrow::io::BufferOutputStream> sink;
  std::shared_ptr<arrow::ipc::RecordBatchWriter> writer;

  std::string Written() {
    std::string out = Take(sink->Finish())->ToString();
    CheckArrow(sink->Reset());
    return out;
  }
};

IpcWriter::IpcWriter(StructType schema, const std::string& time_zone) : state_(std::make_unique<State>()) {
  state_->schema = ToArrowSchema(schema, time_zone);
  state_->sink = Take(arrow::io::BufferOutputStream::Create());
  state_->writer = Take(arrow::ipc::MakeStreamWriter(state_->sink, state_->schema));
}

IpcWriter::~IpcWriter() = default;

std::string IpcWriter::Write(const ArrowBatch& batch) {
  CheckArrow(state_->writer->WriteRecordBatch(*Borrow(batch, state_->schema)));
  return state_->Written();
}

std::string IpcWriter::Finish() {
  CheckArrow(state_->writer->Close());
  return state_->Written();
}

}  // namespace tinderbox::spark
