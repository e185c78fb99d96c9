#include "engine/embedded_session.h"

#include <fmt/format.h>

#include <map>
#include <mutex>

#include "engine/commands.h"
#include "engine/duckdb/connection.h"
#include "engine/limits.h"
#include "engine/plan_key.h"
#include "engine/session_leaves.h"
#include "engine/sources.h"
#include "engine/stream_reader.h"
#include "engine/translate/relations.h"
#include "spark/proto.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

constexpr char kTimeZone[] = "spark.sql.session.timeZone";
constexpr char kAnsi[] = "spark.sql.ansi.enabled";
constexpr char kCaseSensitive[] = "spark.sql.caseSensitive";
constexpr char kParallelism[] = "spark.default.parallelism";
constexpr char kLocalDirectory[] = "spark.local.dir";

struct Query {
  TranslatedRelation relation;
  std::vector<std::shared_ptr<LocalSource>> locals;
  std::vector<std::string> paths;
};

class EmbeddedSession : public spark::Session {
 public:
  explicit EmbeddedSession(const EmbeddedOptions& options) {
    DatabaseOptions database;
    uint64_t available = AvailableMemory();
    database.memory_bytes = options.memory_bytes == 0 ? available / 10 * 6 : EngineShare(options.memory_bytes);
    database.threads = options.threads > 0 ? options.threads : AvailableCores();
    database.temp_directory = options.temp_directory;
    database.time_zone = options.time_zone;
    conf_ = {
        {kTimeZone, options.time_zone},
        {kAnsi, "true"},
        {kCaseSensitive, "false"},
        {kParallelism, std::to_string(database.threads)},
        {kLocalDirectory,
         (options.temp_directory.empty() ? std::filesystem::temp_directory_path() : options.temp_directory).string()}};
    database_ = std::make_shared<Database>(database);
    database_->Register(kLocalTableFunction, [locals = locals_](std::string_view name) { return locals->Find(name); });
    RegisterSources(*database_);
  }

  std::unique_ptr<BatchReader> Execute(const proto::Relation& relation) override {
    Query query = Translate(relation);
    auto stream = OpenStream(Connect(), query.relation.sql.text());
    StructType schema = ToSchema(query.relation.columns);
    struct Keep {
      std::shared_ptr<Database> database;
      std::vector<std::shared_ptr<LocalSource>> locals;
    };
    return MakeStreamReader(std::move(schema), std::move(stream),
                            std::make_shared<Keep>(Keep{database_, std::move(query.locals)}));
  }

  void Execute(const proto::Command& command) override {
    if (command.command_type_case() != proto::Command::kWriteOperation) {
      const auto* field = proto::Command::descriptor()->FindFieldByNumber(command.command_type_case());
      std::string kind = field == nullptr ? "empty command" : field->name();
      throw Error("UNSUPPORTED_FEATURE.COMMAND",
                  fmt::format("The embedded engine does not support the command {}.", kind), {{"command", kind}});
    }
    const auto& write = command.write_operation();
    Query query = Translate(write.input());
    Write(write, query.relation, query.paths, Connect());
  }

  StructType Schema(const proto::Relation& relation) override { return ToSchema(Translate(relation).relation.columns); }

  std::string Explain(const proto::Relation& relation) override {
    return fmt::format("== SQL ==\n{}\n", Translate(relation).relation.sql.text());
  }

  void Persist(const proto::Relation& relation) override {
    std::string key = PlanKey(relation);
    // One at a time, so that equal relations are computed once.
    std::lock_guard lock(persist_mutex_);
    if (persisted_.Use(key)) return;
    Query query = Translate(relation);
    std::vector<Sql> columns;
    for (size_t i = 0; i < query.relation.columns.size(); ++i) columns.push_back(Ident(fmt::format("c{}", i)));
    PersistedTables::Table table{
        .name = persisted_.NewName(), .columns = columns.size(), .uses = 1, .relation_kind = relation.rel_type_case()};
    Connect()->Run(Concat({Token("CREATE TABLE "), Ident(table.name), Token("("), Join(columns, ", "), Token(") AS\n"),
                           query.relation.sql})
                       .text());
    persisted_.Add(key, std::move(table));
  }

  void Unpersist(const proto::Relation& relation) override {
    auto last = persisted_.Release(PlanKey(relation));
    if (last) Connect()->Run(Concat({Token("DROP TABLE "), Ident(last->name)}).text());
  }

  void SetConf(const std::string& key, const std::string& value) override {
    std::lock_guard lock(conf_mutex_);
    auto found = conf_.find(key);
    if (found == conf_.end()) {
      throw Error("UNSUPPORTED_FEATURE.SET_CONF",
                  fmt::format("The embedded engine has no setting {}. It has {}, {} and {}.", key, kTimeZone, kAnsi,
                              kCaseSensitive),
                  {{"key", key}});
    }
    if (key == kParallelism || key == kLocalDirectory) {
      throw Error("CANNOT_MODIFY_CONFIG", fmt::format("{} is fixed when the session is opened.", key), {{"key", key}});
    }
    if (key == kTimeZone) {
      Lease lease = database_->Connect();
      lease->SetTimeZone(value);  // refuses a zone that does not exist
    } else if (value != "true" && value != "false") {
      throw Error("INVALID_CONF_VALUE", fmt::format("{} must be true or false, not {}.", key, value), {{"key", key}});
    }
    found->second = value;
  }

  std::string GetConf(const std::string& key) override {
    std::lock_guard lock(conf_mutex_);
    auto found = conf_.find(key);
    if (found == conf_.end()) {
      throw Error("SQL_CONF_NOT_FOUND", fmt::format("There is no setting {}.", key), {{"sqlConf", key}});
    }
    return found->second;
  }

  void Interrupt() override { database_->Interrupt(); }
  Progress GetProgress() override { return database_->GetProgress(); }

 private:
  Query Translate(const proto::Relation& relation) {
    SessionLeaves leaves(*database_, *locals_, persisted_, GetConf(kTimeZone));
    TranslateOptions options{.case_sensitive = GetConf(kCaseSensitive) == "true",
                             .ansi = GetConf(kAnsi) == "true",
                             .time_zone = GetConf(kTimeZone)};
    Query query;
    query.relation = TranslateRelation(relation, leaves, options);
    query.locals = leaves.TakeLocals();
    query.paths = leaves.paths();
    return query;
  }

  Lease Connect() {
    Lease lease = database_->Connect();
    lease->SetTimeZone(GetConf(kTimeZone));
    return lease;
  }

  std::shared_ptr<Database> database_;
  std::shared_ptr<LocalTables> locals_ = std::make_shared<LocalTables>();
  PersistedTables persisted_;
  std::mutex persist_mutex_;
  std::mutex conf_mutex_;
  std::map<std::string, std::string> conf_;
};

}  // namespace

std::shared_ptr<spark::Session> MakeEmbeddedSession(const EmbeddedOptions& options) {
  return std::make_shared<EmbeddedSession>(options);
}

}  // namespace tinderbox::engine

namespace tinderbox {

Session Session::Embedded(const EmbeddedOptions& options) {
  return Session(engine::MakeEmbeddedSession(options));
}

}  // namespace tinderbox
