#pragma once

#include <grpcpp/support/byte_buffer.h>

namespace google::protobuf {
class Message;
}
namespace spark::connect {
class Plan;
}

namespace tinderbox::connect {

/// Reads a message. Messages in it may nest deeper than protobuf's own limit lets them, to kMaxNesting.
/// Throws Error CONNECT_INVALID_PLAN.CANNOT_PARSE for anything else.
void ParseMessage(const grpc::ByteBuffer& bytes, google::protobuf::Message* out);

/// Replaces a compressed operation by what it holds. Throws Error CONNECT_INVALID_PLAN.CANNOT_PARSE.
void Decompress(::spark::connect::Plan* plan);

}  // namespace tinderbox::connect
