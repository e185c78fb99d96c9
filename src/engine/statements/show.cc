#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"

#include "engine/session_leaves.h"
#include "engine/statements/describe.h"
#include "engine/statements/tables.h"
#include "spark/plan_extensions.pb.h"
#include "spark/proto.h"
#include "spark/type_names.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

using Names = std::vector<std::string>;
using plan::Show;

bool Wanted(const Show& show, const std::string& name) {
  return show.pattern().empty() || MatchesPattern(name, show.pattern());
}

/// The database that is shown; the session's own when none is named.
std::string DatabaseOf(Workspace& workspace, const Show& show) {
  const Names name = PartsOf(show.name());
  if (name.empty()) return workspace.Database();
  const std::string database = base::LowerCase(name.back());
  if (database != kGlobalTempDatabase) workspace.catalog().GetDatabase(database);
  return database;
}

Rows Objects(Workspace& workspace, const Show& show, bool only_views) {
  const std::string database = DatabaseOf(workspace, show);
  Rows out{{{AnswerColumn("namespace"), AnswerColumn(only_views ? "viewName" : "tableName"),
             AnswerColumn("isTemporary", false, DataType(TypeKind::kBoolean))}},
           {}};
  const auto add = [&](const std::string& of, const std::string& name, bool temporary) {
    if (Wanted(show, name)) out.rows.push_back({{Value(of), Value(name), Value(temporary)}});
  };
  if (database == kGlobalTempDatabase) {
    for (const std::string& name : workspace.engine().global_views().Names()) add(database, name, true);
  }
  for (const CatalogTable& table : workspace.catalog().Tables(database)) {
    if (!only_views || table.kind == CatalogTable::Kind::kView) add(database, table.name, false);
  }
  for (const std::string& name : workspace.views().Names()) add("", name, true);
  return out;
}

Rows Properties(Workspace& workspace, const Show& show) {
  Rows out{{{AnswerColumn("key"), AnswerColumn("value")}}, {}};
  const Names name = PartsOf(show.name());
  if (const auto view = workspace.FindTempView(name)) {
    for (const auto& [key, value] : view->properties) out.rows.push_back({{Value(key), Value(value)}});
    return out;
  }
  const CatalogTable table = GetTable(workspace, name);
  if (show.scope().empty()) {
    for (const auto& [key, value] : table.properties) out.rows.push_back({{Value(key), Value(value)}});
    return out;
  }
  const auto found = table.properties.find(show.scope());
  const std::string text = found != table.properties.end()
                               ? found->second
                               : fmt::format("Table {} does not have property: {}", PlainName(table), show.scope());
  out.rows.push_back({{Value(show.scope()), Value(text)}});
  return out;
}

Rows TableDetails(Workspace& workspace, const Show& show) {
  const std::string database = DatabaseOf(workspace, show);
  Rows out{{{AnswerColumn("namespace"), AnswerColumn("tableName"),
             AnswerColumn("isTemporary", false, DataType(TypeKind::kBoolean)), AnswerColumn("information")}},
           {}};
  for (const CatalogTable& table : workspace.catalog().Tables(database)) {
    if (!Wanted(show, table.name)) continue;
    std::string text;
    for (const auto& [key, value] : Details(table)) text += fmt::format("{}: {}\n", key, value);
    if (!table.partition_columns.empty()) {
      std::string columns;
      for (const std::string& column : table.partition_columns) {
        columns += (columns.empty() ? "" : ", ") + spark::Quote(column);
      }
      text += fmt::format("Partition Columns: [{}]\n", columns);
    }
    text += fmt::format("Schema: {}\n", table.schema.TreeString());
    out.rows.push_back({{Value(database), Value(table.name), Value(false), Value(text)}});
  }
  return out;
}

Rows Partitions(Workspace& workspace, const Show& show) {
  const CatalogTable table = GetRealTable(workspace, PartsOf(show.name()), "SHOW PARTITIONS");
  if (table.partition_columns.empty()) {
    throw Error("INVALID_PARTITION_OPERATION.PARTITION_SCHEMA_IS_EMPTY",
                fmt::format("The partition command is invalid. Table {} is not partitioned.", QualifiedName(table)),
                {{"name", QualifiedName(table)}});
  }
  Rows out{{{AnswerColumn("partition")}}, {}};
  for (const std::string& partition : PartitionsOf(table)) out.rows.push_back({{Value(partition)}});
  return out;
}

}  // namespace

Rows RunShow(Workspace& workspace, const Show& show) {
  switch (show.what()) {
    case Show::TABLES:
      return Objects(workspace, show, false);
    case Show::VIEWS:
      return Objects(workspace, show, true);
    case Show::TABLE_EXTENDED:
      return TableDetails(workspace, show);
    case Show::TABLE_PROPERTIES:
      return Properties(workspace, show);
    case Show::PARTITIONS:
      return Partitions(workspace, show);
    case Show::NAMESPACES: {
      Rows out{{{AnswerColumn("namespace")}}, {}};
      for (const CatalogDatabase& database : workspace.catalog().Databases()) {
        if (Wanted(show, database.name)) out.rows.push_back({{Value(database.name)}});
      }
      return out;
    }
    case Show::COLUMNS: {
      proto::Relation read;
      read.mutable_read()->mutable_named_table()->set_unparsed_identifier(QuoteName(PartsOf(show.name())));
      Rows out{{{AnswerColumn("col_name")}}, {}};
      for (const StructField& field : workspace.Schema(read).fields) out.rows.push_back({{Value(field.name)}});
      return out;
    }
    case Show::CREATE_TABLE: {
      const Names name = PartsOf(show.name());
      if (workspace.FindTempView(name) != nullptr) {
        throw Error("EXPECT_PERMANENT_VIEW_NOT_TEMP",
                    fmt::format("'SHOW CREATE TABLE' expects a permanent view but {} is a temp view.", QuoteName(name)),
                    {{"viewName", QuoteName(name)}, {"operation", "SHOW CREATE TABLE"}});
      }
      return {{{AnswerColumn("createtab_stmt")}}, {{{Value(CreateStatement(GetTable(workspace, name)))}}}};
    }
    case Show::FUNCTIONS: {
      Rows out{{{AnswerColumn("function")}}, {}};
      if (show.scope() == "USER" || show.scope() == "user") return out;  // nobody can make one
      for (const std::string& name : FunctionNames()) {
        if (Wanted(show, name)) out.rows.push_back({{Value(name)}});
      }
      return out;
    }
    case Show::CATALOGS: {
      Rows out{{{AnswerColumn("catalog")}}, {}};
      if (Wanted(show, kCatalogName)) out.rows.push_back({{Value(std::string(kCatalogName))}});
      return out;
    }
    case Show::CURRENT_NAMESPACE:
      return {{{AnswerColumn("catalog"), AnswerColumn("namespace")}},
              {{{Value(std::string(kCatalogName)), Value(workspace.Database())}}}};
    default:
      throw Error("UNSUPPORTED_FEATURE.STATEMENT", "The embedded engine does not support this SHOW statement.");
  }
}

}  // namespace tinderbox::engine
