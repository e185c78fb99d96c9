#pragma once

#include <future>
#include <memory>
#include <string>

#include "cli/flags.h"
#include "cli/inputs.h"
#include "connect/server.h"
#include "engine/embedded_session.h"

namespace tinderbox::cli {

/// The options with which the verbs start an engine: --memory, --threads, --temp, --time-zone, --warehouse.
struct EngineFlags {
  ResourceFlags resources;
  std::string time_zone, warehouse;
};
void AddEngineFlags(CLI::App* app, EngineFlags* flags);
/// Throws Error for a size or folder that is none.
EmbeddedOptions ToEmbedded(const EngineFlags& flags);

/// An embedded engine that opens on a thread of its own, while the server starts. get() throws Error when it cannot.
using StartingEngine = std::shared_future<std::shared_ptr<engine::Engine>>;
StartingEngine StartEngine(const EngineFlags& flags);

/// Sessions of one engine, which lives as long as the factory.
connect::SessionFactory MakeSessions(const StartingEngine& engine);

}  // namespace tinderbox::cli
