#include "cli/server_flags.h"

#include <memory>
#include <mutex>

#include "engine/embedded_session.h"

namespace tinderbox::cli {

void AddEngineFlags(CLI::App* app, EngineFlags* flags) {
  AddResourceFlags(app, &flags->resources);
  app->add_option("--time-zone", flags->time_zone, "Time zone that sessions start with; default: UTC")
      ->type_name("ZONE")
      ->group("Resources");
}

connect::SessionFactory MakeSessions(const EngineFlags& flags) {
  EmbeddedOptions options = ToEmbedded(flags.resources);
  if (!flags.time_zone.empty()) options.time_zone = flags.time_zone;
  return [engine = engine::OpenEngine(options)](const std::string&, const std::string&) {
    return engine::OpenSession(engine);
  };
}

}  // namespace tinderbox::cli
