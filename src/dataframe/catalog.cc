#include "tinderbox/catalog.h"

#include "dataframe/relation.h"
#include "spark/proto_types.h"
#include "spark/storage_level.h"

namespace tinderbox {
namespace {

using dataframe::Parts;

std::optional<std::string> Text(const Value& value) {
  if (value.is_null()) return std::nullopt;
  return value.As<std::string>();
}

std::vector<std::string> Texts(const Value& value) {
  return value.is_null() ? std::vector<std::string>() : typed::Cell<std::vector<std::string>>::From(value);
}

TableInfo ToTable(const Row& row) {
  return {row[0].As<std::string>(), Text(row[1]),     Texts(row[2]), Text(row[3]),
          row[4].As<std::string>(), row[5].As<bool>()};
}

FunctionInfo ToFunction(const Row& row) {
  return {row[0].As<std::string>(), Text(row[1]), Texts(row[2]), Text(row[3]), Text(row[4]), row[5].As<bool>()};
}

DatabaseInfo ToDatabase(const Row& row) {
  return {row[0].As<std::string>(), Text(row[1]), Text(row[2]), Text(row[3]).value_or("")};
}

template <typename T, typename Convert>
std::vector<T> All(const std::vector<Row>& rows, Convert&& convert) {
  std::vector<T> out;
  for (const Row& row : rows) out.push_back(convert(row));
  return out;
}

/// Sets those of the message's fields "db_name" and "pattern" that are given.
template <typename Message>
void Narrow(const std::optional<std::string>& database, const std::optional<std::string>& pattern, Message* out) {
  if (database) out->set_db_name(*database);
  if (pattern) out->set_pattern(*pattern);
}

}  // namespace

/// What `fill` asks of the catalog, as a DataFrame.
template <typename Fill>
DataFrame Catalog::Ask(Fill&& fill) const {
  return dataframe::MakeRelation(session_, [&](Parts&, proto::Relation* out) { fill(out->mutable_catalog()); });
}
template <typename Fill>
std::vector<Row> Catalog::Rows(Fill&& fill) const {
  return Ask(fill).Collect();
}

std::string Catalog::CurrentCatalog() const {
  return Rows([](auto* ask) { ask->mutable_current_catalog(); }).at(0)[0].As<std::string>();
}
void Catalog::SetCurrentCatalog(std::string_view name) const {
  Rows([&](auto* ask) { ask->mutable_set_current_catalog()->set_catalog_name(std::string(name)); });
}
std::vector<CatalogInfo> Catalog::ListCatalogs(const std::optional<std::string>& pattern) const {
  const std::vector<Row> rows = Rows([&](auto* ask) {
    ask->mutable_list_catalogs();
    if (pattern) ask->mutable_list_catalogs()->set_pattern(*pattern);
  });
  return All<CatalogInfo>(rows, [](const Row& row) { return CatalogInfo{row[0].As<std::string>(), Text(row[1])}; });
}

std::string Catalog::CurrentDatabase() const {
  return Rows([](auto* ask) { ask->mutable_current_database(); }).at(0)[0].As<std::string>();
}
void Catalog::SetCurrentDatabase(std::string_view name) const {
  Rows([&](auto* ask) { ask->mutable_set_current_database()->set_db_name(std::string(name)); });
}
std::vector<DatabaseInfo> Catalog::ListDatabases(const std::optional<std::string>& pattern) const {
  const std::vector<Row> rows = Rows([&](auto* ask) {
    ask->mutable_list_databases();
    if (pattern) ask->mutable_list_databases()->set_pattern(*pattern);
  });
  return All<DatabaseInfo>(rows, ToDatabase);
}
DatabaseInfo Catalog::GetDatabase(std::string_view name) const {
  return ToDatabase(Rows([&](auto* ask) { ask->mutable_get_database()->set_db_name(std::string(name)); }).at(0));
}
bool Catalog::DatabaseExists(std::string_view name) const {
  const auto rows = Rows([&](auto* ask) { ask->mutable_database_exists()->set_db_name(std::string(name)); });
  return rows.at(0)[0].As<bool>();
}
void Catalog::CreateDatabase(std::string_view name, bool if_not_exists,
                             const std::map<std::string, std::string>& properties) const {
  Rows([&](auto* ask) {
    auto* create = ask->mutable_create_database();
    create->set_db_name(std::string(name));
    create->set_if_not_exists(if_not_exists);
    for (const auto& [key, value] : properties) (*create->mutable_properties())[key] = value;
  });
}
void Catalog::DropDatabase(std::string_view name, bool if_exists, bool cascade) const {
  Rows([&](auto* ask) {
    ask->mutable_drop_database()->set_db_name(std::string(name));
    ask->mutable_drop_database()->set_if_exists(if_exists);
    ask->mutable_drop_database()->set_cascade(cascade);
  });
}

std::vector<TableInfo> Catalog::ListTables(const std::optional<std::string>& database,
                                           const std::optional<std::string>& pattern) const {
  return All<TableInfo>(Rows([&](auto* ask) { Narrow(database, pattern, ask->mutable_list_tables()); }), ToTable);
}
std::vector<TableInfo> Catalog::ListViews(const std::optional<std::string>& database,
                                          const std::optional<std::string>& pattern) const {
  return All<TableInfo>(Rows([&](auto* ask) { Narrow(database, pattern, ask->mutable_list_views()); }), ToTable);
}
TableInfo Catalog::GetTable(std::string_view name) const {
  return ToTable(Rows([&](auto* ask) { ask->mutable_get_table()->set_table_name(std::string(name)); }).at(0));
}
bool Catalog::TableExists(std::string_view name, const std::optional<std::string>& database) const {
  const auto rows = Rows([&](auto* ask) {
    ask->mutable_table_exists()->set_table_name(std::string(name));
    if (database) ask->mutable_table_exists()->set_db_name(*database);
  });
  return rows.at(0)[0].As<bool>();
}
std::vector<ColumnInfo> Catalog::ListColumns(std::string_view table, const std::optional<std::string>& database) const {
  const std::vector<Row> rows = Rows([&](auto* ask) {
    ask->mutable_list_columns()->set_table_name(std::string(table));
    if (database) ask->mutable_list_columns()->set_db_name(*database);
  });
  return All<ColumnInfo>(rows, [](const Row& row) {
    return ColumnInfo{row[0].As<std::string>(), Text(row[1]),      row[2].As<std::string>(), row[3].As<bool>(),
                      row[4].As<bool>(),        row[5].As<bool>(), row[6].As<bool>()};
  });
}
std::vector<std::string> Catalog::ListPartitions(std::string_view table) const {
  const auto rows = Rows([&](auto* ask) { ask->mutable_list_partitions()->set_table_name(std::string(table)); });
  return All<std::string>(rows, [](const Row& row) { return row[0].As<std::string>(); });
}
std::map<std::string, std::string> Catalog::TableProperties(std::string_view table) const {
  std::map<std::string, std::string> out;
  for (const Row& row :
       Rows([&](auto* ask) { ask->mutable_get_table_properties()->set_table_name(std::string(table)); })) {
    out[row[0].As<std::string>()] = row[1].As<std::string>();
  }
  return out;
}
std::string Catalog::CreateTableString(std::string_view table, bool as_serde) const {
  const auto rows = Rows([&](auto* ask) {
    ask->mutable_get_create_table_string()->set_table_name(std::string(table));
    ask->mutable_get_create_table_string()->set_as_serde(as_serde);
  });
  return rows.at(0)[0].As<std::string>();
}
DataFrame Catalog::CreateTable(std::string_view name, const std::optional<std::string>& path,
                               const std::optional<std::string>& source, const std::optional<StructType>& schema,
                               const std::optional<std::string>& description,
                               const std::map<std::string, std::string>& options) const {
  Rows([&](auto* ask) {
    auto* create = ask->mutable_create_table();
    create->set_table_name(std::string(name));
    if (path) create->set_path(*path);
    if (source) create->set_source(*source);
    if (schema) spark::ToProto(schema->ToType(), create->mutable_schema());
    create->set_description(description.value_or(""));
    for (const auto& [key, value] : options) (*create->mutable_options())[key] = value;
  });
  return session_.Table(name);
}
void Catalog::DropTable(std::string_view name, bool if_exists, bool purge) const {
  Rows([&](auto* ask) {
    ask->mutable_drop_table()->set_table_name(std::string(name));
    ask->mutable_drop_table()->set_if_exists(if_exists);
    ask->mutable_drop_table()->set_purge(purge);
  });
}
void Catalog::DropView(std::string_view name, bool if_exists) const {
  Rows([&](auto* ask) {
    ask->mutable_drop_view()->set_view_name(std::string(name));
    ask->mutable_drop_view()->set_if_exists(if_exists);
  });
}
bool Catalog::DropTempView(std::string_view name) const {
  const auto rows = Rows([&](auto* ask) { ask->mutable_drop_temp_view()->set_view_name(std::string(name)); });
  return rows.at(0)[0].As<bool>();
}
bool Catalog::DropGlobalTempView(std::string_view name) const {
  const auto rows = Rows([&](auto* ask) { ask->mutable_drop_global_temp_view()->set_view_name(std::string(name)); });
  return rows.at(0)[0].As<bool>();
}
void Catalog::TruncateTable(std::string_view name) const {
  Rows([&](auto* ask) { ask->mutable_truncate_table()->set_table_name(std::string(name)); });
}
void Catalog::AnalyzeTable(std::string_view name, bool no_scan) const {
  Rows([&](auto* ask) {
    ask->mutable_analyze_table()->set_table_name(std::string(name));
    ask->mutable_analyze_table()->set_no_scan(no_scan);
  });
}
void Catalog::RecoverPartitions(std::string_view table) const {
  Rows([&](auto* ask) { ask->mutable_recover_partitions()->set_table_name(std::string(table)); });
}

std::vector<FunctionInfo> Catalog::ListFunctions(const std::optional<std::string>& database,
                                                 const std::optional<std::string>& pattern) const {
  return All<FunctionInfo>(Rows([&](auto* ask) { Narrow(database, pattern, ask->mutable_list_functions()); }),
                           ToFunction);
}
FunctionInfo Catalog::GetFunction(std::string_view name) const {
  return ToFunction(Rows([&](auto* ask) { ask->mutable_get_function()->set_function_name(std::string(name)); }).at(0));
}
bool Catalog::FunctionExists(std::string_view name, const std::optional<std::string>& database) const {
  const auto rows = Rows([&](auto* ask) {
    ask->mutable_function_exists()->set_function_name(std::string(name));
    if (database) ask->mutable_function_exists()->set_db_name(*database);
  });
  return rows.at(0)[0].As<bool>();
}

void Catalog::CacheTable(std::string_view name, const std::optional<StorageLevel>& level) const {
  Rows([&](auto* ask) {
    ask->mutable_cache_table()->set_table_name(std::string(name));
    if (level) spark::ToProto(*level, ask->mutable_cache_table()->mutable_storage_level());
  });
}
void Catalog::UncacheTable(std::string_view name) const {
  Rows([&](auto* ask) { ask->mutable_uncache_table()->set_table_name(std::string(name)); });
}
bool Catalog::IsCached(std::string_view name) const {
  return Rows([&](auto* ask) { ask->mutable_is_cached()->set_table_name(std::string(name)); }).at(0)[0].As<bool>();
}
void Catalog::ClearCache() const {
  Rows([](auto* ask) { ask->mutable_clear_cache(); });
}
void Catalog::RefreshTable(std::string_view name) const {
  Rows([&](auto* ask) { ask->mutable_refresh_table()->set_table_name(std::string(name)); });
}
void Catalog::RefreshByPath(std::string_view path) const {
  Rows([&](auto* ask) { ask->mutable_refresh_by_path()->set_path(std::string(path)); });
}

}  // namespace tinderbox
