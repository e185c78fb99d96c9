#include "engine/engine.h"

#include "engine/embedded_session.h"
#include "engine/limits.h"
#include "engine/python/python_functions.h"
#include "engine/sources.h"
#include "spark/conf.h"

namespace tinderbox::engine {

namespace {

DatabaseOptions ToDatabase(const EmbeddedOptions& options) {
  DatabaseOptions out;
  out.memory_bytes = options.memory_bytes == 0 ? AvailableMemory() / 10 * 6 : EngineShare(options.memory_bytes);
  out.threads = options.threads > 0 ? options.threads : AvailableCores();
  out.temp_directory = options.temp_directory;
  out.time_zone = options.time_zone;
  return out;
}

std::filesystem::path TempDirectory(const EmbeddedOptions& options) {
  return options.temp_directory.empty() ? std::filesystem::temp_directory_path() : options.temp_directory;
}

std::filesystem::path Warehouse(const EmbeddedOptions& options) {
  return std::filesystem::absolute(options.warehouse.empty() ? "spark-warehouse" : options.warehouse)
      .lexically_normal();
}

}  // namespace

Engine::Engine(const EmbeddedOptions& options)
    : fixed_conf_{{spark::conf::kParallelism, std::to_string(ToDatabase(options).threads)},
                  {spark::conf::kLocalDirectory, TempDirectory(options).string()},
                  {spark::conf::kWarehouse, "file:" + Warehouse(options).string()}},
      time_zone_(options.time_zone),
      database_(ToDatabase(options)),
      cache_(database_, ToDatabase(options).memory_bytes / 2),
      catalog_(Warehouse(options)),
      copies_(options.temp_directory) {
  database_.Register(kLocalTableFunction, [locals = locals_](std::string_view name) { return locals->Find(name); });
  database_.Register(kPythonRowsFunction, PythonRowsFactory(python_.rows));
  database_.Register(PythonCallFunctions(python_.calls));
  RegisterSources(database_);
}

std::shared_ptr<Engine> OpenEngine(const EmbeddedOptions& options) {
  return std::make_shared<Engine>(options);
}

}  // namespace tinderbox::engine

namespace tinderbox {

Session Session::Embedded(const EmbeddedOptions& options) {
  return Session(engine::OpenSession(engine::OpenEngine(options)));
}

}  // namespace tinderbox
