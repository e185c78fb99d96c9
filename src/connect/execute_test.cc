#include <zstd.h>

#include <future>
#include <utility>

#include "connect/server_fixture.h"

namespace tinderbox::connect {
namespace {

class ExecuteTest : public ServerTest {};

int64_t CountIpcRows(const std::string& bytes) {
  const auto reader = spark::ReadIpcStream(bytes);
  int64_t rows = 0;
  for (ArrowBatch batch; reader->Next(&batch);) rows += batch.rows();
  return rows;
}

TEST_F(ExecuteTest, StreamsSchemaBatchesAndCompletion) {
  Start();
  const Answers answers = Run(Query(5));
  ASSERT_TRUE(answers.status.ok()) << answers.status.error_message();
  ASSERT_EQ(answers.responses.size(), 3U);
  EXPECT_EQ(answers.responses[0].schema().struct_().fields(0).name(), "id");
  EXPECT_EQ(answers.responses[1].arrow_batch().row_count(), 5);
  EXPECT_EQ(CountIpcRows(answers.responses[1].arrow_batch().data()), 5);
  EXPECT_TRUE(answers.responses[2].has_result_complete());
  std::set<std::string> ids;
  for (const auto& response : answers.responses) {
    EXPECT_EQ(response.session_id(), session_id_);
    EXPECT_EQ(response.server_side_session_id(), answers.responses[0].server_side_session_id());
    ids.insert(response.response_id());
  }
  EXPECT_EQ(ids.size(), 3U);
}

TEST_F(ExecuteTest, SendsOneBatchWithoutRowsForAnEmptyResult) {
  Start();
  const Answers answers = Run(Query(0));
  ASSERT_EQ(answers.responses.size(), 3U);
  EXPECT_EQ(answers.responses[1].arrow_batch().row_count(), 0);
  EXPECT_EQ(CountIpcRows(answers.responses[1].arrow_batch().data()), 0);
}

TEST_F(ExecuteTest, GathersSmallBatches) {
  Start();
  const Answers answers = Run(Query(200'000));
  EXPECT_EQ(answers.rows, 200'000);
  EXPECT_LE(answers.responses.size(), 7U);
  int64_t start = 0;
  for (const auto& response : answers.responses) {
    if (!response.has_arrow_batch()) continue;
    EXPECT_EQ(response.arrow_batch().start_offset(), start);
    EXPECT_EQ(CountIpcRows(response.arrow_batch().data()), response.arrow_batch().row_count());
    start += response.arrow_batch().row_count();
  }
}

TEST_F(ExecuteTest, CutsBatchesIntoChunksWhenAsked) {
  Start();
  auto request = Query(10'000);
  auto* chunking = request.add_request_options()->mutable_result_chunking_options();
  chunking->set_allow_arrow_batch_chunking(true);
  chunking->set_preferred_arrow_chunk_size(30'000);
  const Answers answers = Run(request);
  std::string bytes;
  int64_t chunks = 0;
  for (const auto& response : answers.responses) {
    if (!response.has_arrow_batch()) continue;
    EXPECT_EQ(response.arrow_batch().chunk_index(), chunks++);
    EXPECT_EQ(response.arrow_batch().num_chunks_in_batch(), 3);
    EXPECT_LE(response.arrow_batch().data().size(), 30'000U);
    bytes += response.arrow_batch().data();
  }
  EXPECT_EQ(chunks, 3);
  EXPECT_EQ(CountIpcRows(bytes), 10'000);
}

TEST_F(ExecuteTest, PassesOnWhatACommandAnswers) {
  Start();
  auto request = Query(0);
  request.mutable_plan()->mutable_command()->mutable_sql_command();
  Answers answers = Run(request);
  ASSERT_EQ(answers.responses.size(), 2U);
  EXPECT_EQ(answers.responses[0].sql_command_result().relation().range().end(), 3);
  request = Query(0);
  request.mutable_plan()->mutable_command()->mutable_write_operation();
  answers = Run(request);
  ASSERT_EQ(answers.responses.size(), 1U);
  EXPECT_TRUE(answers.responses[0].has_result_complete());
}

TEST_F(ExecuteTest, SendsObservedMetricsBehindTheRows) {
  Start();
  ASSERT_EQ(SparkVersion(), "4.2.0");
  const auto request = Query(1);
  fake(session_id_).observing.insert(request.operation_id());
  const Answers answers = Run(request);
  ASSERT_EQ(answers.responses.size(), 4U);
  EXPECT_EQ(answers.responses[2].observed_metrics(0).name(), "seen");
}

TEST_F(ExecuteTest, TellsProgressWhileNothingComes) {
  ServerOptions options;
  options.service.progress_interval = std::chrono::milliseconds(20);
  Start(options);
  const auto request = Waiting();
  grpc::ClientContext call;
  const auto reader = stub_->ExecutePlan(&call, request);
  proto::ExecutePlanResponse response;
  ASSERT_TRUE(reader->Read(&response));
  ASSERT_EQ(response.execution_progress().stages_size(), 1);
  EXPECT_EQ(response.execution_progress().stages(0).num_completed_tasks() * 4,
            response.execution_progress().stages(0).num_tasks());
  EXPECT_FALSE(response.response_id().empty());
  call.TryCancel();
}

TEST_F(ExecuteTest, GoesOnWhereACutStreamEnded) {
  Start();
  const auto request = Query(500'000);
  std::string last;
  int64_t rows = 0;
  {
    grpc::ClientContext call;
    const auto reader = stub_->ExecutePlan(&call, request);
    proto::ExecutePlanResponse response;
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(reader->Read(&response));
      rows += response.arrow_batch().row_count();
    }
    last = response.response_id();
    call.TryCancel();
    while (reader->Read(&response)) {
    }
    EXPECT_FALSE(reader->Finish().ok());
  }
  const Answers rest = Reattach(request, last);
  ASSERT_TRUE(rest.status.ok()) << rest.status.error_message();
  EXPECT_EQ(rows + rest.rows, 500'000);
  EXPECT_TRUE(rest.responses.back().has_result_complete());
}

TEST_F(ExecuteTest, RepeatsTheWholeResultUntilItIsReleased) {
  Start();
  const auto request = Query(3);
  const Answers first = Run(request);
  const Answers again = Reattach(request);
  ASSERT_EQ(again.responses.size(), first.responses.size());
  for (size_t i = 0; i < first.responses.size(); ++i)
    EXPECT_EQ(again.responses[i].response_id(), first.responses[i].response_id());

  auto release = Make<proto::ReleaseExecuteRequest>();
  release.set_operation_id(request.operation_id());
  release.mutable_release_until()->set_response_id(first.responses[1].response_id());
  proto::ReleaseExecuteResponse released;
  ASSERT_TRUE(Call(&Stub::ReleaseExecute, release, &released).ok());
  EXPECT_EQ(released.operation_id(), request.operation_id());
  EXPECT_EQ(Condition(Reattach(request).status), "INVALID_CURSOR.POSITION_NOT_AVAILABLE");
  EXPECT_EQ(Condition(Reattach(request, first.responses[0].response_id()).status),
            "INVALID_CURSOR.POSITION_NOT_AVAILABLE");
  EXPECT_EQ(Condition(Reattach(request, NewUuid()).status), "INVALID_CURSOR.POSITION_NOT_FOUND");
  const Answers rest = Reattach(request, first.responses[1].response_id());
  ASSERT_EQ(rest.responses.size(), 1U);
  EXPECT_TRUE(rest.responses[0].has_result_complete());

  release.mutable_release_all();
  ASSERT_TRUE(Call(&Stub::ReleaseExecute, release, &released).ok());
  EXPECT_EQ(Condition(Reattach(request).status), "INVALID_HANDLE.OPERATION_NOT_FOUND");
  proto::ReleaseExecuteResponse nothing;
  ASSERT_TRUE(Call(&Stub::ReleaseExecute, release, &nothing).ok());
  EXPECT_FALSE(nothing.has_operation_id());
}

TEST_F(ExecuteTest, TakesARepeatedRequestAsTheSameOperation) {
  Start();
  auto request = Query(3);
  const Answers first = Run(request);
  const Answers again = Run(request);
  ASSERT_TRUE(again.status.ok());
  EXPECT_EQ(again.responses[0].response_id(), first.responses[0].response_id());
  request.mutable_plan()->mutable_root()->mutable_range()->set_end(4);
  EXPECT_EQ(Condition(Run(request).status), "INVALID_HANDLE.OPERATION_ALREADY_EXISTS");
}

TEST_F(ExecuteTest, ReattachesOnlyWhatIsReattachable) {
  Start();
  EXPECT_EQ(Condition(Reattach(Query(1)).status), "INVALID_HANDLE.SESSION_NOT_FOUND");
  const auto request = Query(3, false);
  ASSERT_TRUE(Run(request).status.ok());
  EXPECT_EQ(Condition(Reattach(request).status), "INVALID_HANDLE.OPERATION_NOT_FOUND");
}

TEST_F(ExecuteTest, EndsWhatItsOnlyStreamLeft) {
  Start();
  auto request = Waiting();
  request.mutable_request_options(0)->mutable_reattach_options()->set_reattachable(false);
  grpc::ClientContext call;
  const auto reader = stub_->ExecutePlan(&call, request);
  AwaitOperation(request.operation_id());
  auto reattach = Make<proto::ReattachExecuteRequest>();
  reattach.set_operation_id(request.operation_id());
  EXPECT_EQ(Condition(Reattach(request).status), "INVALID_CURSOR.NOT_REATTACHABLE");
  call.TryCancel();
  proto::ExecutePlanResponse response;
  while (reader->Read(&response)) {
  }
  auto status = Make<proto::GetStatusRequest>();
  status.mutable_operation_status()->add_operation_ids(request.operation_id());
  proto::GetStatusResponse states;
  for (int i = 0; i < 500; ++i) {
    states.Clear();
    ASSERT_TRUE(Call(&Stub::GetStatus, status, &states).ok());
    if (states.operation_statuses(0).state() == proto::GetStatusResponse::OperationStatus::OPERATION_STATE_CANCELLED)
      return;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  FAIL() << "it still runs";
}

TEST_F(ExecuteTest, HoldsLittleForASlowReader) {
  ServerOptions options;
  options.service.buffer = {.waiting_bytes = 1 << 20, .kept_bytes = 1 << 20};
  Start(options);
  const auto request = Query(3'000'000);
  grpc::ClientContext call;
  const auto reader = stub_->ExecutePlan(&call, request);
  proto::ExecutePlanResponse response;
  ASSERT_TRUE(reader->Read(&response));
  // The engine stops when the buffers are full, although the client reads nothing.
  int64_t before = -1;
  for (int i = 0; i < 100 && before != fake(session_id_).made; ++i) {
    before = fake(session_id_).made;
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
  }
  EXPECT_LT(before, 2'500'000);
  const Answers rest = ReadAll(reader.get());
  EXPECT_TRUE(rest.status.ok());
  EXPECT_EQ(rest.rows, 3'000'000);
}

TEST_F(ExecuteTest, AbandonsWhatNobodyReads) {
  ServerOptions options;
  options.service.timeouts.operation = std::chrono::milliseconds(200);
  Start(options);
  const auto request = Waiting();
  {
    grpc::ClientContext call;
    const auto reader = stub_->ExecutePlan(&call, request);
    AwaitOperation(request.operation_id());
    call.TryCancel();
    proto::ExecutePlanResponse response;
    while (reader->Read(&response)) {
    }
  }
  std::string condition;
  for (int i = 0; i < 100 && condition != "INVALID_HANDLE.OPERATION_ABANDONED"; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(600));
    condition = Condition(Reattach(request).status);
    if (condition == "INVALID_CURSOR.DISCONNECTED") continue;
  }
  EXPECT_EQ(condition, "INVALID_HANDLE.OPERATION_ABANDONED");
}

TEST_F(ExecuteTest, LetsTheLastStreamWin) {
  Start();
  const auto request = Waiting();
  auto first = std::async(std::launch::async, [&] { return Run(request); });
  AwaitOperation(request.operation_id());
  auto second = std::async(std::launch::async, [&] { return Reattach(request); });
  EXPECT_EQ(Condition(first.get().status), "INVALID_CURSOR.DISCONNECTED");
  auto interrupt = Make<proto::InterruptRequest>();
  interrupt.set_interrupt_type(proto::InterruptRequest::INTERRUPT_TYPE_ALL);
  proto::InterruptResponse response;
  ASSERT_TRUE(Call(&Stub::Interrupt, interrupt, &response).ok());
  EXPECT_EQ(Condition(second.get().status), "OPERATION_CANCELED");
}

TEST_F(ExecuteTest, InterruptsByOperationTagAndAll) {
  Start();
  auto tagged = Waiting();
  tagged.add_tags("nightly");
  tagged.add_tags("etl");
  const auto named = Waiting();
  const auto other = Waiting();
  std::vector<std::future<Answers>> running;
  for (const proto::ExecutePlanRequest* request : {&std::as_const(tagged), &named, &other}) {
    running.push_back(std::async(std::launch::async, [this, request] { return Run(*request); }));
    AwaitOperation(request->operation_id());
  }
  const auto interrupt = [&](const proto::InterruptRequest& request) {
    proto::InterruptResponse response;
    EXPECT_TRUE(Call(&Stub::Interrupt, request, &response).ok());
    return std::vector<std::string>(response.interrupted_ids().begin(), response.interrupted_ids().end());
  };
  auto request = Make<proto::InterruptRequest>();
  request.set_interrupt_type(proto::InterruptRequest::INTERRUPT_TYPE_TAG);
  request.set_operation_tag("none");
  EXPECT_TRUE(interrupt(request).empty());
  request.set_operation_tag("etl");
  EXPECT_EQ(interrupt(request), std::vector{tagged.operation_id()});
  EXPECT_EQ(Condition(running[0].get().status), "OPERATION_CANCELED");
  request.set_interrupt_type(proto::InterruptRequest::INTERRUPT_TYPE_OPERATION_ID);
  request.set_operation_id(named.operation_id());
  EXPECT_EQ(interrupt(request), std::vector{named.operation_id()});
  EXPECT_EQ(Condition(running[1].get().status), "OPERATION_CANCELED");
  request.set_interrupt_type(proto::InterruptRequest::INTERRUPT_TYPE_ALL);
  EXPECT_EQ(interrupt(request), std::vector{other.operation_id()});
  EXPECT_EQ(Condition(running[2].get().status), "OPERATION_CANCELED");
  EXPECT_TRUE(interrupt(request).empty());
}

TEST_F(ExecuteTest, TakesPlansOfAThousandRelationsAndRefusesTenThousand) {
  Start();
  const auto chain = [&](int depth) {
    auto request = Query(0);
    auto* relation = request.mutable_plan()->mutable_root();
    for (int i = 0; i < depth; ++i) relation = relation->mutable_limit()->mutable_input();
    relation->mutable_range()->set_end(7);
    return request;
  };
  const Answers deep = Run(chain(1000));
  ASSERT_TRUE(deep.status.ok()) << deep.status.error_message();
  EXPECT_EQ(deep.rows, 7);
  EXPECT_EQ(Condition(Run(chain(10'000)).status), "CONNECT_INVALID_PLAN.CANNOT_PARSE");
  EXPECT_EQ(SparkVersion(), "4.2.0");
}

TEST_F(ExecuteTest, TakesCompressedPlansOfBoundedSize) {
  Start();
  const auto compressed = [&](const std::string& data) {
    auto request = Query(0);
    auto* operation = request.mutable_plan()->mutable_compressed_operation();
    operation->set_op_type(proto::Plan::CompressedOperation::OP_TYPE_RELATION);
    operation->set_compression_codec(proto::COMPRESSION_CODEC_ZSTD);
    operation->set_data(data);
    return request;
  };
  const auto compress = [](const std::string& data) {
    std::string out(ZSTD_compressBound(data.size()), '\0');
    out.resize(ZSTD_compress(out.data(), out.size(), data.data(), data.size(), 1));
    return out;
  };
  proto::Relation relation;
  relation.mutable_range()->set_end(9);
  const std::string good = compress(relation.SerializeAsString());
  EXPECT_EQ(Run(compressed(good)).rows, 9);
  EXPECT_EQ(Condition(Run(compressed(good.substr(0, good.size() - 2))).status), "CONNECT_INVALID_PLAN.CANNOT_PARSE");
  EXPECT_EQ(Condition(Run(compressed("nonsense")).status), "CONNECT_INVALID_PLAN.CANNOT_PARSE");
  EXPECT_EQ(Condition(Run(compressed(compress(std::string(200 << 20, '\0')))).status),
            "CONNECT_INVALID_PLAN.CANNOT_PARSE");
  EXPECT_EQ(Condition(Run(compressed("")).status), "CONNECT_INVALID_PLAN.CANNOT_PARSE");
}

}  // namespace
}  // namespace tinderbox::connect
