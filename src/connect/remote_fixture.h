#pragma once

#include <chrono>
#include <future>
#include <numeric>

#include "connect/connection.h"
#include "connect/faulty_door_fixture.h"
#include "connect/server_fixture.h"
#include "tinderbox/server_error.h"

namespace tinderbox::connect {

using std::chrono::milliseconds;
using Fault = FaultyDoor::Fault;

inline proto::Relation Range(int64_t end) {
  proto::Relation relation;
  relation.mutable_range()->set_end(end);
  return relation;
}

inline proto::Relation Sql(const std::string& query) {
  proto::Relation relation;
  relation.mutable_sql()->set_query(query);
  return relation;
}

inline proto::Command Write() {
  proto::Command command;
  command.mutable_write_operation()->set_path("somewhere");
  return command;
}

/// The sum of the ids, and how many there are.
inline std::pair<int64_t, int64_t> Sum(BatchReader* reader) {
  std::pair<int64_t, int64_t> out;
  for (ArrowBatch batch; reader->Next(&batch);) {
    for (int64_t row = 0; row < batch.rows(); ++row) {
      out.first += spark::ToValue(DataType(TypeKind::kLong), batch.column(0), row).As<int64_t>();
      ++out.second;
    }
  }
  return out;
}
inline std::pair<int64_t, int64_t> SumTo(int64_t end) {
  return {end * (end - 1) / 2, end};
}

inline std::string ConditionOf(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.condition();
  }
  return "";
}

class RemoteSessionTest : public ServerTest {
 protected:
  static RemoteOptions Quick() {
    RemoteOptions options;
    options.retry.initial_backoff = milliseconds(5);
    options.retry.max_backoff = milliseconds(50);
    options.retry.multiplier = 2;
    return options;
  }

  /// A session behind the door.
  std::shared_ptr<RemoteSession> Open(const RemoteOptions& options = Quick()) {
    if (server_ == nullptr) Start();
    if (door_ == nullptr) door_ = std::make_unique<FaultyDoor>(server_->port());
    auto session = OpenRemote(door_->url(), options);
    session_id_ = session->session_id();
    return session;
  }
  FakeSession& here() { return fake(session_id_); }

  /// Another server in the place of the first one, as after a crash: it knows nothing.
  void Restart() {
    std::unique_ptr<Server> old = std::move(server_);
    Start();
    door_->Lead(server_->port());
    old.reset();
  }

  std::unique_ptr<FaultyDoor> door_;
};

}  // namespace tinderbox::connect
