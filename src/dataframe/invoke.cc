#include "dataframe/invoke.h"

#include "dataframe/relation.h"

namespace tinderbox::functions {

ColumnOrValue OrSeed(const ColumnOrValue& seed) {
  return seed.given() ? seed : ColumnOrValue(dataframe::RandomSeed());
}

void Append(const FunctionOptions& options, std::vector<Column>* out) {
  if (options.empty()) return;
  std::vector<Column> entries;
  for (const auto& [key, value] : options) {
    entries.push_back(Lit(Value(key)));
    entries.push_back(Lit(Value(value)));
  }
  out->push_back(Call("map", entries));
}

}  // namespace tinderbox::functions
