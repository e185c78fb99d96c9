#pragma once

#include <memory>

#include "spark/session.h"
#include "tinderbox/session.h"

namespace tinderbox::engine {

/// What the sessions of one process share: the DuckDB database, the tables of the warehouse, global temporary views,
/// and cached relations. Thread-safe.
class Engine;

/// Throws Error when a limit of `options` cannot be honoured.
std::shared_ptr<Engine> OpenEngine(const EmbeddedOptions& options);
/// A session that runs plans in this process, on DuckDB. Keeps the engine open.
std::shared_ptr<spark::Session> OpenSession(const std::shared_ptr<Engine>& engine);

}  // namespace tinderbox::engine
