#pragma once

#include <memory>
#include <string>

#include "cli/cluster_flags.h"
#include "cli/flags.h"
#include "cli/server_flags.h"
#include "connect/remote_session.h"

namespace tinderbox::cli {

/// --on: which engine a verb works on, when it is not the embedded one.
struct RemoteFlags {
  std::string on;
  ClusterName cluster;
  bool given() const { return !on.empty(); }
};
/// Adds --on and --name.
void AddRemoteFlags(CLI::App* app, RemoteFlags* flags);
/// The Spark Connect address that is meant. Throws Error: the cluster has none, or does not run.
std::string RemoteUrl(const RemoteFlags& flags);
/// Opens a session there. Says on standard error when the server does not answer and is waited for.
std::shared_ptr<spark::Session> ConnectTo(const std::string& url);
/// Gives a Spark server's session what the embedded engine has by default, so that values mean the same.
void PrepareForDiff(const Session& session);
/// Throw Error TINDERBOX_USAGE for an option that would only do something for the embedded engine.
void RefuseResources(const ResourceFlags& flags);
void RefuseEngine(const EngineFlags& flags);

}  // namespace tinderbox::cli
