#include "engine/streaming/stream_queries.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include <nlohmann/json.hpp>

#include "base/ascii.h"
#include "engine/analyze.h"
#include "engine/files/paths.h"
#include "engine/files/read.h"
#include "engine/functions/interval_text.h"
#include "engine/streaming/stream_plan.h"
#include "engine/streaming/stream_query.h"
#include "engine/translate/refusals.h"
#include "engine/workspace.h"
#include "spark/error_classes.h"
#include "spark/error_conditions.h"
#include "spark/proto.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

using Start = proto::WriteStreamOperationStart;
using std::chrono::milliseconds;

/// Ended queries that can still be asked.
constexpr size_t kKeptQueries = 100;

std::string OutputMode(const std::string& text) {
  const std::string mode = text.empty() ? "append" : base::LowerCase(text);
  if (mode != "append" && mode != "update" && mode != "complete") {
    throw Error("STREAMING_OUTPUT_MODE.INVALID",
                fmt::format("Invalid streaming output mode: {}. Accepted output modes are 'Append', 'Complete', "
                            "'Update'.",
                            text),
                {{"outputMode", text}});
  }
  return mode;
}

int64_t IntervalMs(const std::string& text) {
  const auto interval = ParseCalendarInterval(text);
  if (!interval) {
    throw Error("CANNOT_PARSE_INTERVAL",
                fmt::format("Unable to parse '{}'. Please ensure that the value provided is in a valid format for "
                            "defining an interval.",
                            text),
                {{"intervalString", fmt::format("'{}'", text)}});
  }
  if (interval->months != 0) {
    throw Error("_LEGACY_ERROR_TEMP_3262", fmt::format("Doesn't support month or year interval: {}", text),
                {{"interval", text}});
  }
  const int64_t ms = int64_t{interval->days} * 24 * 60 * 60 * 1000 + interval->micros / 1000;
  if (ms < 0) {
    throw Error(spark::kJavaIllegalArgument, "requirement failed: the interval of trigger should not be negative");
  }
  return ms;
}

StreamTrigger TriggerOf(const Start& start) {
  switch (start.trigger_case()) {
    case Start::kProcessingTimeInterval:
      return {.interval_ms = IntervalMs(start.processing_time_interval())};
    case Start::kAvailableNow:
      return {.kind = StreamTrigger::Kind::kAvailableNow};
    case Start::kOnce:
      return {.kind = StreamTrigger::Kind::kOnce};
    case Start::kContinuousCheckpointInterval:
      RefuseFeature("streaming queries with a continuous trigger");
    case Start::kRealTimeBatchDuration:
      RefuseFeature("streaming queries in real-time mode");
    default:
      return {};
  }
}

/// Where a query keeps how far it is; empty when nowhere.
std::filesystem::path CheckpointOf(Workspace& workspace, const Start& start, const std::string& run_id) {
  const std::map<std::string, std::string> options{start.options().begin(), start.options().end()};
  if (const auto path = FindOption(options, "checkpointLocation")) return LocalPath(*path);
  const auto root = workspace.conf().Find("spark.sql.streaming.checkpointLocation");
  if (!root || root->empty()) return {};
  return LocalPath(*root) / (start.query_name().empty() ? run_id : start.query_name());
}

void ToProto(const StreamQuery& query, proto::StreamingQueryInstanceId* id) {
  id->set_id(query.id());
  id->set_run_id(query.run_id());
}

void ToProto(const StreamQuery& query, proto::StreamingQueryManagerCommandResult::StreamingQueryInstance* out) {
  ToProto(query, out->mutable_id());
  if (!query.name().empty()) out->set_name(query.name());
}

bool IsUuid(const std::string& text) {
  constexpr size_t kDashes[] = {8, 13, 18, 23};
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool dash = std::ranges::find(kDashes, i) != std::end(kDashes);
    if (dash ? text[i] != '-' : std::isxdigit(static_cast<unsigned char>(text[i])) == 0) return false;
  }
  return true;
}

std::string ExplainLastBatch(Workspace& workspace, const StreamQuery& query, bool extended) {
  if (query.Progress().empty()) return "No physical plan. Waiting for data.";
  proto::AnalyzePlanRequest request;
  auto* explain = request.mutable_explain();
  explain->mutable_plan()->mutable_root()->mutable_cached_remote_relation()->set_relation_id(query.plan()->id);
  explain->set_explain_mode(extended ? proto::AnalyzePlanRequest::Explain::EXPLAIN_MODE_EXTENDED
                                     : proto::AnalyzePlanRequest::Explain::EXPLAIN_MODE_SIMPLE);
  proto::AnalyzePlanResponse response;
  AnalyzePlan(workspace, request, &response);
  return response.explain().explain_string();
}

/// For waits: throws Interrupted once the operation was interrupted, which only one with a lease can be.
class Waiting {
 public:
  Waiting(Workspace& workspace, const std::string& operation)
      : database_(workspace.engine().database()),
        tag_(workspace.Tag(operation)),
        lease_(workspace.Connect(operation)) {}
  void operator()() const {
    if (database_.IsInterrupted(tag_)) throw Interrupted();
  }

 private:
  Database& database_;
  std::string tag_;
  Lease lease_;
};

}  // namespace

StreamQueries::StreamQueries(Workspace& workspace) : workspace_(workspace) {}

StreamQueries::~StreamQueries() = default;

StreamQueries::QueryPointer StreamQueries::FindActive(const std::function<bool(const StreamQuery&)>& fits) const {
  const std::lock_guard lock(mutex_);
  for (const Entry& entry : queries_) {
    if (entry.query->active() && fits(*entry.query)) return entry.query;
  }
  return nullptr;
}

StreamQueries::QueryPointer StreamQueries::Get(const std::string& id, const std::string& run_id) const {
  const std::lock_guard lock(mutex_);
  for (const Entry& entry : queries_) {
    if (entry.query->id() == id && entry.query->run_id() == run_id) return entry.query;
  }
  throw Error("CONNECT_INVALID_PLAN.STREAMING_QUERY_NOT_FOUND",
              fmt::format("The Spark Connect plan is invalid. Streaming query {} is not found", id), {{"id", id}});
}

proto::WriteStreamOperationStartResult StreamQueries::Start(const proto::WriteStreamOperationStart& start) {
  const std::lock_guard starting(starting_);
  const std::string mode = OutputMode(start.output_mode());
  const RateSource source = FindStream(workspace_, start.input(), mode);
  const StreamTrigger trigger = TriggerOf(start);
  const std::string& name = start.query_name();
  if (!name.empty() && FindActive([&](const StreamQuery& query) { return query.name() == name; }) != nullptr) {
    throw Error(spark::kJavaIllegalArgument,
                fmt::format("Cannot start query with name {} as a query with that name is already active in this "
                            "SparkSession",
                            name));
  }
  auto plan = workspace_.Freeze(start.input());
  auto sink = MakeSink(workspace_, start, *plan->plan, mode);
  std::string run_id = NewStreamId();
  const std::filesystem::path checkpoint = CheckpointOf(workspace_, start, run_id);
  if (checkpoint.empty() && sink->durable()) {
    throw Error("_LEGACY_ERROR_TEMP_1298",
                "checkpointLocation must be specified either through option(\"checkpointLocation\", ...) or "
                "SparkSession.conf.set(\"spark.sql.streaming.checkpointLocation\", ...).",
                {{"config", "spark.sql.streaming.checkpointLocation"}});
  }
  if (!checkpoint.empty() && !sink->recovers() && std::filesystem::exists(checkpoint / "offsets")) {
    const std::string offsets = (checkpoint / "offsets").string();
    throw Error("_LEGACY_ERROR_TEMP_1299",
                fmt::format("This query does not support recovering from checkpoint location. Delete {} to start over.",
                            offsets),
                {{"checkpointPath", offsets}});
  }
  StreamLog log(checkpoint, NowMs());
  // A restart ends the run that it follows.
  if (const auto before = FindActive([&](const StreamQuery& query) { return query.id() == log.id(); })) {
    before->Stop();
    log = StreamLog(checkpoint, NowMs());
  }
  const auto query = std::make_shared<StreamQuery>(workspace_, StreamSpec{.name = name,
                                                                          .run_id = std::move(run_id),
                                                                          .plan = std::move(plan),
                                                                          .source = source,
                                                                          .log = std::move(log),
                                                                          .sink = std::move(sink),
                                                                          .trigger = trigger});
  {
    const std::lock_guard lock(mutex_);
    queries_.push_back({query});
    size_t ended = 0;
    for (const Entry& entry : queries_) ended += entry.query->active() ? 0 : 1;
    if (ended > kKeptQueries) {
      queries_.erase(std::ranges::find_if(queries_, [](const Entry& entry) { return !entry.query->active(); }));
    }
  }
  proto::WriteStreamOperationStartResult result;
  ToProto(*query, result.mutable_query_id());
  result.set_name(name);
  const nlohmann::json started{{"id", query->id()},
                               {"runId", query->run_id()},
                               {"name", name.empty() ? nlohmann::json() : nlohmann::json(name)},
                               {"timestamp", query->started()},
                               {"jobTags", nlohmann::json::array()}};
  result.set_query_started_event_json(started.dump());
  return result;
}

proto::StreamingQueryCommandResult StreamQueries::Ask(const proto::StreamingQueryCommand& command,
                                                      const std::string& operation) {
  using Command = proto::StreamingQueryCommand;
  const QueryPointer query = Get(command.query_id().id(), command.query_id().run_id());
  proto::StreamingQueryCommandResult result;
  *result.mutable_query_id() = command.query_id();
  switch (command.command_case()) {
    case Command::kStatus: {
      const StreamQuery::Status status = query->status();
      auto* out = result.mutable_status();
      out->set_status_message(status.message);
      out->set_is_data_available(status.has_data);
      out->set_is_trigger_active(status.in_trigger);
      out->set_is_active(status.active);
      break;
    }
    case Command::kLastProgress:
    case Command::kRecentProgress: {
      auto* out = result.mutable_recent_progress();
      std::vector<std::string> progress = query->Progress();
      if (command.has_last_progress() && !progress.empty()) progress = {progress.back()};
      for (std::string& one : progress) out->add_recent_progress_json(std::move(one));
      break;
    }
    case Command::kStop:
      query->Stop();
      break;
    case Command::kProcessAllAvailable: {
      const Waiting check(workspace_, operation);
      query->ProcessAvailable([&] { check(); });
      break;
    }
    case Command::kExplain:
      result.mutable_explain()->set_result(ExplainLastBatch(workspace_, *query, command.explain().extended()));
      break;
    case Command::kException: {
      auto* out = result.mutable_exception();
      if (const auto error = query->error()) {
        out->set_exception_message(
            fmt::format("org.apache.spark.sql.streaming.StreamingQueryException: {}", spark::FullMessage(*error)));
        out->set_error_class("STREAM_FAILED");
      }
      break;
    }
    case Command::kAwaitTermination: {
      std::optional<milliseconds> timeout;
      if (command.await_termination().has_timeout_ms())
        timeout = milliseconds(command.await_termination().timeout_ms());
      const Waiting check(workspace_, operation);
      result.mutable_await_termination()->set_terminated(query->Await(timeout, [&] { check(); }));
      break;
    }
    default:
      throw Error("UNSUPPORTED_FEATURE.COMMAND", "A command about a streaming query asks for nothing.");
  }
  return result;
}

bool StreamQueries::AnyEnded() const {
  const std::lock_guard lock(mutex_);
  bool ended = false;
  for (const Entry& entry : queries_) {
    if (entry.forgotten || entry.query->active()) continue;
    entry.query->ThrowIfFailed();
    ended = true;
  }
  return ended;
}

proto::StreamingQueryManagerCommandResult StreamQueries::Ask(const proto::StreamingQueryManagerCommand& command,
                                                             const std::string& operation) {
  using Command = proto::StreamingQueryManagerCommand;
  proto::StreamingQueryManagerCommandResult result;
  switch (command.command_case()) {
    case Command::kActive: {
      auto* out = result.mutable_active();
      const std::lock_guard lock(mutex_);
      for (const Entry& entry : queries_) {
        if (entry.query->active()) ToProto(*entry.query, out->add_active_queries());
      }
      break;
    }
    case Command::kGetQuery: {
      const std::string& id = command.get_query();
      if (!IsUuid(id)) throw Error(spark::kJavaIllegalArgument, "Invalid UUID string: " + id);
      const auto query = FindActive([&](const StreamQuery& one) { return one.id() == base::LowerCase(id); });
      if (query != nullptr) ToProto(*query, result.mutable_query());
      break;
    }
    case Command::kAwaitAnyTermination: {
      const auto& await = command.await_any_termination();
      const auto begin = std::chrono::steady_clock::now();
      const Waiting check(workspace_, operation);
      bool ended = AnyEnded();
      while (!ended) {
        const auto gone = std::chrono::steady_clock::now() - begin;
        if (await.has_timeout_ms() && gone >= milliseconds(await.timeout_ms())) break;
        std::this_thread::sleep_for(milliseconds(20));
        check();
        ended = AnyEnded();
      }
      result.mutable_await_any_termination()->set_terminated(ended);
      break;
    }
    case Command::kResetTerminated: {
      const std::lock_guard lock(mutex_);
      for (Entry& entry : queries_) entry.forgotten = !entry.query->active();
      result.set_reset_terminated(true);
      break;
    }
    default:
      RefuseFeature("listeners of streaming queries");
  }
  return result;
}

}  // namespace tinderbox::engine
