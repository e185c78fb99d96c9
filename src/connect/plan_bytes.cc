#include "connect/plan_bytes.h"

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/message.h>
#include <grpcpp/support/proto_buffer_reader.h>
#include <zstd.h>

#include <memory>

#include "spark/proto.h"
#include "tinderbox/error.h"

namespace tinderbox::connect {
namespace {

// A relation or a call nests two messages, so this is a chain of about 1,500 of them. The stacks of gRPC's threads
// hold the parser's and destructors' frames for it, RunDeep's the translator's.
constexpr int kMaxNesting = 3000;
// As much as Spark lets one message be.
constexpr size_t kMaxPlanBytes = size_t{128} << 20;

[[noreturn]] void Refuse(const std::string& why) {
  throw Error("CONNECT_INVALID_PLAN.CANNOT_PARSE",
              fmt::format("The Spark Connect plan is invalid. Cannot decompress or parse the input plan. ({})", why),
              {{"errorMsg", why}});
}

void Parse(google::protobuf::io::ZeroCopyInputStream* stream, google::protobuf::Message* out) {
  google::protobuf::io::CodedInputStream coded(stream);
  coded.SetRecursionLimit(kMaxNesting);
  if (!out->ParseFromCodedStream(&coded) || !coded.ConsumedEntireMessage()) {
    Refuse(fmt::format("it is damaged, or its messages are nested more than {} deep", kMaxNesting));
  }
}

}  // namespace

void ParseMessage(const grpc::ByteBuffer& bytes, google::protobuf::Message* out) {
  grpc::ByteBuffer copy(bytes);  // shares the slices
  grpc::ProtoBufferReader stream(&copy);
  if (!stream.status().ok()) Refuse(stream.status().error_message());
  Parse(&stream, out);
}

void Decompress(proto::Plan* plan) {
  if (!plan->has_compressed_operation()) return;
  const proto::Plan::CompressedOperation packed = plan->compressed_operation();
  if (packed.compression_codec() != proto::COMPRESSION_CODEC_ZSTD) Refuse("unsupported compression codec");
  // The frame may not say how large its content is, so it is read piece by piece up to the limit.
  const std::unique_ptr<ZSTD_DStream, size_t (*)(ZSTD_DStream*)> stream(ZSTD_createDStream(), ZSTD_freeDStream);
  std::string data;
  std::string piece(ZSTD_DStreamOutSize(), '\0');
  ZSTD_inBuffer in{packed.data().data(), packed.data().size(), 0};
  size_t left = 1;
  while (left != 0) {
    ZSTD_outBuffer out{piece.data(), piece.size(), 0};
    left = ZSTD_decompressStream(stream.get(), &out, &in);
    if (ZSTD_isError(left) != 0) Refuse(ZSTD_getErrorName(left));
    data.append(piece, 0, out.pos);
    if (data.size() > kMaxPlanBytes) Refuse(fmt::format("it is larger than {} bytes", kMaxPlanBytes));
    if (left != 0 && in.pos == in.size && out.pos < out.size) Refuse("the compressed data is cut off");
  }
  google::protobuf::io::ArrayInputStream bytes(data.data(), static_cast<int>(data.size()));
  if (packed.op_type() == proto::Plan::CompressedOperation::OP_TYPE_RELATION) {
    Parse(&bytes, plan->mutable_root());
  } else if (packed.op_type() == proto::Plan::CompressedOperation::OP_TYPE_COMMAND) {
    Parse(&bytes, plan->mutable_command());
  } else {
    Refuse("unsupported operation type");
  }
}

}  // namespace tinderbox::connect
