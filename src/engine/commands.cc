#include "engine/commands.h"

#include <fmt/format.h>

#include "engine/files/paths.h"
#include "engine/files/read.h"
#include "engine/files/write.h"
#include "engine/jdbc/jdbc.h"
#include "engine/session_leaves.h"
#include "engine/statements/tables.h"
#include "engine/translate/names.h"
#include "spark/proto.h"
#include "spark/type_names.h"
#include "sql/parser.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

using WriteProto = proto::WriteOperation;
using Names = std::vector<std::string>;

SaveMode ToMode(WriteProto::SaveMode mode) {
  switch (mode) {
    case WriteProto::SAVE_MODE_APPEND:
      return SaveMode::kAppend;
    case WriteProto::SAVE_MODE_OVERWRITE:
      return SaveMode::kOverwrite;
    case WriteProto::SAVE_MODE_IGNORE:
      return SaveMode::kIgnore;
    default:
      return SaveMode::kErrorIfExists;
  }
}

std::string SourceOf(Workspace& workspace, const WriteProto& write) {
  if (write.has_source() && !write.source().empty()) return write.source();
  return workspace.conf().Find("spark.sql.sources.default").value_or("parquet");
}

void RefuseFeature(const char* what) {
  throw Error("UNSUPPORTED_FEATURE.WRITE", fmt::format("The embedded engine does not support {}.", what));
}

void WriteToDatabase(Workspace& workspace, const WriteProto& write, const std::string& operation) {
  if (write.partitioning_columns_size() > 0 || write.clustering_columns_size() > 0)
    throw Error("UNSUPPORTED_FEATURE.WRITE", "'jdbc' does not support partitioning.");
  const Query query = workspace.Translate(write.input(), Workspace::Purpose::kExecution, operation);
  workspace.Observe(query, operation);
  const TranslateOptions options = workspace.Options();
  WriteJdbc({write.options().begin(), write.options().end()}, ToMode(write.mode()), query.relation, options.time_zone,
            options.case_sensitive, workspace.Connect(operation));
}

void WriteToPath(Workspace& workspace, const WriteProto& write, const std::string& operation) {
  if (write.has_bucket_by()) {
    throw Error("_LEGACY_ERROR_TEMP_1312", "'save' does not support bucketBy right now.", {{"operation", "save"}});
  }
  if (write.sort_column_names_size() > 0) {
    throw Error("SORT_BY_WITHOUT_BUCKETING", "sortBy must be used together with bucketBy.");
  }
  if (SameName(SourceOf(workspace, write), "jdbc", false)) return WriteToDatabase(workspace, write, operation);
  FileWrite out;
  out.format = SourceOf(workspace, write);
  out.options = {write.options().begin(), write.options().end()};
  std::string path = write.path();
  if (path.empty()) path = FindOption(out.options, "path").value_or("");
  std::erase_if(out.options, [](const auto& option) { return SameName(option.first, "path", false); });
  if (path.empty() && !SameName(out.format, "noop", false)) {
    throw Error("TINDERBOX_NO_PATH", fmt::format("Writing {} needs a path.", out.format));
  }
  SetTarget(path, workspace.conf().All(), &out);
  out.scratch = workspace.conf().Find(spark::conf::kLocalDirectory).value_or("");
  out.mode = ToMode(write.mode());
  out.partition_columns = {write.partitioning_columns().begin(), write.partitioning_columns().end()};
  // Clustering is about where rows lie; which rows there are stays the same.
  out.sort_columns = {write.clustering_columns().begin(), write.clustering_columns().end()};
  if (out.mode == SaveMode::kOverwrite && !out.partition_columns.empty() &&
      OverwritesDynamically(workspace, out.options)) {
    out.mode = SaveMode::kOverwritePartitions;
  }
  std::erase_if(out.options,
                [](const auto& option) { return SameName(option.first, "partitionOverwriteMode", false); });
  const TranslateOptions options = workspace.Options();
  out.case_sensitive = options.case_sensitive;
  out.time_zone = options.time_zone;
  const Query query = workspace.Translate(write.input(), Workspace::Purpose::kExecution, operation);
  workspace.Observe(query, operation);
  WriteFiles(out, query.relation, query.paths, workspace.Connect(operation));
  if (out.target.empty()) return;  // noop
  workspace.engine().cache().Refresh(TargetName(out));
}

CatalogTable TableOf(Workspace& workspace, const Names& name, const WriteProto& write) {
  CatalogTable table = NewTable(workspace, name);
  table.provider = SourceOf(workspace, write);
  table.options = {write.options().begin(), write.options().end()};
  table.partition_columns = {write.partitioning_columns().begin(), write.partitioning_columns().end()};
  if (write.has_bucket_by()) {
    table.bucket_count = write.bucket_by().num_buckets();
    table.bucket_columns = {write.bucket_by().bucket_column_names().begin(),
                            write.bucket_by().bucket_column_names().end()};
    table.sort_columns = {write.sort_column_names().begin(), write.sort_column_names().end()};
  } else if (write.sort_column_names_size() > 0) {
    throw Error("SORT_BY_WITHOUT_BUCKETING", "sortBy must be used together with bucketBy.");
  }
  return table;
}

/// df.write.mode("append").saveAsTable(): by name, and only what fits.
void AppendToTable(Workspace& workspace, const CatalogTable& table, const WriteProto& write,
                   const std::string& operation) {
  const StructType data = workspace.Schema(write.input());
  const std::string name = PlainName(table);
  if (data.fields.size() != table.schema.fields.size()) {
    throw Error("_LEGACY_ERROR_TEMP_1161",
                fmt::format("The column number of the existing table {} ({}) doesn't match the data schema ({}).", name,
                            table.schema.ToType().SimpleString(), data.ToType().SimpleString()),
                {{"tableName", name},
                 {"existingTableSchema", table.schema.ToType().SimpleString()},
                 {"querySchema", data.ToType().SimpleString()}});
  }
  std::string columns;
  for (const StructField& field : data.fields) columns += (columns.empty() ? "" : ", ") + field.name;
  for (const StructField& field : table.schema.fields) {
    if (data.Find(field.name)) continue;
    throw Error("_LEGACY_ERROR_TEMP_1162",
                fmt::format("Cannot resolve '{}' given input columns: [{}].", field.name, columns),
                {{"col", field.name}, {"inputColumns", columns}});
  }
  Insert insert;
  insert.by_name = true;
  InsertRows(workspace, table, write.input(), insert, operation);
}

void WriteToTable(Workspace& workspace, const WriteProto& write, const std::string& operation) {
  if (write.clustering_columns_size() > 0) RefuseFeature("tables with clusterBy");
  const Names name = sql::ParseName(write.table().table_name());
  const SaveMode mode = ToMode(write.mode());
  if (write.table().save_method() == WriteProto::SaveTable::TABLE_SAVE_METHOD_INSERT_INTO) {
    if (write.has_bucket_by() || write.sort_column_names_size() > 0)
      RefuseFeature("insertInto with bucketBy or sortBy");
    if (write.partitioning_columns_size() > 0) {
      throw Error("_LEGACY_ERROR_TEMP_1309",
                  "insertInto() can't be used together with partitionBy(). Partition columns have already been defined "
                  "for the table. It is not necessary to use partitionBy().");
    }
    if (workspace.FindTempView(name) == nullptr && !FindTable(workspace, name)) {
      ThrowTableNotFound(name, workspace.Database());
    }
    Insert insert;
    insert.overwrite = mode == SaveMode::kOverwrite;
    insert.dynamic = OverwritesDynamically(workspace, {write.options().begin(), write.options().end()});
    InsertRows(workspace, GetRealTable(workspace, name, "INSERT"), write.input(), insert, operation);
    return;
  }
  const auto existing = FindTable(workspace, name);
  if (existing && mode == SaveMode::kIgnore) return;
  if (existing && mode == SaveMode::kAppend) {
    if (existing->kind == CatalogTable::Kind::kView) GetRealTable(workspace, name, "saveAsTable");
    const std::string source = SourceOf(workspace, write);
    if (write.has_source() && !SameName(source, existing->provider, false)) {
      throw Error(
          "_LEGACY_ERROR_TEMP_1159",
          fmt::format("The format of the existing table {} is `{}`. It doesn't match the specified format `{}`.",
                      PlainName(*existing), existing->provider, source),
          {{"tableName", PlainName(*existing)},
           {"existingProvider", existing->provider},
           {"specifiedProvider", source}});
    }
    AppendToTable(workspace, *existing, write, operation);
    return;
  }
  CatalogTable table = TableOf(workspace, name, write);
  if (!existing || mode != SaveMode::kOverwrite) {
    if (existing) workspace.catalog().CreateTable(table);  // throws
    const Names sort_columns = table.sort_columns;
    CreateTable(workspace, std::move(table), &write.input(), sort_columns, operation);
    return;
  }
  if (existing->kind == CatalogTable::Kind::kView) GetRealTable(workspace, name, "saveAsTable");
  ReplaceTable(workspace, *existing, std::move(table), write.input(), operation);
}

}  // namespace

void RunWrite(Workspace& workspace, const WriteProto& write, const std::string& operation) {
  if (write.with_schema_evolution()) RefuseFeature("schema evolution");
  if (write.has_table()) {
    WriteToTable(workspace, write, operation);
  } else {
    WriteToPath(workspace, write, operation);
  }
}

void RunWrite(Workspace& workspace, const proto::WriteOperationV2& write, const std::string& operation) {
  using V2 = proto::WriteOperationV2;
  if (write.clustering_columns_size() > 0) RefuseFeature("clusterBy");
  if (write.with_schema_evolution()) RefuseFeature("schema evolution");
  const Names name = sql::ParseName(write.table_name());
  const auto [database, plain] = SplitTableName(name, workspace.Database());
  const std::string qualified = QualifiedName(database, plain);
  switch (write.mode()) {
    case V2::MODE_CREATE:
      break;
    case V2::MODE_REPLACE:
    case V2::MODE_CREATE_OR_REPLACE:
      throw Error(
          "UNSUPPORTED_FEATURE.TABLE_OPERATION",
          fmt::format("The feature is not supported: Table {} does not support REPLACE TABLE AS SELECT. Please "
                      "check the current catalog and namespace to make sure the qualified table name is expected, "
                      "and also check the catalog implementation which is configured by \"spark.sql.catalog\".",
                      qualified),
          {{"tableName", qualified}, {"operation", "REPLACE TABLE AS SELECT"}});
    default:
      if (!workspace.catalog().FindTable(database, plain)) ThrowTableNotFound(name, workspace.Database());
      throw Error("_LEGACY_ERROR_TEMP_1012", fmt::format("Cannot write into v1 table: {}.", qualified),
                  {{"identifier", qualified}});
  }
  CatalogTable table = NewTable(workspace, name);
  if (workspace.catalog().FindTable(database, plain)) workspace.catalog().CreateTable(table);  // throws
  table.provider = write.has_provider() && !write.provider().empty()
                       ? write.provider()
                       : workspace.conf().Find("spark.sql.sources.default").value_or("parquet");
  table.options = {write.options().begin(), write.options().end()};
  table.properties = {write.table_properties().begin(), write.table_properties().end()};
  for (const proto::Expression& column : write.partitioning_columns()) {
    if (!column.has_unresolved_attribute()) RefuseFeature("partitioning by something other than columns");
    table.partition_columns.push_back(sql::ParseName(column.unresolved_attribute().unparsed_identifier()).back());
  }
  CreateTable(workspace, std::move(table), &write.input(), {}, operation);
}

}  // namespace tinderbox::engine
