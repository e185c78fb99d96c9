#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"
#include "base/fail.h"
#include "engine/jdbc/jdbc.h"
#include "engine/jdbc/options.h"
#include "engine/translate/relation_translator.h"
#include "spark/type_names.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {
namespace {

constexpr size_t kPiece = 1 << 20;

/// The column type that Spark makes for it.
std::string PostgresType(const StructField& field, const DataType& type) {
  switch (type.kind()) {
    case TypeKind::kByte:
    case TypeKind::kShort:
      return "SMALLINT";
    case TypeKind::kInteger:
      return "INTEGER";
    case TypeKind::kLong:
      return "BIGINT";
    case TypeKind::kFloat:
      return "FLOAT4";
    case TypeKind::kDouble:
      return "FLOAT8";
    case TypeKind::kBoolean:
      return "BOOLEAN";
    case TypeKind::kString:
      return "TEXT";
    case TypeKind::kBinary:
      return "BYTEA";
    case TypeKind::kDate:
      return "DATE";
    case TypeKind::kTimestamp:
      return "TIMESTAMP WITH TIME ZONE";
    case TypeKind::kTimestampNtz:
      return "TIMESTAMP";
    case TypeKind::kDecimal:
      return fmt::format("NUMERIC({},{})", type.precision(), type.scale());
    case TypeKind::kArray:
      return PostgresType(field, type.element()) + "[]";
    default:
      throw Error("TINDERBOX_JDBC",
                  fmt::format("Can't get JDBC type for {}: PostgreSQL has none for the column \"{}\". Leave it out, or "
                              "make a text of it with to_json.",
                              type.Sql(), field.name));
  }
}

/// The value as PostgreSQL reads it.
Sql ValueText(const Sql& value, const DataType& type, int depth = 0) {
  switch (type.kind()) {
    case TypeKind::kBinary:
      return Template("'\\x' || hex($1)", {value});
    case TypeKind::kArray: {
      const Sql element = Ident(fmt::format("e{}", depth));
      Sql text = ValueText(element, type.element(), depth + 1);
      if (type.element().kind() != TypeKind::kArray) {
        text = Template("'\"' || replace(replace($1, '\\', '\\\\'), '\"', '\\\"') || '\"'", {text});
      }
      return Template("'{' || array_to_string(list_transform($1, lambda $2: coalesce($3, 'NULL')), ',') || '}'",
                      {value, element, text});
    }
    default:
      return Template("CAST($1 AS VARCHAR)", {value});
  }
}

void AppendEscaped(std::string_view text, std::string* out) {
  for (const char c : text) {
    switch (c) {
      case '\\':
        *out += "\\\\";
        break;
      case '\n':
        *out += "\\n";
        break;
      case '\r':
        *out += "\\r";
        break;
      case '\t':
        *out += "\\t";
        break;
      default:
        *out += c;
    }
  }
}

/// Makes pieces of COPY's text form of a query's rows, all of whose columns are texts.
class CopyText {
 public:
  CopyText(const Lease& lease, const Sql& query) : stream_(OpenStream(lease, query.text())) {}

  std::string_view Next() {
    buffer_.clear();
    while (buffer_.size() < kPiece && stream_->Next(&batch_)) {
      for (int64_t row = 0; row < batch_.rows(); ++row) {
        for (int64_t c = 0; c < batch_.array().n_children; ++c) {
          if (c > 0) buffer_ += '\t';
          const ArrowArray& column = batch_.column(static_cast<size_t>(c));
          const auto* valid = static_cast<const uint8_t*>(column.buffers[0]);
          if (valid != nullptr && (valid[row / 8] >> (row % 8) & 1) == 0) {
            buffer_ += "\\N";
            continue;
          }
          const auto* offsets = static_cast<const int32_t*>(column.buffers[1]);
          AppendEscaped({static_cast<const char*>(column.buffers[2]) + offsets[row],
                         static_cast<size_t>(offsets[row + 1] - offsets[row])},
                        &buffer_);
        }
        buffer_ += '\n';
      }
    }
    return buffer_;
  }

 private:
  std::unique_ptr<ResultStream> stream_;
  ArrowBatch batch_;
  std::string buffer_;
};

/// The types that createTableColumnTypes names, by column in lower case: "name CHAR(64), comments VARCHAR(1024)".
std::map<std::string, std::string> GivenTypes(const std::string& text, const StructType& schema) {
  std::map<std::string, std::string> out;
  int depth = 0;
  std::string part;
  const auto add = [&] {
    const size_t first = part.find_first_not_of(' ');
    if (first == std::string::npos) return;
    const size_t space = part.find(' ', first);
    std::string name = part.substr(first, space == std::string::npos ? space : space - first);
    if (name.size() > 1 && name.front() == '`' && name.back() == '`') name = name.substr(1, name.size() - 2);
    const bool known = std::ranges::any_of(
        schema.fields, [&](const StructField& field) { return base::LowerCase(field.name) == base::LowerCase(name); });
    if (space == std::string::npos || !known) {
      base::Fail("TINDERBOX_JDBC", "createTableColumnTypes option column {} not found in schema {}.", name,
                 schema.ToType().SimpleString());
    }
    out[base::LowerCase(name)] = part.substr(space + 1);
    part.clear();
  };
  for (const char c : text) {
    depth += c == '(' ? 1 : c == ')' ? -1 : 0;
    if (c == ',' && depth == 0) {
      add();
    } else {
      part += c;
    }
  }
  add();
  return out;
}

}  // namespace

void WriteJdbc(const std::map<std::string, std::string>& given, SaveMode mode, const TranslatedRelation& input,
               const std::string& time_zone, bool case_sensitive, const Lease& lease) {
  const JdbcOptions options = ParseJdbc(given, true);
  StructType schema;
  std::vector<Sql> values;
  for (const OutputColumn& column : input.columns) {
    schema.fields.push_back({column.name, column.type, column.nullable, "{}"});
    PostgresType(schema.fields.back(), column.type);
    values.push_back(
        Concat({ValueText(Ident(column.id), column.type), Token(" AS "), Ident(fmt::format("v{}", values.size()))}));
  }
  if (schema.fields.empty()) base::Fail("TINDERBOX_JDBC", "A table without columns cannot be written.");

  Postgres connection(options.address);
  connection.Rows("SELECT set_config('TimeZone', $1, false)", {time_zone});
  if (const std::string first = options.Get("sessioninitstatement"); !first.empty()) connection.Run(first);
  connection.Run("BEGIN");
  const bool exists = !connection.Rows("SELECT 1 WHERE to_regclass($1) IS NOT NULL", {options.table}).empty();
  if (exists && mode == SaveMode::kIgnore) return;
  if (exists && mode == SaveMode::kErrorIfExists) {
    throw Error("TABLE_OR_VIEW_ALREADY_EXISTS",
                fmt::format("Table or view '{}' already exists. SaveMode: ErrorIfExists.", options.table),
                {{"relationName", options.table}});
  }
  std::vector<std::string> names;
  for (const StructField& field : schema.fields) names.push_back(field.name);
  const bool truncate = exists && mode == SaveMode::kOverwrite && options.Flag("truncate", false);
  if (truncate) {
    connection.Run(fmt::format("TRUNCATE TABLE ONLY {}{}", options.table,
                               options.Flag("cascadetruncate", false) ? " CASCADE" : ""));
  } else if (exists && mode == SaveMode::kOverwrite) {
    connection.Run("DROP TABLE " + options.table);
  }
  if (exists && (truncate || mode != SaveMode::kOverwrite)) {
    // Columns go by name into those of the table.
    const auto there = connection.Describe(fmt::format("SELECT * FROM {} WHERE 1=0", options.table));
    for (std::string& name : names) {
      const auto found = std::ranges::find_if(there, [&](const PostgresColumn& column) {
        return column.name == name || (!case_sensitive && base::LowerCase(column.name) == base::LowerCase(name));
      });
      if (found == there.end()) {
        std::string known;
        for (const PostgresColumn& column : there)
          known += fmt::format("{}`{}`", known.empty() ? "" : ", ", column.name);
        base::FailWith(
            "COLUMN_NOT_DEFINED_IN_TABLE",
            {{"colName", spark::Quote(name)}, {"tableName", spark::Quote(options.table)}, {"tableCols", known}},
            "Column `{}` is not defined in table `{}`, defined table columns are: {}.", name, options.table, known);
      }
      name = found->name;
    }
  } else {
    const auto types = GivenTypes(options.Get("createtablecolumntypes"), schema);
    std::string columns;
    for (const StructField& field : schema.fields) {
      const auto type = types.find(base::LowerCase(field.name));
      columns += fmt::format("{}{} {}{}", columns.empty() ? "" : ", ", QuotePostgres(field.name),
                             type == types.end() ? PostgresType(field, field.type) : type->second,
                             field.nullable ? "" : " NOT NULL");
    }
    connection.Run(fmt::format("CREATE TABLE {} ({}) {}", options.table, columns, options.Get("createtableoptions")));
  }
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + QuotePostgres(name);
  CopyText rows(lease, Concat({Token("SELECT "), Join(values, ", "), Token("\nFROM "), Derived(input.sql)}));
  connection.CopyIn(fmt::format("COPY {} ({}) FROM STDIN", options.table, list), [&] { return rows.Next(); });
  connection.Run("COMMIT");
}

}  // namespace tinderbox::engine
