#include "engine/statements/statement.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"
#include "engine/files/paths.h"
#include "engine/statements/cache_tables.h"
#include "engine/statements/describe.h"
#include "engine/statements/tables.h"
#include "engine/statements/variables.h"
#include "engine/statements/views.h"
#include "engine/stream_reader.h"
#include "engine/translate/expressions.h"
#include "spark/plan_extensions.pb.h"
#include "spark/proto.h"
#include "spark/type_names.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

using plan::Statement;
using Names = std::vector<std::string>;

Rows Pair(const std::string& key, const std::string& value) {
  return {{{AnswerColumn("key"), AnswerColumn("value")}}, {{{Value(key), Value(value)}}}};
}

Rows RunSet(Workspace& workspace, const plan::SetConf& set) {
  spark::Conf& conf = workspace.conf();
  if (set.verbose()) {
    throw Error("UNSUPPORTED_FEATURE.STATEMENT",
                "The embedded engine does not support SET -v. SET shows the settings without their documentation.");
  }
  if (set.key().empty()) {
    Rows out = Pair("", "");
    out.rows.clear();
    for (const auto& [key, value] : conf.All()) out.rows.push_back({{Value(key), Value(value)}});
    return out;
  }
  if (!set.has_value()) return Pair(set.key(), conf.Find(set.key()).value_or("<undefined>"));
  // A zone that does not exist is refused here.
  if (set.key() == spark::conf::kTimeZone) workspace.engine().database().Connect()->SetTimeZone(set.value());
  conf.Set(set.key(), set.value());
  return Pair(set.key(), set.value());
}

void RunReset(Workspace& workspace, const plan::ResetConf& reset) {
  spark::Conf& conf = workspace.conf();
  if (!reset.key().empty()) {
    conf.Unset(reset.key());
    return;
  }
  const auto& fixed = workspace.engine().fixed_conf();
  for (const auto& [key, value] : conf.All()) {
    if (!fixed.contains(key)) conf.Unset(key);
  }
}

void RunUse(Workspace& workspace, const plan::Use& use) {
  Names name = PartsOf(use.name());
  if (use.catalog() || (name.size() == 1 && base::LowerCase(name[0]) == kCatalogName)) {
    SetCatalog(name[0]);
    return;
  }
  if (name.size() == 2 && base::LowerCase(name[0]) == kCatalogName) name.erase(name.begin());
  workspace.SetDatabase(workspace.catalog().GetDatabase(SinglePartName(name)).name);
}

void CreateNamespace(Workspace& workspace, const plan::CreateNamespace& create) {
  const std::string name = PartsOf(create.name()).back();
  if (create.if_not_exists() && workspace.catalog().FindDatabase(name)) return;
  CatalogDatabase database;
  database.name = name;
  database.comment = create.comment();
  if (!create.location().empty()) database.location = std::filesystem::absolute(LocalPath(create.location()));
  database.properties = {create.properties().begin(), create.properties().end()};
  const char* user = std::getenv("USER");
  database.owner = user == nullptr ? "root" : user;
  workspace.catalog().CreateDatabase(std::move(database));
}

void RunCache(Workspace& workspace, const plan::CacheTable& cache, const std::string& operation) {
  const Names name = PartsOf(cache.name());
  if (cache.has_query()) CreateTempView(workspace, cache.query(), name.back(), false, false);
  StorageLevel level;
  for (const auto& [key, value] : cache.options()) {
    if (base::LowerCase(key) == "storagelevel") level = ParseStorageLevel(value);
  }
  PersistTable(workspace, name, level);
  if (cache.lazy()) return;
  proto::Relation read;
  read.mutable_read()->mutable_named_table()->set_unparsed_identifier(QuoteName(name));
  workspace.Translate(read, Workspace::Purpose::kExecution, operation);
}

Rows RunExplain(Workspace& workspace, const plan::Explain& explain) {
  std::string text = "== Physical Plan ==\n";
  if (explain.has_query()) {
    const Query query = workspace.Translate(explain.query(), Workspace::Purpose::kAnalysis);
    text = fmt::format("== SQL ==\n{}\n", query.relation.sql.text());
  } else {
    const auto* field = Statement::descriptor()->FindFieldByNumber(explain.statement().kind_case());
    text += fmt::format("Execute {}\n", field == nullptr ? "nothing" : field->message_type()->name());
  }
  return {{{AnswerColumn("plan", true)}}, {{{Value(text)}}}};
}

/// What only tables of other catalogs can do.
[[noreturn]] void RefuseTableOperation(Workspace& workspace, const plan::TableOperation& statement) {
  const CatalogTable table = GetRealTable(workspace, PartsOf(statement.name()), statement.operation().c_str());
  throw Error(
      "UNSUPPORTED_FEATURE.TABLE_OPERATION",
      fmt::format("The feature is not supported: Table {} does not support {}. Please check the current catalog "
                  "and namespace to make sure the qualified table name is expected, and also check the catalog "
                  "implementation which is configured by \"spark.sql.catalog\".",
                  QualifiedName(table), statement.operation()),
      {{"tableName", QualifiedName(table)}, {"operation", statement.operation()}});
}

void RunComment(Workspace& workspace, const plan::CommentOn& comment) {
  const Names name = PartsOf(comment.name());
  if (comment.namespace_()) {
    CatalogDatabase database = workspace.catalog().GetDatabase(name.back());
    database.comment = comment.comment();
    workspace.catalog().ReplaceDatabase(database);
    return;
  }
  CatalogTable table = GetTable(workspace, name);
  table.comment = comment.comment();
  workspace.catalog().ReplaceTable(table);
}

}  // namespace

std::string SinglePartName(const Names& name) {
  if (name.size() == 1) return name[0];
  throw Error("REQUIRES_SINGLE_PART_NAMESPACE",
              fmt::format("{} requires a single-part namespace, but got {}.", kCatalogName, QuoteName(name)),
              {{"sessionCatalog", kCatalogName}, {"namespace", QuoteName(name)}});
}

void SetCatalog(const std::string& name) {
  if (base::LowerCase(name) == kCatalogName) return;
  const std::string key = fmt::format("\"spark.sql.catalog.{}\"", name);
  throw Error("CATALOG_NOT_FOUND",
              fmt::format("The catalog {} not found. Consider to set the SQL config {} to a catalog plugin.",
                          spark::Quote(name), key),
              {{"catalogName", spark::Quote(name)}, {"config", key}});
}

StorageLevel ParseStorageLevel(const std::string& name) {
  struct Known {
    const char* name;
    StorageLevel level;
  };
  static constexpr Known kLevels[] = {
      {"none", {false, false, false, false, 1}},
      {"disk_only", {true, false, false, false, 1}},
      {"disk_only_2", {true, false, false, false, 2}},
      {"disk_only_3", {true, false, false, false, 3}},
      {"memory_only", {false, true, false, true, 1}},
      {"memory_only_2", {false, true, false, true, 2}},
      {"memory_only_ser", {false, true, false, false, 1}},
      {"memory_only_ser_2", {false, true, false, false, 2}},
      {"memory_and_disk", {true, true, false, true, 1}},
      {"memory_and_disk_2", {true, true, false, true, 2}},
      {"memory_and_disk_ser", {true, true, false, false, 1}},
      {"memory_and_disk_ser_2", {true, true, false, false, 2}},
      {"off_heap", {true, true, true, false, 1}},
  };
  for (const Known& known : kLevels) {
    if (base::LowerCase(name) == known.name) return known.level;
  }
  throw Error("_LEGACY_ERROR_TEMP_0036", fmt::format("Invalid StorageLevel: {}.", name), {{"storageLevel", name}});
}

namespace {

Rows Dispatch(Workspace& workspace, const Statement& statement, const std::string& operation) {
  switch (statement.kind_case()) {
    case Statement::kCreateTable:
      RunCreateTable(workspace, statement.create_table(), operation);
      return {};
    case Statement::kCreateView:
      CreateView(workspace, statement.create_view());
      return {};
    case Statement::kDrop:
      RunDrop(workspace, statement.drop());
      return {};
    case Statement::kCreateNamespace:
      CreateNamespace(workspace, statement.create_namespace());
      return {};
    case Statement::kInsert:
      RunInsert(workspace, statement.insert(), operation);
      return {};
    case Statement::kDescribeTable:
      return Describe(workspace, statement.describe_table());
    case Statement::kDescribeQuery:
      return Describe(workspace, statement.describe_query());
    case Statement::kDescribeFunction:
      return Describe(statement.describe_function());
    case Statement::kDescribeNamespace:
      return Describe(workspace, statement.describe_namespace());
    case Statement::kShow:
      return RunShow(workspace, statement.show());
    case Statement::kUse:
      RunUse(workspace, statement.use());
      return {};
    case Statement::kSetConf:
      return RunSet(workspace, statement.set_conf());
    case Statement::kResetConf:
      RunReset(workspace, statement.reset_conf());
      return {};
    case Statement::kCacheTable:
      RunCache(workspace, statement.cache_table(), operation);
      return {};
    case Statement::kUncacheTable: {
      const Names name = PartsOf(statement.uncache_table().name());
      const bool exists = workspace.FindTempView(name) != nullptr || FindTable(workspace, name);
      if (exists || !statement.uncache_table().if_exists()) UnpersistTable(workspace, name);
      return {};
    }
    case Statement::kClearCache:
      workspace.engine().cache().Clear();
      return {};
    case Statement::kRefresh:
      if (statement.refresh().has_table()) {
        RefreshTable(workspace, PartsOf(statement.refresh().table()));
      } else {
        workspace.engine().cache().Refresh(
            std::filesystem::absolute(LocalPath(statement.refresh().path())).lexically_normal().string());
      }
      return {};
    case Statement::kTruncateTable:
      RunTruncate(workspace, PartsOf(statement.truncate_table().name()));
      return {};
    case Statement::kExplain:
      return RunExplain(workspace, statement.explain());
    case Statement::kAlterTable:
      RunAlter(workspace, statement.alter_table());
      return {};
    case Statement::kAnalyzeTable:
      GetTable(workspace, PartsOf(statement.analyze_table().name()));
      return {};
    case Statement::kDeclareVariable:
      DeclareVariable(workspace, statement.declare_variable(), operation);
      return {};
    case Statement::kSetVariables:
      SetVariables(workspace, statement.set_variables(), operation);
      return {};
    case Statement::kExecuteImmediate:
      return ExecuteImmediate(workspace, statement.execute_immediate(), operation);
    case Statement::kCreateFunction:
      CreateFunction(workspace, statement.create_function());
      return {};
    case Statement::kTableOperation:
      RefuseTableOperation(workspace, statement.table_operation());
    case Statement::kCommentOn:
      RunComment(workspace, statement.comment_on());
      return {};
    default:
      throw Error("INTERNAL_ERROR", "The parser of SQL gave an empty statement.");
  }
}

/// The place of the first name in a statement; null when it has none.
const proto::Origin* PlaceOfName(const Statement& statement) {
  const auto* kind =
      statement.GetReflection()->GetOneofFieldDescriptor(statement, Statement::descriptor()->oneof_decl(0));
  if (kind == nullptr) return nullptr;
  const auto& message = statement.GetReflection()->GetMessage(statement, kind);
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const auto* field = message.GetDescriptor()->field(i);
    if (field->message_type() != plan::Name::descriptor() || field->is_repeated() ||
        !message.GetReflection()->HasField(message, field)) {
      continue;
    }
    return &static_cast<const plan::Name&>(message.GetReflection()->GetMessage(message, field)).origin();
  }
  return nullptr;
}

}  // namespace

Rows RunStatement(Workspace& workspace, const Statement& statement, const std::string& operation) {
  try {
    return Dispatch(workspace, statement, operation);
  } catch (const Error& error) {
    static constexpr std::string_view kOfName[] = {"EXPECT_TABLE_NOT_VIEW.NO_ALTERNATIVE", "TABLE_OR_VIEW_NOT_FOUND",
                                                   "UNRESOLVED_ROUTINE"};
    const proto::Origin* origin = PlaceOfName(statement);
    const bool unplaced = statement.has_drop();  // what is to be dropped is looked for later than the rest
    if (origin == nullptr || unplaced || std::ranges::find(kOfName, error.condition()) == std::end(kOfName)) throw;
    // These look for tables alone, not for functions.
    constexpr std::string_view kFunctions = "`system`.`builtin`, ";
    const auto path = error.params().find("searchPath");
    const bool tables = statement.has_alter_table() || statement.has_refresh() || statement.has_show();
    const size_t at = path == error.params().end() || !tables ? std::string::npos : path->second.find(kFunctions);
    if (at == std::string::npos) ThrowPlaced(error, *origin);
    Error::Params params = error.params();
    params["searchPath"].erase(at, kFunctions.size());
    CheckAt(*origin, [&] { throw Error(error.condition(), error.what(), params); });
    throw;
  }
}

}  // namespace tinderbox::engine
