#pragma once

#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/service_type.h>

#include <chrono>
#include <memory>
#include <string>

#include "connect/response_buffer.h"
#include "connect/sessions.h"

namespace tinderbox::connect {

struct ServiceOptions {
  std::string token;  ///< what clients have to send as "authorization: Bearer …"; empty: nothing
  SessionTimeouts timeouts;
  std::chrono::milliseconds progress_interval{2000};  ///< between messages on how far a query is
  BufferSize buffer;
};

/// The twelve methods of spark.connect.SparkConnectService over any spark::Session. Thread-safe.
///
/// The methods take raw bytes: gRPC would refuse plans that nest deeper than 100 messages, which real ones do.
class Service : public grpc::Service {
 public:
  Service(SessionFactory factory, ServiceOptions options);
  ~Service() override;

  Sessions& sessions();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tinderbox::connect
