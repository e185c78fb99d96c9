#pragma once

#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/client_unary_call.h>
#include <grpcpp/impl/service_type.h>
#include <grpcpp/support/method_handler.h>
#include <grpcpp/support/sync_stream.h>

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace tinderbox::connect {

/// Stands between a client and a server, and spoils what it is told to.
class FaultyDoor : public grpc::Service {
 public:
  /// What happens to the call number `n` (from 1) of a method, "ExecutePlan".
  struct Fault {
    bool refuse = false;                 ///< it does not reach the server
    bool lose_answer = false;            ///< it does, and nothing comes back
    int cut_after = -1;                  ///< so many messages of a stream come back
    std::chrono::milliseconds delay{0};  ///< before each message
    grpc::Status status{grpc::StatusCode::UNAVAILABLE, "cut by the test"};
  };
  using Plan = std::function<Fault(const std::string& method, int n)>;

  explicit FaultyDoor(int server_port, int port = 0) {
    Lead(server_port);
    using grpc::internal::RpcMethod;
    for (const char* name : {"ExecutePlan", "ReattachExecute"}) Add(name, RpcMethod::SERVER_STREAMING);
    for (const char* name : {"AnalyzePlan", "Config", "ArtifactStatus", "Interrupt", "ReleaseExecute", "ReleaseSession",
                             "FetchErrorDetails", "CloneSession", "GetStatus"}) {
      Add(name, RpcMethod::NORMAL_RPC);
    }
    Add("AddArtifacts", RpcMethod::CLIENT_STREAMING);
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:" + std::to_string(port), grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(this);
    builder.SetMaxReceiveMessageSize(-1);
    server_ = builder.BuildAndStart();
  }
  ~FaultyDoor() override { server_->Shutdown(std::chrono::system_clock::now()); }

  std::string url() const { return "sc://127.0.0.1:" + std::to_string(port_); }
  int port() const { return port_; }

  /// To another server.
  void Lead(int server_port) {
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(-1);
    arguments.SetMaxSendMessageSize(-1);
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    const std::lock_guard lock(mutex_);
    channel_ = grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(server_port), grpc::InsecureChannelCredentials(),
                                         arguments);
  }
  void Spoil(Plan plan) {
    const std::lock_guard lock(mutex_);
    plan_ = std::move(plan);
  }
  int calls(const std::string& method) {
    const std::lock_guard lock(mutex_);
    return calls_[method];
  }
  /// The bytes of the last request of a method.
  std::string request(const std::string& method) {
    const std::lock_guard lock(mutex_);
    return requests_[method];
  }

 private:
  using Bytes = grpc::ByteBuffer;

  struct Passage {
    std::shared_ptr<grpc::Channel> channel;
    std::unique_ptr<grpc::internal::RpcMethod> method;
    std::unique_ptr<grpc::ClientContext> call;
    Fault fault;
  };

  Passage Begin(const std::string& name, const char* path, grpc::internal::RpcMethod::RpcType type,
                const grpc::ServerContext& from, const Bytes* in) {
    Passage out;
    const std::lock_guard lock(mutex_);
    const int n = ++calls_[name];
    if (in != nullptr) requests_[name] = ToString(*in);
    if (plan_) out.fault = plan_(name, n);
    out.channel = channel_;
    out.method = std::make_unique<grpc::internal::RpcMethod>(path, type, channel_);
    out.call = grpc::ClientContext::FromServerContext(from);
    return out;
  }

  static std::string ToString(const Bytes& bytes) {
    std::vector<grpc::Slice> slices;
    bytes.Dump(&slices);
    std::string out;
    for (const grpc::Slice& slice : slices) out.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
    return out;
  }

  void Add(const std::string& name, grpc::internal::RpcMethod::RpcType type) {
    using grpc::internal::RpcMethod;
    const char* path = paths_.emplace_back("/spark.connect.SparkConnectService/" + name).c_str();
    grpc::internal::MethodHandler* handler = nullptr;
    if (type == RpcMethod::SERVER_STREAMING) {
      handler = new grpc::internal::ServerStreamingHandler<FaultyDoor, Bytes, Bytes>(
          [this, name, path, type](FaultyDoor*, grpc::ServerContext* from, const Bytes* in,
                                   grpc::ServerWriter<Bytes>* writer) {
            const Passage passage = Begin(name, path, type, *from, in);
            if (passage.fault.refuse) return passage.fault.status;
            const std::unique_ptr<grpc::ClientReader<Bytes>> reader(grpc::internal::ClientReaderFactory<Bytes>::Create(
                passage.channel.get(), *passage.method, passage.call.get(), *in));
            int passed = 0;
            bool cut = false;
            for (Bytes bytes; !cut && reader->Read(&bytes); bytes.Clear()) {
              std::this_thread::sleep_for(passage.fault.delay);
              cut = passage.fault.lose_answer || passed == passage.fault.cut_after;
              if (!cut) writer->Write(bytes);
              ++passed;
            }
            if (cut) passage.call->TryCancel();
            const grpc::Status status = reader->Finish();
            return cut || passage.fault.lose_answer ? passage.fault.status : status;
          },
          this);
    } else if (type == RpcMethod::CLIENT_STREAMING) {
      handler = new grpc::internal::ClientStreamingHandler<FaultyDoor, Bytes, Bytes>(
          [this, name, path, type](FaultyDoor*, grpc::ServerContext* from, grpc::ServerReader<Bytes>* reader,
                                   Bytes* out) {
            const Passage passage = Begin(name, path, type, *from, nullptr);
            if (passage.fault.refuse) return passage.fault.status;
            const std::unique_ptr<grpc::ClientWriter<Bytes>> writer(grpc::internal::ClientWriterFactory<Bytes>::Create(
                passage.channel.get(), *passage.method, passage.call.get(), out));
            for (Bytes bytes; reader->Read(&bytes); bytes.Clear()) writer->Write(bytes);
            writer->WritesDone();
            const grpc::Status status = writer->Finish();
            return passage.fault.lose_answer ? passage.fault.status : status;
          },
          this);
    } else {
      handler = new grpc::internal::RpcMethodHandler<FaultyDoor, Bytes, Bytes>(
          [this, name, path, type](FaultyDoor*, grpc::ServerContext* from, const Bytes* in, Bytes* out) {
            const Passage passage = Begin(name, path, type, *from, in);
            if (passage.fault.refuse) return passage.fault.status;
            const grpc::Status status = grpc::internal::BlockingUnaryCall<Bytes, Bytes>(
                passage.channel.get(), *passage.method, passage.call.get(), *in, out);
            return passage.fault.lose_answer ? passage.fault.status : status;
          },
          this);
    }
    AddMethod(new grpc::internal::RpcServiceMethod(path, type, handler));
  }

  std::mutex mutex_;
  std::shared_ptr<grpc::Channel> channel_;
  Plan plan_;
  std::map<std::string, int> calls_;
  std::map<std::string, std::string> requests_;
  std::list<std::string> paths_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace tinderbox::connect
