#include "engine/workspace.h"

#include <fmt/format.h>

#include "base/ascii.h"
#include "engine/local_tables.h"
#include "engine/session_leaves.h"
#include "engine/stream_reader.h"
#include "spark/children.h"
#include "spark/ipc.h"
#include "spark/proto.h"
#include "spark/type_names.h"
#include "sql/parser.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

namespace conf = spark::conf;

/// Replaces temporary views and SQL text in a relation, everywhere, by what they stand for now.
class Freezer {
 public:
  explicit Freezer(Workspace& workspace) : workspace_(workspace) {}

  void Freeze(google::protobuf::Message* message) {
    if (auto* relation = dynamic_cast<proto::Relation*>(message)) FreezeRelation(relation);
    for (google::protobuf::Message* child : spark::MutableChildren(message)) Freeze(child);
  }
  std::vector<std::shared_ptr<const void>> uses;

 private:
  void FreezeRelation(proto::Relation* relation) {
    if (relation->has_with_relations()) {
      for (const auto& reference : relation->with_relations().references()) {
        if (reference.has_subquery_alias()) hidden_.insert(base::LowerCase(reference.subquery_alias().alias()));
      }
    }
    if (relation->has_sql()) {
      const proto::RelationCommon common = relation->common();
      *relation = workspace_.ParseSql(proto::SQL(relation->sql()));
      *relation->mutable_common() = common;
    }
    if (relation->has_cached_remote_relation()) {
      if (auto plan = workspace_.engine().plans().Find(relation->cached_remote_relation().relation_id())) {
        uses.push_back(std::move(plan));
      }
    }
    if (relation->cached_local_relation().hash().starts_with(kHeld)) {
      uses.push_back(workspace_.engine().locals().FindHeld(relation->cached_local_relation().hash()));
    }
    if (!relation->has_read() || !relation->read().has_named_table()) return;
    const auto name = sql::ParseName(relation->read().named_table().unparsed_identifier());
    if (name.size() == 1 && hidden_.contains(base::LowerCase(name[0]))) return;
    auto view = workspace_.FindTempView(name);
    if (view == nullptr) return;
    auto* alias = relation->mutable_subquery_alias();
    alias->set_alias(name.back());
    alias->mutable_input()->mutable_cached_remote_relation()->set_relation_id(view->id);
    uses.push_back(std::move(view));
  }

  Workspace& workspace_;
  std::set<std::string> hidden_;  // names of relations that the text brings along
};

}  // namespace

TranslateOptions OptionsOf(const spark::Conf& settings) {
  return {.case_sensitive = settings.GetBoolean(conf::kCaseSensitive),
          .ansi = settings.GetBoolean(conf::kAnsi),
          .time_zone = settings.Get(conf::kTimeZone),
          .database = "default",
          .order_by_ordinal = settings.GetBoolean("spark.sql.orderByOrdinal"),
          .group_by_ordinal = settings.GetBoolean("spark.sql.groupByOrdinal"),
          .group_by_aliases = settings.GetBoolean("spark.sql.groupByAliases"),
          .lateral_aliases = settings.GetBoolean("spark.sql.lateralColumnAlias.enableImplicitResolution"),
          .retain_group_columns = settings.GetBoolean("spark.sql.retainGroupColumns")};
}

std::string QuoteName(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : ".") + spark::Quote(part);
  return out;
}

Workspace::Workspace(std::shared_ptr<Engine> engine)
    : engine_(std::move(engine)), number_(engine_->NextSession()), conf_(engine_->fixed_conf()) {
  conf_.Set(conf::kTimeZone, engine_->time_zone());
}

Workspace::Workspace(const Workspace& other)
    : engine_(other.engine_),
      number_(engine_->NextSession()),
      conf_(other.conf_),
      python_(other.python_),
      views_(other.views_) {
  const std::lock_guard lock(other.mutex_);
  database_ = other.database_;
  artifacts_ = other.artifacts_;
}

TranslateOptions Workspace::Options() const {
  TranslateOptions options = OptionsOf(conf_);
  options.database = Database();
  return options;
}

std::string Workspace::Database() const {
  const std::lock_guard lock(mutex_);
  return database_;
}

void Workspace::SetDatabase(const std::string& database) {
  const std::lock_guard lock(mutex_);
  database_ = database;
}

std::string Workspace::Tag(const std::string& operation) const {
  return fmt::format("{}/{}", number_, operation);
}

Lease Workspace::Connect(const std::string& operation) {
  Lease lease = engine_->database().Connect(Tag(operation));
  lease->SetTimeZone(conf_.Get(conf::kTimeZone));
  return lease;
}

Query Workspace::Translate(const proto::Relation& relation, Purpose purpose, const std::string& operation) {
  SessionLeaves leaves(*this, purpose == Purpose::kExecution, operation);
  Query query;
  query.relation = leaves.Translate(relation);
  query.paths = leaves.paths();
  query.keep = leaves.TakeKept();
  query.observed = leaves.TakeObserved();
  return query;
}

StructType Workspace::Schema(const proto::Relation& relation) {
  return ToSchema(Translate(relation, Purpose::kAnalysis).relation.columns);
}

std::unique_ptr<BatchReader> Workspace::Run(const proto::Relation& relation, const std::string& operation) {
  Query query = Translate(relation, Purpose::kExecution, operation);
  Observe(query, operation);
  auto stream = OpenStream(Connect(operation), query.relation.sql.text());
  struct Keep {
    std::shared_ptr<Engine> engine;
    std::vector<std::shared_ptr<const void>> kept;
  };
  return MakeStreamReader(ToSchema(query.relation.columns), std::move(stream),
                          std::make_shared<Keep>(Keep{engine_, std::move(query.keep)}));
}

void Workspace::Observe(const Query& query, const std::string& operation) {
  if (query.observed.empty()) return;
  const std::lock_guard lock(mutex_);
  observed_[operation] = query;
}

std::vector<Workspace::Metrics> Workspace::TakeObserved(const std::string& operation) {
  Query query;
  {
    const std::lock_guard lock(mutex_);
    const auto found = observed_.find(operation);
    if (found == observed_.end()) return {};
    query = std::move(found->second);
    observed_.erase(found);
  }
  std::vector<Metrics> out;
  for (const auto& [name, relation] : query.observed) {
    Metrics metrics{name, ToSchema(relation.columns), {}};
    const auto reader = MakeStreamReader(metrics.schema, OpenStream(Connect(operation), relation.sql.text()));
    for (ArrowBatch batch; reader->Next(&batch);) {
      for (size_t i = 0; i < metrics.schema.fields.size(); ++i) {
        metrics.values.values.push_back(spark::ToValue(metrics.schema.fields[i].type, batch.column(i), 0));
      }
    }
    out.push_back(std::move(metrics));
  }
  return out;
}

std::string Workspace::CacheKey(const proto::Relation& relation) {
  return SessionLeaves(*this, false, "").CacheKey(relation);
}

std::string Workspace::CacheKey(const NamedPlan& plan) {
  return SessionLeaves(*this, false, "").CacheKey(plan);
}

std::shared_ptr<const NamedPlan> Workspace::Freeze(const proto::Relation& relation) {
  auto plan = std::make_shared<proto::Relation>(relation);
  Freezer freezer(*this);
  freezer.Freeze(plan.get());
  return engine_->plans().Add({.id = "",
                               .plan = std::move(plan),
                               .options = Options(),
                               .database = Database(),
                               .text = "",
                               .comment = "",
                               .properties = {},
                               .uses = std::move(freezer.uses)});
}

std::shared_ptr<const NamedPlan> Workspace::FindTempView(const std::vector<std::string>& name) {
  if (name.size() == 1) return views_.Find(name[0]);
  if (name.size() == 2 && base::LowerCase(name[0]) == kGlobalTempDatabase) return engine_->global_views().Find(name[1]);
  return nullptr;
}

proto::Relation Workspace::ParseSql(const proto::SQL& text) {
  proto::Plan plan = ParseSqlStatement(text);
  if (plan.has_root()) return std::move(*plan.mutable_root());
  throw Error("UNSUPPORTED_FEATURE.STATEMENT_IN_RELATION",
              "A statement that is no query cannot be part of a query. Run it by itself.");
}

void Workspace::AddArtifact(const std::string& name, std::string data) {
  if (name.starts_with("pyfiles/") || name.starts_with("files/")) python_.AddFile(name, data);
  const std::lock_guard lock(mutex_);
  artifacts_[name] = std::make_shared<const std::string>(std::move(data));
}

std::shared_ptr<const std::string> Workspace::FindArtifact(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto found = artifacts_.find(name);
  return found == artifacts_.end() ? nullptr : found->second;
}

bool Workspace::HasRun(const proto::Relation& relation) {
  const std::lock_guard lock(mutex_);
  return run_.contains(relation.SerializeAsString());
}

void Workspace::SetRun(const proto::Relation& relation) {
  const std::lock_guard lock(mutex_);
  run_.insert(relation.SerializeAsString());
}

std::string Workspace::Checkpoint(const proto::Relation& relation, bool eager, const std::string& operation) {
  auto checkpoint = std::make_shared<CheckpointRows>();
  checkpoint->plan = Freeze(relation);
  if (eager) {
    Query query = Translate(relation, Purpose::kExecution, operation);
    checkpoint->rows = engine_->cache().Store(query.relation, Connect(operation));
    checkpoint->columns = std::move(query.relation.columns);
    checkpoint->plan.reset();
  }
  const std::lock_guard lock(mutex_);
  std::string id = fmt::format("checkpoint/{}/{}", number_, next_checkpoint_++);
  checkpoints_[id] = std::move(checkpoint);
  return id;
}

void Workspace::RemoveCheckpoint(const std::string& id) {
  std::shared_ptr<CheckpointRows> removed;  // destroyed without the mutex
  const std::lock_guard lock(mutex_);
  const auto found = checkpoints_.find(id);
  if (found == checkpoints_.end()) return;
  removed = std::move(found->second);
  checkpoints_.erase(found);
}

std::shared_ptr<Workspace::CheckpointRows> Workspace::FindCheckpoint(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto found = checkpoints_.find(id);
  return found == checkpoints_.end() ? nullptr : found->second;
}

namespace {

/// The arguments of older clients are literals, in fields that are deprecated.
const proto::SQL& WithExpressions(const proto::SQL& given, proto::SQL* copy) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  if (given.args().empty() && given.pos_args().empty()) return given;
  *copy = given;
  for (const auto& [name, value] : given.args()) *(*copy->mutable_named_arguments())[name].mutable_literal() = value;
  for (const auto& value : given.pos_args()) *copy->add_pos_arguments()->mutable_literal() = value;
#pragma GCC diagnostic pop
  return *copy;
}

}  // namespace

proto::Plan ParseSqlStatement(const proto::SQL& given) {
  sql::Parameters parameters;
  proto::SQL copy;
  const proto::SQL& text = WithExpressions(given, &copy);
  for (const auto& [name, value] : text.named_arguments()) parameters.named[name] = &value;
  for (const auto& value : text.pos_arguments()) parameters.positional.push_back(&value);
  return sql::ParseStatement(text.query(), parameters);
}

}  // namespace tinderbox::engine
