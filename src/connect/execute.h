#pragma once

#include <grpcpp/grpcpp.h>
#include <grpcpp/support/sync_stream.h>

#include <chrono>

#include "connect/response_buffer.h"
#include "connect/sessions.h"

namespace spark::connect {
class ExecutePlanRequest;
class ReattachExecuteRequest;
}  // namespace spark::connect

namespace tinderbox::connect {

/// One call of a method that streams an operation's responses.
struct StreamTerms {
  grpc::ServerContext* call;
  grpc::ServerWriter<grpc::ByteBuffer>* writer;
  const grpc::ByteBuffer* request;
  std::chrono::milliseconds progress_interval;
  BufferSize buffer;
};

/// Starts an operation and streams its responses. Throws Error.
grpc::Status ExecutePlan(const StreamTerms& terms, Sessions* sessions, ::spark::connect::ExecutePlanRequest* request);
/// Streams the responses of an operation behind the one that the client got last. Throws Error.
grpc::Status ReattachExecute(const StreamTerms& terms, Sessions* sessions,
                             ::spark::connect::ReattachExecuteRequest* request);

}  // namespace tinderbox::connect
