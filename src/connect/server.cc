#include "connect/server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <grpc/support/log.h>

#include <chrono>
#include <cstdlib>

#include "tinderbox/error.h"

namespace tinderbox::connect {
namespace {

// As much as PySpark sends and takes.
constexpr int kMaxMessageBytes = 128 << 20;

std::string Target(const std::string& host, int port) {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
}

}  // namespace

bool IsLoopback(const std::string& host) {
  if (host == "localhost") return true;
  in_addr four{};
  if (::inet_pton(AF_INET, host.c_str(), &four) == 1) return (ntohl(four.s_addr) >> 24) == 127;
  in6_addr six{};
  return ::inet_pton(AF_INET6, host.c_str(), &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

Server::Server(const ServerOptions& options, SessionFactory factory)
    : host_(options.host), service_(std::make_unique<Service>(std::move(factory), options.service)) {
  Listen(options, service_.get());
}

Server::Server(const ServerOptions& options, const Connection& upstream, const RemoteOptions& upstream_options)
    : host_(options.host), proxy_(std::make_unique<Proxy>(options.service.token, upstream, upstream_options)) {
  Listen(options, proxy_.get());
}

void Server::Listen(const ServerOptions& options, grpc::Service* service) {
  const bool tls = !options.tls_certificate.empty();
  if (!IsLoopback(host_) && (options.service.token.empty() || !tls)) {
    throw Error(
        "TINDERBOX_USAGE",
        fmt::format("Beyond this machine ({}) the server only listens with a token and TLS: anyone who reaches it "
                    "can run code on it. Give --token-file, --tls-cert and --tls-key.",
                    host_));
  }
  std::shared_ptr<grpc::ServerCredentials> credentials = grpc::InsecureServerCredentials();
  if (tls) {
    grpc::SslServerCredentialsOptions ssl;
    ssl.pem_key_cert_pairs.push_back({options.tls_key, options.tls_certificate});
    credentials = grpc::SslServerCredentials(ssl);
  }
  // gRPC reports on standard error what also comes as an error; GRPC_VERBOSITY asks for it.
  if (std::getenv("GRPC_VERBOSITY") == nullptr) gpr_set_log_function([](gpr_log_func_args*) {});
  grpc::ServerBuilder builder;
  builder.AddListeningPort(Target(host_, options.port), credentials, &port_);
  builder.RegisterService(service);
  builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
  builder.SetMaxSendMessageSize(kMaxMessageBytes);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);  // a port in use is an error
  server_ = builder.BuildAndStart();
  if (server_ == nullptr || port_ == 0) {
    server_.reset();
    throw Error(
        "TINDERBOX_LISTEN",
        fmt::format("The server cannot listen on {}: the port is in use, the address is not one of this machine, "
                    "or the certificate and its key are not valid.",
                    Target(host_, options.port)));
  }
}

Server::~Server() {
  Stop();
  if (service_ != nullptr) service_->sessions().Close();
}

void Server::Stop() {
  if (server_ == nullptr) return;
  if (service_ != nullptr) service_->sessions().Close();
  server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1));
}

void Server::Wait() {
  server_->Wait();
}

}  // namespace tinderbox::connect
