#include "engine/sources.h"

namespace tinderbox::engine {

void RegisterSources(Database& database, int threads) {
  (void)database;
  (void)threads;
}

}  // namespace tinderbox::engine
