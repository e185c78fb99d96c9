#include "engine/sources.h"

#include "engine/files/csv_source.h"
#include "engine/files/json_source.h"
#include "engine/files/sequencefile_source.h"
#include "engine/files/text.h"
#include "engine/files/text_lines.h"
#include "engine/functions/native.h"

namespace tinderbox::engine {

void RegisterSources(Database& database) {
  database.Register(kCsvFunction, MakeCsvSource);
  database.Register(kJsonFunction, MakeJsonSource);
  database.Register(kSequenceFileFunction, MakeSequenceFileSource);
  database.Register(kTextFunction, MakeTextSource);
  database.Register(NativeFunctions());
  database.Register(NativeAggregates());
}

}  // namespace tinderbox::engine
