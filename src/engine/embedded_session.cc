#include "engine/embedded_session.h"

#include <fmt/format.h>

#include <list>
#include <mutex>

#include "engine/analyze.h"
#include "engine/commands.h"
#include "engine/local_source.h"
#include "engine/metric_literal.h"
#include "engine/places.h"
#include "engine/statements/statement.h"
#include "engine/statements/variables.h"
#include "engine/statements/views.h"
#include "engine/streaming/stream_queries.h"
#include "engine/streaming/stream_scope.h"
#include "engine/variable_substitution.h"
#include "engine/workspace.h"
#include "spark/extension.h"
#include "spark/ipc.h"
#include "spark/plan_extensions.pb.h"
#include "spark/proto.h"
#include "spark/proto_types.h"
#include "spark/row_holder.h"
#include "spark/storage_level.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

using Purpose = Workspace::Purpose;

/// The name of the field that a message has set, for what is refused.
template <typename Message>
std::string FieldName(int number, const char* none) {
  const auto* field = Message::descriptor()->FindFieldByNumber(number);
  return field == nullptr ? none : field->name();
}

/// The operations that run now, by their tags. Thread-safe.
class TaggedOperations {
 public:
  /// Counts it as running until the result is gone. nullptr: it has no tags.
  std::shared_ptr<const void> Add(const spark::Operation& operation) {
    if (operation.tags.empty()) return nullptr;
    const std::lock_guard lock(running_->mutex);
    const auto at = running_->operations.insert(running_->operations.end(), operation);
    return std::shared_ptr<const void>(&*at, [running = running_, at](const void*) {
      const std::lock_guard over(running->mutex);
      running->operations.erase(at);
    });
  }

  std::vector<std::string> With(const std::string& tag) const {
    const std::lock_guard lock(running_->mutex);
    std::vector<std::string> ids;
    for (const spark::Operation& operation : running_->operations) {
      if (operation.tags.contains(tag)) ids.push_back(operation.id);
    }
    return ids;
  }

 private:
  struct Running {
    std::mutex mutex;
    std::list<spark::Operation> operations;
  };
  std::shared_ptr<Running> running_ = std::make_shared<Running>();
};

/// A tagged query runs until its reader is gone.
class TaggedReader : public BatchReader {
 public:
  TaggedReader(std::unique_ptr<BatchReader> inner, std::shared_ptr<const void> running)
      : running_(std::move(running)), inner_(std::move(inner)) {}
  const StructType& schema() const override { return inner_->schema(); }
  bool Next(ArrowBatch* batch) override { return inner_->Next(batch); }

 private:
  const std::shared_ptr<const void> running_;
  const std::unique_ptr<BatchReader> inner_;
};

class EmbeddedSession : public spark::Session, public spark::RowHolder {
 public:
  using spark::Session::Execute;

  explicit EmbeddedSession(std::shared_ptr<Engine> engine) : workspace_(std::move(engine)) {}
  explicit EmbeddedSession(const Workspace& workspace) : workspace_(workspace) {}

  std::shared_ptr<const void> Hold(const StructType& schema, std::vector<ArrowBatch> batches,
                                   proto::Relation* plan) override {
    spark::CheckBatches(schema, batches);
    auto table = std::make_shared<LocalSource>(schema, std::move(batches));
    plan->mutable_cached_local_relation()->set_hash(workspace_.engine().locals().AddHeld(table));
    return table;
  }

  std::unique_ptr<BatchReader> Execute(const proto::Relation& relation, const spark::Operation& wanted) override {
    const Places places;
    auto running = tagged_.Add(wanted);
    auto reader = workspace_.Run(relation, wanted.id);
    if (running == nullptr) return reader;
    return std::make_unique<TaggedReader>(std::move(reader), std::move(running));
  }

  proto::ExecutePlanResponse Execute(const proto::Command& command, const spark::Operation& wanted) override {
    const Places places;
    const auto running = tagged_.Add(wanted);
    const std::string& operation = wanted.id;
    proto::ExecutePlanResponse response;
    switch (command.command_type_case()) {
      case proto::Command::kWriteOperation:
        RunWrite(workspace_, command.write_operation(), operation);
        break;
      case proto::Command::kWriteOperationV2:
        RunWrite(workspace_, command.write_operation_v2(), operation);
        break;
      case proto::Command::kSqlCommand:
        *response.mutable_sql_command_result()->mutable_relation() = RunSql(command.sql_command(), operation);
        break;
      case proto::Command::kExtension: {
        plan::Statement statement;
        if (!spark::UnpackExtension(command.extension(), &statement)) {
          throw Error("UNSUPPORTED_FEATURE.COMMAND",
                      fmt::format("The embedded engine does not know the command extension {}.",
                                  command.extension().type_url()));
        }
        RunStatement(workspace_, statement, operation);
        break;
      }
      case proto::Command::kCreateDataframeView: {
        const auto& view = command.create_dataframe_view();
        CreateTempView(workspace_, view.input(), view.name(), view.is_global(), view.replace());
        break;
      }
      case proto::Command::kRegisterFunction:
        workspace_.python().Register(command.register_function());
        break;
      case proto::Command::kRegisterTableFunction:
        workspace_.python().Register(command.register_table_function());
        break;
      case proto::Command::kGetResourcesCommand:
        response.mutable_get_resources_command_result();
        break;
      case proto::Command::kCheckpointCommand: {
        const auto& checkpoint = command.checkpoint_command();
        response.mutable_checkpoint_command_result()->mutable_relation()->set_relation_id(
            workspace_.Checkpoint(checkpoint.relation(), checkpoint.eager(), operation));
        break;
      }
      case proto::Command::kRemoveCachedRemoteRelationCommand:
        workspace_.RemoveCheckpoint(command.remove_cached_remote_relation_command().relation().relation_id());
        break;
      case proto::Command::kWriteStreamOperationStart:
        *response.mutable_write_stream_operation_start_result() =
            streams_.Start(command.write_stream_operation_start());
        break;
      case proto::Command::kStreamingQueryCommand:
        *response.mutable_streaming_query_command_result() = streams_.Ask(command.streaming_query_command(), operation);
        break;
      case proto::Command::kStreamingQueryManagerCommand:
        *response.mutable_streaming_query_manager_command_result() =
            streams_.Ask(command.streaming_query_manager_command(), operation);
        break;
      default: {
        const std::string kind = FieldName<proto::Command>(command.command_type_case(), "empty command");
        throw Error("UNSUPPORTED_FEATURE.COMMAND",
                    fmt::format("The embedded engine does not support the command {}.", kind), {{"command", kind}});
      }
    }
    return response;
  }

  proto::ExecutePlanResponse Observed(const std::string& operation) override {
    proto::ExecutePlanResponse response;
    for (const Workspace::Metrics& metrics : workspace_.TakeObserved(operation)) {
      auto& observed = *response.add_observed_metrics();
      observed.set_name(metrics.name);
      for (size_t i = 0; i < metrics.schema.fields.size(); ++i) {
        observed.add_keys(metrics.schema.fields[i].name);
        ToLiteral(metrics.values[i], metrics.schema.fields[i].type, observed.add_values());
      }
    }
    return response;
  }

  proto::AnalyzePlanResponse Analyze(const proto::AnalyzePlanRequest& request) override {
    proto::AnalyzePlanResponse response;
    if (AnalyzePlan(workspace_, request, &response)) return response;
    Cache& cache = workspace_.engine().cache();
    switch (request.analyze_case()) {
      case proto::AnalyzePlanRequest::kPersist: {
        const auto& persist = request.persist();
        if (IsStreaming(workspace_, persist.relation())) ThrowIsStreaming();
        const StorageLevel level =
            persist.has_storage_level() ? spark::FromProto(persist.storage_level()) : StorageLevel{};
        cache.Add(workspace_.CacheKey(persist.relation()), persist.relation().rel_type_case(), level);
        response.mutable_persist();
        break;
      }
      case proto::AnalyzePlanRequest::kUnpersist:
        cache.Remove(workspace_.CacheKey(request.unpersist().relation()));
        response.mutable_unpersist();
        break;
      case proto::AnalyzePlanRequest::kGetStorageLevel: {
        const auto level = cache.Find(workspace_.CacheKey(request.get_storage_level().relation()));
        constexpr StorageLevel kNone{
            .use_disk = false, .use_memory = false, .use_off_heap = false, .deserialized = false, .replication = 1};
        spark::ToProto(level.value_or(kNone), response.mutable_get_storage_level()->mutable_storage_level());
        break;
      }
      default: {
        const std::string kind = FieldName<proto::AnalyzePlanRequest>(request.analyze_case(), "nothing");
        throw Error("UNSUPPORTED_FEATURE.ANALYZE", fmt::format("The embedded engine does not analyse {}.", kind),
                    {{"analyze", kind}});
      }
    }
    return response;
  }

  proto::ConfigResponse Config(const proto::ConfigRequest::Operation& operation) override {
    for (const auto& pair : operation.set().pairs()) {
      // A zone that does not exist is refused here.
      if (pair.key() == spark::conf::kTimeZone) workspace_.engine().database().Connect()->SetTimeZone(pair.value());
    }
    return workspace_.conf().Answer(operation);
  }

  void AddArtifact(const std::string& name, std::string data) override {
    workspace_.AddArtifact(name, std::move(data));
  }
  bool HasArtifact(const std::string& name) override { return workspace_.FindArtifact(name) != nullptr; }

  std::shared_ptr<spark::Session> Clone() override { return std::make_shared<EmbeddedSession>(workspace_); }

  void Interrupt(const std::string& operation) override {
    workspace_.engine().database().Interrupt(workspace_.Tag(operation));
  }
  void InterruptTag(const std::string& tag) override {
    for (const std::string& operation : tagged_.With(tag)) Interrupt(operation);
  }
  Progress GetProgress(const std::string& operation) override {
    return workspace_.engine().database().GetProgress(workspace_.Tag(operation));
  }

 private:
  /// A query comes back as it is, to be run later; a statement runs now and comes back as its rows.
  proto::Relation RunSql(const proto::SqlCommand& command, const std::string& operation) {
    if (!command.has_input()) {
      throw Error("UNSUPPORTED_FEATURE.COMMAND",
                  "A SQL command holds its text in `input`; older clients, which do not, are not supported.");
    }
    const proto::Relation& input = command.input();
    proto::SQL sql = input.has_with_relations() ? input.with_relations().root().sql() : input.sql();
    sql.set_query(SubstituteVariables(sql.query(), workspace_.conf()));
    proto::Plan parsed = ParseSqlStatement(sql);
    plan::Statement statement;
    // EXECUTE IMMEDIATE of a query is that query.
    while (!parsed.has_root() && spark::UnpackExtension(parsed.command().extension(), &statement) &&
           statement.has_execute_immediate() && statement.execute_immediate().into().empty()) {
      sql = ImmediateText(workspace_, statement.execute_immediate(), operation);
      parsed = ParseSqlStatement(sql);
    }
    if (parsed.has_root()) {
      proto::Relation query = input;
      *(query.has_with_relations() ? query.mutable_with_relations()->mutable_root() : &query)->mutable_sql() = sql;
      workspace_.Translate(query, Purpose::kAnalysis);
      return query;
    }
    if (!spark::UnpackExtension(parsed.command().extension(), &statement)) {
      throw Error("INTERNAL_ERROR", "The parser of SQL gave neither a query nor a statement.");
    }
    // The relations that a statement brings along are temporary views while it runs.
    const TempViews before = workspace_.views();
    const auto restore = [&] {
      for (const auto& reference : input.with_relations().references()) {
        const std::string& name = reference.subquery_alias().alias();
        if (auto view = before.Find(name)) {
          workspace_.views().Set(name, std::move(view), true);
        } else {
          workspace_.views().Drop(name);
        }
      }
    };
    for (const auto& reference : input.with_relations().references()) {
      CreateTempView(workspace_, reference.subquery_alias().input(), reference.subquery_alias().alias(), false, true);
    }
    Rows rows;
    try {
      rows = RunStatement(workspace_, statement, operation);
    } catch (...) {
      restore();
      throw;
    }
    restore();
    std::vector<ArrowBatch> batches;
    if (!rows.rows.empty()) batches.push_back(spark::ToBatch(rows.schema, rows.rows));
    proto::Relation out;
    out.mutable_local_relation()->set_data(spark::WriteIpcStream(rows.schema, batches));
    out.mutable_local_relation()->set_schema(rows.schema.Json());
    return out;
  }

  Workspace workspace_;
  TaggedOperations tagged_;
  StreamQueries streams_{workspace_};
};

}  // namespace

std::shared_ptr<spark::Session> OpenSession(const std::shared_ptr<Engine>& engine) {
  return std::make_shared<EmbeddedSession>(engine);
}

}  // namespace tinderbox::engine
