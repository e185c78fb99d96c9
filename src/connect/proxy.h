#pragma once

#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/service_type.h>

#include <memory>
#include <string>

#include "connect/connection.h"
#include "connect/remote_session.h"

namespace tinderbox::connect {

/// The methods of spark.connect.SparkConnectService on another server: what a client sends goes there as it is, and
/// what comes back goes to the client, errors included. The clients' token is for this server, the connection's for the
/// other one. Thread-safe.
class Proxy : public grpc::Service {
 public:
  /// `token`: what clients have to send; empty: nothing.
  Proxy(std::string token, Connection connection, const RemoteOptions& options);
  ~Proxy() override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tinderbox::connect
