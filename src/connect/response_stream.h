#pragma once

#include <chrono>
#include <memory>
#include <set>
#include <string>

#include "connect/client.h"

namespace tinderbox::connect {

/// The responses of one operation, whatever becomes of the connections that bring them: a stream that ends early is
/// followed by another one behind the last response. The operation is started again only when the server has not got
/// it and is still the same. Not thread-safe.
class ResponseStream {
 public:
  /// `name` is what Interrupt ends it by. Nothing is sent yet.
  ResponseStream(std::shared_ptr<Client> client, proto::ExecutePlanRequest request, const std::string& name);
  ResponseStream(const ResponseStream&) = delete;
  ResponseStream& operator=(const ResponseStream&) = delete;
  /// Ends the operation when it still runs.
  ~ResponseStream();

  /// The next response, or false behind the last one. Throws Error; Interrupted after an interrupt.
  bool Next(proto::ExecutePlanResponse* response);
  const std::string& operation() const { return activity_.id(); }

 private:
  void Attach();
  grpc::Status Detach();
  void End();

  const std::shared_ptr<Client> client_;
  proto::ExecutePlanRequest request_;
  Client::Activity activity_;
  std::unique_ptr<grpc::ClientContext> call_;
  std::unique_ptr<grpc::ClientReader<proto::ExecutePlanResponse>> reader_;
  std::string last_;         ///< the id of the last response
  bool sent_ = false;        ///< the server may have the operation
  bool reattached_ = false;  ///< the stream at hand goes on with what it has
  bool received_ = false;    ///< something came on the stream at hand
  bool complete_ = false;
};

}  // namespace tinderbox::connect
