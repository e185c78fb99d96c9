#pragma once

#include <map>
#include <string>
#include <vector>

#include "tinderbox/functions.h"

namespace tinderbox::functions {

/// A random seed when none is given.
ColumnOrValue OrSeed(const ColumnOrValue& seed);

/// The first that is given.
inline const ColumnOrValue& Either(const ColumnOrValue& first, const ColumnOrValue& second) {
  return first.given() ? first : second;
}

/// A column, an operand or a lambda; one that was left out is none.
template <typename Argument>
void Append(const Argument& argument, std::vector<Column>* out) {
  if (argument.given()) out->push_back(argument.column());
}
inline void Append(const ColumnList& arguments, std::vector<Column>* out) {
  for (const ColumnOrName& argument : arguments) Append(argument, out);
}
inline void Append(const std::vector<std::string>& texts, std::vector<Column>* out) {
  for (const std::string& text : texts) out->push_back(Lit(Value(text)));
}
void Append(const FunctionOptions& options, std::vector<Column>* out);

template <typename... Arguments>
std::vector<Column> Gather(const Arguments&... arguments) {
  std::vector<Column> out;
  (Append(arguments, &out), ...);
  return out;
}

template <typename... Arguments>
Column Invoke(const char* name, const Arguments&... arguments) {
  return Call(name, Gather(arguments...));
}
template <typename... Arguments>
Column InvokeDistinct(const char* name, const Arguments&... arguments) {
  return CallDistinct(name, Gather(arguments...));
}

}  // namespace tinderbox::functions
