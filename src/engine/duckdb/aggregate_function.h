#pragma once

#include <functional>
#include <new>
#include <string>
#include <type_traits>
#include <vector>

#include "engine/duckdb/scalar_function.h"

namespace tinderbox::engine {

/// A native aggregate function that DuckDB can call, also over windows. Each group has a state of plain bytes.
struct AggregateFunction {
  std::string name;  ///< by convention "spark_…"
  std::vector<ParameterType> parameters;
  DataType result;
  size_t state_size = 0;
  std::function<void(void* state)> init;
  /// Adds row i to states[i]. Rows with a NULL argument are to be skipped. Throws Error.
  std::function<void(const ScalarInput& arguments, void** states)> update;
  std::function<void(const void* from, void* into)> combine;
  /// Writes a state's result to row `row`.
  std::function<void(const void* state, OutVector& result, size_t row)> finish;
};

/// An aggregate whose state is a plain struct, valid when default-constructed. `update(state, arguments, row)` sees no
/// NULL arguments.
template <typename State, typename Update, typename Combine, typename Finish>
AggregateFunction MakeAggregate(std::string name, std::vector<ParameterType> parameters, DataType result, Update update,
                                Combine combine, Finish finish) {
  static_assert(std::is_trivially_destructible_v<State>, "DuckDB is told of no destructor");
  AggregateFunction out;
  out.name = std::move(name);
  out.parameters = std::move(parameters);
  out.result = std::move(result);
  out.state_size = sizeof(State);
  out.init = [](void* state) { new (state) State; };
  out.update = [update](const ScalarInput& arguments, void** states) {
    for (size_t row = 0; row < arguments.rows(); ++row) {
      if (!arguments.AnyNull(row)) update(*static_cast<State*>(states[row]), arguments, row);
    }
  };
  out.combine = [combine](const void* from, void* into) {
    combine(*static_cast<const State*>(from), *static_cast<State*>(into));
  };
  out.finish = [finish](const void* state, OutVector& column, size_t row) {
    finish(*static_cast<const State*>(state), column, row);
  };
  return out;
}

}  // namespace tinderbox::engine
