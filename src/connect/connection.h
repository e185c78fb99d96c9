#pragma once

#include <string>
#include <utility>
#include <vector>

namespace tinderbox::connect {

/// What a Spark Connect connection string says, completed from the environment as PySpark's client does it.
struct Connection {
  std::string host;
  int port = 15002;
  bool use_ssl = false;    ///< TLS was asked for
  std::string token;       ///< SPARK_CONNECT_AUTHENTICATE_TOKEN when the string has none
  std::string user_id;     ///< SPARK_USER or USER when the string has none
  std::string session_id;  ///< empty: a new session
  std::string user_agent;  ///< what the client calls itself, the versions included
  std::vector<std::pair<std::string, std::string>> headers;  ///< all other parameters, sent with every call

  /// With TLS, because it was asked for or because a token would leave this machine.
  bool tls() const;
  /// "host:port", for gRPC.
  std::string target() const;
  /// "sc://host:port", for messages: it holds no secret.
  std::string url() const;
};

/// Parses "sc://host:port/;token=…;user_id=…;user_agent=…;use_ssl=true;session_id=…;x-header=…". Throws Error
/// INVALID_CONNECT_URL.
Connection ParseConnection(const std::string& url);

}  // namespace tinderbox::connect
