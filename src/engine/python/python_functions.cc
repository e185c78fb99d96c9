#include "engine/python/python_functions.h"

#include <fmt/format.h>

#include "engine/duckdb/arrow_arguments.h"
#include "engine/local_source.h"
#include "engine/python/arrow_parts.h"
#include "spark/ipc.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

using Step = PythonRun::Step;

/// What one thread of an execution knows of the function that it calls.
struct CallState {
  std::shared_ptr<const PythonCall> call;
  std::unique_ptr<PythonQuery::Place> place;
  std::shared_ptr<spark::IpcWriter> writer;
};

std::vector<DataType> TypesOf(const StructType& schema) {
  std::vector<DataType> out;
  for (const StructField& field : schema.fields) out.push_back(field.type);
  return out;
}

CallState& Prepare(const ScalarInput& arguments, Numbered<PythonCall>& calls, void* opaque) {
  auto& state = *static_cast<CallState*>(opaque);
  if (state.call != nullptr) return state;
  state.call = calls.Find(arguments[0].Data<int64_t>()[0]);
  if (state.call == nullptr) throw Error("INTERNAL_ERROR", "A query calls a Python function that it has not.");
  state.place = std::make_unique<PythonQuery::Place>(state.call->query);
  return state;
}

[[noreturn]] void ThrowRowCount(const PythonCall& call, size_t expected, size_t given) {
  throw Error("INTERNAL_ERROR", fmt::format("The Python function {} gave {} rows for {}.", call.name, given, expected));
}

/// Puts the rows of an answer, which has one column, behind those that are there.
void Append(const PythonCall& call, const PythonRun& run, const ArrowBatch& batch, size_t most, size_t* rows,
            OutVector* result) {
  const auto count = static_cast<size_t>(batch.rows());
  if (count == 0) return;
  if (*rows + count > most) ThrowRowCount(call, most, *rows + count);
  ExpectAnswer(call.name, call.result, run.schema().fields[0].type);
  if (HasNoFields(call.result)) {
    for (size_t row = *rows; row < *rows + count; ++row) result->SetNull(row);
    *rows += count;
    return;
  }
  CopyRows(call.result, batch.column(0), batch.array().offset, batch.rows(), result, *rows);
  *rows += count;
}

void RunRows(const ScalarInput& arguments, OutVector& result, CallState& state) {
  const PythonCall& call = *state.call;
  bool fresh = false;
  PythonRun& run = state.place->Begin(call.task, &fresh);
  if (fresh) state.writer = std::make_shared<spark::IpcWriter>(call.input, call.query->time_zone());
  const ArgumentBatch batch(arguments, 1, TypesOf(call.input));
  for (size_t sent = 0; sent < arguments.rows(); sent += call.batch_rows) {
    run.Send(state.writer->Write(Slice(batch.get(), sent, std::min(call.batch_rows, arguments.rows() - sent)).get()));
  }
  size_t rows = 0;
  Step step = Step::kBatch;
  for (ArrowBatch answer; step != Step::kDone;) {
    step = run.Next(&answer);
    if (step == Step::kBatch) Append(call, run, answer, arguments.rows(), &rows, &result);
    if (step != Step::kNeedsInput) continue;
    if (rows == arguments.rows()) break;
    // A function over iterators that wants to see more before it answers: this is all of its input, then.
    if (run.finished()) ThrowRowCount(call, arguments.rows(), rows);
    run.Finish(state.writer->Finish());
  }
  if (rows != arguments.rows()) ThrowRowCount(call, arguments.rows(), rows);
  if (step == Step::kDone) {
    state.place->Reuse();
  } else {
    state.place->Pause([writer = state.writer] { return writer->Finish(); });
  }
}

void RunGroups(const ScalarInput& arguments, OutVector& result, CallState& state) {
  const PythonCall& call = *state.call;
  bool fresh = false;
  PythonRun& run = state.place->Begin(call.task, &fresh);
  const ArgumentBatch batch(arguments, 1, {DataType::Array(call.input.ToType(), true)});
  const ArrowArray& lists = batch.get().column(0);
  size_t rows = 0;
  for (size_t row = 0; row < arguments.rows(); ++row) {
    const InVector::Range range = arguments[1].IsNull(row) ? InVector::Range{0, 0} : ListRange(lists, row);
    spark::IpcWriter writer(call.input, call.query->time_zone());
    std::string bytes = Encode(1);
    uint64_t sent = 0;
    do {  // a group without rows is one batch without rows
      const uint64_t count = std::min<uint64_t>(call.batch_rows, range.length - sent);
      bytes += writer.Write(Slice(*lists.children[0], range.offset + sent, count).get());
      sent += count;
    } while (sent < range.length);
    run.Send(bytes + writer.Finish());
    Step step = Step::kBatch;
    for (ArrowBatch answer; (step = run.Next(&answer)) == Step::kBatch;) {
      Append(call, run, answer, row + 1, &rows, &result);
    }
    if (rows != row + 1) ThrowRowCount(call, row + 1, rows);
  }
  state.place->Pause([] { return Encode(0); });
}

/// Each row's calls of a table function are a task of their own, as each instance of it has an end.
void RunTable(const ScalarInput& arguments, OutVector& result, CallState& state) {
  const PythonCall& call = *state.call;
  const ArgumentBatch batch(arguments, 1, TypesOf(call.input));
  const DataType& row_type = call.result.element();
  uint64_t filled = 0;
  for (size_t row = 0; row < arguments.rows(); ++row) {
    bool fresh = false;
    PythonRun& run = state.place->Begin(call.task, &fresh);
    spark::IpcWriter writer(call.input, call.query->time_zone());
    run.Send(writer.Write(Slice(batch.get(), row, 1).get()));
    run.Finish(writer.Finish());
    const uint64_t first = filled;
    Step step = Step::kBatch;
    for (ArrowBatch answer; (step = run.Next(&answer)) == Step::kBatch;) {
      if (answer.rows() == 0) continue;
      ExpectAnswer(call.name, row_type, run.schema().fields[0].type);
      const uint64_t begin = filled;
      filled += static_cast<uint64_t>(answer.rows());
      result.ReserveList(filled);
      result.SetListSize(filled);
      OutVector rows = result.ListChild();
      CopyRows(row_type, answer.column(0), answer.array().offset, answer.rows(), &rows, begin);
    }
    result.SetList(row, first, filled - first);
    state.place->Reuse();
  }
}

using Runner = void (*)(const ScalarInput&, OutVector&, CallState&);

ScalarFunction Family(const char* name, Runner run, const std::shared_ptr<Numbered<PythonCall>>& calls) {
  ScalarFunction family;
  family.name = name;
  family.member = [run, calls](const std::string& payload) {
    ScalarFunction out;
    out.parameters = {TypeKind::kLong};
    out.varargs = {ParameterType::Any()};
    out.result = DataType::FromJson(payload);
    out.handles_null = true;
    // Neither folded nor computed twice, whatever the function may be.
    out.is_volatile = true;
    out.new_state = [] { return std::make_shared<CallState>(); };
    out.run_with_state = [run, calls](const ScalarInput& arguments, OutVector& result, void* state) {
      if (arguments.rows() > 0) run(arguments, result, Prepare(arguments, *calls, state));
    };
    return out;
  };
  return family;
}

}  // namespace

void ExpectAnswer(const std::string& function, const DataType& declared, const DataType& answered) {
  if (declared.SameIgnoringNullability(answered)) return;
  throw Error("ARROW_TYPE_MISMATCH",
              fmt::format("Invalid schema from {}: expected {}, got {}.", function, declared.SimpleString(),
                          answered.SimpleString()),
              {{"operation", function},
               {"outputTypes", declared.SimpleString()},
               {"actualDataTypes", answered.SimpleString()}});
}

std::vector<ScalarFunction> PythonCallFunctions(const std::shared_ptr<Numbered<PythonCall>>& calls) {
  return {Family(kPythonFunction, RunRows, calls), Family(kPythonAggregate, RunGroups, calls),
          Family(kPythonTable, RunTable, calls)};
}

}  // namespace tinderbox::engine
