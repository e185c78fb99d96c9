#pragma once

#include <memory>
#include <string>

#include "connect/proxy.h"
#include "connect/service.h"

namespace tinderbox::connect {

struct ServerOptions {
  std::string host = "127.0.0.1";
  int port = 15002;  ///< 0: a free one
  /// PEM texts; both or none.
  std::string tls_certificate, tls_key;
  ServiceOptions service;
};

/// A Spark Connect server. It listens when the constructor returns.
class Server {
 public:
  /// Throws Error: an address beyond loopback without token and TLS, or one that cannot be listened on.
  Server(const ServerOptions& options, SessionFactory factory);
  /// A server in front of another one: see Proxy. Throws the same.
  Server(const ServerOptions& options, const Connection& upstream, const RemoteOptions& upstream_options = {});
  /// Ends all sessions and waits for them.
  ~Server();

  int port() const { return port_; }
  const std::string& host() const { return host_; }
  /// New calls are refused and running ones end; from any thread.
  void Stop();
  /// Waits for Stop.
  void Wait();

 private:
  void Listen(const ServerOptions& options, grpc::Service* service);

  std::string host_;
  int port_ = 0;
  std::unique_ptr<Service> service_;  ///< nullptr in front of another server
  std::unique_ptr<Proxy> proxy_;
  std::unique_ptr<grpc::Server> server_;
};

/// True for the addresses and names of this machine alone: 127.0.0.0/8, ::1, localhost.
bool IsLoopback(const std::string& host);

}  // namespace tinderbox::connect
