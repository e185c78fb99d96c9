#include "engine/embedded_session.h"

#include <fmt/format.h>

#include <map>
#include <mutex>

#include "engine/commands.h"
#include "engine/engine.h"
#include "engine/plan_key.h"
#include "engine/stream_reader.h"
#include "engine/translate/relations.h"
#include "spark/conf.h"
#include "spark/proto.h"
#include "spark/proto_types.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

namespace conf = spark::conf;

struct Query {
  TranslatedRelation relation;
  std::vector<std::shared_ptr<LocalSource>> locals;
  std::vector<std::string> paths;
};

class EmbeddedSession : public spark::Session {
 public:
  using spark::Session::Execute;

  explicit EmbeddedSession(std::shared_ptr<Engine> engine)
      : engine_(std::move(engine)), number_(engine_->NextSession()), conf_(engine_->fixed_conf()) {
    conf_.Set(conf::kTimeZone, engine_->time_zone());
  }
  EmbeddedSession(const EmbeddedSession& other)
      : engine_(other.engine_), number_(engine_->NextSession()), conf_(other.conf_) {
    const std::lock_guard lock(other.artifacts_mutex_);
    artifacts_ = other.artifacts_;
  }

  std::unique_ptr<BatchReader> Execute(const proto::Relation& relation, const std::string& operation) override {
    Query query = Translate(relation);
    auto stream = OpenStream(Connect(operation), query.relation.sql.text());
    StructType schema = ToSchema(query.relation.columns);
    struct Keep {
      std::shared_ptr<Engine> engine;
      std::vector<std::shared_ptr<LocalSource>> locals;
    };
    return MakeStreamReader(std::move(schema), std::move(stream),
                            std::make_shared<Keep>(Keep{engine_, std::move(query.locals)}));
  }

  proto::ExecutePlanResponse Execute(const proto::Command& command, const std::string& operation) override {
    if (command.command_type_case() != proto::Command::kWriteOperation) {
      const auto* field = proto::Command::descriptor()->FindFieldByNumber(command.command_type_case());
      std::string kind = field == nullptr ? "empty command" : field->name();
      throw Error("UNSUPPORTED_FEATURE.COMMAND",
                  fmt::format("The embedded engine does not support the command {}.", kind), {{"command", kind}});
    }
    const auto& write = command.write_operation();
    Query query = Translate(write.input());
    Write(write, query.relation, query.paths, Connect(operation));
    return {};
  }

  proto::ExecutePlanResponse Observed(const std::string&) override { return {}; }

  proto::AnalyzePlanResponse Analyze(const proto::AnalyzePlanRequest& request) override {
    proto::AnalyzePlanResponse response;
    switch (request.analyze_case()) {
      case proto::AnalyzePlanRequest::kSchema: {
        const StructType schema = ToSchema(Translate(request.schema().plan().root()).relation.columns);
        spark::ToProto(DataType::Struct(schema.fields), response.mutable_schema()->mutable_schema());
        break;
      }
      case proto::AnalyzePlanRequest::kExplain:
        response.mutable_explain()->set_explain_string(
            fmt::format("== SQL ==\n{}\n", Translate(request.explain().plan().root()).relation.sql.text()));
        break;
      case proto::AnalyzePlanRequest::kPersist:
        Persist(request.persist().relation());
        response.mutable_persist();
        break;
      case proto::AnalyzePlanRequest::kUnpersist: {
        const auto table = engine_->persisted().Release(PlanKey(request.unpersist().relation()));
        if (table) Connect("")->Run(Concat({Token("DROP TABLE "), Ident(table->name)}).text());
        response.mutable_unpersist();
        break;
      }
      default: {
        const auto* field = proto::AnalyzePlanRequest::descriptor()->FindFieldByNumber(request.analyze_case());
        std::string kind = field == nullptr ? "nothing" : field->name();
        throw Error("UNSUPPORTED_FEATURE.ANALYZE", fmt::format("The embedded engine does not analyse {}.", kind),
                    {{"analyze", kind}});
      }
    }
    return response;
  }

  proto::ConfigResponse Config(const proto::ConfigRequest::Operation& operation) override {
    for (const auto& pair : operation.set().pairs()) {
      // A zone that does not exist is refused here.
      if (pair.key() == conf::kTimeZone) engine_->database().Connect()->SetTimeZone(pair.value());
    }
    return conf_.Answer(operation);
  }

  void AddArtifact(const std::string& name, std::string data) override {
    const std::lock_guard lock(artifacts_mutex_);
    artifacts_[name] = std::make_shared<const std::string>(std::move(data));
  }
  bool HasArtifact(const std::string& name) override {
    const std::lock_guard lock(artifacts_mutex_);
    return artifacts_.contains(name);
  }

  std::shared_ptr<spark::Session> Clone() override { return std::make_shared<EmbeddedSession>(*this); }

  void Interrupt(const std::string& operation) override { engine_->database().Interrupt(Tag(operation)); }
  Progress GetProgress(const std::string& operation) override {
    return engine_->database().GetProgress(Tag(operation));
  }

 private:
  /// What the connections of an operation are marked with; of all of them when it is empty.
  std::string Tag(const std::string& operation) const { return fmt::format("{}/{}", number_, operation); }

  Query Translate(const proto::Relation& relation) {
    SessionLeaves leaves(engine_->database(), engine_->locals(), engine_->persisted(), conf_.Get(conf::kTimeZone));
    TranslateOptions options{.case_sensitive = conf_.GetBoolean(conf::kCaseSensitive),
                             .ansi = conf_.GetBoolean(conf::kAnsi),
                             .time_zone = conf_.Get(conf::kTimeZone)};
    Query query;
    query.relation = TranslateRelation(relation, leaves, options);
    query.locals = leaves.TakeLocals();
    query.paths = leaves.paths();
    return query;
  }

  void Persist(const proto::Relation& relation) {
    std::string key = PlanKey(relation);
    // One at a time, so that equal relations are computed once.
    const std::lock_guard lock(engine_->persisted().filling());
    if (engine_->persisted().Find(key)) return;
    Query query = Translate(relation);
    std::vector<Sql> columns;
    for (size_t i = 0; i < query.relation.columns.size(); ++i) columns.push_back(Ident(fmt::format("c{}", i)));
    PersistedTables::Table table{.name = engine_->persisted().NewName(),
                                 .columns = columns.size(),
                                 .relation_kind = relation.rel_type_case()};
    Connect("")->Run(Concat({Token("CREATE TABLE "), Ident(table.name), Token("("), Join(columns, ", "),
                             Token(") AS\n"), query.relation.sql})
                         .text());
    engine_->persisted().Add(key, std::move(table));
  }

  Lease Connect(const std::string& operation) {
    Lease lease = engine_->database().Connect(Tag(operation));
    lease->SetTimeZone(conf_.Get(conf::kTimeZone));
    return lease;
  }

  std::shared_ptr<Engine> engine_;
  uint64_t number_;
  spark::Conf conf_;
  mutable std::mutex artifacts_mutex_;
  std::map<std::string, std::shared_ptr<const std::string>> artifacts_;
};

}  // namespace

std::shared_ptr<spark::Session> OpenSession(const std::shared_ptr<Engine>& engine) {
  return std::make_shared<EmbeddedSession>(engine);
}

}  // namespace tinderbox::engine
