#include "engine/session_leaves.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"
#include "engine/catalog/operations.h"
#include "engine/files/read.h"
#include "engine/files/remote.h"
#include "engine/jdbc/jdbc.h"
#include "engine/local_tables.h"
#include "engine/plan_key.h"
#include "engine/streaming/stream_scope.h"
#include "engine/translate/relation_translator.h"
#include "engine/workspace.h"
#include "spark/ipc.h"
#include "spark/proto.h"
#include "spark/type_names.h"
#include "sql/parser.h"
#include "store/store.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

using Names = std::vector<std::string>;

/// Views may stand on views this deep; it is the default of spark.sql.view.maxNestedViewDepth.
constexpr size_t kMaxViewDepth = 100;

std::vector<ArrowBatch> ReadBatches(std::string_view ipc, StructType* schema) {
  std::vector<ArrowBatch> batches;
  auto reader = spark::ReadIpcStream(ipc);
  *schema = reader->schema();
  for (ArrowBatch batch; reader->Next(&batch);) batches.push_back(std::move(batch));
  return batches;
}

/// A translated relation under the name it is read by: nothing of how it is made can be referred to.
TranslatedRelation Named(TranslatedRelation relation, const Names& qualifiers) {
  relation.block = nullptr;
  for (OutputColumn& column : relation.columns) {
    column.qualifiers = qualifiers;
    column.plan_ids.clear();
  }
  return relation;
}

[[noreturn]] void ThrowRecursive(const std::string& view) {
  throw Error("RECURSIVE_VIEW", fmt::format("Recursive view {} detected (cycle: {} -> {}).", view, view, view),
              {{"viewIdent", view}, {"newPath", fmt::format("{} -> {}", view, view)}});
}

bool IsFileFormat(const std::string& name) {
  return std::ranges::any_of(
      std::initializer_list<const char*>{"csv", "json", "parquet", "text", "orc", "sequencefile"},
      [&](const char* format) { return SameName(name, format, false); });
}

}  // namespace

void ThrowTableNotFound(const Names& name, const std::string& database, bool is_query) {
  const std::string quoted = QuoteName(name);
  const std::string path = fmt::format("[{}{}]", is_query ? "`system`.`builtin`, `system`.`session`, " : "",
                                       QuoteName({kCatalogName, database}));
  throw Error("TABLE_OR_VIEW_NOT_FOUND",
              fmt::format("The table or view {} cannot be found. Verify the spelling and correctness of the schema and "
                          "catalog.\nSearch path: {}.\nIf you did not qualify the name with a schema, verify the "
                          "current_schema() output, or qualify the name with the correct schema and catalog.\nTo "
                          "tolerate the error on drop use DROP VIEW IF EXISTS or DROP TABLE IF EXISTS.",
                          quoted, path),
              {{"relationName", quoted}, {"searchPath", path}});
}

StructType ParseSchemaText(const std::string& text) {
  return text.starts_with("{") ? StructType::FromJson(text) : StructType::FromDdl(text);
}

std::pair<std::string, std::string> SplitTableName(const Names& name, const std::string& database) {
  Names parts = name;
  if (parts.size() == 3 && SameName(parts[0], kCatalogName, false)) parts.erase(parts.begin());
  if (parts.size() == 1) return {database, base::LowerCase(parts[0])};
  if (parts.size() == 2) return {base::LowerCase(parts[0]), base::LowerCase(parts[1])};
  throw Error("REQUIRES_SINGLE_PART_NAMESPACE",
              fmt::format("{} requires a single-part namespace, but got identifier {}.", kCatalogName, QuoteName(name)),
              {{"sessionCatalog", kCatalogName}, {"identifier", QuoteName(name)}});
}

/// Enters a view or a text with relations of its own.
class SessionLeaves::Inside {
 public:
  Inside(SessionLeaves* leaves, Frame frame) : leaves_(leaves) {
    const auto& frames = leaves_->frames_;
    if (!frame.view.empty()) {
      for (const Frame& open : frames) {
        if (open.view == frame.view) ThrowRecursive(frame.view);
      }
    }
    if (frames.size() > kMaxViewDepth) {
      throw Error("VIEW_EXCEED_MAX_NESTED_DEPTH",
                  fmt::format("The depth of view {} exceeds the maximum view resolution depth ({}).\nAnalysis is "
                              "aborted to avoid errors. If you want to work around this, please try to increase the "
                              "value of \"spark.sql.view.maxNestedViewDepth\".",
                              frame.view, kMaxViewDepth),
                  {{"viewName", frame.view}, {"maxNestedDepth", std::to_string(kMaxViewDepth)}});
    }
    leaves_->frames_.push_back(std::move(frame));
  }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;
  ~Inside() { leaves_->frames_.pop_back(); }

 private:
  SessionLeaves* leaves_;
};

SessionLeaves::SessionLeaves(Workspace& workspace, bool executes, std::string operation)
    : workspace_(workspace), executes_(executes), operation_(std::move(operation)) {
  frames_.push_back({.options = workspace.Options(), .database = workspace.Database(), .view = "", .relations = {}});
}

SessionLeaves::~SessionLeaves() = default;

PythonFunctions* SessionLeaves::Python() {
  if (python_ == nullptr) {
    Workspace& workspace = workspace_;
    const std::string tag = workspace.Tag(operation_);
    python_ = std::make_unique<PythonPlans>(
        workspace.python(), workspace.conf(), workspace.engine().python(),
        [&workspace, operation = operation_] { return workspace.Connect(operation); },
        [&database = workspace.engine().database(), tag] {
          if (database.IsInterrupted(tag)) throw Interrupted();
        },
        &kept_);
  }
  return python_.get();
}

TranslatedRelation SessionLeaves::Translate(const proto::Relation& relation) {
  if (workspace_.python().HasFunctions()) {
    proto::Relation resolved = relation;
    if (workspace_.python().Resolve(&resolved)) {
      // What is translated may be referred to until the query has run.
      const auto kept = std::make_shared<const proto::Relation>(std::move(resolved));
      kept_.push_back(kept);
      return TranslateRelation(*kept, *this, frames_.back().options);
    }
  }
  return TranslateRelation(relation, *this, frames_.back().options);
}

TranslatedRelation SessionLeaves::Translate(const NamedPlan& plan) {
  const Inside inside(this, {.options = plan.options, .database = plan.database, .view = plan.id, .relations = {}});
  return Translate(*plan.plan);
}

TranslatedRelation SessionLeaves::Read(const proto::Read& read) {
  if (read.is_streaming()) {
    const auto rows = StreamRows(read, executes_);
    kept_.push_back(rows);
    TranslatedRelation out = Named(Translate(*rows), {});
    for (OutputColumn& column : out.columns) column.nullable = true;
    return out;
  }
  if (read.has_named_table()) {
    const auto& table = read.named_table();
    return NamedTable(sql::ParseName(table.unparsed_identifier()), {table.options().begin(), table.options().end()});
  }
  const auto& source = read.data_source();
  std::optional<StructType> schema;
  if (!source.schema().empty()) schema = ParseSchemaText(source.schema());
  if (source.predicates_size() > 0) {
    return Jdbc({source.options().begin(), source.options().end()},
                {source.predicates().begin(), source.predicates().end()}, schema);
  }
  return Files(source.format(), {source.options().begin(), source.options().end()},
               {source.paths().begin(), source.paths().end()}, std::move(schema));
}

TranslatedRelation SessionLeaves::Files(const std::string& format, const std::map<std::string, std::string>& options,
                                        std::vector<std::string> paths, std::optional<StructType> schema) {
  if (SameName(format, "jdbc", false)) return Jdbc(options, {}, schema);
  FileRead request;
  request.format = format.empty() ? workspace_.conf().Find("spark.sql.sources.default").value_or("parquet") : format;
  request.options = options;
  request.remote = std::make_shared<RemoteFiles>(workspace_.engine().copies(),
                                                 store::TakeSettings(&request.options, workspace_.conf().All()));
  kept_.push_back(request.remote);
  request.paths = std::move(paths);
  request.schema = std::move(schema);
  request.time_zone = frames_.back().options.time_zone;
  request.case_sensitive = frames_.back().options.case_sensitive;
  FileTable table = ReadFiles(request, workspace_.engine().database());
  for (const std::string& path : table.paths) paths_.push_back(store::RemoteName(path));
  request.metadata = true;
  auto make = [request = std::move(request), &database = workspace_.engine().database()] {
    return ReadFiles(request, database).relation;
  };
  table.relation.with_metadata =
      std::make_shared<const WithMetadata>(WithMetadata{table.relation.sql.text(), std::move(make)});
  return std::move(table.relation);
}

TranslatedRelation SessionLeaves::Jdbc(const std::map<std::string, std::string>& options,
                                       const std::vector<std::string>& predicates,
                                       const std::optional<StructType>& schema) {
  const JdbcTable table = ReadJdbc(options, predicates, frames_.back().options.time_zone);
  if (schema && !schema->ToType().SameIgnoringNullability(table.schema.ToType())) {
    const std::string given = schema->ToType().Sql(), actual = table.schema.ToType().Sql();
    throw Error(
        "USER_SPECIFIED_AND_ACTUAL_SCHEMA_MISMATCH",
        fmt::format("The user-specified schema doesn't match the actual schema:\nuser-specified: {}, actual: {}. "
                    "If you're using DataFrameReader.schema API or creating a table, please do not specify the "
                    "schema. Or if you're scanning an existed table, please drop it and re-create it.",
                    given, actual),
        {{"schema", given}, {"actualSchema", actual}});
  }
  kept_.push_back(table.source);
  return SelectJdbc(table, Call(kLocalTableFunction, {StringLiteral(workspace_.engine().locals().Add(table.source))}));
}

TranslatedRelation SessionLeaves::NamedTable(const Names& name, const std::map<std::string, std::string>& options) {
  if (name.size() == 1) {
    for (auto frame = frames_.rbegin(); frame != frames_.rend(); ++frame) {
      const auto found = frame->relations.find(base::LowerCase(name[0]));
      if (found != frame->relations.end()) return Named(Translate(*found->second), {name[0]});
      if (!frame->view.empty()) break;  // a view does not see the text that reads it
    }
  }
  if (const auto view = workspace_.FindTempView(name)) {
    return Named(Translate(*view), name);
  }
  const auto [database, table_name] = SplitTableName(name, frames_.back().database);
  if (const auto table = workspace_.catalog().FindTable(database, table_name)) {
    const Names qualifiers{kCatalogName, database, table_name};
    return Named(table->kind == CatalogTable::Kind::kView ? View(*table) : Table(*table, options), qualifiers);
  }
  // SELECT * FROM csv.`path`
  if (name.size() == 2 && IsFileFormat(name[0])) return Files(name[0], options, {name[1]}, std::nullopt);
  ThrowTableNotFound(name, frames_.back().database);
}

TranslatedRelation SessionLeaves::Table(const CatalogTable& table, const std::map<std::string, std::string>& options) {
  std::map<std::string, std::string> all = table.options;
  for (const auto& [key, value] : options) all[key] = value;
  // A managed table without a row has no folder yet.
  std::error_code ignored;
  std::filesystem::create_directories(table.location, ignored);
  TranslatedRelation out = Files(table.provider, all, {table.location.string()}, table.schema);
  paths_.push_back(table.location.string());
  for (OutputColumn& column : out.columns) {
    if (const auto field = table.schema.Find(column.name)) {
      column.metadata_json = table.schema.fields[*field].metadata_json;
    }
  }
  return out;
}

TranslatedRelation SessionLeaves::View(const CatalogTable& table) {
  const proto::Relation query = sql::ParseQuery(table.view_text);
  spark::Conf conf = workspace_.conf();
  for (const auto& [key, value] : table.view_conf) conf.Set(key, value);
  TranslateOptions options = OptionsOf(conf);
  options.database = workspace_.Database();
  const Inside inside(this, {.options = options,
                             .database = table.view_database,
                             .view = QuoteName({kCatalogName, table.database, table.name}),
                             .relations = {}});
  TranslatedRelation out = Translate(query);
  if (out.columns.size() != table.schema.fields.size()) {
    throw Error(
        "INCOMPATIBLE_VIEW_SCHEMA_CHANGE",
        fmt::format("The SQL query of view {} has an incompatible schema change and column {} cannot be "
                    "resolved. Expected {} columns but got {}.",
                    table.name, table.schema.fields.back().name, table.schema.fields.size(), out.columns.size()),
        {{"viewName", table.name}});
  }
  std::vector<SelectItem> items;
  UniqueIds ids;
  for (size_t i = 0; i < out.columns.size(); ++i) {
    const StructField& field = table.schema.fields[i];
    OutputColumn column = out.columns[i];
    column.name = field.name;
    column.id = ids.Make(field.name);
    Sql value = Ident(out.columns[i].id);
    if (!column.type.SameIgnoringNullability(field.type)) {
      value = CastTo(value, field.type);
      column.type = field.type;
    }
    items.push_back({value, column});
  }
  return Select(std::move(items), Derived(out.sql));
}

TranslatedRelation SessionLeaves::Local(const proto::LocalRelation& local) {
  StructType schema;
  if (!local.schema().empty()) schema = ParseSchemaText(local.schema());
  StructType data_schema = schema;
  std::vector<ArrowBatch> batches;
  if (local.has_data()) batches = ReadBatches(local.data(), &data_schema);
  return Rows(data_schema, local.schema().empty() ? data_schema : schema, std::move(batches));
}

TranslatedRelation SessionLeaves::Rows(const StructType& data_schema, const StructType& schema,
                                       std::vector<ArrowBatch> batches) {
  if (schema.fields.size() != data_schema.fields.size()) {
    throw Error("NUM_COLUMNS_MISMATCH", fmt::format("A local table has {} columns, but its schema names {}.",
                                                    data_schema.fields.size(), schema.fields.size()));
  }
  return Rows(std::make_shared<LocalSource>(data_schema, std::move(batches)), schema);
}

TranslatedRelation SessionLeaves::Rows(const std::shared_ptr<LocalSource>& table, const StructType& schema) {
  const std::vector<OutputColumn> columns = NewColumns(schema);
  if (columns.empty()) return Select({}, Call("range", {IntegerLiteral(static_cast<long long>(*table->Rows()))}));
  std::vector<SelectItem> items;
  for (size_t i = 0; i < columns.size(); ++i) {
    Sql value = Ident(fmt::format("c{}", i));
    if (!columns[i].type.SameIgnoringNullability(table->Columns()[i].type)) value = CastTo(value, columns[i].type);
    items.push_back({value, columns[i]});
  }
  Sql call = Call(kLocalTableFunction, {StringLiteral(workspace_.engine().locals().Add(table))});
  TranslatedRelation out = Select(std::move(items), call);
  out.most_rows = table->Rows().value_or(kManyRows);
  kept_.push_back(table);
  return out;
}

TranslatedRelation SessionLeaves::Other(const proto::Relation& relation) {
  const auto artifact = [this](const std::string& hash) {
    auto found = workspace_.FindArtifact("cache/" + hash);
    if (found == nullptr) {
      throw Error("CONNECT_INVALID_PLAN", fmt::format("Not found any cached local relation with the hash: {}", hash),
                  {{"hash", hash}});
    }
    return found;
  };
  switch (relation.rel_type_case()) {
    case proto::Relation::kSql:
      return Translate(workspace_.ParseSql(relation.sql()));
    case proto::Relation::kWithRelations: {
      Frame frame = frames_.back();
      frame.view.clear();
      for (const proto::Relation& reference : relation.with_relations().references()) {
        if (!reference.has_subquery_alias()) return Leaves::Other(relation);
        frame.relations[base::LowerCase(reference.subquery_alias().alias())] = &reference;
      }
      const Inside inside(this, std::move(frame));
      return Translate(relation.with_relations().root());
    }
    case proto::Relation::kCachedLocalRelation: {
      if (relation.cached_local_relation().hash().starts_with(kHeld)) {
        const auto table = workspace_.engine().locals().FindHeld(relation.cached_local_relation().hash());
        return Rows(table, StructType{table->Columns()});
      }
      proto::LocalRelation local;
      if (!local.ParseFromString(*artifact(relation.cached_local_relation().hash()))) {
        throw Error("CONNECT_INVALID_PLAN", "A cached local relation is no LocalRelation message.");
      }
      return Local(local);
    }
    case proto::Relation::kChunkedCachedLocalRelation: {
      const auto& chunked = relation.chunked_cached_local_relation();
      std::optional<StructType> schema;
      if (chunked.has_schemahash()) schema = ParseSchemaText(*artifact(chunked.schemahash()));
      StructType data_schema = schema.value_or(StructType{});
      std::vector<ArrowBatch> batches;
      for (const std::string& hash : chunked.datahashes()) {
        for (ArrowBatch& batch : ReadBatches(*artifact(hash), &data_schema)) batches.push_back(std::move(batch));
      }
      return Rows(data_schema, schema.value_or(data_schema), std::move(batches));
    }
    case proto::Relation::kCachedRemoteRelation: {
      const std::string& id = relation.cached_remote_relation().relation_id();
      if (const auto plan = workspace_.engine().plans().Find(id)) {
        kept_.push_back(plan);
        return Named(Translate(*plan), {});
      }
      return Named(Checkpoint(id), {});
    }
    case proto::Relation::kCatalog: {
      const auto& operation = relation.catalog();
      if (operation.has_create_table() || operation.has_create_external_table()) {
        // The answer is the table; whoever asks for it again does not make it again.
        if (!workspace_.HasRun(relation)) RunCatalogOperation(workspace_, operation);
        workspace_.SetRun(relation);
        return NamedTable(sql::ParseName(operation.has_create_table() ? operation.create_table().table_name()
                                                                      : operation.create_external_table().table_name()),
                          {});
      }
      const engine::Rows rows = RunCatalogOperation(workspace_, operation);
      std::vector<ArrowBatch> batches;
      if (!rows.rows.empty()) batches.push_back(spark::ToBatch(rows.schema, rows.rows));
      return Rows(rows.schema, rows.schema, std::move(batches));
    }
    default:
      return Leaves::Other(relation);
  }
}

TranslatedRelation SessionLeaves::Checkpoint(const std::string& id) {
  const auto checkpoint = workspace_.FindCheckpoint(id);
  if (checkpoint == nullptr) {
    throw Error("CONNECT_INVALID_PLAN", fmt::format("No DataFrame with id {} is found in the session.", id),
                {{"dfId", id}});
  }
  const std::lock_guard lock(checkpoint->filling);
  if (checkpoint->rows == nullptr) {
    TranslatedRelation plan = Translate(*checkpoint->plan);
    if (!executes_) return plan;
    checkpoint->rows = workspace_.engine().cache().Store(plan, workspace_.Connect(operation_));
    checkpoint->columns = std::move(plan.columns);
    checkpoint->plan.reset();
  }
  kept_.push_back(checkpoint->rows);
  TranslatedRelation out;
  out.sql = checkpoint->rows->Read(checkpoint->columns);
  out.columns = checkpoint->columns;
  return out;
}

std::optional<Sql> SessionLeaves::Persisted(const proto::Relation& relation, const TranslatedRelation& translated) {
  Cache& cache = workspace_.engine().cache();
  if (!cache.HasKind(relation.rel_type_case())) return std::nullopt;
  const std::string key = CacheKey(relation);
  std::shared_ptr<const StoredRows> rows;
  if (executes_) {
    rows = cache.Rows(key, translated, {{paths_.begin(), paths_.end()}},
                      [this] { return workspace_.Connect(operation_); });
  } else {
    rows = cache.StoredNow(key);
  }
  if (rows == nullptr || rows->columns() != translated.columns.size()) return std::nullopt;
  Sql sql = rows->Read(translated.columns);
  kept_.push_back(std::move(rows));
  return sql;
}

std::shared_ptr<const Variable> SessionLeaves::FindVariable(const Names& parts) {
  return workspace_.variables().Find(SessionObjectName(parts));
}

std::shared_ptr<const SqlFunction> SessionLeaves::FindFunction(const Names& parts) {
  return workspace_.functions().Find(SessionObjectName(parts));
}

std::vector<std::optional<std::string>> SessionLeaves::Texts(const Sql& query) {
  std::vector<std::optional<std::string>> out;
  const auto stream = OpenStream(workspace_.Connect(operation_), query.text());
  const StructType schema{{{"text", DataType(TypeKind::kString), true, "{}"}}};
  for (ArrowBatch batch; stream->Next(&batch);) {
    for (int64_t row = 0; row < batch.rows(); ++row) {
      const Value value = spark::ToValue(schema.fields[0].type, batch.column(0), row);
      out.push_back(value.is_null() ? std::nullopt : std::optional(value.As<std::string>()));
    }
  }
  return out;
}

std::optional<Sql> SessionLeaves::Store(const TranslatedRelation& relation) {
  if (!executes_) return std::nullopt;
  const auto rows = workspace_.engine().cache().Store(relation, workspace_.Connect(operation_));
  kept_.push_back(rows);
  return rows->Read(relation.columns);
}

void SessionLeaves::Observe(const std::string& name, const TranslatedRelation& metrics) {
  observed_.emplace_back(name, metrics);
}

void SessionLeaves::Expand(proto::Relation* relation) {
  // What a name stands for may be a name again.
  for (size_t depth = 0; depth <= kMaxViewDepth; ++depth) {
    if (relation->has_sql()) {
      *relation = workspace_.ParseSql(proto::SQL(relation->sql()));
    } else if (relation->has_cached_remote_relation()) {
      const auto plan = workspace_.engine().plans().Find(relation->cached_remote_relation().relation_id());
      if (plan == nullptr) return;
      *relation = *plan->plan;
    } else if (relation->has_read() && relation->read().has_named_table()) {
      const Names name = sql::ParseName(relation->read().named_table().unparsed_identifier());
      const proto::Relation* own = nullptr;
      for (const Frame& frame : frames_) {
        const auto found = frame.relations.find(base::LowerCase(name.back()));
        if (found != frame.relations.end()) own = found->second;
      }
      if (own != nullptr) {
        *relation = proto::Relation(*own);
      } else if (const auto view = workspace_.FindTempView(name)) {
        *relation = *view->plan;
      } else {
        const auto [database, table] = SplitTableName(name, frames_.back().database);
        relation->mutable_read()->mutable_named_table()->set_unparsed_identifier(
            QuoteName({kCatalogName, database, table}));
        return;
      }
    } else {
      return;
    }
  }
}

std::string SessionLeaves::CacheKey(const proto::Relation& relation) {
  const TranslateOptions& options = frames_.back().options;
  return fmt::format("{} {} {}\n", options.time_zone, options.ansi, options.case_sensitive) +
         PlanKey(relation, [this](proto::Relation* one) { Expand(one); });
}

std::string SessionLeaves::CacheKey(const NamedPlan& plan) {
  const Inside inside(this, {.options = plan.options, .database = plan.database, .view = plan.id, .relations = {}});
  return CacheKey(*plan.plan);
}

}  // namespace tinderbox::engine
