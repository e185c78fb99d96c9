#include "engine/duckdb/registry.h"

#include <fmt/format.h>

#include <map>
#include <optional>

namespace tinderbox::engine {

namespace {

struct SourceInfo {
  SourceFactory factory;
  ScanCounters* counters;
};

struct BoundSource {
  std::shared_ptr<Source> source;
};

struct OpenScan {
  std::shared_ptr<Scan> scan;
  /// For each projected column of the scan, its place in the chunk (DuckDB may ask for a row number, which is none).
  std::vector<size_t> places;
};

template <typename T>
void Delete(void* pointer) {
  delete static_cast<T*>(pointer);
}

/// Runs `body`, and hands what it throws to DuckDB. No exception may cross the C interface.
template <typename Info, typename Body>
void Guard(Info info, void (*set_error)(Info, const char*), Body body, const std::string& function = "") {
  try {
    body();
  } catch (const std::exception& error) {
    set_error(info, EncodeError(error, function).c_str());
  } catch (...) {
    set_error(info, "An unknown exception was thrown.");
  }
}

void Bind(duckdb_bind_info info) {
  Guard(info, duckdb_bind_set_error, [&] {
    const auto& registered = *static_cast<SourceInfo*>(duckdb_bind_get_extra_info(info));
    Handle<duckdb_value, duckdb_destroy_value> argument(duckdb_bind_get_parameter(info, 0));
    std::string spec = Take(duckdb_get_varchar(argument.get()));
    auto bound = std::make_unique<BoundSource>(BoundSource{registered.factory(spec)});
    size_t number = 0;
    for (const StructField& column : bound->source->Columns()) {
      // Positions, not names: Spark's names may repeat.
      duckdb_bind_add_result_column(info, fmt::format("c{}", number++).c_str(), ToLogicalType(column.type).get());
    }
    if (auto rows = bound->source->Rows()) duckdb_bind_set_cardinality(info, *rows, true);
    duckdb_bind_set_bind_data(info, bound.release(), Delete<BoundSource>);
  });
}

void Init(duckdb_init_info info) {
  Guard(info, duckdb_init_set_error, [&] {
    const auto& registered = *static_cast<SourceInfo*>(duckdb_init_get_extra_info(info));
    const auto& bound = *static_cast<BoundSource*>(duckdb_init_get_bind_data(info));
    auto open = std::make_unique<OpenScan>();
    std::vector<size_t> projected;
    for (idx_t i = 0; i < duckdb_init_get_column_count(info); ++i) {
      idx_t column = duckdb_init_get_column_index(info, i);
      if (column >= bound.source->Columns().size()) continue;
      projected.push_back(column);
      open->places.push_back(i);
    }
    open->scan = std::shared_ptr<Scan>(bound.source->Open(std::move(projected)));
    duckdb_init_set_max_threads(info, std::max<size_t>(1, open->scan->MaxParts()));
    registered.counters->Add(open->scan);
    duckdb_init_set_init_data(info, open.release(), Delete<OpenScan>);
  });
}

/// A thread's part is made at its first fill: DuckDB hands the scan to the function, not to the thread's start.
struct LocalPart {
  std::unique_ptr<ScanPart> part;
};

void LocalInit(duckdb_init_info info) {
  Guard(info, duckdb_init_set_error,
        [&] { duckdb_init_set_init_data(info, std::make_unique<LocalPart>().release(), Delete<LocalPart>); });
}

void Fill(duckdb_function_info info, duckdb_data_chunk chunk) {
  Guard(info, duckdb_function_set_error, [&] {
    const auto& registered = *static_cast<SourceInfo*>(duckdb_function_get_extra_info(info));
    auto& open = *static_cast<OpenScan*>(duckdb_function_get_init_data(info));
    auto& local = *static_cast<LocalPart*>(duckdb_function_get_local_init_data(info));
    if (local.part == nullptr) local.part = open.scan->NewPart();
    std::vector<OutVector> columns;
    columns.reserve(open.places.size());
    for (size_t place : open.places) columns.emplace_back(duckdb_data_chunk_get_vector(chunk, place));
    size_t rows = local.part->Fill(columns);
    registered.counters->rows += rows;
    duckdb_data_chunk_set_size(chunk, rows);
  });
}

/// Nested arguments are copied: their children may be dictionaries, which the C interface does not show.
class FlatArgument {
 public:
  FlatArgument(duckdb_vector vector, size_t rows) : vector_(vector) {
    LogicalType type(duckdb_vector_get_column_type(vector));
    duckdb_type id = duckdb_get_type_id(type.get());
    if (id != DUCKDB_TYPE_LIST && id != DUCKDB_TYPE_MAP && id != DUCKDB_TYPE_STRUCT && id != DUCKDB_TYPE_ARRAY) return;
    copy_ = Vector(duckdb_create_vector(type.get(), std::max<size_t>(rows, kChunkRows)));
    Selection all(duckdb_create_selection_vector(rows));
    sel_t* indexes = duckdb_selection_vector_get_data_ptr(all.get());
    for (size_t i = 0; i < rows; ++i) indexes[i] = static_cast<sel_t>(i);
    duckdb_vector_copy_sel(vector, copy_.get(), all.get(), rows, 0, 0);
    vector_ = copy_.get();
  }
  duckdb_vector get() const { return vector_; }

 private:
  using Vector = Handle<duckdb_vector, duckdb_destroy_vector>;
  static void DestroySelection(duckdb_selection_vector* selection) { duckdb_destroy_selection_vector(*selection); }
  using Selection = Handle<duckdb_selection_vector, DestroySelection>;
  duckdb_vector vector_;
  Vector copy_;
};

using FunctionState = std::shared_ptr<void>;

void InitState(duckdb_init_info info) {
  Guard(info, duckdb_scalar_function_init_set_error, [&] {
    const auto& function = *static_cast<ScalarFunction*>(duckdb_scalar_function_init_get_extra_info(info));
    duckdb_scalar_function_init_set_state(info, new FunctionState(function.new_state()), Delete<FunctionState>);
  });
}

void CallFunction(duckdb_function_info info, duckdb_data_chunk chunk, duckdb_vector output) {
  const auto& function = *static_cast<ScalarFunction*>(duckdb_scalar_function_get_extra_info(info));
  const auto call = [&] {
    size_t rows = duckdb_data_chunk_get_size(chunk);
    std::vector<FlatArgument> flat;
    std::vector<InVector> arguments;
    flat.reserve(duckdb_data_chunk_get_column_count(chunk));
    for (idx_t i = 0; i < duckdb_data_chunk_get_column_count(chunk); ++i) {
      flat.emplace_back(duckdb_data_chunk_get_vector(chunk, i), rows);
      arguments.emplace_back(flat.back().get());
    }
    const bool may_have_null = std::ranges::any_of(arguments, &InVector::MayHaveNull);
    ScalarInput input(std::move(arguments), rows);
    OutVector result(output);
    if (!function.handles_null && may_have_null) {
      for (size_t row = 0; row < rows; ++row) {
        if (input.AnyNull(row)) result.SetNull(row);
      }
    }
    if (function.new_state == nullptr) {
      function.run(input, result);
    } else {
      function.run_with_state(input, result,
                              static_cast<FunctionState*>(duckdb_scalar_function_get_state(info))->get());
    }
  };
  Guard(info, duckdb_scalar_function_set_error, call, function.name);
}

LogicalType ToLogicalType(const ParameterType& parameter) {
  if (parameter.any) return LogicalType(duckdb_create_logical_type(DUCKDB_TYPE_ANY));
  return engine::ToLogicalType(parameter.type);
}

}  // namespace

std::string MemberName(std::string_view family, std::string_view payload) {
  // Base 16, since DuckDB tells names apart without regard to letter case.
  std::string out = std::string(family) + std::string(kMemberMark);
  for (const char c : payload) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out;
}

std::string MemberPayload(std::string_view digits) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string out;
  for (size_t i = 0; i + 1 < digits.size(); i += 2)
    out += static_cast<char>(digit(digits[i]) << 4 | digit(digits[i + 1]));
  return out;
}

void RegisterSource(duckdb_connection connection, const std::string& name, SourceFactory factory,
                    ScanCounters* counters) {
  Handle<duckdb_table_function, duckdb_destroy_table_function> function(duckdb_create_table_function());
  duckdb_table_function_set_name(function.get(), name.c_str());
  duckdb_table_function_add_parameter(function.get(), ToLogicalType(DataType(TypeKind::kString)).get());
  duckdb_table_function_set_extra_info(function.get(), new SourceInfo{std::move(factory), counters},
                                       Delete<SourceInfo>);
  duckdb_table_function_set_bind(function.get(), Bind);
  duckdb_table_function_set_init(function.get(), Init);
  duckdb_table_function_set_local_init(function.get(), LocalInit);
  duckdb_table_function_set_function(function.get(), Fill);
  duckdb_table_function_supports_projection_pushdown(function.get(), true);
  if (duckdb_register_table_function(connection, function.get()) != DuckDBSuccess) {
    throw Error("INTERNAL_ERROR", fmt::format("The table function {} cannot be registered.", name));
  }
}

void RegisterScalarFunctions(duckdb_connection connection, const std::vector<ScalarFunction>& functions) {
  std::map<std::string, std::vector<const ScalarFunction*>> by_name;
  for (const ScalarFunction& function : functions) by_name[function.name].push_back(&function);
  for (const auto& [name, overloads] : by_name) {
    Handle<duckdb_scalar_function_set, duckdb_destroy_scalar_function_set> set(
        duckdb_create_scalar_function_set(name.c_str()));
    for (const ScalarFunction* overload : overloads) {
      Handle<duckdb_scalar_function, duckdb_destroy_scalar_function> function(duckdb_create_scalar_function());
      duckdb_scalar_function_set_name(function.get(), name.c_str());
      for (const ParameterType& parameter : overload->parameters) {
        duckdb_scalar_function_add_parameter(function.get(), ToLogicalType(parameter).get());
      }
      for (const ParameterType& rest : overload->varargs) {
        duckdb_scalar_function_set_varargs(function.get(), ToLogicalType(rest).get());
      }
      duckdb_scalar_function_set_return_type(function.get(), ToLogicalType(overload->result).get());
      if (overload->handles_null) duckdb_scalar_function_set_special_handling(function.get());
      if (overload->is_volatile) duckdb_scalar_function_set_volatile(function.get());
      duckdb_scalar_function_set_extra_info(function.get(), new ScalarFunction(*overload), Delete<ScalarFunction>);
      duckdb_scalar_function_set_function(function.get(), CallFunction);
      if (overload->new_state != nullptr) duckdb_scalar_function_set_init(function.get(), InitState);
      if (duckdb_add_scalar_function_to_set(set.get(), function.get()) != DuckDBSuccess) {
        throw Error("INTERNAL_ERROR", fmt::format("Two overloads of {} have the same parameters.", name));
      }
    }
    if (duckdb_register_scalar_function_set(connection, set.get()) != DuckDBSuccess) {
      throw Error("INTERNAL_ERROR", fmt::format("The function {} cannot be registered.", name));
    }
  }
}

namespace {

const AggregateFunction& AggregateOf(duckdb_function_info info) {
  return *static_cast<AggregateFunction*>(duckdb_aggregate_function_get_extra_info(info));
}

void** StatesOf(duckdb_aggregate_state* states) {
  return reinterpret_cast<void**>(states);
}

idx_t AggregateStateSize(duckdb_function_info info) {
  return AggregateOf(info).state_size;
}

void AggregateInit(duckdb_function_info info, duckdb_aggregate_state state) {
  AggregateOf(info).init(state);
}

void AggregateUpdate(duckdb_function_info info, duckdb_data_chunk chunk, duckdb_aggregate_state* states) {
  Guard(info, duckdb_aggregate_function_set_error, [&] {
    const size_t rows = duckdb_data_chunk_get_size(chunk);
    std::vector<FlatArgument> flat;
    std::vector<InVector> arguments;
    flat.reserve(duckdb_data_chunk_get_column_count(chunk));
    for (idx_t i = 0; i < duckdb_data_chunk_get_column_count(chunk); ++i) {
      flat.emplace_back(duckdb_data_chunk_get_vector(chunk, i), rows);
      arguments.emplace_back(flat.back().get());
    }
    AggregateOf(info).update(ScalarInput(std::move(arguments), rows), StatesOf(states));
  });
}

void AggregateCombine(duckdb_function_info info, duckdb_aggregate_state* from, duckdb_aggregate_state* into,
                      idx_t count) {
  Guard(info, duckdb_aggregate_function_set_error, [&] {
    const AggregateFunction& function = AggregateOf(info);
    for (idx_t i = 0; i < count; ++i) function.combine(StatesOf(from)[i], StatesOf(into)[i]);
  });
}

void AggregateFinish(duckdb_function_info info, duckdb_aggregate_state* states, duckdb_vector output, idx_t count,
                     idx_t offset) {
  const AggregateFunction& function = AggregateOf(info);
  const auto finish = [&] {
    OutVector result(output);
    for (idx_t i = 0; i < count; ++i) function.finish(StatesOf(states)[i], result, offset + i);
  };
  Guard(info, duckdb_aggregate_function_set_error, finish, function.name);
}

}  // namespace

void RegisterAggregateFunction(duckdb_connection connection, const AggregateFunction& function) {
  Handle<duckdb_aggregate_function, duckdb_destroy_aggregate_function> made(duckdb_create_aggregate_function());
  duckdb_aggregate_function_set_name(made.get(), function.name.c_str());
  for (const ParameterType& parameter : function.parameters) {
    duckdb_aggregate_function_add_parameter(made.get(), ToLogicalType(parameter).get());
  }
  duckdb_aggregate_function_set_return_type(made.get(), ToLogicalType(function.result).get());
  duckdb_aggregate_function_set_extra_info(made.get(), new AggregateFunction(function), Delete<AggregateFunction>);
  duckdb_aggregate_function_set_functions(made.get(), AggregateStateSize, AggregateInit, AggregateUpdate,
                                          AggregateCombine, AggregateFinish);
  if (duckdb_register_aggregate_function(connection, made.get()) != DuckDBSuccess) {
    throw Error("INTERNAL_ERROR", fmt::format("The aggregate function {} cannot be registered.", function.name));
  }
}

}  // namespace tinderbox::engine
