#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"

#include "engine/files/paths.h"
#include "engine/files/read.h"
#include "engine/statements/describe.h"
#include "engine/statements/tables.h"
#include "engine/translate/relation_translator.h"
#include "spark/extension.h"
#include "spark/plan_extensions.pb.h"
#include "spark/proto.h"
#include "spark/proto_expressions.h"
#include "spark/proto_types.h"
#include "spark/type_names.h"
#include "sql/parser.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

using Names = std::vector<std::string>;

/// The DEFAULT of a column; nullopt when it has none.
std::optional<proto::Expression> DefaultOf(const StructField& field) {
  const auto text = DefaultTextOf(field);
  if (!text) return std::nullopt;
  return sql::ParseExpression(*text);
}

/// Puts the values that DEFAULT stands for into the rows of INSERT … VALUES.
void ReplaceDefaults(const CatalogTable& table, const plan::InsertInto& statement, proto::Relation* query) {
  plan::RelationExtension extension;
  if (!query->has_extension() || !spark::UnpackExtension(query->extension(), &extension) ||
      !extension.has_inline_table()) {
    return;
  }
  std::vector<StructField> targets;
  for (const std::string& name : statement.columns()) {
    if (const auto found = table.schema.Find(name)) targets.push_back(table.schema.fields[*found]);
  }
  for (const StructField& field : table.schema.fields) {
    const bool fixed = std::ranges::any_of(statement.partitions(), [&](const auto& partition) {
      return partition.has_value() && SameName(partition.column(), field.name, false);
    });
    if (statement.columns().empty() && !fixed) targets.push_back(field);
  }
  bool replaced = false;
  for (auto& row : *extension.mutable_inline_table()->mutable_rows()) {
    for (int i = 0; i < row.values_size() && static_cast<size_t>(i) < targets.size(); ++i) {
      proto::Expression& value = *row.mutable_values(i);
      if (!value.has_unresolved_attribute() ||
          !SameName(value.unresolved_attribute().unparsed_identifier(), "default", false)) {
        continue;
      }
      const StructField& field = targets[static_cast<size_t>(i)];
      proto::Expression wanted;
      if (const auto own = DefaultOf(field)) {
        wanted = *own;
      } else {
        spark::ToProto(DataType(), wanted.mutable_literal()->mutable_null());
      }
      value.Clear();
      *value.mutable_cast()->mutable_expr() = std::move(wanted);
      spark::ToProto(field.type, value.mutable_cast()->mutable_type());
      replaced = true;
    }
  }
  if (replaced) query->mutable_extension()->PackFrom(extension);
}

std::string QuotedType(const DataType& type) {
  return fmt::format("\"{}\"", type.Sql());
}

std::string QuotedNames(const Names& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + spark::Quote(name);
  return out;
}

Names NamesOf(const StructType& schema) {
  Names out;
  for (const StructField& field : schema.fields) out.push_back(field.name);
  return out;
}

[[noreturn]] void ThrowArity(const CatalogTable& table, const Names& columns, const Names& data) {
  const bool many = data.size() > columns.size();
  throw Error(
      many ? "INSERT_COLUMN_ARITY_MISMATCH.TOO_MANY_DATA_COLUMNS"
           : "INSERT_COLUMN_ARITY_MISMATCH.NOT_ENOUGH_DATA_COLUMNS",
      fmt::format("Cannot write to {}, the reason is {} data columns:\nTable columns: {}.\nData columns: {}.",
                  QualifiedName(table), many ? "too many" : "not enough", QuotedNames(columns), QuotedNames(data)),
      {{"tableName", QualifiedName(table)},
       {"tableColumns", QuotedNames(columns)},
       {"dataColumns", QuotedNames(data)}});
}

/// One column of the table and what is stored in it.
struct Assignment {
  StructField field;
  std::optional<Typed> value;  ///< NULL without one
};

/// Which data column goes into each of `fields`.
std::vector<Assignment> Assign(const CatalogTable& table, const StructType& fields,
                               const std::vector<OutputColumn>& data, const Insert& insert) {
  Names data_names;
  for (const OutputColumn& column : data) data_names.push_back(column.name);
  const auto value_of = [](const OutputColumn& column) {
    return Typed{Ident(column.id), column.type, column.nullable};
  };
  std::vector<Assignment> out;
  for (const StructField& field : fields.fields) out.push_back({field, std::nullopt});
  if (!insert.by_name && insert.columns.empty()) {
    if (data.size() != fields.fields.size()) ThrowArity(table, NamesOf(fields), data_names);
    for (size_t i = 0; i < data.size(); ++i) out[i].value = value_of(data[i]);
    return out;
  }
  const Names& targets = insert.by_name ? data_names : insert.columns;
  if (targets.size() != data.size()) ThrowArity(table, targets, data_names);
  Names extra;
  for (size_t i = 0; i < targets.size(); ++i) {
    const auto found = fields.Find(targets[i]);
    if (found) {
      out[*found].value = value_of(data[i]);
    } else {
      extra.push_back(targets[i]);
    }
  }
  if (extra.empty()) return out;
  if (insert.by_name) {
    throw Error("INCOMPATIBLE_DATA_FOR_TABLE.EXTRA_COLUMNS",
                fmt::format("Cannot write incompatible data for the table {}: Cannot write extra columns {}.",
                            QualifiedName(table), QuotedNames(extra)),
                {{"tableName", QualifiedName(table)}, {"extraColumns", QuotedNames(extra)}});
  }
  const std::string known = QuotedNames(NamesOf(table.schema));
  throw Error(
      "UNRESOLVED_COLUMN.WITH_SUGGESTION",
      fmt::format("A column, variable, or function parameter with name {} cannot be resolved. Did you mean one of "
                  "the following? [{}].",
                  spark::Quote(extra[0]), known),
      {{"objectName", spark::Quote(extra[0])}, {"proposal", known}});
}

/// The cast of a store assignment.
Sql Stored(const CatalogTable& table, const Assignment& assignment, const Scope& scope) {
  const DataType& to = assignment.field.type;
  if (!assignment.value && !DefaultOf(assignment.field)) return CastTo(Token("NULL"), to);
  const Typed value = assignment.value ? *assignment.value : TranslateExpression(*DefaultOf(assignment.field), scope);
  if (value.type.SameIgnoringNullability(to)) return value.sql;
  if (!CanStore(value.type, to)) {
    throw Error(
        "INCOMPATIBLE_DATA_FOR_TABLE.CANNOT_SAFELY_CAST",
        fmt::format("Cannot write incompatible data for the table {}: Cannot safely cast {} {} to {}.",
                    QualifiedName(table), spark::Quote(assignment.field.name), QuotedType(value.type), QuotedType(to)),
        {{"tableName", QualifiedName(table)},
         {"colName", spark::Quote(assignment.field.name)},
         {"srcType", QuotedType(value.type)},
         {"targetType", QuotedType(to)}});
  }
  return TranslateCast(value, to, scope, false).sql;
}

/// An overflow names the column it would be stored in.
[[noreturn]] void ThrowOverflow(const std::vector<Assignment>& assignments, const Error& error) {
  for (const Assignment& assignment : assignments) {
    if (!assignment.value || !assignment.value->type.IsNumeric() || !assignment.field.type.IsNumeric()) continue;
    const auto target = error.params().find("targetType");
    if (target != error.params().end() && target->second != QuotedType(assignment.field.type)) continue;
    const std::string from = QuotedType(assignment.value->type);
    const std::string to = QuotedType(assignment.field.type);
    const std::string column = spark::Quote(assignment.field.name);
    throw Error(
        "CAST_OVERFLOW_IN_TABLE_INSERT",
        fmt::format("Fail to assign a value of {} type to the {} type column or variable {} due to an overflow. "
                    "Use `try_cast` on the input value to tolerate overflow and return NULL instead.",
                    from, to, column),
        {{"sourceType", from}, {"targetType", to}, {"columnName", column}});
  }
  throw error;
}

}  // namespace

bool CanStore(const DataType& from, const DataType& to) {
  if (from.kind() == TypeKind::kNull || from.SameIgnoringNullability(to)) return true;
  if (from.IsNumeric() && to.IsNumeric()) return true;
  if (to.kind() == TypeKind::kString) return !from.IsNested() && from.kind() != TypeKind::kBinary;
  const auto is_time = [](const DataType& type) {
    return type.kind() == TypeKind::kDate || type.kind() == TypeKind::kTimestamp ||
           type.kind() == TypeKind::kTimestampNtz;
  };
  if (is_time(from) && is_time(to)) return true;
  if (from.kind() != to.kind()) return false;
  switch (from.kind()) {
    case TypeKind::kYearMonthInterval:
    case TypeKind::kDayTimeInterval:
    case TypeKind::kTime:
      return true;
    case TypeKind::kArray:
      return CanStore(from.element(), to.element());
    case TypeKind::kMap:
      return CanStore(from.key(), to.key()) && CanStore(from.value(), to.value());
    case TypeKind::kStruct:
      return std::ranges::equal(from.fields(), to.fields(),
                                [](const StructField& a, const StructField& b) { return CanStore(a.type, b.type); });
    default:
      return false;
  }
}

bool OverwritesDynamically(Workspace& workspace, const std::map<std::string, std::string>& options) {
  const auto mode = FindOption(options, "partitionOverwriteMode");
  return base::LowerCase(mode ? *mode
                              : workspace.conf().Find("spark.sql.sources.partitionOverwriteMode").value_or("STATIC")) ==
         "dynamic";
}

void InsertRows(Workspace& workspace, const CatalogTable& table, const proto::Relation& query, const Insert& insert,
                const std::string& operation) {
  const Query data = workspace.Translate(query, Workspace::Purpose::kExecution, operation);
  const TranslateOptions options = workspace.Options();
  Scope scope;
  scope.columns = &data.relation.columns;
  scope.time_zone = options.time_zone;  // always ANSI, as spark.sql.storeAssignmentPolicy is

  std::vector<Assignment> fixed;
  StructType open = table.schema;
  for (const auto& [name, expression] : insert.partitions) {
    const bool partition = std::ranges::any_of(
        table.partition_columns, [&name = name](const std::string& column) { return SameName(column, name, false); });
    if (!partition) {
      throw Error(
          "PARTITIONS_NOT_FOUND",
          fmt::format("The partition(s) {} cannot be found in table {}.\nVerify the partition specification and "
                      "table name.\nTo tolerate the error on drop use ALTER TABLE … DROP IF EXISTS PARTITION.",
                      spark::Quote(name), QualifiedName(table)),
          {{"partitionList", spark::Quote(name)}, {"tableName", QualifiedName(table)}});
    }
    if (expression == nullptr) continue;
    const size_t at = *open.Find(name);
    const Typed value = TranslateExpression(*expression, scope);
    // A value of a partition is cast as it is written into the folder's name.
    fixed.push_back({open.fields[at],
                     Typed{TranslateCast(value, open.fields[at].type, scope, false).sql, open.fields[at].type, true}});
    open.fields.erase(open.fields.begin() + static_cast<std::ptrdiff_t>(at));
  }
  std::vector<Assignment> assignments = Assign(table, open, data.relation.columns, insert);
  assignments.insert(assignments.end(), fixed.begin(), fixed.end());

  UniqueIds ids;
  std::vector<SelectItem> items;
  for (const StructField& field : table.schema.fields) {
    const auto assignment =
        std::ranges::find(assignments, field.name, [](const Assignment& a) { return a.field.name; });
    OutputColumn column = NewColumns(StructType{{field}})[0];
    column.id = ids.Make(field.name);
    items.push_back({Stored(table, *assignment, scope), column});
  }
  const TranslatedRelation rows = Select(std::move(items), Derived(data.relation.sql));

  const Lease lease = workspace.Connect(operation);
  FileWrite write;
  write.format = table.provider;
  write.options = table.options;
  write.target = table.location;
  write.mode = !insert.overwrite                                    ? SaveMode::kAppend
               : insert.dynamic && !table.partition_columns.empty() ? SaveMode::kOverwritePartitions
                                                                    : SaveMode::kOverwrite;
  write.partition_columns = table.partition_columns;
  write.time_zone = options.time_zone;
  if (insert.overwrite) {
    for (const std::string& path : data.paths) {
      if (path != table.location.string() && !path.starts_with(table.location.string() + "/")) continue;
      throw Error("UNSUPPORTED_OVERWRITE.TABLE",
                  fmt::format("Can't overwrite the target that is also being read from. The target table is {}.",
                              QualifiedName(table)),
                  {{"table", QualifiedName(table)}});
    }
    if (write.mode == SaveMode::kOverwrite) {
      for (const std::string& column : table.partition_columns) {
        const auto value = std::ranges::find(fixed, column, [](const Assignment& a) { return a.field.name; });
        if (value == fixed.end()) break;
        const Sql text = TranslateCast(*value->value, DataType(TypeKind::kString), scope, false).sql;
        const std::string shown = lease->Text(Concat({Token("SELECT "), text}).text());
        write.overwritten_partition.emplace_back(column, shown.empty() ? std::nullopt : std::optional(shown));
      }
    }
  }
  try {
    WriteFiles(write, rows, {}, lease);
  } catch (const Error& error) {
    if (error.condition() == "CAST_OVERFLOW" || error.condition() == "NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION") {
      ThrowOverflow(assignments, error);
    }
    throw;
  }
  workspace.engine().cache().Refresh(table.location.string());
}

void RunInsert(Workspace& workspace, const plan::InsertInto& statement, const std::string& operation) {
  if (statement.has_replace_where()) {
    throw Error("UNSUPPORTED_FEATURE.STATEMENT", "The embedded engine does not support INSERT INTO … REPLACE WHERE.");
  }
  if (!statement.directory().empty()) {
    const Query data = workspace.Translate(statement.query(), Workspace::Purpose::kExecution, operation);
    FileWrite write;
    write.format = statement.provider();
    write.options = {statement.options().begin(), statement.options().end()};
    SetTarget(statement.directory(), workspace.conf().All(), &write);
    write.scratch = workspace.conf().Find(spark::conf::kLocalDirectory).value_or("");
    write.mode = SaveMode::kOverwrite;
    write.time_zone = workspace.Options().time_zone;
    WriteFiles(write, data.relation, data.paths, workspace.Connect(operation));
    workspace.engine().cache().Refresh(TargetName(write));
    return;
  }
  const CatalogTable table = GetRealTable(workspace, PartsOf(statement.table()), "INSERT");
  Insert insert;
  insert.overwrite = statement.overwrite();
  insert.by_name = statement.by_name();
  insert.dynamic = OverwritesDynamically(workspace, {});
  insert.columns = {statement.columns().begin(), statement.columns().end()};
  for (const auto& partition : statement.partitions()) {
    insert.partitions.emplace_back(partition.column(), partition.has_value() ? &partition.value() : nullptr);
  }
  if (statement.if_not_exists()) {
    throw Error("UNSUPPORTED_FEATURE.STATEMENT",
                "The embedded engine does not support INSERT OVERWRITE … PARTITION … IF NOT EXISTS.");
  }
  proto::Relation query = statement.query();
  ReplaceDefaults(table, statement, &query);
  InsertRows(workspace, table, query, insert, operation);
}

}  // namespace tinderbox::engine
