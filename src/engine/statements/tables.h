#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/files/write.h"
#include "engine/workspace.h"

namespace spark::connect {
class Expression;
class Relation;
}  // namespace spark::connect
namespace tinderbox::plan {
class AlterTable;
class CreateTable;
class DropObject;
class InsertInto;
class Name;
class TruncateTable;
}  // namespace tinderbox::plan

namespace tinderbox::engine {

std::vector<std::string> PartsOf(const plan::Name& name);

/// "`spark_catalog`.`default`.`t`"
std::string QualifiedName(const std::string& database, const std::string& table);
inline std::string QualifiedName(const CatalogTable& table) {
  return QualifiedName(table.database, table.name);
}
/// "spark_catalog.default.t"
std::string PlainName(const CatalogTable& table);

/// The table or view of the catalogue. Throws TABLE_OR_VIEW_NOT_FOUND.
CatalogTable GetTable(Workspace& workspace, const std::vector<std::string>& name);
/// The same for a table alone: views, temporary ones too, are refused for `operation`.
CatalogTable GetRealTable(Workspace& workspace, const std::vector<std::string>& name, const char* operation);
std::optional<CatalogTable> FindTable(Workspace& workspace, const std::vector<std::string>& name);

/// A table of that name with the session's database, an owner and the time; nothing is stored yet. Throws
/// SCHEMA_NOT_FOUND, and Error for a name that cannot be a table's.
CatalogTable NewTable(Workspace& workspace, const std::vector<std::string>& name);
/// Stores a table; with `query`, its rows and their columns become those of the table. `table.schema` may be empty when
/// there are files to tell it from.
void CreateTable(Workspace& workspace, CatalogTable table, const ::spark::connect::Relation* query,
                 const std::vector<std::string>& sort_columns, const std::string& operation);
/// The same in place of a table that is there, which stays when anything fails.
void ReplaceTable(Workspace& workspace, const CatalogTable& old, CatalogTable table,
                  const ::spark::connect::Relation& query, const std::string& operation);
/// Moves the partition columns to the end, in their order. Throws for one that is not there.
void SetPartitions(CatalogTable* table, const std::vector<std::string>& columns);

struct Insert {
  bool overwrite = false;
  bool by_name = false;
  bool dynamic = false;  ///< overwrites only the partitions that get rows
  std::vector<std::string> columns;
  std::vector<std::pair<std::string, const ::spark::connect::Expression*>> partitions;  ///< those with a value
};
/// Adds rows to a table with the checks and casts of an ANSI store assignment.
void InsertRows(Workspace& workspace, const CatalogTable& table, const ::spark::connect::Relation& query,
                const Insert& insert, const std::string& operation);
/// Whether overwriting touches only the partitions that get rows, by the settings and the write's own options.
bool OverwritesDynamically(Workspace& workspace, const std::map<std::string, std::string>& options);

void RunCreateTable(Workspace& workspace, const plan::CreateTable& statement, const std::string& operation);
void RunInsert(Workspace& workspace, const plan::InsertInto& statement, const std::string& operation);
void RunDrop(Workspace& workspace, const plan::DropObject& statement);
void RunTruncate(Workspace& workspace, const std::vector<std::string>& name);
void RunAlter(Workspace& workspace, const plan::AlterTable& statement);
/// The partitions of a table as they are on disk: "p=1/q=a".
std::vector<std::string> PartitionsOf(const CatalogTable& table);

/// Whether a value may be stored as another type under ANSI rules: when the cast cannot be nonsense.
bool CanStore(const DataType& from, const DataType& to);

}  // namespace tinderbox::engine
