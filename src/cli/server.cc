#include "connect/server.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>

#include "base/code_pages.h"
#include "base/fail.h"
#include "base/interrupt.h"
#include "base/json_text.h"
#include "cli/cache_flags.h"
#include "cli/console.h"
#include "cli/remote_flags.h"
#include "cli/server_flags.h"
#include "cli/verbs.h"
#include "connect/connection.h"

namespace tinderbox::cli {
namespace {

struct ServerFlags {
  EngineFlags engine;
  RemoteFlags remote;
  CacheFlags cache;
  std::string host = "127.0.0.1";
  int port = 15002;
  std::string token_file, certificate, key, port_file;
  int64_t idle_minutes = 60;
  bool json = false;
};

void AddFlags(CLI::App* app, ServerFlags* flags) {
  app->add_option("--host", flags->host, "Address to listen on; default: 127.0.0.1, which only this machine reaches")
      ->type_name("ADDRESS")
      ->group("Network");
  app->add_option("--port", flags->port, "Port to listen on, 0 for a free one; default: 15002")
      ->type_name("PORT")
      ->check(Between(0, 65535))
      ->group("Network");
  app->add_option("--port-file", flags->port_file, "File to write the port to, once the server listens")
      ->type_name("FILE")
      ->group("Network");
  app->add_option("--token-file", flags->token_file,
                  "File with the token that clients must send; the variable TINDERBOX_TOKEN does the same")
      ->type_name("FILE")
      ->group("Security");
  app->add_option("--tls-cert", flags->certificate, "Certificate chain for TLS, in PEM form")
      ->type_name("FILE")
      ->group("Security");
  app->add_option("--tls-key", flags->key, "The certificate's private key, in PEM form")
      ->type_name("FILE")
      ->group("Security");
  app->add_option("--idle-timeout", flags->idle_minutes, "Minutes after which an unused session ends; default: 60")
      ->type_name("MINUTES")
      ->check(Between(1))
      ->group("Other");
  app->add_flag("--json", flags->json, "Say on standard output, in JSON, where the server listens")->group("Other");
  AddRemoteFlags(app, &flags->remote);
  AddEngineFlags(app, &flags->engine);
  AddCacheFlags(app, &flags->cache);
  app->footer(
      "For example:\n"
      "  tinderbox server\n"
      "  SPARK_REMOTE=sc://127.0.0.1:15002 python script.py\n"
      "  tinderbox server --host 0.0.0.0 --token-file token --tls-cert cert.pem --tls-key key.pem\n"
      "  tinderbox server --on cluster --port 0\n"
      "  tinderbox server --cache 10min\n"
      "\n"
      "With --on, what clients send goes on to another server, and its answers come back as they are; its token is\n"
      "taken from SPARK_CONNECT_AUTHENTICATE_TOKEN.\n"
      "The server ends with Ctrl-C or SIGTERM. Exit code: 0, or 2 when it could not start\n");
}

/// The token of the file or the environment, without the line end; empty when there is none.
std::string ReadToken(const std::string& file) {
  const char* variable = std::getenv("TINDERBOX_TOKEN");
  std::string token = variable == nullptr ? "" : variable;
  if (!file.empty()) {
    token = ReadFile(file);
    while (!token.empty() && (token.back() == '\n' || token.back() == '\r')) token.pop_back();
    if (token.empty()) base::Fail("TINDERBOX_USAGE", "--token-file \"{}\" is empty.", file);
  }
  return token;
}

/// Says where the server listens, and serves until it is stopped.
int Serve(const ServerFlags& flags, const std::string& upstream, connect::Server* server) {
  const base::OnInterrupt stop([server] { server->Stop(); });
  const std::string url = fmt::format(
      "sc://{}:{}", server->host().find(':') == std::string::npos ? server->host() : "[" + server->host() + "]",
      server->port());
  if (!flags.port_file.empty()) WriteFile(flags.port_file, fmt::format("{}\n", server->port()), true);
  if (flags.json) WriteOut(fmt::format("{{\"url\":{},\"port\":{}}}\n", base::JsonString(url), server->port()));
  WriteError(fmt::format("Listening on {}{}\n", url, upstream.empty() ? "" : " in front of " + upstream));
  base::ReleaseCodePages();
  server->Wait();
  return kSame;
}

}  // namespace

int RunServer(const Arguments& arguments) {
  ServerFlags flags;
  CLI::App app(
      "Serves Spark Connect on this machine: PySpark's own client (pip install pyspark-client) runs its programs on "
      "it, "
      "without a JVM.");
  AddFlags(&app, &flags);
  if (!ParseFlags(&app, "server", arguments)) return kSame;
  if (flags.certificate.empty() != flags.key.empty())
    throw UsageError("server", "--tls-cert and --tls-key belong together: give both or none.");
  connect::ServerOptions options;
  options.host = flags.host;
  options.port = flags.port;
  options.service.token = ReadToken(flags.token_file);
  options.service.timeouts.session = std::chrono::minutes(flags.idle_minutes);
  if (!flags.certificate.empty()) {
    options.tls_certificate = ReadFile(flags.certificate);
    options.tls_key = ReadFile(flags.key);
  }
  if (flags.remote.given()) {
    RefuseEngine(flags.engine);
    if (app.count("--idle-timeout") > 0 && !flags.cache.given())
      throw UsageError("server", "--idle-timeout: with --on the other server ends sessions. Leave one of them out.");
    const std::string url = RemoteUrl(flags.remote);
    const connect::Connection upstream = connect::ParseConnection(url);
    for (const char* own : {";user_id=", ";session_id="}) {
      if (flags.remote.on.find(own) == std::string::npos) continue;
      throw UsageError("server", fmt::format("--on \"{}\": users and sessions are the clients' own. Leave them out.",
                                             flags.remote.on));
    }
    if (const auto cache = OpenCache(flags.cache, flags.remote.cluster, url)) {
      connect::Server server(options, WithCache(RemoteSessions(url), cache));
      return Serve(flags, upstream.url(), &server);
    }
    connect::Server server(options, upstream);
    return Serve(flags, upstream.url(), &server);
  }
  const auto cache = OpenCache(flags.cache, flags.remote.cluster, "");
  const StartingEngine engine = StartEngine(flags.engine);
  connect::Server server(options, WithCache(MakeSessions(engine), cache));
  engine.get();
  return Serve(flags, "", &server);
}

}  // namespace tinderbox::cli
