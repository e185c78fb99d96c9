#include "connect/execute.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <string_view>
#include <vector>

#include "connect/plan_bytes.h"
#include "connect/uuid.h"
#include "spark/proto.h"

namespace tinderbox::connect {
namespace {

constexpr std::chrono::milliseconds kWait{100};
// Chunks below 1 KiB, or above what a message may be, are nobody's wish.
constexpr int64_t kMinChunk = 1 << 10;
constexpr int64_t kMaxChunk = 64 << 20;

size_t Fingerprint(const grpc::ByteBuffer& bytes) {
  std::vector<grpc::Slice> slices;
  if (!bytes.Dump(&slices).ok()) return 0;
  std::string all;
  for (const grpc::Slice& slice : slices) all.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return std::hash<std::string>()(all);
}

/// Sends responses until the operation ends, the client goes, or another stream takes over.
grpc::Status Stream(const StreamTerms& terms, Operation* operation, ResponseBuffer::Cursor cursor) {
  ResponseBuffer& buffer = operation->buffer();
  auto progress_at = ResponseBuffer::Clock::now() + terms.progress_interval;
  grpc::ByteBuffer bytes;
  grpc::Status status;
  while (true) {
    switch (
        buffer.Next(&cursor, std::min<std::chrono::milliseconds>(kWait, terms.progress_interval), &bytes, &status)) {
      case ResponseBuffer::Got::kResponse:
        if (!terms.writer->Write(bytes)) {
          buffer.Detach(cursor);
          return grpc::Status::CANCELLED;
        }
        break;
      case ResponseBuffer::Got::kEnd:
        buffer.Detach(cursor);
        return status;
      case ResponseBuffer::Got::kCut:
        throw Error("INVALID_CURSOR.DISCONNECTED",
                    "The cursor is invalid. The cursor has been disconnected by the server.");
      case ResponseBuffer::Got::kTimeout:
        if (terms.call->IsCancelled()) {
          buffer.Detach(cursor);
          return grpc::Status::CANCELLED;
        }
        if (ResponseBuffer::Clock::now() >= progress_at) {
          operation->PushProgress();
          progress_at = ResponseBuffer::Clock::now() + terms.progress_interval;
        }
        break;
    }
  }
}

}  // namespace

grpc::Status ExecutePlan(const StreamTerms& terms, Sessions* sessions, proto::ExecutePlanRequest* request) {
  OperationOptions options;
  options.id = request->has_operation_id() ? request->operation_id() : NewUuid();
  options.tags.insert(request->tags().begin(), request->tags().end());
  options.buffer = terms.buffer;
  options.fingerprint = Fingerprint(*terms.request);
  for (const auto& option : request->request_options()) {
    if (option.has_reattach_options()) options.reattachable = option.reattach_options().reattachable();
    if (option.has_result_chunking_options() && option.result_chunking_options().allow_arrow_batch_chunking()) {
      const auto& chunking = option.result_chunking_options();
      const int64_t wanted =
          chunking.has_preferred_arrow_chunk_size() ? chunking.preferred_arrow_chunk_size() : kMaxChunk;
      options.chunk_bytes = static_cast<size_t>(std::clamp(wanted, kMinChunk, kMaxChunk));
    }
  }
  const auto session = sessions->Open(request->user_context().user_id(), request->session_id(),
                                      request->client_observed_server_side_session_id());
  if (!IsUuid(options.id)) throw InvalidHandle("FORMAT", options.id);
  Decompress(request->mutable_plan());
  auto plan = std::make_shared<proto::Plan>();
  plan->Swap(request->mutable_plan());
  // Nobody could attach to the rest of a result that was sent on.
  if (!options.reattachable) options.buffer.kept_bytes = 0;
  const std::string id = options.id;
  const bool reattachable = options.reattachable;
  const auto operation = session->Start(std::move(options), std::move(plan));
  if (reattachable) return Stream(terms, operation.get(), operation->buffer().Attach(""));
  try {
    grpc::Status status = Stream(terms, operation.get(), operation->buffer().Attach(""));
    session->Release(id);
    return status;
  } catch (...) {
    session->Release(id);
    throw;
  }
}

grpc::Status ReattachExecute(const StreamTerms& terms, Sessions* sessions, proto::ReattachExecuteRequest* request) {
  const auto session = sessions->Get(request->user_context().user_id(), request->session_id(),
                                     request->client_observed_server_side_session_id());
  const auto operation = session->Find(request->operation_id());
  if (!operation->options().reattachable)
    throw Error("INVALID_CURSOR.NOT_REATTACHABLE", "The cursor is invalid. The cursor is not reattachable.");
  return Stream(terms, operation.get(), operation->buffer().Attach(request->last_response_id()));
}

}  // namespace tinderbox::connect
