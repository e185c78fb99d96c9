#include "dataframe/arrow_stream.h"

#include <cerrno>
#include <string>

#include "spark/ipc.h"
#include "tinderbox/error.h"

namespace tinderbox::dataframe {
namespace {

/// What an ArrowArrayStream of ours holds.
struct StreamState {
  Session session;
  std::unique_ptr<BatchReader> reader;
  std::string error;

  /// Runs `step`; what it throws becomes the stream's last error.
  template <typename Step>
  int Run(Step&& step) {
    try {
      step();
      return 0;
    } catch (const std::exception& e) {
      error = e.what();
      return EIO;
    }
  }
};

StreamState& StateOf(ArrowArrayStream* stream) {
  return *static_cast<StreamState*>(stream->private_data);
}

int GetSchema(ArrowArrayStream* stream, ArrowSchema* out) {
  StreamState& state = StateOf(stream);
  return state.Run([&] { spark::ExportSchema(state.reader->schema(), "UTC", out); });
}

int GetNext(ArrowArrayStream* stream, ArrowArray* out) {
  StreamState& state = StateOf(stream);
  return state.Run([&] {
    ArrowBatch batch;
    *out = ArrowArray{};
    if (state.reader->Next(&batch)) *out = batch.Release();
  });
}

const char* GetLastError(ArrowArrayStream* stream) {
  const std::string& error = StateOf(stream).error;
  return error.empty() ? nullptr : error.c_str();
}

void Release(ArrowArrayStream* stream) {
  delete &StateOf(stream);
  stream->release = nullptr;
}

}  // namespace

void ToStream(const Session& session, std::unique_ptr<BatchReader> reader, ArrowArrayStream* out) {
  *out = {GetSchema, GetNext, GetLastError, Release, new StreamState{session, std::move(reader), ""}};
}

std::vector<ArrowBatch> ReadStream(ArrowArrayStream* stream, StructType* schema) {
  const auto reader = spark::ReadArrowStream(stream);
  *schema = reader->schema();
  std::vector<ArrowBatch> batches;
  for (ArrowBatch batch; reader->Next(&batch);) batches.push_back(std::move(batch));
  return batches;
}

}  // namespace tinderbox::dataframe
