#include "engine/catalog/catalog.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/ascii.h"
#include "engine/named_plans.h"
#include "spark/type_names.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr const char* kKinds[] = {"MANAGED", "EXTERNAL", "VIEW"};

std::optional<Json> ReadEntry(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return std::nullopt;
  const Json json = Json::parse(in, nullptr, false);
  if (!json.is_object()) {
    throw Error("TINDERBOX_CATALOG_ENTRY",
                fmt::format("{} is not readable as an entry of the catalogue.", file.string()),
                {{"path", file.string()}});
  }
  return json;
}

/// Writes the entry aside and moves it into place. False when there is one already and it shall be new.
bool WriteEntry(const fs::path& file, const Json& json, bool is_new) {
  static std::atomic<uint64_t> count = 0;
  std::error_code failure;
  fs::create_directories(file.parent_path(), failure);
  const fs::path aside = file.parent_path() / fmt::format(".{}.{}.{}", file.filename().string(), getpid(), ++count);
  std::ofstream out(aside, std::ios::binary);
  out << json.dump(1, ' ', false, Json::error_handler_t::replace);
  out.close();
  bool there = false;
  if (out) {
    // A link fails when the name is taken, whoever took it.
    if (is_new) {
      fs::create_hard_link(aside, file, failure);
      there = failure == std::errc::file_exists;
      fs::remove(aside);
    } else {
      fs::rename(aside, file, failure);
    }
  }
  if (there) return false;
  if (!out || failure) {
    std::error_code ignored;
    fs::remove(aside, ignored);
    throw Error("TINDERBOX_WRITE_FAILED", fmt::format("{} cannot be written: {}.", file.string(),
                                                      failure ? failure.message() : std::strerror(errno)));
  }
  return true;
}

Json ToJson(const CatalogDatabase& database) {
  return {{"comment", database.comment},
          {"location", database.location.string()},
          {"owner", database.owner},
          {"properties", database.properties}};
}

CatalogDatabase ToDatabase(const std::string& name, const Json& json) {
  return {.name = name,
          .comment = json.at("comment"),
          .location = json.at("location").get<std::string>(),
          .properties = json.at("properties"),
          .owner = json.at("owner")};
}

Json ToJson(const CatalogTable& table) {
  return {{"kind", kKinds[static_cast<size_t>(table.kind)]},
          {"provider", table.provider},
          {"schema", Json::parse(table.schema.Json())},
          {"partition_columns", table.partition_columns},
          {"location", table.location.string()},
          {"options", table.options},
          {"properties", table.properties},
          {"comment", table.comment},
          {"owner", table.owner},
          {"created_millis", table.created_millis},
          {"bucket_count", table.bucket_count},
          {"bucket_columns", table.bucket_columns},
          {"sort_columns", table.sort_columns},
          {"view_text", table.view_text},
          {"view_database", table.view_database},
          {"view_columns", table.view_columns},
          {"view_conf", table.view_conf}};
}

CatalogTable ToTable(const std::string& database, const std::string& name, const Json& json) {
  CatalogTable out{.database = database,
                   .name = name,
                   .provider = json.at("provider"),
                   .schema = StructType::FromJson(json.at("schema").dump()),
                   .partition_columns = json.at("partition_columns"),
                   .location = json.at("location").get<std::string>(),
                   .options = json.at("options"),
                   .properties = json.at("properties"),
                   .comment = json.at("comment"),
                   .owner = json.at("owner"),
                   .created_millis = json.at("created_millis"),
                   .bucket_count = json.at("bucket_count"),
                   .bucket_columns = json.at("bucket_columns"),
                   .sort_columns = json.at("sort_columns"),
                   .view_text = json.at("view_text"),
                   .view_database = json.at("view_database"),
                   .view_columns = json.at("view_columns"),
                   .view_conf = json.at("view_conf")};
  const std::string kind = json.at("kind");
  if (kind == kKinds[1]) out.kind = CatalogTable::Kind::kExternal;
  if (kind == kKinds[2]) out.kind = CatalogTable::Kind::kView;
  return out;
}

/// The names of the entries of a folder, in order.
std::vector<std::string> Entries(const fs::path& folder) {
  std::vector<std::string> out;
  std::error_code ignored;
  for (fs::directory_iterator it(folder, ignored), end; it != end; it.increment(ignored)) {
    const fs::path& path = it->path();
    if (path.extension() == ".json" && !path.filename().string().starts_with(".")) out.push_back(path.stem().string());
  }
  std::ranges::sort(out);
  return out;
}

}  // namespace

void CheckObjectName(const std::string& name) {
  const bool valid =
      !name.empty() && std::ranges::all_of(name, [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
  if (valid) return;
  throw Error("INVALID_SCHEMA_OR_RELATION_NAME",
              fmt::format("{} is not a valid name for tables/schemas. Valid names only contain alphabet characters, "
                          "numbers and _.",
                          spark::Quote(name)),
              {{"name", spark::Quote(name)}});
}

StructType CatalogTable::DataSchema() const {
  StructType out = schema;
  out.fields.resize(out.fields.size() - partition_columns.size());
  return out;
}

StructType CatalogTable::PartitionSchema() const {
  return {{schema.fields.end() - static_cast<std::ptrdiff_t>(partition_columns.size()), schema.fields.end()}};
}

Catalog::Catalog(fs::path warehouse)
    : warehouse_(fs::absolute(warehouse).lexically_normal()), entries_(warehouse_ / "_tinderbox") {}

fs::path Catalog::DatabaseFile(const std::string& name) const {
  return entries_ / "databases" / (base::LowerCase(name) + ".json");
}

fs::path Catalog::TableFile(const std::string& database, const std::string& name) const {
  return entries_ / "tables" / base::LowerCase(database) / (base::LowerCase(name) + ".json");
}

fs::path Catalog::DefaultLocation(const std::string& database, const std::string& table) const {
  const auto found = FindDatabase(database);
  return (found ? found->location : warehouse_) / base::LowerCase(table);
}

std::vector<CatalogDatabase> Catalog::Databases() const {
  std::vector<CatalogDatabase> out;
  bool has_default = false;
  for (const std::string& name : Entries(entries_ / "databases")) {
    if (auto database = FindDatabase(name)) out.push_back(std::move(*database));
    has_default = has_default || name == kDefaultDatabase;
  }
  if (!has_default) out.push_back(*FindDatabase(kDefaultDatabase));
  std::ranges::sort(out, {}, &CatalogDatabase::name);
  return out;
}

std::optional<CatalogDatabase> Catalog::FindDatabase(const std::string& name) const {
  const std::string lower = base::LowerCase(name);
  if (lower.find_first_of("/.") != std::string::npos || lower.empty()) return std::nullopt;
  if (const auto json = ReadEntry(DatabaseFile(lower))) return ToDatabase(lower, *json);
  if (lower != kDefaultDatabase) return std::nullopt;
  return CatalogDatabase{
      .name = kDefaultDatabase, .comment = "default database", .location = warehouse_, .properties = {}, .owner = ""};
}

CatalogDatabase Catalog::GetDatabase(const std::string& name) const {
  if (auto found = FindDatabase(name)) return std::move(*found);
  const std::string quoted = fmt::format("{}.{}", spark::Quote(kCatalogName), spark::Quote(name));
  throw Error("SCHEMA_NOT_FOUND",
              fmt::format("The schema {} cannot be found. Verify the spelling and correctness of the schema and "
                          "catalog.\nIf you did not qualify the name with a catalog, verify the current_schema() "
                          "output, or qualify the name with the correct catalog.\nTo tolerate the error on drop use "
                          "DROP SCHEMA IF EXISTS.",
                          quoted),
              {{"schemaName", quoted}});
}

void Catalog::CreateDatabase(CatalogDatabase database) {
  CheckObjectName(database.name);
  database.name = base::LowerCase(database.name);
  if (database.location.empty()) database.location = warehouse_ / (database.name + ".db");
  const std::lock_guard lock(mutex_);
  const bool taken = FindDatabase(database.name).has_value() || database.name == kGlobalTempDatabase;
  if (!taken) fs::create_directories(database.location);
  if (taken || !WriteEntry(DatabaseFile(database.name), ToJson(database), true)) {
    throw Error("SCHEMA_ALREADY_EXISTS",
                fmt::format("Cannot create schema {} because it already exists.\nChoose a different name, drop the "
                            "existing schema, or add the IF NOT EXISTS clause to tolerate pre-existing schema.",
                            spark::Quote(database.name)),
                {{"schemaName", spark::Quote(database.name)}});
  }
}

void Catalog::ReplaceDatabase(const CatalogDatabase& database) {
  const std::lock_guard lock(mutex_);
  WriteEntry(DatabaseFile(database.name), ToJson(database), false);
}

void Catalog::DropDatabase(const std::string& name, bool cascade) {
  const CatalogDatabase database = GetDatabase(name);
  if (database.name == kDefaultDatabase) {
    throw Error("UNSUPPORTED_FEATURE.DROP_DATABASE",
                "The feature is not supported: Drop the default schema `spark_catalog`.`default`.",
                {{"database", "`spark_catalog`.`default`"}});
  }
  const auto tables = Tables(database.name);
  if (!tables.empty() && !cascade) {
    throw Error("SCHEMA_NOT_EMPTY",
                fmt::format("Cannot drop a schema {} because it contains objects.\nUse DROP SCHEMA ... CASCADE to drop "
                            "the schema and all its objects.",
                            spark::Quote(database.name)),
                {{"schemaName", spark::Quote(database.name)}});
  }
  for (const CatalogTable& table : tables) DropTable(table);
  const std::lock_guard lock(mutex_);
  fs::remove(DatabaseFile(database.name));
  std::error_code ignored;
  fs::remove_all(entries_ / "tables" / database.name, ignored);
  // Only a folder that is the database's own, and that holds nothing of others.
  if (database.location == warehouse_ / (database.name + ".db")) fs::remove_all(database.location, ignored);
}

std::vector<CatalogTable> Catalog::Tables(const std::string& database) const {
  std::vector<CatalogTable> out;
  for (const std::string& name : Entries(entries_ / "tables" / base::LowerCase(database))) {
    if (auto table = FindTable(database, name)) out.push_back(std::move(*table));
  }
  return out;
}

std::optional<CatalogTable> Catalog::FindTable(const std::string& database, const std::string& name) const {
  if (name.find_first_of("/.") != std::string::npos || database.find_first_of("/.") != std::string::npos) {
    return std::nullopt;
  }
  const auto json = ReadEntry(TableFile(database, name));
  if (!json) return std::nullopt;
  return ToTable(base::LowerCase(database), base::LowerCase(name), *json);
}

void Catalog::CreateTable(const CatalogTable& table) {
  CheckObjectName(table.name);
  const std::lock_guard lock(mutex_);
  if (WriteEntry(TableFile(table.database, table.name), ToJson(table), true)) return;
  const std::string name = fmt::format("{}.{}.{}", spark::Quote(kCatalogName), spark::Quote(table.database),
                                       spark::Quote(base::LowerCase(table.name)));
  throw Error("TABLE_OR_VIEW_ALREADY_EXISTS",
              fmt::format("Cannot create table or view {} because it already exists.\nChoose a different name, drop or "
                          "replace the existing object, or add the IF NOT EXISTS clause to tolerate pre-existing "
                          "objects.",
                          name),
              {{"relationName", name}});
}

void Catalog::ReplaceTable(const CatalogTable& table) {
  CheckObjectName(table.name);
  const std::lock_guard lock(mutex_);
  WriteEntry(TableFile(table.database, table.name), ToJson(table), false);
}

void Catalog::DropTable(const CatalogTable& table) {
  const std::lock_guard lock(mutex_);
  std::error_code ignored;
  fs::remove(TableFile(table.database, table.name), ignored);
  if (table.kind == CatalogTable::Kind::kManaged) fs::remove_all(table.location, ignored);
}

void Catalog::RenameTable(const CatalogTable& table, const std::string& name) {
  CatalogTable renamed = table;
  renamed.name = base::LowerCase(name);
  const bool moves =
      table.kind == CatalogTable::Kind::kManaged && table.location == DefaultLocation(table.database, table.name);
  if (moves) renamed.location = DefaultLocation(table.database, name);
  CreateTable(renamed);
  const std::lock_guard lock(mutex_);
  std::error_code failure;
  if (moves && fs::exists(table.location)) fs::rename(table.location, renamed.location, failure);
  fs::remove(TableFile(failure ? renamed.database : table.database, failure ? renamed.name : table.name));
  if (failure) {
    throw Error("TINDERBOX_WRITE_FAILED", fmt::format("{} cannot be moved to {}: {}.", table.location.string(),
                                                      renamed.location.string(), failure.message()));
  }
}

}  // namespace tinderbox::engine
