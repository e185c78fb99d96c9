#include "cli/server_flags.h"

namespace tinderbox::cli {

void AddEngineFlags(CLI::App* app, EngineFlags* flags) {
  AddResourceFlags(app, &flags->resources);
  app->add_option("--time-zone", flags->time_zone, "Time zone that sessions start with; default: UTC")
      ->type_name("ZONE")
      ->group("Resources");
  app->add_option("--warehouse", flags->warehouse, "Folder of the tables; default: spark-warehouse in this folder")
      ->type_name("DIR")
      ->group("Resources");
}

EmbeddedOptions ToEmbedded(const EngineFlags& flags) {
  EmbeddedOptions options = ToEmbedded(flags.resources);
  if (!flags.time_zone.empty()) options.time_zone = flags.time_zone;
  options.warehouse = flags.warehouse;
  return options;
}

StartingEngine StartEngine(const EngineFlags& flags) {
  return std::async(std::launch::async, [options = ToEmbedded(flags)] { return engine::OpenEngine(options); });
}

connect::SessionFactory MakeSessions(const StartingEngine& engine) {
  return [engine](const std::string&, const std::string&) { return engine::OpenSession(engine.get()); };
}

}  // namespace tinderbox::cli
