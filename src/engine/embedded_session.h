#pragma once

#include <memory>

#include "spark/session.h"
#include "tinderbox/session.h"

namespace tinderbox::engine {

/// A session that runs plans in this process, on DuckDB. Throws Error when a limit of `options` cannot be honoured.
std::shared_ptr<spark::Session> MakeEmbeddedSession(const EmbeddedOptions& options);

}  // namespace tinderbox::engine
