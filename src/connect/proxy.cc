#include "connect/proxy.h"

#include <grpcpp/impl/client_unary_call.h>
#include <grpcpp/support/method_handler.h>
#include <grpcpp/support/sync_stream.h>

#include <list>
#include <string_view>

#include "connect/client.h"
#include "connect/token.h"

namespace tinderbox::connect {
namespace {

using Bytes = grpc::ByteBuffer;
using grpc::internal::RpcMethod;
using grpc::internal::RpcServiceMethod;

struct Method {
  const char* name;
  RpcMethod::RpcType type;
};

// In the order of the protocol's service: gRPC finds methods by their place.
constexpr Method kMethods[] = {
    {"/spark.connect.SparkConnectService/ExecutePlan", RpcMethod::SERVER_STREAMING},
    {"/spark.connect.SparkConnectService/AnalyzePlan", RpcMethod::NORMAL_RPC},
    {"/spark.connect.SparkConnectService/Config", RpcMethod::NORMAL_RPC},
    {"/spark.connect.SparkConnectService/AddArtifacts", RpcMethod::CLIENT_STREAMING},
    {"/spark.connect.SparkConnectService/ArtifactStatus", RpcMethod::NORMAL_RPC},
    {"/spark.connect.SparkConnectService/Interrupt", RpcMethod::NORMAL_RPC},
    {"/spark.connect.SparkConnectService/ReattachExecute", RpcMethod::SERVER_STREAMING},
    {"/spark.connect.SparkConnectService/ReleaseExecute", RpcMethod::NORMAL_RPC},
    {"/spark.connect.SparkConnectService/ReleaseSession", RpcMethod::NORMAL_RPC},
    {"/spark.connect.SparkConnectService/FetchErrorDetails", RpcMethod::NORMAL_RPC},
    {"/spark.connect.SparkConnectService/CloneSession", RpcMethod::NORMAL_RPC},
    {"/spark.connect.SparkConnectService/GetStatus", RpcMethod::NORMAL_RPC},
};

}  // namespace

struct Proxy::State {
  std::string token;
  Connection connection;
  std::shared_ptr<grpc::Channel> channel;
  std::list<RpcMethod> methods;  ///< of the other server

  /// The call on the other server: it has the client's headers and ends with the client's call.
  std::unique_ptr<grpc::ClientContext> Begin(const grpc::ServerContext& from) const {
    auto call = grpc::ClientContext::FromServerContext(from);
    for (const auto& [name, value] : from.client_metadata()) {
      const std::string_view key(name.data(), name.size());
      if (key == "authorization" || key == "user-agent" || key == "te" || key == "content-type" ||
          key.starts_with(':') || key.starts_with("grpc-")) {
        continue;
      }
      call->AddMetadata(std::string(key), std::string(value.data(), value.size()));
    }
    AddHeaders(connection, call.get());
    return call;
  }
};

Proxy::Proxy(std::string token, Connection connection, const RemoteOptions& options)
    : state_(std::make_unique<State>()) {
  State* const state = state_.get();
  state->token = std::move(token);
  state->channel = OpenChannel(connection, options);
  state->connection = std::move(connection);
  for (const Method& method : kMethods) {
    const RpcMethod* const there = &state->methods.emplace_back(method.name, method.type, state->channel);
    grpc::internal::MethodHandler* handler = nullptr;
    switch (method.type) {
      case RpcMethod::SERVER_STREAMING:
        handler = new grpc::internal::ServerStreamingHandler<Proxy, Bytes, Bytes>(
            [state, there](Proxy*, grpc::ServerContext* from, const Bytes* in,
                           grpc::ServerWriter<Bytes>* writer) -> grpc::Status {
              if (grpc::Status refused = CheckToken(state->token, *from); !refused.ok()) return refused;
              const auto call = state->Begin(*from);
              const std::unique_ptr<grpc::ClientReader<Bytes>> reader(
                  grpc::internal::ClientReaderFactory<Bytes>::Create(state->channel.get(), *there, call.get(), *in));
              for (Bytes bytes; reader->Read(&bytes); bytes.Clear()) {
                if (!writer->Write(bytes)) call->TryCancel();
              }
              return reader->Finish();
            },
            this);
        break;
      case RpcMethod::CLIENT_STREAMING:
        handler = new grpc::internal::ClientStreamingHandler<Proxy, Bytes, Bytes>(
            [state, there](Proxy*, grpc::ServerContext* from, grpc::ServerReader<Bytes>* reader,
                           Bytes* out) -> grpc::Status {
              if (grpc::Status refused = CheckToken(state->token, *from); !refused.ok()) return refused;
              const auto call = state->Begin(*from);
              const std::unique_ptr<grpc::ClientWriter<Bytes>> writer(
                  grpc::internal::ClientWriterFactory<Bytes>::Create(state->channel.get(), *there, call.get(), out));
              bool taken = true;
              for (Bytes bytes; taken && reader->Read(&bytes); bytes.Clear()) taken = writer->Write(bytes);
              if (taken) writer->WritesDone();
              return writer->Finish();
            },
            this);
        break;
      default:
        handler = new grpc::internal::RpcMethodHandler<Proxy, Bytes, Bytes>(
            [state, there](Proxy*, grpc::ServerContext* from, const Bytes* in, Bytes* out) -> grpc::Status {
              if (grpc::Status refused = CheckToken(state->token, *from); !refused.ok()) return refused;
              const auto call = state->Begin(*from);
              return grpc::internal::BlockingUnaryCall<Bytes, Bytes>(state->channel.get(), *there, call.get(), *in,
                                                                     out);
            },
            this);
    }
    AddMethod(new RpcServiceMethod(method.name, method.type, handler));
  }
}

Proxy::~Proxy() = default;

}  // namespace tinderbox::connect
