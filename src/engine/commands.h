#pragma once

#include <string>
#include <vector>

#include "engine/duckdb/connection.h"
#include "engine/translate/scope.h"

namespace spark::connect {
class WriteOperation;
}

namespace tinderbox::engine {

/// Runs df.write: `input` is written in Spark's folder layout, beside its target, and moved there when it is complete;
/// what was there before stays when anything fails. `reads`: the files that `input` reads, none of which may be
/// overwritten.
void Write(const ::spark::connect::WriteOperation& write, const TranslatedRelation& input,
           const std::vector<std::string>& reads, Lease lease);

}  // namespace tinderbox::engine
