#include "engine/statements/views.h"

#include <fmt/format.h>

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/ascii.h"
#include "engine/session_leaves.h"
#include "engine/statements/tables.h"
#include "spark/children.h"
#include "spark/plan_extensions.pb.h"
#include "spark/proto.h"
#include "spark/type_names.h"
#include "sql/parser.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

void AddTempView(Workspace& workspace, const std::string& name, std::shared_ptr<const NamedPlan> plan, bool global,
                 bool replace) {
  TempViews& views = global ? workspace.engine().global_views() : workspace.views();
  if (views.Set(name, std::move(plan), replace)) return;
  throw Error("TEMP_TABLE_OR_VIEW_ALREADY_EXISTS",
              fmt::format("Cannot create the temporary view {} because it already exists.\nChoose a different name, "
                          "drop or replace the existing view.",
                          spark::Quote(name)),
              {{"relationName", spark::Quote(name)}});
}

/// Whether a relation reads the name, in SQL or in a view it reads by name.
bool Mentions(Workspace& workspace, const google::protobuf::Message& message, const std::string& name, int depth) {
  if (const auto* read = dynamic_cast<const proto::Read*>(&message); read != nullptr && read->has_named_table()) {
    const auto parts = sql::ParseName(read->named_table().unparsed_identifier());
    if (parts.size() == 1 && base::LowerCase(parts[0]) == base::LowerCase(name)) return true;
    const auto view = depth < 100 ? workspace.FindTempView(parts) : nullptr;
    return view != nullptr && !view->text.empty() && Mentions(workspace, *view->plan, name, depth + 1);
  }
  return std::ranges::any_of(spark::Children(message),
                             [&](const auto* child) { return Mentions(workspace, *child, name, depth); });
}

/// The temporary view that a relation reads by name; empty when it reads none.
std::string FindTempName(Workspace& workspace, const google::protobuf::Message& message) {
  if (const auto* read = dynamic_cast<const proto::Read*>(&message); read != nullptr && read->has_named_table()) {
    const auto parts = sql::ParseName(read->named_table().unparsed_identifier());
    return workspace.FindTempView(parts) == nullptr ? "" : QuoteName(parts);
  }
  for (const auto* child : spark::Children(message)) {
    if (std::string found = FindTempName(workspace, *child); !found.empty()) return found;
  }
  return "";
}

void CheckColumnCount(const plan::CreateView& statement, const StructType& schema, const std::string& name) {
  const auto wanted = static_cast<size_t>(statement.columns_size());
  if (wanted == 0 || wanted == schema.fields.size()) return;
  const bool many = wanted < schema.fields.size();
  std::string view_columns, data_columns;
  for (const auto& column : statement.columns()) {
    view_columns += (view_columns.empty() ? "" : ", ") + spark::Quote(column.name());
  }
  for (const auto& field : schema.fields) data_columns += (data_columns.empty() ? "" : ", ") + spark::Quote(field.name);
  throw Error(many ? "CREATE_VIEW_COLUMN_ARITY_MISMATCH.TOO_MANY_DATA_COLUMNS"
                   : "CREATE_VIEW_COLUMN_ARITY_MISMATCH.NOT_ENOUGH_DATA_COLUMNS",
              fmt::format("Cannot create view {}, the reason is {} data columns:\nView columns: {}.\nData columns: {}.",
                          name, many ? "too many" : "not enough", view_columns, data_columns),
              {{"viewName", name}, {"viewColumns", view_columns}, {"dataColumns", data_columns}});
}

/// CREATE TEMPORARY VIEW: names in its text are looked up whenever it is read.
void CreateSqlTempView(Workspace& workspace, const plan::CreateView& statement, const std::string& name) {
  auto plan = std::make_shared<proto::Relation>(statement.query());
  if (!statement.provider().empty()) {
    auto* source = plan->mutable_read()->mutable_data_source();
    source->set_format(statement.provider());
    for (const auto& [key, value] : statement.options()) (*source->mutable_options())[key] = value;
  }
  if (!statement.global() && Mentions(workspace, *plan, name, 0) && workspace.views().Find(name) != nullptr) {
    const std::string view = spark::Quote(name);
    throw Error("RECURSIVE_VIEW", fmt::format("Recursive view {} detected (cycle: {} -> {}).", view, view, view),
                {{"viewIdent", view}, {"newPath", fmt::format("{} -> {}", view, view)}});
  }
  const StructType schema = workspace.Schema(*plan);
  CheckColumnCount(statement, schema, spark::Quote(name));
  if (statement.columns_size() > 0) {
    auto named = std::make_shared<proto::Relation>();
    *named->mutable_to_df()->mutable_input() = *plan;
    for (const auto& column : statement.columns()) named->mutable_to_df()->add_column_names(column.name());
    plan = std::move(named);
    if (std::ranges::any_of(statement.columns(), [](const auto& column) { return !column.comment().empty(); })) {
      auto commented = std::make_shared<proto::Relation>();
      *commented->mutable_project()->mutable_input() = *plan;
      for (const auto& column : statement.columns()) {
        auto* alias = commented->mutable_project()->add_expressions()->mutable_alias();
        alias->add_name(column.name());
        alias->mutable_expr()->mutable_unresolved_attribute()->set_unparsed_identifier(spark::Quote(column.name()));
        if (!column.comment().empty()) alias->set_metadata(nlohmann::json{{"comment", column.comment()}}.dump());
      }
      plan = std::move(commented);
    }
  }
  NamedPlan view;
  view.plan = std::move(plan);
  view.options = workspace.Options();
  view.database = workspace.Database();
  view.text = statement.query_text();
  view.comment = statement.comment();
  view.properties = {statement.properties().begin(), statement.properties().end()};
  AddTempView(workspace, name, workspace.engine().plans().Add(std::move(view)), statement.global(),
              statement.or_replace());
}

}  // namespace

void CreateView(Workspace& workspace, const plan::CreateView& statement) {
  const auto name = PartsOf(statement.name());
  if (statement.temporary() || statement.global()) {
    const auto exists = (statement.global() ? workspace.engine().global_views() : workspace.views()).Find(name.back());
    if (exists != nullptr && statement.if_not_exists()) return;
    CreateSqlTempView(workspace, statement, name.back());
    return;
  }
  CatalogTable table = NewTable(workspace, name);
  const auto existing = workspace.catalog().FindTable(table.database, table.name);
  if (existing && statement.if_not_exists()) return;
  if (existing && !statement.or_replace()) workspace.catalog().CreateTable(table);  // throws
  if (existing && existing->kind != CatalogTable::Kind::kView) {
    throw Error("EXPECT_VIEW_NOT_TABLE.NO_ALTERNATIVE",
                fmt::format("'CREATE OR REPLACE VIEW' expects a view but {} is a table.", QualifiedName(table)),
                {{"tableName", QualifiedName(table)}, {"operation", "CREATE OR REPLACE VIEW"}});
  }
  table.kind = CatalogTable::Kind::kView;
  table.location.clear();
  table.schema = workspace.Schema(statement.query());
  CheckColumnCount(statement, table.schema, QualifiedName(table));
  if (existing && Mentions(workspace, statement.query(), name.back(), 0)) {
    const std::string view = QualifiedName(table);
    throw Error("RECURSIVE_VIEW", fmt::format("Recursive view {} detected (cycle: {} -> {}).", view, view, view),
                {{"viewIdent", view}, {"newPath", fmt::format("{} -> {}", view, view)}});
  }
  if (const std::string temporary = FindTempName(workspace, statement.query()); !temporary.empty()) {
    const std::string view = QualifiedName(table);
    throw Error("INVALID_TEMP_OBJ_REFERENCE",
                fmt::format("Cannot create the persistent object {} of the type VIEW because it references to the "
                            "temporary object {} of the type VIEW. Please make the temporary object {} persistent, or "
                            "make the persistent object {} temporary.",
                            view, temporary, temporary, view),
                {{"obj", "VIEW"}, {"objName", view}, {"tempObj", "VIEW"}, {"tempObjName", temporary}});
  }
  for (size_t i = 0; i < table.schema.fields.size(); ++i) {
    StructField& field = table.schema.fields[i];
    table.view_columns.push_back(field.name);
    if (statement.columns_size() == 0) continue;
    const auto& column = statement.columns(static_cast<int>(i));
    field.name = column.name();
    if (!column.comment().empty()) field.metadata_json = nlohmann::json{{"comment", column.comment()}}.dump();
  }
  table.comment = statement.comment();
  table.properties = {statement.properties().begin(), statement.properties().end()};
  table.view_text = statement.query_text();
  table.view_database = workspace.Database();
  for (const char* key : {spark::conf::kAnsi, spark::conf::kCaseSensitive, spark::conf::kTimeZone}) {
    table.view_conf[key] = workspace.conf().Get(key);
  }
  if (existing) {
    workspace.catalog().ReplaceTable(table);
  } else {
    workspace.catalog().CreateTable(table);
  }
}

void CreateTempView(Workspace& workspace, const proto::Relation& relation, const std::string& name, bool global,
                    bool replace) {
  auto plan = workspace.Freeze(relation);
  // What is wrong with the relation is said now.
  SessionLeaves(workspace, false, "").Translate(*plan);
  AddTempView(workspace, sql::ParseName(name).back(), std::move(plan), global, replace);
}

}  // namespace tinderbox::engine
