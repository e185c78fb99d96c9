#include "engine/python/python_rows.h"

#include <optional>

#include "engine/local_source.h"
#include "engine/python/arrow_parts.h"
#include "engine/python/python_functions.h"
#include "engine/stream_reader.h"
#include "spark/ipc.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

using Step = PythonRun::Step;

constexpr size_t kGroupColumn = 0;
constexpr size_t kFrameColumn = 1;

/// The rows of a query, as the bytes that a worker reads.
class Input {
 public:
  explicit Input(const PythonRows& rows)
      : rows_(rows), reader_(MakeStreamReader(rows.columns, OpenStream(rows.connect(), rows.sql))) {
    if (!rows.grouped) OpenFrame();
  }

  /// More input; nullopt at its end.
  std::optional<std::string> Next() {
    ArrowBatch batch;
    if (!reader_->Next(&batch)) return std::nullopt;
    std::string out;
    const auto count = static_cast<size_t>(batch.rows());
    for (size_t begin = 0; begin < count;) {
      const size_t end = rows_.grouped ? GroupEnd(batch, begin, &out) : count;
      for (; begin < end; begin += std::min(rows_.batch_rows, end - begin)) {
        const PythonRows::Frame& frame = rows_.frames[frame_];
        out += writer_->Write(BatchView(batch.array(), static_cast<int64_t>(begin),
                                        static_cast<int64_t>(std::min(rows_.batch_rows, end - begin)), frame.columns,
                                        frame.wrapped)
                                  .get());
        empty_ = false;
      }
    }
    return out;
  }

  std::string End() {
    if (!rows_.grouped) return writer_->Finish();
    std::string out;
    CloseGroup(&out);
    return out + Encode(0);
  }

 private:
  void OpenFrame() {
    const PythonRows::Frame& frame = rows_.frames[frame_];
    const StructType schema =
        frame.wrapped ? StructType{{{"struct", frame.schema.ToType(), false, "{}"}}} : frame.schema;
    writer_ = std::make_unique<spark::IpcWriter>(schema, rows_.query->time_zone());
    empty_ = true;
  }

  void CloseFrame(std::string* out) {
    // A frame without rows is one batch without rows.
    if (empty_) {
      const ArrowBatch none = spark::ToBatch(rows_.frames[frame_].schema, {});
      *out += writer_->Write(BatchView(none.array(), 0, 0, {}, rows_.frames[frame_].wrapped).get());
    }
    *out += writer_->Finish();
  }

  void CloseGroup(std::string* out) {
    if (!in_group_) return;
    AdvanceTo(rows_.frames.size() - 1, out);
    CloseFrame(out);
    in_group_ = false;
  }

  void AdvanceTo(size_t frame, std::string* out) {
    while (frame_ < frame) {
      CloseFrame(out);
      ++frame_;
      OpenFrame();
    }
  }

  /// Comes to the frame of row `begin`, and returns where its rows end in the batch.
  size_t GroupEnd(const ArrowBatch& batch, size_t begin, std::string* out) {
    const auto at = [&]<typename T>(size_t column, size_t row, T) {
      const ArrowArray& array = batch.column(column);
      return static_cast<const T*>(array.buffers[1])[array.offset + batch.array().offset + static_cast<int64_t>(row)];
    };
    const int64_t group = at(kGroupColumn, begin, int64_t());
    const int32_t frame = at(kFrameColumn, begin, int32_t());
    if (!in_group_ || group != group_) {
      CloseGroup(out);
      *out += Encode(static_cast<int32_t>(rows_.frames.size()));
      in_group_ = true;
      group_ = group;
      frame_ = 0;
      OpenFrame();
    }
    AdvanceTo(static_cast<size_t>(frame), out);
    size_t end = begin + 1;
    const auto count = static_cast<size_t>(batch.rows());
    while (end < count && at(kGroupColumn, end, int64_t()) == group && at(kFrameColumn, end, int32_t()) == frame) ++end;
    return end;
  }

  const PythonRows& rows_;
  std::unique_ptr<BatchReader> reader_;
  std::unique_ptr<spark::IpcWriter> writer_;
  size_t frame_ = 0;
  bool empty_ = true;
  bool in_group_ = false;
  int64_t group_ = 0;
};

class RowsPart : public ScanPart {
 public:
  RowsPart(std::shared_ptr<const PythonRows> rows, std::vector<size_t> projected)
      : rows_(std::move(rows)),
        projected_(std::move(projected)),
        input_(*rows_),
        run_(rows_->query->Start(rows_->task)) {}

  ~RowsPart() override {
    if (run_ != nullptr) rows_->query->End(std::move(run_), input_.End());
  }

  size_t Fill(std::vector<OutVector>& columns) override {
    while (next_ == batch_.rows()) {
      if (run_ == nullptr || !Advance()) return 0;
    }
    const int64_t count = std::min<int64_t>(kChunkRows, batch_.rows() - next_);
    // The columns come as the fields of one struct.
    const ArrowArray& row = batch_.column(0);
    const int64_t first = batch_.array().offset + row.offset + next_;
    for (size_t i = 0; i < projected_.size(); ++i) {
      CopyRows(rows_->result.fields[projected_[i]].type, *row.children[projected_[i]], first, count, &columns[i], 0);
    }
    next_ += count;
    return static_cast<size_t>(count);
  }

 private:
  /// To the next batch of the answer; false at its end.
  bool Advance() {
    while (true) {
      batch_ = ArrowBatch();
      next_ = 0;
      switch (run_->Next(&batch_)) {
        case Step::kBatch:
          if (!checked_) Check(run_->schema().fields[0].type);
          checked_ = true;
          return true;
        case Step::kNeedsInput:
          if (run_->finished()) throw Error("INTERNAL_ERROR", "A Python worker wants more than all input.");
          if (auto more = input_.Next()) {
            run_->Send(*more);
          } else {
            run_->Finish(input_.End());
          }
          break;
        case Step::kDone:
          rows_->query->Return(std::move(run_));
          return false;
      }
    }
  }

  /// Columns are told apart by their places; their names are the worker's business.
  void Check(const DataType& answered) const {
    const auto& declared = rows_->result.fields;
    std::vector<StructField> renamed = answered.kind() == TypeKind::kStruct ? answered.fields() : declared;
    if (renamed.size() == declared.size()) {
      for (size_t i = 0; i < declared.size(); ++i) renamed[i].name = declared[i].name;
    }
    ExpectAnswer(rows_->name, rows_->result.ToType(), DataType::Struct(renamed));
  }

  std::shared_ptr<const PythonRows> rows_;
  std::vector<size_t> projected_;
  Input input_;
  std::unique_ptr<PythonRun> run_;
  ArrowBatch batch_;
  int64_t next_ = 0;
  bool checked_ = false;
};

/// One part: the rows keep their order, and a function sees all of them.
class RowsScan : public Scan {
 public:
  RowsScan(std::shared_ptr<const PythonRows> rows, std::vector<size_t> projected)
      : rows_(std::move(rows)), projected_(std::move(projected)) {}
  std::unique_ptr<ScanPart> NewPart() override { return std::make_unique<RowsPart>(rows_, projected_); }
  size_t MaxParts() const override { return 1; }

 private:
  std::shared_ptr<const PythonRows> rows_;
  std::vector<size_t> projected_;
};

class RowsSource : public Source {
 public:
  explicit RowsSource(std::shared_ptr<const PythonRows> rows) : rows_(std::move(rows)), columns_(rows_->result.fields) {
    // The engine has no table without columns.
    if (columns_.empty()) columns_.push_back({"none", DataType(), true, "{}"});
  }
  const std::vector<StructField>& Columns() const override { return columns_; }
  std::unique_ptr<Scan> Open(std::vector<size_t> projected) override {
    std::erase_if(projected, [&](size_t column) { return column >= rows_->result.fields.size(); });
    return std::make_unique<RowsScan>(rows_, std::move(projected));
  }

 private:
  std::shared_ptr<const PythonRows> rows_;
  std::vector<StructField> columns_;
};

}  // namespace

SourceFactory PythonRowsFactory(const std::shared_ptr<Numbered<PythonRows>>& rows) {
  return [rows](std::string_view number) -> std::shared_ptr<Source> {
    auto found = rows->Find(std::stoll(std::string(number)));
    if (found == nullptr) throw Error("INTERNAL_ERROR", "A query reads rows of a Python function that it has not.");
    return std::make_shared<RowsSource>(std::move(found));
  };
}

}  // namespace tinderbox::engine
