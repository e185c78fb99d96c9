// What runs a plan or asks the engine about it.
#include <cstdio>
#include <mutex>
#include <optional>

#include "base/fail.h"
#include "dataframe/arrow_stream.h"
#include "dataframe/observation.h"
#include "dataframe/relation.h"
#include "spark/ipc.h"
#include "spark/session.h"
#include "spark/storage_level.h"
#include "tinderbox/dataframe.h"
#include "tinderbox/functions.h"

namespace tinderbox {
namespace {

using dataframe::MakeRelation;
using dataframe::Parts;
using dataframe::RunCommand;
using proto::AnalyzePlanRequest;
using proto::AnalyzePlanResponse;
using proto::Relation;

AnalyzePlanResponse Ask(const DataFrame& frame, const AnalyzePlanRequest& request) {
  return frame.session().waist()->Analyze(request);
}

/// Rows that the engine keeps under an id, until this is gone.
struct Checkpointed {
  Session session;
  proto::CachedRemoteRelation relation;

  ~Checkpointed() {
    proto::Command command;
    *command.mutable_remove_cached_remote_relation_command()->mutable_relation() = relation;
    try {
      session.waist()->Execute(command);
    } catch (const std::exception&) {
      // A destructor has nobody to tell; the engine drops what it keeps when the session ends.
    }
  }
};

DataFrame MakeCheckpoint(const DataFrame& frame, bool local, bool eager, const std::optional<StorageLevel>& level) {
  const proto::ExecutePlanResponse response = RunCommand(frame.session(), [&](Parts& parts, proto::Command* out) {
    auto* checkpoint = out->mutable_checkpoint_command();
    parts.Put(frame, checkpoint->mutable_relation());
    checkpoint->set_local(local);
    checkpoint->set_eager(eager);
    if (level) spark::ToProto(*level, checkpoint->mutable_storage_level());
  });
  const std::shared_ptr<const Checkpointed> kept(
      new Checkpointed{frame.session(), response.checkpoint_command_result().relation()});
  return MakeRelation(frame.session(), [&](Parts& parts, Relation* out) {
    *out->mutable_cached_remote_relation() = kept->relation;
    parts.dependencies().alive.push_back(kept);
  });
}

void MakeView(const DataFrame& frame, std::string_view name, bool global, bool replace) {
  RunCommand(frame.session(), [&](Parts& parts, proto::Command* out) {
    auto* view = out->mutable_create_dataframe_view();
    parts.Put(frame, view->mutable_input());
    view->set_name(std::string(name));
    view->set_is_global(global);
    view->set_replace(replace);
  });
}

}  // namespace

/// What is learnt about a plan, shared by the copies of one DataFrame.
struct DataFrame::Analysis {
  ~Analysis() { Unpersist(false); }

  void Unpersist(bool blocking) {
    std::shared_ptr<const Relation> kept;
    {
      const std::lock_guard lock(mutex);
      kept = std::move(persisted);
    }
    if (kept == nullptr) return;
    try {
      AnalyzePlanRequest request;
      *request.mutable_unpersist()->mutable_relation() = *kept;
      request.mutable_unpersist()->set_blocking(blocking);
      persisted_in->Analyze(request);
    } catch (const std::exception&) {
      // A destructor has nobody to tell; the session drops what is kept when it ends.
    }
  }

  std::mutex mutex;
  std::optional<StructType> schema;
  std::shared_ptr<spark::Session> persisted_in;
  std::shared_ptr<const Relation> persisted;
};

DataFrame::DataFrame(Session session, std::shared_ptr<const Relation> relation,
                     std::shared_ptr<const dataframe::Dependencies> dependencies)
    : session_(std::move(session)),
      relation_(std::move(relation)),
      dependencies_(std::move(dependencies)),
      analysis_(std::make_shared<Analysis>()) {}

const StructType& DataFrame::Schema() const {
  const std::lock_guard lock(analysis_->mutex);
  if (!analysis_->schema) analysis_->schema = session_.waist()->Schema(*relation_);
  return *analysis_->schema;
}

std::vector<std::string> DataFrame::Columns() const {
  std::vector<std::string> names;
  for (const StructField& field : Schema().fields) names.push_back(field.name);
  return names;
}

std::vector<std::pair<std::string, std::string>> DataFrame::Dtypes() const {
  std::vector<std::pair<std::string, std::string>> types;
  for (const StructField& field : Schema().fields) types.emplace_back(field.name, field.type.SimpleString());
  return types;
}

std::string DataFrame::TreeString(std::optional<int> level) const {
  AnalyzePlanRequest request;
  *request.mutable_tree_string()->mutable_plan()->mutable_root() = proto();
  if (level) request.mutable_tree_string()->set_level(*level);
  return Ask(*this, request).tree_string().tree_string();
}

void DataFrame::PrintSchema(std::optional<int> level) const {
  std::puts(TreeString(level).c_str());
}

std::string DataFrame::Explain(ExplainMode mode) const {
  AnalyzePlanRequest request;
  *request.mutable_explain()->mutable_plan()->mutable_root() = proto();
  using Explain = AnalyzePlanRequest::Explain;
  static_assert(Explain::EXPLAIN_MODE_SIMPLE == static_cast<int>(ExplainMode::kSimple) + 1 &&
                Explain::EXPLAIN_MODE_FORMATTED == static_cast<int>(ExplainMode::kFormatted) + 1);
  request.mutable_explain()->set_explain_mode(static_cast<Explain::ExplainMode>(static_cast<int>(mode) + 1));
  return Ask(*this, request).explain().explain_string();
}

std::vector<std::string> DataFrame::InputFiles() const {
  AnalyzePlanRequest request;
  *request.mutable_input_files()->mutable_plan()->mutable_root() = proto();
  const AnalyzePlanResponse response = Ask(*this, request);
  return {response.input_files().files().begin(), response.input_files().files().end()};
}

bool DataFrame::IsLocal() const {
  AnalyzePlanRequest request;
  *request.mutable_is_local()->mutable_plan()->mutable_root() = proto();
  return Ask(*this, request).is_local().is_local();
}

bool DataFrame::IsStreaming() const {
  AnalyzePlanRequest request;
  *request.mutable_is_streaming()->mutable_plan()->mutable_root() = proto();
  return Ask(*this, request).is_streaming().is_streaming();
}

bool DataFrame::SameSemantics(const DataFrame& other) const {
  AnalyzePlanRequest request;
  *request.mutable_same_semantics()->mutable_target_plan()->mutable_root() = proto();
  *request.mutable_same_semantics()->mutable_other_plan()->mutable_root() = other.proto();
  return Ask(*this, request).same_semantics().result();
}

int32_t DataFrame::SemanticHash() const {
  AnalyzePlanRequest request;
  *request.mutable_semantic_hash()->mutable_plan()->mutable_root() = proto();
  return Ask(*this, request).semantic_hash().result();
}

tinderbox::StorageLevel DataFrame::StorageLevel() const {
  AnalyzePlanRequest request;
  *request.mutable_get_storage_level()->mutable_relation() = proto();
  const AnalyzePlanResponse response = Ask(*this, request);
  const proto::StorageLevel& level = response.get_storage_level().storage_level();
  return {level.use_disk(), level.use_memory(), level.use_off_heap(), level.deserialized(), level.replication()};
}

int64_t DataFrame::Count() const {
  const std::vector<Row> rows = Agg(functions::CountStar().Alias("count")).Collect();
  if (rows.size() != 1 || rows[0].size() != 1)
    base::Fail("INTERNAL_ERROR", "A count did not return exactly one value.");
  return rows[0][0].As<int64_t>();
}

bool DataFrame::IsEmpty() const {
  return Select({}).Head(1).empty();
}

std::vector<Row> DataFrame::Collect() const {
  std::vector<Row> rows;
  const auto reader = Batches();
  ArrowBatch batch;
  while (reader->Next(&batch)) {
    const std::vector<StructField>& fields = reader->schema().fields;
    rows.reserve(rows.size() + static_cast<size_t>(batch.rows()));
    for (int64_t i = 0; i < batch.rows(); ++i) {
      Row& row = rows.emplace_back();
      row.values.reserve(fields.size());
      for (size_t c = 0; c < fields.size(); ++c) {
        row.values.push_back(spark::ToValue(fields[c].type, batch.column(c), batch.array().offset + i));
      }
    }
  }
  return rows;
}

std::optional<Row> DataFrame::First() const {
  std::vector<Row> rows = Head(1);
  if (rows.empty()) return std::nullopt;
  return std::move(rows[0]);
}

std::vector<Row> DataFrame::Head(int n) const {
  return Limit(n).Collect();
}

std::vector<Row> DataFrame::Tail(int n) const {
  return MakeRelation(session_,
                      [&](Parts& parts, Relation* out) {
                        parts.Put(*this, out->mutable_tail()->mutable_input());
                        out->mutable_tail()->set_limit(n);
                      })
      .Collect();
}

std::unique_ptr<BatchReader> DataFrame::Batches() const {
  return dataframe::ExecuteObserved(session_, *relation_, dependencies_);
}

void DataFrame::ToArrow(ArrowArrayStream* out) const {
  dataframe::ToStream(session_, Batches(), out);
}

std::string DataFrame::ShowString(int n, int truncate, bool vertical) const {
  const DataFrame shown = MakeRelation(session_, [&](Parts& parts, Relation* out) {
    auto* show = out->mutable_show_string();
    parts.Put(*this, show->mutable_input());
    show->set_num_rows(n);
    show->set_truncate(truncate);
    show->set_vertical(vertical);
  });
  return shown.Collect().at(0)[0].As<std::string>();
}

void DataFrame::Show(int n, int truncate, bool vertical) const {
  std::puts(ShowString(n, truncate, vertical).c_str());
}

void DataFrame::CreateTempView(std::string_view name) const {
  MakeView(*this, name, false, false);
}
void DataFrame::CreateOrReplaceTempView(std::string_view name) const {
  MakeView(*this, name, false, true);
}
void DataFrame::CreateGlobalTempView(std::string_view name) const {
  MakeView(*this, name, true, false);
}
void DataFrame::CreateOrReplaceGlobalTempView(std::string_view name) const {
  MakeView(*this, name, true, true);
}

DataFrame DataFrame::Persist(const tinderbox::StorageLevel& level) const {
  AnalyzePlanRequest request;
  *request.mutable_persist()->mutable_relation() = proto();
  spark::ToProto(level, request.mutable_persist()->mutable_storage_level());
  Ask(*this, request);
  DataFrame out(session_, relation_, dependencies_);
  out.analysis_->persisted_in = session_.waist();
  out.analysis_->persisted = relation_;
  // Spark computes persisted rows when they are first needed; the caller of this needs them now.
  Relation none;
  *none.mutable_limit()->mutable_input() = proto();
  const auto reader = session_.waist()->Execute(none);
  for (ArrowBatch batch; reader->Next(&batch);) {
  }
  return out;
}

DataFrame DataFrame::Unpersist(bool blocking) const {
  analysis_->Unpersist(blocking);
  return *this;
}

DataFrame DataFrame::Checkpoint(bool eager) const {
  return MakeCheckpoint(*this, false, eager, {});
}
DataFrame DataFrame::LocalCheckpoint(bool eager, const std::optional<tinderbox::StorageLevel>& level) const {
  return MakeCheckpoint(*this, true, eager, level);
}

DataFrameWriter DataFrame::Write() const {
  return DataFrameWriter(*this);
}
DataFrameWriterV2 DataFrame::WriteTo(std::string_view table) const {
  return DataFrameWriterV2(*this, table);
}
MergeIntoWriter DataFrame::MergeInto(std::string_view table, const Column& condition) const {
  return MergeIntoWriter(*this, table, condition);
}
DataFrameNaFunctions DataFrame::Na() const {
  return DataFrameNaFunctions(*this);
}
DataFrameStatFunctions DataFrame::Stat() const {
  return DataFrameStatFunctions(*this);
}

}  // namespace tinderbox
