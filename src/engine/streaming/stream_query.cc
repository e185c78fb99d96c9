#include "engine/streaming/stream_query.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/fail.h"
#include "engine/places.h"
#include "engine/streaming/stream_scope.h"
#include "engine/workspace.h"
#include "spark/error_classes.h"
#include "spark/proto.h"

namespace tinderbox::engine {

namespace {

using std::chrono::milliseconds;

/// Address space only, for plans as deep as those of batch queries.
constexpr size_t kStackBytes = size_t{256} << 20;
/// Spark keeps as many (spark.sql.streaming.numRecentProgressUpdates).
constexpr size_t kKeptProgress = 100;
/// How long a wait may go on without a look at whether it is wanted.
constexpr milliseconds kLook{50};

std::string IsoTime(int64_t ms) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(static_cast<std::time_t>(ms / 1000)), ms % 1000);
}

}  // namespace

int64_t NowMs() {
  return std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

StreamQuery::StreamQuery(Workspace& workspace, StreamSpec spec)
    : workspace_(workspace), spec_(std::move(spec)), started_(IsoTime(NowMs())) {
  status_.message = "Initializing sources";
  if (spec_.log.done()) done_end_ = spec_.log.done()->end;
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setstacksize(&attributes, kStackBytes);
  const auto run = [](void* query) -> void* {
    static_cast<StreamQuery*>(query)->Run();
    return nullptr;
  };
  const int failed = ::pthread_create(&thread_, &attributes, run, this);
  ::pthread_attr_destroy(&attributes);
  if (failed != 0) base::FailErrno("INTERNAL_ERROR", failed, "No thread can be started for the streaming query");
}

StreamQuery::~StreamQuery() {
  Stop();
}

void StreamQuery::Stop() {
  const std::lock_guard joining(joining_);
  if (joined_) return;
  {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
    // The engine can only be interrupted while it works on a batch.
    while (status_.active) {
      lock.unlock();
      workspace_.engine().database().Interrupt(workspace_.Tag(Operation()));
      lock.lock();
      changed_.wait_for(lock, milliseconds(10), [this] { return !status_.active; });
    }
  }
  ::pthread_join(thread_, nullptr);
  joined_ = true;
}

StreamQuery::Status StreamQuery::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

void StreamQuery::SetStatus(Status status) {
  const std::lock_guard lock(mutex_);
  status_ = std::move(status);
  changed_.notify_all();
}

std::vector<std::string> StreamQuery::Progress() const {
  const std::lock_guard lock(mutex_);
  return {progress_.begin(), progress_.end()};
}

std::shared_ptr<const Error> StreamQuery::error() const {
  const std::lock_guard lock(mutex_);
  return error_;
}

void StreamQuery::ThrowIfFailed() const {
  const auto failed = error();
  if (failed == nullptr) return;
  const std::string message = spark::FullMessage(*failed);
  throw Error("STREAM_FAILED",
              fmt::format("Query [id = {}, runId = {}] terminated with exception: {}", id(), run_id(), message),
              {{"id", id()}, {"runId", run_id()}, {"message", message}});
}

bool StreamQuery::WaitFor(const std::function<bool()>& done, std::optional<milliseconds> timeout,
                          const std::function<void()>& check) const {
  const auto begin = std::chrono::steady_clock::now();
  std::unique_lock lock(mutex_);
  while (!done()) {
    milliseconds wait = kLook;
    if (timeout) {
      const auto gone = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begin);
      if (gone >= *timeout) return false;
      wait = std::min(wait, *timeout - gone);
    }
    changed_.wait_for(lock, wait);
    lock.unlock();
    check();
    lock.lock();
  }
  return true;
}

bool StreamQuery::Await(std::optional<milliseconds> timeout, const std::function<void()>& check) const {
  const bool ended = WaitFor([this] { return !status_.active; }, timeout, check);
  if (ended) ThrowIfFailed();
  return ended;
}

void StreamQuery::ProcessAvailable(const std::function<void()>& check) const {
  const int64_t target = Available();
  WaitFor([&] { return !status_.active || done_end_ >= target; }, std::nullopt, check);
  ThrowIfFailed();
}

int64_t StreamQuery::Available() const {
  return std::max<int64_t>(0, (NowMs() - spec_.log.start_ms()) / 1000);
}

int64_t StreamQuery::NextTrigger() const {
  const int64_t interval = spec_.trigger.interval_ms;
  if (interval > 0) return (NowMs() / interval + 1) * interval;
  return spec_.log.start_ms() + (done_end_ + 1) * 1000;
}

void StreamQuery::Run() {
  Status last{.message = "Stopped", .active = false};
  std::shared_ptr<const Error> failure;
  try {
    const int64_t target = Available();
    for (bool going = true; going;) {
      const bool ran = RunTrigger();
      if (spec_.trigger.kind == StreamTrigger::Kind::kOnce) break;
      if (spec_.trigger.kind == StreamTrigger::Kind::kAvailableNow) {
        if (!ran || done_end_ >= target) break;
        continue;
      }
      const auto next = std::chrono::system_clock::time_point(milliseconds(NextTrigger()));
      std::unique_lock lock(mutex_);
      going = !changed_.wait_until(lock, next, [this] { return stopping_; });
    }
  } catch (const Error& error) {
    failure = std::make_shared<const Error>(error);
  } catch (const std::exception& error) {
    failure = std::make_shared<const Error>("INTERNAL_ERROR", error.what());
  }
  const std::lock_guard lock(mutex_);
  if (failure != nullptr && !stopping_) {
    last.message = "Terminated with exception: " + spark::FullMessage(*failure);
    error_ = std::move(failure);
  }
  status_ = std::move(last);
  changed_.notify_all();
}

bool StreamQuery::RunTrigger() {
  StreamLog& log = spec_.log;
  const int64_t first = log.done() ? log.done()->end : 0;
  if (!log.begun()) {
    const int64_t end = Available();
    if (log.done() && end <= first) {
      SetStatus({.message = "Waiting for data to arrive"});
      return false;
    }
    log.Begin({.id = log.done() ? log.done()->id + 1 : 0, .end = end}, NowMs());
  }
  RunBatch(*log.begun(), first);
  return true;
}

void StreamQuery::RunBatch(StreamLog::Batch batch, int64_t first) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) throw Interrupted();
    status_ = {.message = "Processing new data", .has_data = true, .in_trigger = true};
  }
  const int64_t begin = NowMs();
  proto::Relation plan;
  plan.mutable_cached_remote_relation()->set_relation_id(spec_.plan->id);
  int64_t written = -1;
  {
    const Places places;
    const StreamScope scope(
        std::make_shared<const proto::Relation>(spec_.source.Rows(first, batch.end, spec_.log.start_ms())));
    written = spec_.sink->Add(batch.id, plan, Operation());
  }
  const bool has_start = spec_.log.done().has_value();
  spec_.log.Finish();
  const int64_t took = NowMs() - begin;
  const int64_t rows = spec_.source.Count(first, batch.end);
  const double since = last_trigger_ms_ == 0 ? 0 : static_cast<double>(begin - last_trigger_ms_) / 1000;
  last_trigger_ms_ = begin;
  const double in_rate = since > 0 ? static_cast<double>(rows) / since : 0;
  const double out_rate = took > 0 ? static_cast<double>(rows) * 1000 / static_cast<double>(took) : 0;
  using Json = nlohmann::ordered_json;
  const Json source{{"description", spec_.source.Description()},
                    {"startOffset", has_start ? Json(std::to_string(first)) : Json()},
                    {"endOffset", std::to_string(batch.end)},
                    {"latestOffset", std::to_string(batch.end)},
                    {"numInputRows", rows},
                    {"inputRowsPerSecond", in_rate},
                    {"processedRowsPerSecond", out_rate},
                    {"metrics", Json::object()}};
  const Json progress{
      {"id", id()},
      {"runId", run_id()},
      {"name", name().empty() ? Json() : Json(name())},
      {"timestamp", IsoTime(begin)},
      {"batchId", batch.id},
      {"batchDuration", took},
      {"numInputRows", rows},
      {"inputRowsPerSecond", in_rate},
      {"processedRowsPerSecond", out_rate},
      {"durationMs", {{"triggerExecution", took}}},
      {"eventTime", Json::object()},
      {"stateOperators", Json::array()},
      {"sources", Json::array({source})},
      {"sink", {{"description", spec_.sink->Description()}, {"numOutputRows", written}, {"metrics", Json::object()}}},
      {"observedMetrics", Json::object()}};
  const std::lock_guard lock(mutex_);
  progress_.push_back(progress.dump());
  if (progress_.size() > kKeptProgress) progress_.pop_front();
  done_end_ = batch.end;
  status_ = {.message = "Waiting for next trigger"};
  changed_.notify_all();
}

}  // namespace tinderbox::engine
