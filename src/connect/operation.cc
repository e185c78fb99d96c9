#include "connect/operation.h"

#include <fmt/format.h>

#include <utility>

#include "connect/arrow_stream.h"
#include "connect/deep_thread.h"
#include "connect/uuid.h"
#include "spark/conf.h"
#include "spark/proto.h"
#include "spark/proto_types.h"

namespace tinderbox::connect {
namespace {

// The progress of a query as tasks, of which the client's bar counts the completed ones.
constexpr int64_t kTasks = 100;

}  // namespace

Operation::Operation(OperationOptions options, std::shared_ptr<spark::Session> session,
                     std::shared_ptr<ErrorStore> errors)
    : options_(std::move(options)),
      session_(std::move(session)),
      errors_(std::move(errors)),
      buffer_(options_.buffer) {}

std::shared_ptr<Operation> Operation::Start(OperationOptions options, std::shared_ptr<spark::Session> session,
                                            std::shared_ptr<ErrorStore> errors,
                                            std::shared_ptr<const proto::Plan> plan) {
  std::shared_ptr<Operation> operation(new Operation(std::move(options), std::move(session), std::move(errors)));
  StartDeep([operation, plan = std::move(plan)] { operation->Run(*plan); });
  return operation;
}

void Operation::Run(const proto::Plan& plan) {
  try {
    if (plan.has_root()) {
      RunQuery(plan);
    } else if (plan.has_command()) {
      RunCommand(plan);
    } else {
      throw Error(
          "CONNECT_INVALID_PLAN.INVALID_ONE_OF_FIELD_NOT_SET",
          "The Spark Connect plan is invalid. This oneOf field in spark.connect.Plan is not set: OPTYPE_NOT_SET",
          {{"fullName", "spark.connect.Plan"}, {"name", "OPTYPE_NOT_SET"}});
    }
    const proto::ExecutePlanResponse observed = session_->Observed(options_.id);
    if (observed.observed_metrics_size() > 0) {
      proto::ExecutePlanResponse response = observed;
      Push(&response);
    }
    proto::ExecutePlanResponse complete;
    complete.mutable_result_complete();
    Push(&complete);
    state_ = State::kSucceeded;
    buffer_.End(grpc::Status::OK);
  } catch (...) {
    End(CurrentError());
  }
}

void Operation::End(ErrorPointer error) {
  const bool cancelled = state_ == State::kTerminating || error->condition() == "OPERATION_CANCELED";
  state_ = cancelled ? State::kCancelled : State::kFailed;
  if (cancelled) error = std::make_shared<Error>("OPERATION_CANCELED", "Operation has been canceled.");
  buffer_.End(ToStatus(error, errors_.get()));
}

void Operation::RunQuery(const proto::Plan& plan) {
  const auto reader = session_->Execute(plan.root(), {options_.id, options_.tags});
  proto::ExecutePlanResponse schema;
  spark::ToProto(DataType::Struct(reader->schema().fields), schema.mutable_schema());
  Push(&schema);
  ArrowStream stream(reader.get(), session_->GetConf(spark::conf::kTimeZone));
  int64_t start = 0;
  for (IpcBatch batch; stream.Next(&batch); start += batch.rows) PushBatch(batch.rows, start, std::move(batch.bytes));
}

void Operation::RunCommand(const proto::Plan& plan) {
  proto::ExecutePlanResponse response = session_->Execute(plan.command(), {options_.id, options_.tags});
  if (response.ByteSizeLong() > 0) Push(&response);
}

void Operation::PushBatch(int64_t rows, int64_t start, std::string bytes) {
  const size_t chunk = options_.chunk_bytes;
  const size_t chunks = chunk == 0 ? 1 : (bytes.size() + chunk - 1) / chunk;
  for (size_t i = 0; i < chunks; ++i) {
    proto::ExecutePlanResponse response;
    auto* batch = response.mutable_arrow_batch();
    batch->set_row_count(rows);
    batch->set_start_offset(start);
    if (chunks > 1) {
      batch->set_chunk_index(static_cast<int64_t>(i));
      batch->set_num_chunks_in_batch(static_cast<int64_t>(chunks));
    }
    batch->set_data(chunks == 1 ? std::exchange(bytes, {}) : bytes.substr(i * chunk, chunk));
    Push(&response);
  }
}

grpc::ByteBuffer Operation::Seal(proto::ExecutePlanResponse* response) const {
  response->set_session_id(options_.session_id);
  response->set_server_side_session_id(options_.server_side_session_id);
  response->set_operation_id(options_.id);
  response->set_response_id(NewUuid());
  grpc_slice bytes = grpc_slice_malloc(response->ByteSizeLong());
  response->SerializeToArray(GRPC_SLICE_START_PTR(bytes), static_cast<int>(GRPC_SLICE_LENGTH(bytes)));
  const grpc::Slice slice(bytes, grpc::Slice::STEAL_REF);
  return {&slice, 1};
}

void Operation::Push(proto::ExecutePlanResponse* response) {
  if (state_ == State::kTerminating) throw Interrupted();
  grpc::ByteBuffer bytes = Seal(response);
  if (!buffer_.Push(response->response_id(), std::move(bytes))) throw Interrupted();
}

void Operation::PushProgress() {
  const Progress progress = session_->GetProgress(options_.id);
  proto::ExecutePlanResponse response;
  auto* message = response.mutable_execution_progress();
  auto* stage = message->add_stages();
  stage->set_num_tasks(kTasks);
  if (progress.fraction > 0) {
    stage->set_num_completed_tasks(static_cast<int64_t>(progress.fraction * static_cast<double>(kTasks)));
  }
  message->set_num_inflight_tasks(1);
  grpc::ByteBuffer bytes = Seal(&response);
  buffer_.PushNow(response.response_id(), std::move(bytes));
}

bool Operation::Interrupt() {
  State running = State::kRunning;
  if (!state_.compare_exchange_strong(running, State::kTerminating) && running != State::kTerminating) return false;
  buffer_.Unblock();
  session_->Interrupt(options_.id);
  return true;
}

}  // namespace tinderbox::connect
