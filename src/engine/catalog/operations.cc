#include "engine/catalog/operations.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"
#include "engine/files/paths.h"
#include "engine/session_leaves.h"
#include "engine/statements/cache_tables.h"
#include "engine/statements/describe.h"
#include "engine/statements/statement.h"
#include "engine/statements/tables.h"
#include "spark/plan_extensions.pb.h"
#include "spark/proto.h"
#include "spark/proto_types.h"
#include "spark/storage_level.h"
#include "spark/type_names.h"
#include "sql/parser.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

using Names = std::vector<std::string>;
using Operation = proto::Catalog;

const DataType kBoolean(TypeKind::kBoolean);

Value OptionalText(const std::string& text) {
  return text.empty() ? Value() : Value(text);
}

Value List(const Names& names) {
  auto out = std::make_shared<ListValue>();
  for (const std::string& name : names) out->items.emplace_back(name);
  return Value(std::move(out));
}

/// What operations without an answer answer.
Rows Nothing() {
  return {{{AnswerColumn("value")}}, {}};
}
Rows Truth(bool value) {
  return {{{AnswerColumn("value", false, kBoolean)}}, {{{Value(value)}}}};
}
Rows Single(const std::string& value) {
  return {{{AnswerColumn("value", true)}}, {{{Value(value)}}}};
}

bool Wanted(bool has_pattern, const std::string& pattern, const std::string& name) {
  return !has_pattern || MatchesPattern(name, pattern);
}

/// The parts of a database's name without the catalogue.
std::string DatabaseName(const std::string& text) {
  Names parts = sql::ParseName(text);
  if (parts.size() == 2) {
    SetCatalog(parts[0]);
    parts.erase(parts.begin());
  }
  return SinglePartName(parts);
}

/// The parts of a table's name, in the database that is given beside it.
Names TableName(const std::string& name, bool has_database, const std::string& database) {
  if (has_database) return {DatabaseName(database), name};
  return sql::ParseName(name);
}

StructType TableAnswer() {
  return {{AnswerColumn("name", true), AnswerColumn("catalog", true),
           AnswerColumn("namespace", true, DataType::Array(DataType(TypeKind::kString))),
           AnswerColumn("description", true), AnswerColumn("tableType", true),
           AnswerColumn("isTemporary", false, kBoolean)}};
}

Row TableRow(const CatalogTable& table) {
  constexpr const char* kKinds[] = {"MANAGED", "EXTERNAL", "VIEW"};
  return {{Value(table.name), Value(std::string(kCatalogName)), List({table.database}), OptionalText(table.comment),
           Value(std::string(kKinds[static_cast<size_t>(table.kind)])), Value(false)}};
}

Row TempViewRow(const std::string& name, const NamedPlan& view, bool global) {
  return {{Value(name), Value(), List(global ? Names{kGlobalTempDatabase} : Names{}), OptionalText(view.comment),
           Value(std::string("TEMPORARY")), Value(true)}};
}

template <typename Request>
Rows ListTables(Workspace& workspace, const Request& request, bool only_views) {
  const std::string database =
      request.has_db_name() ? base::LowerCase(DatabaseName(request.db_name())) : workspace.Database();
  Rows out{TableAnswer(), {}};
  const auto add_views = [&](TempViews& views, bool global) {
    for (const std::string& name : views.Names()) {
      const auto view = views.Find(name);
      if (view != nullptr && Wanted(request.has_pattern(), request.pattern(), name)) {
        out.rows.push_back(TempViewRow(name, *view, global));
      }
    }
  };
  if (database == kGlobalTempDatabase) {
    add_views(workspace.engine().global_views(), true);
  } else {
    workspace.catalog().GetDatabase(database);
  }
  for (const CatalogTable& table : workspace.catalog().Tables(database)) {
    if (only_views && table.kind != CatalogTable::Kind::kView) continue;
    if (Wanted(request.has_pattern(), request.pattern(), table.name)) out.rows.push_back(TableRow(table));
  }
  add_views(workspace.views(), false);
  return out;
}

[[noreturn]] void ThrowNoTable(Workspace& workspace, const Names& name) {
  const std::string quoted = QuoteName(name);
  const std::string path = fmt::format("[`system`.`session`, {}]", QuoteName({kCatalogName, workspace.Database()}));
  throw Error("TABLE_OR_VIEW_NOT_FOUND",
              fmt::format("The table or view {} cannot be found. Verify the spelling and correctness of the schema and "
                          "catalog.\nSearch path: {}.\nIf you did not qualify the name with a schema, verify the "
                          "current_schema() output, or qualify the name with the correct schema and catalog.\nTo "
                          "tolerate the error on drop use DROP VIEW IF EXISTS or DROP TABLE IF EXISTS.",
                          quoted, path),
              {{"relationName", quoted}, {"searchPath", path}});
}

Rows GetTableRow(Workspace& workspace, const Names& name) {
  if (const auto view = workspace.FindTempView(name)) {
    return {TableAnswer(), {TempViewRow(base::LowerCase(name.back()), *view, name.size() > 1)}};
  }
  const auto table = FindTable(workspace, name);
  if (!table) ThrowNoTable(workspace, name);
  return {TableAnswer(), {TableRow(*table)}};
}

Rows ListColumns(Workspace& workspace, const Names& name) {
  Rows out{{{AnswerColumn("name", true), AnswerColumn("description", true), AnswerColumn("dataType", true),
             AnswerColumn("nullable", false, kBoolean), AnswerColumn("isPartition", false, kBoolean),
             AnswerColumn("isBucket", false, kBoolean), AnswerColumn("isCluster", false, kBoolean)}},
           {}};
  CatalogTable table;
  if (workspace.FindTempView(name) != nullptr) {
    proto::Relation read;
    read.mutable_read()->mutable_named_table()->set_unparsed_identifier(QuoteName(name));
    table.schema = workspace.Schema(read);
  } else {
    const auto found = FindTable(workspace, name);
    if (!found) ThrowNoTable(workspace, name);
    table = *found;
  }
  for (const StructField& field : table.schema.fields) {
    out.rows.push_back(
        {{Value(field.name), OptionalText(CommentOf(field).value_or("")), Value(field.type.SimpleString()),
          Value(field.nullable), Value(std::ranges::count(table.partition_columns, field.name) > 0),
          Value(std::ranges::count(table.bucket_columns, field.name) > 0), Value(false)}});
  }
  return out;
}

Rows Databases(const std::vector<CatalogDatabase>& databases) {
  Rows out{{{AnswerColumn("name", true), AnswerColumn("catalog", true), AnswerColumn("description", true),
             AnswerColumn("locationUri", true)}},
           {}};
  for (const CatalogDatabase& database : databases) {
    out.rows.push_back({{Value(database.name), Value(std::string(kCatalogName)), Value(database.comment),
                         Value("file:" + database.location.string())}});
  }
  return out;
}

Rows Functions(const Names& names) {
  Rows out{{{AnswerColumn("name", true), AnswerColumn("catalog", true),
             AnswerColumn("namespace", true, DataType::Array(DataType(TypeKind::kString))),
             AnswerColumn("description", true), AnswerColumn("className", true),
             AnswerColumn("isTemporary", false, kBoolean)}},
           {}};
  for (const std::string& name : names) {
    out.rows.push_back({{Value(name), Value(), Value(), Value(), Value(), Value(true)}});
  }
  return out;
}

template <typename Request>
Rows Create(Workspace& workspace, const Request& request, const std::string& description) {
  CatalogTable table = NewTable(workspace, sql::ParseName(request.table_name()));
  if (workspace.catalog().FindTable(table.database, table.name)) workspace.catalog().CreateTable(table);  // throws
  table.provider = request.has_source() && !request.source().empty()
                       ? request.source()
                       : workspace.conf().Find("spark.sql.sources.default").value_or("parquet");
  table.options = {request.options().begin(), request.options().end()};
  if (request.has_path()) table.options["path"] = request.path();
  table.comment = description;
  if (request.has_schema()) table.schema = StructType{spark::FromProto(request.schema()).fields()};
  CreateTable(workspace, std::move(table), nullptr, {}, "");
  return Nothing();
}

Rows Drop(Workspace& workspace, plan::DropObject::Kind kind, const std::string& name, bool if_exists, bool cascade) {
  plan::DropObject drop;
  drop.set_kind(kind);
  const Names parts = kind == plan::DropObject::NAMESPACE ? Names{DatabaseName(name)} : sql::ParseName(name);
  for (const std::string& part : parts) drop.mutable_name()->add_parts(part);
  drop.set_if_exists(if_exists);
  drop.set_cascade(cascade);
  RunDrop(workspace, drop);
  return Nothing();
}

}  // namespace

Rows RunCatalogOperation(Workspace& workspace, const Operation& operation) {
  Catalog& catalog = workspace.catalog();
  switch (operation.cat_type_case()) {
    case Operation::kCurrentDatabase:
      return Single(workspace.Database());
    case Operation::kSetCurrentDatabase:
      workspace.SetDatabase(catalog.GetDatabase(DatabaseName(operation.set_current_database().db_name())).name);
      return Nothing();
    case Operation::kListDatabases: {
      const auto& request = operation.list_databases();
      auto databases = catalog.Databases();
      std::erase_if(databases, [&](const CatalogDatabase& database) {
        return !Wanted(request.has_pattern(), request.pattern(), database.name);
      });
      return Databases(databases);
    }
    case Operation::kListTables:
      return ListTables(workspace, operation.list_tables(), false);
    case Operation::kListViews:
      return ListTables(workspace, operation.list_views(), true);
    case Operation::kListFunctions: {
      const auto& request = operation.list_functions();
      if (request.has_db_name()) catalog.GetDatabase(DatabaseName(request.db_name()));
      Names names = FunctionNames();
      std::erase_if(names,
                    [&](const std::string& name) { return !Wanted(request.has_pattern(), request.pattern(), name); });
      return Functions(names);
    }
    case Operation::kListColumns: {
      const auto& request = operation.list_columns();
      return ListColumns(workspace, TableName(request.table_name(), request.has_db_name(), request.db_name()));
    }
    case Operation::kGetDatabase:
      return Databases({catalog.GetDatabase(DatabaseName(operation.get_database().db_name()))});
    case Operation::kGetTable: {
      const auto& request = operation.get_table();
      return GetTableRow(workspace, TableName(request.table_name(), request.has_db_name(), request.db_name()));
    }
    case Operation::kGetFunction: {
      const Names name = sql::ParseName(operation.get_function().function_name());
      if (name.size() == 1 && HasFunction(name[0])) return Functions({base::LowerCase(name[0])});
      const std::string path =
          fmt::format("[`system`.`builtin`, `system`.`session`, {}]", QuoteName({kCatalogName, workspace.Database()}));
      throw Error("UNRESOLVED_ROUTINE",
                  fmt::format("Cannot resolve routine {} on search path {}.", QuoteName(name), path),
                  {{"routineName", QuoteName(name)}, {"searchPath", path}});
    }
    case Operation::kDatabaseExists:
      return Truth(catalog.FindDatabase(DatabaseName(operation.database_exists().db_name())).has_value());
    case Operation::kTableExists: {
      const auto& request = operation.table_exists();
      const Names name = TableName(request.table_name(), request.has_db_name(), request.db_name());
      return Truth(workspace.FindTempView(name) != nullptr || FindTable(workspace, name).has_value());
    }
    case Operation::kFunctionExists: {
      const auto& request = operation.function_exists();
      const Names name = sql::ParseName(request.function_name());
      return Truth(name.size() == 1 && HasFunction(name[0]));
    }
    case Operation::kCreateExternalTable:
      return Create(workspace, operation.create_external_table(), "");
    case Operation::kCreateTable:
      return Create(workspace, operation.create_table(), operation.create_table().description());
    case Operation::kDropTempView:
      return Truth(workspace.views().Drop(operation.drop_temp_view().view_name()));
    case Operation::kDropGlobalTempView:
      return Truth(workspace.engine().global_views().Drop(operation.drop_global_temp_view().view_name()));
    case Operation::kRecoverPartitions: {
      plan::AlterTable alter;
      for (const std::string& part : sql::ParseName(operation.recover_partitions().table_name())) {
        alter.mutable_name()->add_parts(part);
      }
      alter.set_recover_partitions(true);
      RunAlter(workspace, alter);
      return Nothing();
    }
    case Operation::kIsCached:
      return Truth(workspace.engine()
                       .cache()
                       .Find(TableCacheKey(workspace, sql::ParseName(operation.is_cached().table_name())))
                       .has_value());
    case Operation::kCacheTable: {
      const auto& request = operation.cache_table();
      PersistTable(workspace, sql::ParseName(request.table_name()),
                   request.has_storage_level() ? spark::FromProto(request.storage_level()) : StorageLevel{});
      return Nothing();
    }
    case Operation::kUncacheTable:
      UnpersistTable(workspace, sql::ParseName(operation.uncache_table().table_name()));
      return Nothing();
    case Operation::kClearCache:
      workspace.engine().cache().Clear();
      return Nothing();
    case Operation::kRefreshTable:
      RefreshTable(workspace, sql::ParseName(operation.refresh_table().table_name()));
      return Nothing();
    case Operation::kRefreshByPath:
      workspace.engine().cache().Refresh(
          std::filesystem::absolute(LocalPath(operation.refresh_by_path().path())).lexically_normal().string());
      return Nothing();
    case Operation::kCurrentCatalog:
      return Single(kCatalogName);
    case Operation::kSetCurrentCatalog:
      SetCatalog(operation.set_current_catalog().catalog_name());
      return Nothing();
    case Operation::kListCatalogs: {
      Rows out{{{AnswerColumn("name", true), AnswerColumn("description", true)}}, {}};
      const auto& request = operation.list_catalogs();
      if (Wanted(request.has_pattern(), request.pattern(), kCatalogName)) {
        out.rows.push_back({{Value(std::string(kCatalogName)), Value()}});
      }
      return out;
    }
    case Operation::kDropTable:
      return Drop(workspace, plan::DropObject::TABLE, operation.drop_table().table_name(),
                  operation.drop_table().if_exists(), false);
    case Operation::kDropView:
      return Drop(workspace, plan::DropObject::VIEW, operation.drop_view().view_name(),
                  operation.drop_view().if_exists(), false);
    case Operation::kDropDatabase:
      return Drop(workspace, plan::DropObject::NAMESPACE, operation.drop_database().db_name(),
                  operation.drop_database().if_exists(), operation.drop_database().cascade());
    case Operation::kCreateDatabase: {
      const auto& request = operation.create_database();
      plan::Statement statement;
      auto* create = statement.mutable_create_namespace();
      create->mutable_name()->add_parts(DatabaseName(request.db_name()));
      create->set_if_not_exists(request.if_not_exists());
      for (const auto& [key, value] : request.properties()) {
        if (key == "comment") {
          create->set_comment(value);
        } else if (key == "location") {
          create->set_location(value);
        } else {
          (*create->mutable_properties())[key] = value;
        }
      }
      RunStatement(workspace, statement, "");
      return Nothing();
    }
    case Operation::kListPartitions: {
      plan::Statement statement;
      statement.mutable_show()->set_what(plan::Show::PARTITIONS);
      for (const std::string& part : sql::ParseName(operation.list_partitions().table_name())) {
        statement.mutable_show()->mutable_name()->add_parts(part);
      }
      Rows out = RunStatement(workspace, statement, "");
      out.schema.fields[0].nullable = true;
      return out;
    }
    case Operation::kGetTableProperties: {
      const CatalogTable table = GetTable(workspace, sql::ParseName(operation.get_table_properties().table_name()));
      Rows out{{{AnswerColumn("key"), AnswerColumn("value", true)}}, {}};
      for (const auto& [key, value] : table.properties) out.rows.push_back({{Value(key), Value(value)}});
      return out;
    }
    case Operation::kGetCreateTableString: {
      if (operation.get_create_table_string().as_serde()) {
        throw Error("UNSUPPORTED_FEATURE.STATEMENT",
                    "The embedded engine does not support SHOW CREATE TABLE … AS SERDE.");
      }
      return Single(
          CreateStatement(GetTable(workspace, sql::ParseName(operation.get_create_table_string().table_name()))));
    }
    case Operation::kTruncateTable:
      RunTruncate(workspace, sql::ParseName(operation.truncate_table().table_name()));
      return Nothing();
    case Operation::kAnalyzeTable:
      GetTable(workspace, sql::ParseName(operation.analyze_table().table_name()));
      return Nothing();
    case Operation::CAT_TYPE_NOT_SET:
      break;
  }
  throw Error("CONNECT_INVALID_PLAN", "An operation of the catalogue asks for nothing.");
}

}  // namespace tinderbox::engine
