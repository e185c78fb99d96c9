#include "engine/sources.h"

#include "engine/files/json_source.h"
#include "engine/functions/native.h"

namespace tinderbox::engine {

void RegisterSources(Database& database, int threads) {
  (void)threads;
  database.Register("tb_json", MakeJsonSource);
  database.Register(NativeFunctions());
}

}  // namespace tinderbox::engine
