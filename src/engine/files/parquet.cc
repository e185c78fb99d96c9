#include "engine/files/parquet.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <ctime>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>

#include "base/ascii.h"
#include "engine/duckdb/encode_error.h"
#include "engine/named_plans.h"
#include "engine/translate/relation_translator.h"
#include "spark/type_names.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

constexpr char kRowMetadata[] = "org.apache.spark.sql.parquet.row.metadata";

/// What DuckDB's types do not show of a Parquet leaf.
struct Leaf {
  bool int96 = false;
  bool lossy_nanoseconds = false;  ///< nanoseconds that DuckDB's reader cuts to microseconds without a word
};

Sql FileList(const InputFiles& input) {
  std::vector<Sql> files;
  for (const InputFile& file : input.files) files.push_back(StringLiteral(file.path.string()));
  return Concat({Token("["), Join(files, ", "), Token("]")});
}

Sql ReadCall(const Sql& files, bool many) {
  std::vector<Sql> arguments{files, Token("hive_partitioning = false")};
  if (many) arguments.push_back(Token("union_by_name = true"));
  return Call("read_parquet", arguments);
}

/// The leaves of a file, in the order of its schema.
std::vector<Leaf> ReadLeaves(Lease lease, const std::string& file) {
  Sql query = Concat({Token("SELECT type = 'INT96', coalesce(logical_type LIKE '%NANOS=Nano%' AND (logical_type LIKE "
                            "'TimeType%' OR logical_type LIKE '%isAdjustedToUTC=1%'), false) FROM parquet_schema("),
                      StringLiteral(file), Token(") WHERE num_children IS NULL")});
  auto stream = OpenStream(std::move(lease), query.text());
  std::vector<Leaf> leaves;
  auto bit = [](const ArrowArray& array, int64_t row) {
    return (static_cast<const uint8_t*>(array.buffers[1])[row / 8] >> (row % 8) & 1) != 0;
  };
  for (ArrowBatch batch; stream->Next(&batch);) {
    for (int64_t row = 0; row < batch.rows(); ++row) {
      leaves.push_back({bit(batch.column(0), row), bit(batch.column(1), row)});
    }
  }
  return leaves;
}

/// What the converter does for the first file's leaves it does for all files: others may not need more.
void RefuseOtherLeaves(Lease lease, const InputFiles& input, const std::vector<Leaf>& first) {
  bool int96 = std::ranges::any_of(first, &Leaf::int96);
  bool nanoseconds = std::ranges::any_of(first, &Leaf::lossy_nanoseconds);
  Sql query = Concat({Token("SELECT DISTINCT file_name FROM parquet_schema("), FileList(input),
                      Token(") WHERE num_children IS NULL AND "), Token(int96 || nanoseconds ? "false" : "true"),
                      Token(" AND (type = 'INT96' OR coalesce(logical_type LIKE '%NANOS=Nano%' AND (logical_type LIKE "
                            "'TimeType%' OR logical_type LIKE '%isAdjustedToUTC=1%'), false)) LIMIT 1")});
  std::string file = lease->Text(query.text());
  if (file.empty()) return;
  throw Error("TINDERBOX_PARQUET_NANOSECONDS",
              fmt::format("{} stores times in another way than {} (INT96, or nanoseconds with a zone). Read the two "
                          "separately.",
                          file, input.files[0].path.string()),
              {{"path", file}});
}

/// Turns a value as DuckDB reads it into one of the Spark type, remembering what leaf is next.
class Converter {
 public:
  Converter(std::vector<Leaf> leaves, std::string file) : leaves_(std::move(leaves)), file_(std::move(file)) {}

  /// The column's Spark type by the file alone.
  DataType SparkType(const EngineType& type) {
    if (!IsNestedName(type)) {
      const Leaf& leaf = leaves_[next_++];
      return leaf.int96 && type.type.kind() == TypeKind::kTimestampNtz ? DataType(TypeKind::kTimestamp) : type.type;
    }
    std::vector<DataType> children;
    for (const EngineType& child : type.children) children.push_back(SparkType(child));
    return WithChildren(type, children);
  }

  /// Whether the column holds something that a plain cast would not get right.
  bool NeedsCare(const EngineType& type, size_t* leaf) const {
    if (!IsNestedName(type)) {
      const Leaf& one = leaves_[(*leaf)++];
      return one.int96 || one.lossy_nanoseconds || type.nanoseconds;
    }
    bool needs = false;
    for (const EngineType& child : type.children) needs = NeedsCare(child, leaf) || needs;
    return needs;
  }

  Sql Convert(const Sql& value, const EngineType& type, const DataType& to, const std::string& column, size_t* leaf) {
    size_t probe = *leaf;
    if (!NeedsCare(type, &probe)) {
      *leaf = probe;
      return type.exact && TypeName(type.type).text() == TypeName(to).text() ? value : CastTo(value, to);
    }
    if (!IsNestedName(type)) return ConvertLeaf(value, type, to, column, leaves_[(*leaf)++]);
    return ConvertNested(value, type, to, column, leaf);
  }

 private:
  static bool IsNestedName(const EngineType& type) { return !type.children.empty(); }
  static DataType WithChildren(const EngineType& type, const std::vector<DataType>& children) {
    if (type.name == "MAP") return DataType::Map(children[0], children[1]);
    if (type.name != "STRUCT") return DataType::Array(children[0]);
    std::vector<StructField> fields = type.type.fields();
    for (size_t i = 0; i < fields.size(); ++i) fields[i].type = children[i];
    return DataType::Struct(std::move(fields));
  }

  Sql Fail(const std::string& column, const std::string& why) const {
    Error error(
        "TINDERBOX_PARQUET_NANOSECONDS",
        fmt::format("The column \"{}\" of {} {}. Write it with microseconds, or leave it out.", column, file_, why),
        {{"column", column}, {"path", file_}});
    return Call("error", {StringLiteral(EncodeError(error))});
  }

  Sql ConvertLeaf(const Sql& value, const EngineType& type, const DataType& to, const std::string& column,
                  const Leaf& leaf) {
    if (leaf.lossy_nanoseconds) {
      return CastTo(
          Fail(column, fmt::format("has {} with nanoseconds, which the embedded engine cannot read without loss",
                                   type.type.SimpleString())),
          to);
    }
    if (type.nanoseconds) {
      Sql fail = Fail(column, "has a timestamp that is no whole microsecond, which Spark's types cannot hold");
      return Concat({Token("CASE WHEN epoch_ns("), value, Token(") % 1000 = 0 OR "), value,
                     Token(" IS NULL THEN CAST("), value, Token(" AS TIMESTAMP) ELSE CAST("), fail,
                     Token(" AS TIMESTAMP) END")});
    }
    // The bits of an INT96 are an instant in UTC, which DuckDB shows as a wall-clock time.
    if (to.kind() == TypeKind::kTimestamp) return Call("timezone", {StringLiteral("UTC"), value});
    return CastTo(value, to);
  }

  Sql ConvertNested(const Sql& value, const EngineType& type, const DataType& to, const std::string& column,
                    size_t* leaf) {
    Sql converted;
    if (type.name == "STRUCT") {
      std::vector<Sql> fields;
      for (size_t i = 0; i < type.children.size(); ++i) {
        const std::string& name = type.type.fields()[i].name;
        Sql field = Call("struct_extract", {value, StringLiteral(name)});
        fields.push_back(Concat({Ident(to.fields()[i].name), Token(" := "),
                                 Convert(field, type.children[i], to.fields()[i].type, column + "." + name, leaf)}));
      }
      converted = Call("struct_pack", fields);
    } else if (type.name == "MAP") {
      size_t key_leaf = *leaf, value_leaf = *leaf;
      NeedsCare(type.children[0], &value_leaf);
      auto side = [&](const char* function, size_t child, const DataType& child_type, size_t* at) {
        Sql variable = Ident(fmt::format("v{}", depth_++));
        Sql body = Convert(variable, type.children[child], child_type, column, at);
        return Call("list_transform",
                    {Call(function, {value}), Concat({Token("lambda "), variable, Token(": "), body})});
      };
      Sql keys = side("map_keys", 0, to.key(), &key_leaf);
      Sql values = side("map_values", 1, to.value(), &value_leaf);
      *leaf = value_leaf;
      converted = Call("map", {keys, values});
    } else {
      Sql variable = Ident(fmt::format("v{}", depth_++));
      Sql body = Convert(variable, type.children[0], to.element(), column, leaf);
      converted = Call("list_transform", {value, Concat({Token("lambda "), variable, Token(": "), body})});
    }
    return Concat({Token("CASE WHEN "), value, Token(" IS NULL THEN NULL ELSE "), converted, Token(" END")});
  }

  std::vector<Leaf> leaves_;
  std::string file_;
  size_t next_ = 0;
  int depth_ = 0;
};

/// Whether the schema Spark wrote beside the data can be meant for these columns.
bool Fits(const DataType& spark, const DataType& file) {
  if (spark.kind() == TypeKind::kNull) return !file.IsNested();  // Spark writes void as some type
  if (spark.kind() != file.kind() || !spark.IsNested()) {
    bool same_bits = !spark.IsNested() && !file.IsNested() && TypeName(spark).text() == TypeName(file).text();
    bool instants = spark.kind() == TypeKind::kTimestamp && file.kind() == TypeKind::kTimestamp;
    return same_bits || instants;
  }
  switch (spark.kind()) {
    case TypeKind::kArray:
      return Fits(spark.element(), file.element());
    case TypeKind::kMap:
      return Fits(spark.key(), file.key()) && Fits(spark.value(), file.value());
    default: {
      if (spark.fields().size() != file.fields().size()) return false;
      for (size_t i = 0; i < spark.fields().size(); ++i) {
        if (!SameName(spark.fields()[i].name, file.fields()[i].name, false)) return false;
        if (!Fits(spark.fields()[i].type, file.fields()[i].type)) return false;
      }
      return true;
    }
  }
}

/// Refuses what Spark knows and DuckDB's reader cannot do; Spark ignores what it does not know.
void CheckOptions(const FileRead& request) {
  for (const char* name : {"datetimeRebaseMode", "int96RebaseMode"}) {
    const auto value = FindOption(request.options, name);
    if (!value || SameName(*value, "CORRECTED", false) || SameName(*value, "EXCEPTION", false)) continue;
    throw Error("UNSUPPORTED_FEATURE.READ_OPTION",
                fmt::format("Reading Parquet has no option {} = {} in the embedded engine.", name, *value),
                {{"option", name}});
  }
}

/// For each file its value of a partition column, looked up by the file's number.
Sql PartitionValue(const InputFiles& input, size_t partition, const DataType& type) {
  std::vector<Sql> values;
  for (const InputFile& file : input.files) {
    const auto& value = file.partition_values[partition];
    values.push_back(value ? StringLiteral(*value) : Token("NULL"));
  }
  Sql list = CastTo(Concat({Token("["), Join(values, ", "), Token("]")}), DataType::Array(type));
  return Call("list_extract", {list, Token("CAST(file_index AS BIGINT) + 1")});
}

/// What the files' footers say, as far as a read needs it.
struct Footer {
  std::vector<EngineColumn> columns;  ///< of the first file; of all when they are merged
  std::vector<Leaf> leaves;           ///< of the first file
  std::string metadata;               ///< the schema that Spark wrote into the first file; empty without one
};

Footer ReadFooter(const InputFiles& input, bool merge, Database& database) {
  const std::string first = input.files[0].path.string();
  const bool many = input.files.size() > 1;
  Sql first_only = Concat({Token("["), StringLiteral(first), Token("]")});
  Sql described = ReadCall(merge ? FileList(input) : first_only, merge);
  Footer out;
  auto& [columns, leaves, metadata] = out;
  try {
    columns = database.Connect()->Describe(Concat({Token("SELECT * FROM "), described}).text());
    leaves = ReadLeaves(database.Connect(), first);
    if (many) RefuseOtherLeaves(database.Connect(), input, merge ? std::vector<Leaf>{} : leaves);
    metadata =
        database.Connect()->Text(Concat({Token("SELECT decode(value) FROM parquet_kv_metadata("), StringLiteral(first),
                                         Token(") WHERE decode(key) = "), StringLiteral(kRowMetadata)})
                                     .text());
  } catch (const Interrupted&) {
    throw;
  } catch (const Error& error) {
    throw Error(
        "FAILED_READ_FILE.CANNOT_READ_FILE_FOOTER",
        fmt::format("Encountered error while reading file {0}. Could not read footer: {1} Check that {0} is a complete "
                    "Parquet file.",
                    first, error.what()),
        {{"path", "file:" + first}});
  }
  if (many && !merge) {
    // DuckDB would widen a column to what all files have; Spark reads all files by the schema of one.
    for (const EngineColumn& other :
         database.Connect()->Describe(Concat({Token("SELECT * FROM "), ReadCall(FileList(input), true)}).text())) {
      const auto found = std::ranges::find(columns, other.name, &EngineColumn::name);
      if (found == columns.end() || other.type.type.IsNested() || found->type.type.IsNested()) continue;
      if (TypeName(found->type.type).text() == TypeName(other.type.type).text()) continue;
      throw Error("FAILED_READ_FILE.PARQUET_COLUMN_DATA_TYPE_MISMATCH",
                  fmt::format("Encountered error while reading the files beside {}. Data type mismatches when reading "
                              "Parquet column [{}]. Expected Spark type {}, but another file needs {}.",
                              first, other.name, found->type.type.SimpleString(), other.type.type.SimpleString()),
                  {{"path", first},
                   {"column", fmt::format("[{}]", other.name)},
                   {"expectedType", found->type.type.SimpleString()},
                   {"actualType", other.type.type.SimpleString()}});
    }
  }
  return out;
}

/// The footers of files that were read before. Thread-safe.
class Footers {
 public:
  std::shared_ptr<const Footer> Find(const std::string& key) {
    const std::lock_guard lock(mutex_);
    const auto found = footers_.find(key);
    return found == footers_.end() ? nullptr : found->second;
  }
  void Add(const std::string& key, std::shared_ptr<const Footer> footer) {
    const std::lock_guard lock(mutex_);
    if (!footers_.emplace(key, std::move(footer)).second) return;
    order_.push_back(key);
    if (order_.size() <= kFooters) return;
    footers_.erase(order_.front());
    order_.pop_front();
  }

 private:
  static constexpr size_t kFooters = 256;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const Footer>> footers_;
  std::deque<std::string> order_;  // oldest first
};

/// Names the files and their state on disk; empty where a change might not show, or the name is no shorter than the
/// footer itself.
std::string StateOf(const InputFiles& input, bool merge) {
  if (input.files.size() > 32) return "";
  std::string out = merge ? "merged" : "first";
  for (const InputFile& file : input.files) {
    struct stat status {};
    if (stat(file.path.c_str(), &status) != 0) return "";
    // The clock of a file system is coarse: what was changed just now may be changed again at the same time. Unlike the
    // time of modification, that of the last change cannot be set, so another file in its place always shows.
    if (status.st_ctime + 2 > time(nullptr)) return "";
    out += fmt::format("\n{} {} {} {}.{:09}", file.path.string(), status.st_ino, status.st_size, status.st_ctim.tv_sec,
                       status.st_ctim.tv_nsec);
  }
  return out;
}

std::shared_ptr<const Footer> FindFooter(const InputFiles& input, bool merge, Database& database) {
  static Footers footers;
  const std::string state = StateOf(input, merge);
  if (!state.empty()) {
    if (auto known = footers.Find(state)) return known;
  }
  auto footer = std::make_shared<const Footer>(ReadFooter(input, merge, database));
  if (!state.empty()) footers.Add(state, footer);
  return footer;
}

}  // namespace

FileTable ReadParquet(const FileRead& request, Database& database) {
  CheckOptions(request);
  InputFiles input = ListInput(request.paths, ListOptionsOf(request));
  FileTable out;
  for (const InputFile& file : input.files) out.paths.push_back(file.path.string());
  UniqueIds ids;
  std::vector<SelectItem> items;
  auto add = [&](const StructField& field, const Sql& value) {
    items.push_back({value,
                     {.name = field.name,
                      .id = ids.Make(field.name),
                      .type = field.type,
                      .nullable = true,
                      .qualifiers = {},
                      .plan_ids = {}}});
  };

  if (input.files.empty()) {
    if (!request.schema) {
      throw Error("UNABLE_TO_INFER_SCHEMA", "Unable to infer schema for Parquet. It must be specified manually.",
                  {{"format", "Parquet"}});
    }
    for (const StructField& field : request.schema->fields) add(field, CastTo(Token("NULL"), field.type));
    if (request.metadata) {
      const OutputColumn column = MetadataColumn(true);
      items.push_back({CastTo(Token("NULL"), column.type), column});
    }
    out.relation = Select(std::move(items), Token("(SELECT 1)"), Token("WHERE false"));
    return out;
  }

  const bool merge =
      input.files.size() > 1 && SameName(FindOption(request.options, "mergeSchema").value_or("false"), "true", false);
  const std::shared_ptr<const Footer> footer = FindFooter(input, merge, database);
  const std::vector<EngineColumn>& columns = footer->columns;
  const std::string first = input.files[0].path.string();
  std::vector<Leaf> leaves = footer->leaves;
  // After a merge the leaves of the first file say nothing about the columns of others.
  if (merge) leaves.clear();

  std::vector<StructField> fields;
  {
    size_t wanted = 0;
    for (const EngineColumn& column : columns) {
      if (column.type.unsupported) {
        throw Error("PARQUET_TYPE_NOT_SUPPORTED",
                    fmt::format("The column \"{}\" of {} has the type {}, which Spark lacks.", column.name, first,
                                column.type.name));
      }
      wanted += CountLeaves(column.type);
    }
    // A schema with empty groups and the like has leaves that DuckDB does not show.
    leaves.resize(wanted);
    Converter types(leaves, first);
    for (const EngineColumn& column : columns) fields.push_back({column.name, types.SparkType(column.type)});
  }
  if (!footer->metadata.empty() && !merge) {
    try {
      StructType spark = StructType::FromJson(footer->metadata);
      if (Fits(spark.ToType(), DataType::Struct(fields))) fields = spark.fields;
    } catch (const Error&) {
      // Another writer may have put anything there; the file's own schema stands.
    }
  }

  if (!request.case_sensitive && !request.schema) {
    for (size_t i = 0; i < fields.size(); ++i) {
      for (size_t j = 0; j < i; ++j) {
        if (!SameName(fields[i].name, fields[j].name, false)) continue;
        const std::string shown = spark::Quote(base::LowerCase(fields[i].name));
        throw Error(
            "COLUMN_ALREADY_EXISTS",
            fmt::format("The column {} already exists. Choose another name or rename the existing column.", shown),
            {{"columnName", shown}});
      }
    }
  }

  Converter converter(leaves, first);
  std::vector<Sql> values;
  size_t leaf = 0;
  for (size_t i = 0; i < columns.size(); ++i) {
    values.push_back(
        converter.Convert(Ident(columns[i].name), columns[i].type, fields[i].type, columns[i].name, &leaf));
  }

  auto is_partition = [&](const std::string& name) {
    return std::ranges::any_of(input.partitions, [&](const StructField& p) { return SameName(p.name, name, false); });
  };
  std::vector<StructField> partitions = input.partitions;
  if (request.schema) {
    for (const StructField& wanted : request.schema->fields) {
      if (is_partition(wanted.name)) {
        for (StructField& partition : partitions) {
          if (SameName(partition.name, wanted.name, false)) partition = wanted;
        }
        continue;
      }
      auto found =
          std::ranges::find_if(fields, [&](const StructField& f) { return SameName(f.name, wanted.name, false); });
      if (found == fields.end()) {
        add(wanted, CastTo(Token("NULL"), wanted.type));
        continue;
      }
      const Sql& value = values[static_cast<size_t>(found - fields.begin())];
      bool same = found->type.SameIgnoringNullability(wanted.type);
      bool wider =
          found->type.IsNumeric() && wanted.type.IsNumeric() && CommonType(found->type, wanted.type) == wanted.type;
      bool textual = wanted.type.kind() == TypeKind::kString && found->type.kind() == TypeKind::kBinary;
      if (!same && !wider && !textual && !wanted.type.IsNested()) {
        throw Error(
            "FAILED_READ_FILE.PARQUET_COLUMN_DATA_TYPE_MISMATCH",
            fmt::format("The column \"{}\" of {} is {}, which cannot be read as {}. Read it as it is and cast it.",
                        wanted.name, first, found->type.SimpleString(), wanted.type.SimpleString()));
      }
      add(wanted, same ? value : textual ? Call("decode", {value}) : CastTo(value, wanted.type));
    }
  } else {
    for (size_t i = 0; i < fields.size(); ++i) {
      if (!is_partition(fields[i].name)) add(fields[i], values[i]);
    }
  }
  for (size_t i = 0; i < partitions.size(); ++i) add(partitions[i], PartitionValue(input, i, partitions[i].type));
  if (request.metadata) {
    std::vector<Sql> files;
    for (const InputFile& file : input.files) files.push_back(MetadataValue(file));
    const Sql of = Template("list_extract([$*], CAST(file_index AS BIGINT) + 1)", {engine::Join(files, ", ")});
    items.push_back(
        {Template("struct_insert($1, row_index := CAST(file_row_number AS BIGINT))", {of}), MetadataColumn(true)});
  }
  out.relation = Select(std::move(items), ReadCall(FileList(input), input.files.size() > 1));
  return out;
}

}  // namespace tinderbox::engine
