#pragma once

#include <string>

#include "cli/flags.h"
#include "cli/inputs.h"
#include "connect/server.h"

namespace tinderbox::cli {

/// The options with which the verbs start an engine: --memory, --threads, --temp, --time-zone, --warehouse.
struct EngineFlags {
  ResourceFlags resources;
  std::string time_zone, warehouse;
};
void AddEngineFlags(CLI::App* app, EngineFlags* flags);
/// Throws Error for a size or folder that is none.
EmbeddedOptions ToEmbedded(const EngineFlags& flags);

/// Sessions of one embedded engine, which opens with the first of them and lives as long as the factory.
connect::SessionFactory MakeSessions(const EngineFlags& flags);

}  // namespace tinderbox::cli
