#pragma once

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "engine/functions/native.h"

namespace tinderbox::engine {

/// Writes the result of one row.
using RowFunction = std::function<void(const ScalarInput& in, size_t row, OutVector& result)>;

/// Adds a function that is called for each row without a NULL argument, as a RowFunction is.
template <typename F>
void AddPerRow(ScalarFunctions* out, const char* name, std::vector<ParameterType> parameters, DataType result, F one) {
  out->push_back({.name = name,
                  .parameters = std::move(parameters),
                  .varargs = {},
                  .result = std::move(result),
                  .run = PerRow(std::move(one))});
}

/// Adds a function that is called for every row, NULL arguments or not.
inline void AddForAllRows(ScalarFunctions* out, const char* name, std::vector<ParameterType> parameters,
                          DataType result, RowFunction one) {
  out->push_back({.name = name,
                  .parameters = std::move(parameters),
                  .varargs = {},
                  .result = std::move(result),
                  .run =
                      [one = std::move(one)](const ScalarInput& in, OutVector& written) {
                        for (size_t row = 0; row < in.rows(); ++row) one(in, row, written);
                      },
                  .handles_null = true});
}

/// Fills a column of arrays with what `one(row, std::vector<T>* all)` adds for each row without a NULL argument.
template <typename T, typename F>
void FillLists(const ScalarInput& in, OutVector& result, F one) {
  std::vector<T> all;
  for (size_t row = 0; row < in.rows(); ++row) {
    const size_t offset = all.size();
    if (!in.AnyNull(row)) one(row, &all);
    result.SetList(row, offset, all.size() - offset);
  }
  result.ReserveList(all.size());
  OutVector child = result.ListChild();
  std::copy(all.begin(), all.end(), child.Data<T>());
  result.SetListSize(all.size());
}

}  // namespace tinderbox::engine
