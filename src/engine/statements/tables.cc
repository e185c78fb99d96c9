#include "engine/statements/tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "base/ascii.h"
#include "engine/files/paths.h"
#include "engine/files/read.h"
#include "engine/session_leaves.h"
#include "engine/statements/describe.h"
#include "engine/statements/variables.h"
#include "engine/translate/names.h"
#include "spark/plan_extensions.pb.h"
#include "spark/proto.h"
#include "spark/proto_types.h"
#include "spark/type_names.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

std::string UserName() {
  const char* user = std::getenv("USER");
  return user == nullptr ? "root" : user;
}

bool HasFiles(const fs::path& folder) {
  std::error_code ignored;
  return fs::exists(folder, ignored) && !fs::is_empty(folder, ignored);
}

/// Throws when the DEFAULT of a column cannot be its value.
void CheckDefault(Workspace& workspace, const plan::ColumnDefinition& column, const char* statement) {
  const auto refuse = [&](const char* condition, const std::string& why, Error::Params more) {
    more["statement"] = statement;
    more["colName"] = spark::Quote(column.name());
    more["defaultValue"] = column.default_text();
    throw Error(fmt::format("INVALID_DEFAULT_VALUE.{}", condition),
                fmt::format("Failed to execute {} command because the destination column or variable {} has a DEFAULT "
                            "value {}, which {}.",
                            statement, spark::Quote(column.name()), column.default_text(), why),
                std::move(more));
  };
  proto::Relation query;
  *query.mutable_project()->add_expressions() = column.default_value();
  DataType given;
  try {
    given = workspace.Schema(query).fields.at(0).type;
  } catch (const Error& error) {
    if (!error.condition().starts_with("UNRESOLVED_COLUMN")) throw;
    refuse("NOT_CONSTANT", "is not a constant expression whose equivalent value is known at query planning time", {});
  }
  const DataType wanted = spark::FromProto(column.type());
  if (CanStore(given, wanted)) return;
  const std::string from = fmt::format("\"{}\"", given.Sql()), to = fmt::format("\"{}\"", wanted.Sql());
  refuse("DATA_TYPE",
         fmt::format("requires {} type, but the statement provided a value of incompatible {} type", to, from),
         {{"expectedType", to}, {"actualType", from}});
}

/// The columns as a schema; comments and DEFAULTs are in the metadata, as Spark keeps them.
StructType SchemaOf(Workspace& workspace, const google::protobuf::RepeatedPtrField<plan::ColumnDefinition>& columns,
                    const char* statement) {
  StructType out;
  for (const plan::ColumnDefinition& column : columns) {
    nlohmann::json metadata = nlohmann::json::object();
    if (!column.comment().empty()) metadata["comment"] = column.comment();
    if (column.has_default_value()) {
      CheckDefault(workspace, column, statement);
      metadata[kCurrentDefault] = column.default_text();
      metadata["EXISTS_DEFAULT"] = column.default_text();
    }
    out.fields.push_back({column.name(), spark::FromProto(column.type()), true, metadata.dump()});
  }
  return out;
}

void CheckDuplicates(const StructType& schema) {
  for (size_t i = 0; i < schema.fields.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (!SameName(schema.fields[i].name, schema.fields[j].name, false)) continue;
      const std::string name = spark::Quote(base::LowerCase(schema.fields[i].name));
      throw Error("COLUMN_ALREADY_EXISTS",
                  fmt::format("The column {} already exists. Choose another name or rename the existing column.", name),
                  {{"columnName", name}});
    }
  }
}

[[noreturn]] void ThrowNotView(const char* operation, const std::string& view) {
  throw Error("EXPECT_TABLE_NOT_VIEW.NO_ALTERNATIVE",
              fmt::format("'{}' expects a table but {} is a view.", operation, view),
              {{"viewName", view}, {"operation", operation}});
}

}  // namespace

Names PartsOf(const plan::Name& name) {
  return {name.parts().begin(), name.parts().end()};
}

std::string QualifiedName(const std::string& database, const std::string& table) {
  return QuoteName({kCatalogName, database, table});
}

std::string PlainName(const CatalogTable& table) {
  return fmt::format("{}.{}.{}", kCatalogName, table.database, table.name);
}

std::optional<CatalogTable> FindTable(Workspace& workspace, const Names& name) {
  const auto [database, table] = SplitTableName(name, workspace.Database());
  return workspace.catalog().FindTable(database, table);
}

CatalogTable GetTable(Workspace& workspace, const Names& name) {
  if (auto found = FindTable(workspace, name)) return std::move(*found);
  ThrowTableNotFound(name, workspace.Database());
}

CatalogTable GetRealTable(Workspace& workspace, const Names& name, const char* operation) {
  if (workspace.FindTempView(name) != nullptr) ThrowNotView(operation, QuoteName(name));
  CatalogTable table = GetTable(workspace, name);
  if (table.kind == CatalogTable::Kind::kView) ThrowNotView(operation, QualifiedName(table));
  return table;
}

CatalogTable NewTable(Workspace& workspace, const Names& name) {
  CatalogTable out;
  std::tie(out.database, out.name) = SplitTableName(name, workspace.Database());
  CheckObjectName(name.back());
  workspace.catalog().GetDatabase(out.database);
  out.owner = UserName();
  out.created_millis =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count();
  out.location = workspace.catalog().DefaultLocation(out.database, out.name);
  return out;
}

void SetPartitions(CatalogTable* table, const Names& columns) {
  StructType data, partitions;
  for (const std::string& name : columns) {
    const auto found = table->schema.Find(name);
    if (!found) {
      std::string known;
      for (const StructField& field : table->schema.fields) known += (known.empty() ? "" : ", ") + field.name;
      throw Error("COLUMN_NOT_DEFINED_IN_TABLE",
                  fmt::format("partition column {} is not defined in table {}, defined table columns are: {}.",
                              spark::Quote(name), QualifiedName(*table), known),
                  {{"colType", "partition"},
                   {"colName", spark::Quote(name)},
                   {"tableName", QualifiedName(*table)},
                   {"tableCols", known}});
    }
    partitions.fields.push_back(table->schema.fields[*found]);
    table->partition_columns.push_back(partitions.fields.back().name);
  }
  for (const StructField& field : table->schema.fields) {
    if (!partitions.Find(field.name)) data.fields.push_back(field);
  }
  if (data.fields.empty() && !partitions.fields.empty()) {
    throw Error("ALL_PARTITION_COLUMNS_NOT_ALLOWED", "Cannot use all columns for partition columns.");
  }
  data.fields.insert(data.fields.end(), partitions.fields.begin(), partitions.fields.end());
  table->schema = std::move(data);
}

namespace {

/// Takes the path out of the options.
void SetLocation(CatalogTable* table) {
  const auto path = FindOption(table->options, "path");
  if (!path) return;
  table->location = fs::absolute(LocalPath(*path)).lexically_normal();
  table->kind = CatalogTable::Kind::kExternal;
  std::erase_if(table->options, [](const auto& option) { return SameName(option.first, "path", false); });
}

/// Writes the rows of a query as all of the table's, and gives the table their columns.
void WriteRows(Workspace& workspace, CatalogTable* table, const proto::Relation& query, const Names& sort_columns,
               const std::string& operation) {
  Query rows = workspace.Translate(query, Workspace::Purpose::kExecution, operation);
  const Names partitions = std::move(table->partition_columns);
  table->partition_columns.clear();
  table->schema = ToSchema(rows.relation.columns);
  for (StructField& field : table->schema.fields) field.nullable = true;
  CheckDuplicates(table->schema);
  SetPartitions(table, partitions);
  FileWrite write;
  write.format = table->provider;
  write.options = table->options;
  write.target = table->location;
  write.mode = SaveMode::kOverwrite;
  write.partition_columns = table->partition_columns;
  write.sort_columns = sort_columns;
  write.time_zone = workspace.Options().time_zone;
  WriteFiles(write, rows.relation, rows.paths, workspace.Connect(operation));
}

}  // namespace

void CreateTable(Workspace& workspace, CatalogTable table, const proto::Relation* query, const Names& sort_columns,
                 const std::string& operation) {
  CheckFileFormat(table.provider);
  SetLocation(&table);
  const bool managed = table.kind == CatalogTable::Kind::kManaged;
  if (managed && HasFiles(table.location)) {
    throw Error("LOCATION_ALREADY_EXISTS",
                fmt::format("Cannot name the managed table as {}, as its associated location 'file:{}' already exists. "
                            "Please pick a different table name, or remove the existing location first.",
                            QualifiedName(table), table.location.string()),
                {{"location", "file:" + table.location.string()}, {"identifier", QualifiedName(table)}});
  }
  if (query == nullptr) {
    if (table.schema.fields.empty() && !managed) {
      proto::Relation read;
      auto* source = read.mutable_read()->mutable_data_source();
      source->set_format(table.provider);
      source->add_paths(table.location.string());
      for (const auto& [key, value] : table.options) (*source->mutable_options())[key] = value;
      table.schema = workspace.Schema(read);
      for (const StructField& field : ListInput({table.location.string()}).partitions) {
        table.partition_columns.push_back(field.name);
      }
    }
    CheckDuplicates(table.schema);
    workspace.catalog().CreateTable(table);
    return;
  }
  WriteRows(workspace, &table, *query, sort_columns, operation);
  workspace.engine().cache().Refresh(table.location.string());
  try {
    workspace.catalog().CreateTable(table);
  } catch (const Error&) {
    std::error_code ignored;
    if (managed) fs::remove_all(table.location, ignored);
    throw;
  }
}

void ReplaceTable(Workspace& workspace, const CatalogTable& old, CatalogTable table, const proto::Relation& query,
                  const std::string& operation) {
  CheckFileFormat(table.provider);
  SetLocation(&table);
  const Names sort_columns = table.sort_columns;
  WriteRows(workspace, &table, query, sort_columns, operation);
  if (old.kind == CatalogTable::Kind::kManaged && old.location != table.location) fs::remove_all(old.location);
  workspace.catalog().ReplaceTable(table);
  workspace.engine().cache().Refresh(table.location.string());
}

void RunCreateTable(Workspace& workspace, const plan::CreateTable& statement, const std::string& operation) {
  const Names name = PartsOf(statement.name());
  if (statement.or_replace() || statement.replace()) {
    const auto [database, table] = SplitTableName(name, workspace.Database());
    const char* what = statement.has_query() ? "REPLACE TABLE AS SELECT" : "REPLACE TABLE";
    throw Error("UNSUPPORTED_FEATURE.TABLE_OPERATION",
                fmt::format("The feature is not supported: Table {} does not support {}. Please check the current "
                            "catalog and namespace to make sure the qualified table name is expected, and also check "
                            "the catalog implementation which is configured by \"spark.sql.catalog\".",
                            QualifiedName(database, table), what),
                {{"tableName", QualifiedName(database, table)}, {"operation", what}});
  }
  CatalogTable table = NewTable(workspace, name);
  if (workspace.catalog().FindTable(table.database, table.name)) {
    if (statement.if_not_exists()) return;
    workspace.catalog().CreateTable(table);  // throws
  }
  table.provider = statement.provider().empty() ? workspace.conf().Find("spark.sql.sources.default").value_or("parquet")
                                                : statement.provider();
  table.options = {statement.options().begin(), statement.options().end()};
  table.properties = {statement.properties().begin(), statement.properties().end()};
  table.comment = statement.comment();
  if (!statement.location().empty()) table.options["path"] = statement.location();
  table.schema = SchemaOf(workspace, statement.columns(), "CREATE TABLE");
  if (statement.has_like()) {
    const Names source_name = PartsOf(statement.like());
    proto::Relation read;
    read.mutable_read()->mutable_named_table()->set_unparsed_identifier(QuoteName(source_name));
    const auto source =
        workspace.FindTempView(source_name) != nullptr ? std::nullopt : FindTable(workspace, source_name);
    table.schema = workspace.Schema(read);
    if (source) {
      table.schema = source->schema;
      table.partition_columns = source->partition_columns;
      if (statement.provider().empty() && source->kind != CatalogTable::Kind::kView) table.provider = source->provider;
      if (table.options.empty()) table.options = source->options;
    }
  }
  const Names partitions(statement.partition_columns().begin(), statement.partition_columns().end());
  if (statement.has_query()) {
    table.partition_columns = partitions;
  } else {
    SetPartitions(&table, partitions);
  }
  CreateTable(workspace, std::move(table), statement.has_query() ? &statement.query() : nullptr, {}, operation);
}

void RunDrop(Workspace& workspace, const plan::DropObject& statement) {
  const Names name = PartsOf(statement.name());
  switch (statement.kind()) {
    case plan::DropObject::NAMESPACE:
      if (statement.if_exists() && !workspace.catalog().FindDatabase(name.back())) return;
      workspace.catalog().DropDatabase(name.back(), statement.cascade());
      return;
    case plan::DropObject::FUNCTION:
    case plan::DropObject::VARIABLE:
      DropSessionObject(workspace, statement);
      return;
    default:
      break;
  }
  const bool view = statement.kind() == plan::DropObject::VIEW;
  if (workspace.FindTempView(name) != nullptr) {
    // DROP TABLE finds no temporary views in Spark either, but drops them.
    TempViews& views = name.size() == 1 ? workspace.views() : workspace.engine().global_views();
    views.Drop(name.back());
    return;
  }
  const auto table = FindTable(workspace, name);
  if (!table) {
    if (statement.if_exists()) return;
    const auto [database, plain] = SplitTableName(name, workspace.Database());
    ThrowTableNotFound({kCatalogName, database, plain}, workspace.Database(), false);
  }
  if (view && table->kind != CatalogTable::Kind::kView) {
    const char* found = table->kind == CatalogTable::Kind::kManaged ? "MANAGED" : "EXTERNAL";
    throw Error("WRONG_COMMAND_FOR_OBJECT_TYPE",
                fmt::format("The operation DROP VIEW requires a VIEW or METRIC_VIEW. But {} is a {}. Use DROP TABLE "
                            "instead.",
                            PlainName(*table), found),
                {{"objectName", PlainName(*table)},
                 {"foundType", found},
                 {"requiredType", "VIEW or METRIC_VIEW"},
                 {"operation", "DROP VIEW"},
                 {"alternative", "DROP TABLE"}});
  }
  workspace.catalog().DropTable(*table);
  if (table->kind != CatalogTable::Kind::kView) workspace.engine().cache().Refresh(table->location.string());
}

void RunTruncate(Workspace& workspace, const Names& name) {
  const CatalogTable table = GetRealTable(workspace, name, "TRUNCATE TABLE");
  if (table.kind == CatalogTable::Kind::kExternal) {
    throw Error("_LEGACY_ERROR_TEMP_1266",
                fmt::format("Operation not allowed: TRUNCATE TABLE on external tables: {}.", QualifiedName(table)),
                {{"tableIdentWithDB", QualifiedName(table)}});
  }
  fs::remove_all(table.location);
  fs::create_directories(table.location);
  workspace.engine().cache().Refresh(table.location.string());
}

Names PartitionsOf(const CatalogTable& table) {
  std::error_code ignored;
  if (!fs::exists(table.location, ignored)) return {};
  Names out;
  for (const InputFile& file : ListInput({table.location.string()}).files) {
    out.push_back(fs::relative(file.path.parent_path(), table.location).string());
  }
  std::ranges::sort(out);
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

void RunAlter(Workspace& workspace, const plan::AlterTable& statement) {
  const Names name = PartsOf(statement.name());
  CatalogTable table = GetTable(workspace, name);
  const bool is_view = table.kind == CatalogTable::Kind::kView;
  if (!statement.view() && is_view) ThrowNotView("ALTER TABLE", QualifiedName(table));
  if (statement.has_rename_to()) {
    const auto [database, plain] = SplitTableName(PartsOf(statement.rename_to()), table.database);
    if (database != table.database) {
      throw Error("_LEGACY_ERROR_TEMP_1073",
                  fmt::format("RENAME TABLE source and destination databases do not match: '{}' != '{}'.",
                              table.database, database),
                  {{"db", table.database}, {"newDb", database}});
    }
    CheckObjectName(PartsOf(statement.rename_to()).back());
    workspace.engine().cache().Refresh(table.location.string());
    workspace.catalog().RenameTable(table, plain);
    return;
  }
  if (statement.drop_columns_size() > 0 || statement.rename_columns_size() > 0) {
    const char* what = statement.drop_columns_size() > 0 ? "DROP COLUMN" : "RENAME COLUMN";
    throw Error("UNSUPPORTED_FEATURE.TABLE_OPERATION",
                fmt::format("The feature is not supported: Table {} does not support {}. Please check the current "
                            "catalog and namespace to make sure the qualified table name is expected, and also check "
                            "the catalog implementation which is configured by \"spark.sql.catalog\".",
                            QualifiedName(table), what),
                {{"tableName", QualifiedName(table)}, {"operation", what}});
  }
  if (statement.recover_partitions()) {
    if (table.partition_columns.empty()) {
      throw Error("NOT_A_PARTITIONED_TABLE",
                  fmt::format("Operation ALTER TABLE RECOVER PARTITIONS is not allowed for {} because it is not a "
                              "partitioned table.",
                              QualifiedName(table)),
                  {{"operation", "ALTER TABLE RECOVER PARTITIONS"}, {"tableIdentWithDB", QualifiedName(table)}});
    }
    workspace.engine().cache().Refresh(table.location.string());
    return;  // partitions are what is on disk
  }
  for (const plan::ColumnDefinition& column : statement.add_columns()) {
    if (!column.has_default_value()) continue;
    throw Error("UNSUPPORTED_FEATURE.COLUMN_DEFAULT",
                fmt::format("The embedded engine does not support the DEFAULT value of the added column {}: rows that "
                            "are there already would lack it.",
                            spark::Quote(column.name())));
  }
  const StructType added = SchemaOf(workspace, statement.add_columns(), "ALTER TABLE ADD COLUMNS");
  for (const StructField& field : added.fields) {
    table.schema.fields.insert(table.schema.fields.end() - static_cast<std::ptrdiff_t>(table.partition_columns.size()),
                               field);
  }
  CheckDuplicates(table.schema);
  for (const auto& [key, value] : statement.set_properties()) table.properties[key] = value;
  for (const std::string& key : statement.unset_properties()) {
    if (table.properties.erase(key) > 0 || statement.if_exists()) continue;
    throw Error(
        "UNSET_NONEXISTENT_PROPERTIES",
        fmt::format("Attempted to unset non-existent properties [`{}`] in table {}.", key, QualifiedName(table)),
        {{"properties", fmt::format("[`{}`]", key)}, {"table", QualifiedName(table)}});
  }
  if (!statement.set_location().empty()) {
    table.location = fs::absolute(LocalPath(statement.set_location())).lexically_normal();
  }
  if (statement.has_view_query()) {
    table.view_text = statement.view_query_text();
    table.view_database = workspace.Database();
    table.schema = workspace.Schema(statement.view_query());
  }
  workspace.catalog().ReplaceTable(table);
  if (!is_view) workspace.engine().cache().Refresh(table.location.string());
}

}  // namespace tinderbox::engine
