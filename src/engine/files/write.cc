#include "engine/files/write.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <random>
#include <set>

#include "base/staged_output.h"
#include "base/temp_dir.h"
#include "engine/files/paths.h"
#include "engine/files/read.h"
#include "engine/files/text_lines.h"
#include "engine/files/text_writer.h"
#include "engine/files/xml.h"
#include "engine/named_plans.h"
#include "engine/stream_reader.h"
#include "engine/translate/refusals.h"
#include "engine/translate/relation_translator.h"
#include "engine/translate/type_parts.h"
#include "spark/proto.h"
#include "spark/type_names.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

namespace fs = std::filesystem;
using Options = std::map<std::string, std::string>;

enum class Format { kCsv, kJson, kParquet, kText, kXml, kNoop };

constexpr std::pair<const char*, Format> kFormats[] = {{"csv", Format::kCsv},         {"json", Format::kJson},
                                                       {"parquet", Format::kParquet}, {"text", Format::kText},
                                                       {"xml", Format::kXml},         {"noop", Format::kNoop}};

/// A random UUID.
std::string NewJobId() {
  std::random_device random;
  const uint32_t a = random(), b = random(), c = random(), d = random();
  return fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:04x}{:08x}", a, b >> 16, b & 0xfff, 0x8000 | (c >> 18), c & 0xffff,
                     d);
}

Format ParseFormat(const std::string& name) {
  for (const auto& [known, format] : kFormats) {
    if (SameName(name, known, false)) return format;
  }
  CheckFileFormat(name);
  throw Error("UNSUPPORTED_FEATURE.WRITE", fmt::format("The embedded engine does not write the format {}.", name));
}

/// How Parquet pages are compressed: DuckDB's name, and the part of the file name that tells it.
struct Codec {
  const char* spark;
  const char* engine;
  const char* extension;
};
constexpr Codec kCodecs[] = {{"snappy", "snappy", ".snappy"},
                             {"zstd", "zstd", ".zstd"},
                             {"gzip", "gzip", ".gz"},
                             {"none", "uncompressed", ""},
                             {"uncompressed", "uncompressed", ""},
                             {"brotli", "brotli", ".br"},
                             {"lz4_raw", "lz4_raw", ".lz4raw"}};

Codec ParseCodec(const Options& options) {
  std::string name = FindOption(options, "compression").value_or("snappy");
  for (const Codec& codec : kCodecs) {
    if (SameName(name, codec.spark, false)) return codec;
  }
  throw Error(
      "CODEC_NOT_AVAILABLE.WITH_AVAILABLE_CODECS_SUGGESTION",
      fmt::format("The codec {} is not available. Available codecs are brotli, uncompressed, lz4_raw, gzip, none, "
                  "snappy and zstd.",
                  name),
      {{"codecName", name}, {"availableCodecs", "brotli, uncompressed, lz4_raw, gzip, none, snappy, zstd"}});
}

/// What one write does, whatever its target folder is.
struct Job {
  Format format;
  Options options;
  StructType schema;        ///< of the data files
  std::vector<Sql> values;  ///< of the data files' columns
  std::vector<std::string> partition_names;
  std::vector<Sql> partition_values;  ///< as Spark writes them into folder names; NULL and '' for the null folder
  std::vector<Sql> order;
  int64_t rows_per_file = 0;        ///< 0: no limit
  std::string id;                   ///< in the names of all its files
  std::optional<LinesFrame> frame;  ///< of XML
  Lease lease;
};

std::string FileName(const Job& job, int64_t number) {
  std::string extension;
  switch (job.format) {
    case Format::kCsv:
      extension = TextFileExtension(TextFormat::kCsv, job.options);
      break;
    case Format::kJson:
      extension = TextFileExtension(TextFormat::kJson, job.options);
      break;
    case Format::kText:
      extension = TextLinesExtension(job.options);
      break;
    case Format::kXml:
      extension = ".xml" + TextLinesExtension(job.options).substr(std::string_view(".txt").size());
      break;
    default:
      extension = fmt::format("{}.parquet", ParseCodec(job.options).extension);
      break;
  }
  const char* separator = job.partition_names.empty() ? "-" : ".";
  return fmt::format("part-00000-{}{}c{:03}{}", job.id, separator, number, extension);
}

bool HoldsFloatingPoint(const DataType& type) {
  switch (type.kind()) {
    case TypeKind::kFloat:
    case TypeKind::kDouble:
      return true;
    case TypeKind::kArray:
      return HoldsFloatingPoint(type.element());
    case TypeKind::kMap:
      return HoldsFloatingPoint(type.key()) || HoldsFloatingPoint(type.value());
    case TypeKind::kStruct:
      return std::ranges::any_of(type.fields(),
                                 [](const StructField& field) { return HoldsFloatingPoint(field.type); });
    default:
      return false;
  }
}

Sql OrderBy(const Job& job) {
  return job.order.empty() ? Sql() : Concat({Token("\nORDER BY "), Join(job.order, ", ")});
}

/// Writes the rows of FROM `from` into one file.
void WriteFile(const Job& job, const Sql& from, const fs::path& file) {
  std::vector<Sql> list;
  for (size_t i = 0; i < job.values.size(); ++i) {
    list.push_back(Concat({job.values[i], Token(" AS "), Ident(job.schema.fields[i].name)}));
  }
  Sql query = Concat({Token("SELECT "), Join(list, ", "), Token("\nFROM "), from});
  if (job.format != Format::kParquet) {
    auto rows = MakeStreamReader(job.schema, OpenStream(job.lease, query.text()));
    if (job.format == Format::kText || job.format == Format::kXml) {
      WriteTextLines(*rows, job.options, file, job.frame);
    } else {
      WriteText(*rows, job.format == Format::kCsv ? TextFormat::kCsv : TextFormat::kJson, job.options, file);
    }
    return;
  }
  // DuckDB's dictionaries hold 0.0 and -0.0 as one value, the one that came first.
  const bool signed_zeros =
      std::ranges::any_of(job.schema.fields, [](const StructField& field) { return HoldsFloatingPoint(field.type); });
  job.lease->Run(Concat({Token("COPY (\n"), query, Token("\n) TO "), StringLiteral(file.string()),
                         Token(" (FORMAT parquet, COMPRESSION "), StringLiteral(ParseCodec(job.options).engine),
                         Token(signed_zeros ? ", DICTIONARY_SIZE_LIMIT 0" : ""),
                         Token(", KV_METADATA {'org.apache.spark.sql.parquet.row.metadata': "),
                         StringLiteral(job.schema.Json()), Token("})")})
                     .text());
}

std::string EscapeFolder(const std::string& text) {
  std::string out;
  for (unsigned char c : text) {
    if (c < 0x20 || c == 0x7f ||
        std::string_view("\"#%'*/:=?\\{[]^").find(static_cast<char>(c)) != std::string_view::npos) {
      out += fmt::format("%{:02X}", c);
    } else {
      out += static_cast<char>(c);
    }
  }
  return out;
}

/// A temporary table on the job's connection, which goes back to the pool: it is dropped on every way out.
class ScratchTable {
 public:
  ScratchTable(Lease lease, const Sql& query) : lease_(std::move(lease)) {
    lease_->Run(Concat({Token("CREATE OR REPLACE TEMPORARY TABLE tinderbox_write AS\n"), query}).text());
  }
  ScratchTable(const ScratchTable&) = delete;
  ScratchTable& operator=(const ScratchTable&) = delete;
  ~ScratchTable() {
    try {
      lease_->Run("DROP TABLE IF EXISTS temp.tinderbox_write");
    } catch (...) {
      // Interrupted: the next write on this connection replaces the table.
    }
  }
  Sql name() const { return Token("temp.tinderbox_write"); }

 private:
  Lease lease_;
};

std::vector<std::vector<std::optional<std::string>>> ReadTexts(Lease lease, const Sql& query) {
  std::vector<std::vector<std::optional<std::string>>> out;
  auto stream = OpenStream(std::move(lease), query.text());
  for (ArrowBatch batch; stream->Next(&batch);) {
    for (int64_t row = 0; row < batch.rows(); ++row) {
      std::vector<std::optional<std::string>> texts;
      for (int64_t c = 0; c < batch.array().n_children; ++c) {
        const ArrowArray& column = batch.column(static_cast<size_t>(c));
        const auto* valid = static_cast<const uint8_t*>(column.buffers[0]);
        if (valid != nullptr && (valid[row / 8] >> (row % 8) & 1) == 0) {
          texts.emplace_back();
          continue;
        }
        const auto* offsets = static_cast<const int32_t*>(column.buffers[1]);
        texts.emplace_back(std::in_place, static_cast<const char*>(column.buffers[2]) + offsets[row],
                           static_cast<size_t>(offsets[row + 1] - offsets[row]));
      }
      out.push_back(std::move(texts));
    }
  }
  return out;
}

/// Writes the rows of FROM `from`, in as many files as the job's limit of rows asks for.
void WriteLimited(const Job& job, const Sql& from, const Sql& where, const fs::path& folder) {
  if (job.rows_per_file == 0) {
    WriteFile(job, Concat({from, where, OrderBy(job)}), folder / FileName(job, 0));
    return;
  }
  const std::string text =
      job.lease->Text(Concat({Token("SELECT CAST(count(*) AS VARCHAR) FROM "), from, where}).text());
  int64_t rows = 0;
  std::from_chars(text.data(), text.data() + text.size(), rows);
  std::vector<Sql> order = job.order;
  order.push_back(Token("rowid"));
  for (int64_t first = 0, number = 0; first < std::max<int64_t>(rows, 1); first += job.rows_per_file, ++number) {
    WriteFile(job,
              Concat({from, where, Token("\nORDER BY "), Join(order, ", "), Token("\nLIMIT "),
                      IntegerLiteral(job.rows_per_file), Token(" OFFSET "), IntegerLiteral(first)}),
              folder / FileName(job, number));
  }
}

/// Fills `folder` with part files.
void WriteFolder(const Job& job, const TranslatedRelation& input, const fs::path& folder) {
  if (job.partition_names.empty() && job.rows_per_file == 0) {
    WriteFile(job, Concat({Derived(input.sql), OrderBy(job)}), folder / FileName(job, 0));
    return;
  }
  // The query runs once; then each file is a pass over its rows.
  std::vector<Sql> columns{Token("*")};
  std::vector<Sql> keys;
  for (size_t i = 0; i < job.partition_values.size(); ++i) {
    keys.push_back(Ident(fmt::format("partition {}", i)));
    // NULL and the empty text share a folder.
    columns.push_back(Concat({Call("nullif", {job.partition_values[i], Token("''")}), Token(" AS "), keys.back()}));
  }
  ScratchTable table(job.lease, Concat({Token("SELECT "), Join(columns, ", "), Token("\nFROM "), Derived(input.sql)}));
  if (keys.empty()) {
    WriteLimited(job, table.name(), {}, folder);
    return;
  }
  Sql distinct =
      Concat({Token("SELECT DISTINCT "), Join(keys, ", "), Token(" FROM "), table.name(), Token(" ORDER BY ALL")});
  for (const auto& values : ReadTexts(job.lease, distinct)) {
    fs::path part = folder;
    std::vector<Sql> conditions;
    for (size_t i = 0; i < values.size(); ++i) {
      part /= PartitionFolder(job.partition_names[i], values[i]);
      conditions.push_back(
          Concat({keys[i], Token(" IS NOT DISTINCT FROM "), values[i] ? StringLiteral(*values[i]) : Token("NULL")}));
    }
    fs::create_directories(part);
    WriteLimited(job, table.name(), Concat({Token("\nWHERE "), Join(conditions, " AND ")}), part);
  }
}

bool IsInside(const fs::path& path, const fs::path& folder) {
  std::error_code ignored;
  fs::path p = fs::weakly_canonical(path, ignored), f = fs::weakly_canonical(folder, ignored);
  return std::mismatch(f.begin(), f.end(), p.begin(), p.end()).first == f.end();
}

void RefuseOverwrite(const fs::path& target, const std::vector<std::string>& reads) {
  for (const std::string& read : reads) {
    if (!IsInside(read, target)) continue;
    throw Error("UNSUPPORTED_OVERWRITE.PATH",
                fmt::format("{} cannot be overwritten, because this very query reads {}. Write to another path.",
                            target.string(), read),
                {{"path", target.string()}});
  }
}

/// Moves the files of `staging` into `target`, after `replaced` (folders of the target) went away: all of it happens,
/// or nothing.
void MoveInto(const fs::path& staging, const fs::path& target, const std::vector<fs::path>& replaced,
              const fs::path& aside) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(staging)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  std::vector<std::pair<fs::path, fs::path>> moved;  // from, to
  try {
    for (const fs::path& folder : replaced) {
      if (!fs::exists(folder)) continue;
      const fs::path to = aside / std::to_string(moved.size());
      fs::rename(folder, to);
      moved.emplace_back(folder, to);
    }
    for (const fs::path& file : files) {
      const fs::path to = target / fs::relative(file, staging);
      fs::create_directories(to.parent_path());
      fs::rename(file, to);
      moved.emplace_back(file, to);
    }
  } catch (const fs::filesystem_error& error) {
    std::error_code ignored;
    for (auto it = moved.rbegin(); it != moved.rend(); ++it) {
      if (fs::is_directory(it->second)) fs::remove_all(it->first, ignored);
      fs::rename(it->second, it->first, ignored);
    }
    throw Error("TINDERBOX_WRITE_FAILED", fmt::format("Nothing was changed in {}: {}.", target.string(), error.what()));
  }
}

void MarkSuccess(const fs::path& folder) {
  std::ofstream success(folder / "_SUCCESS");
  success.close();
  if (!success) throw Error("TINDERBOX_WRITE_FAILED", fmt::format("{} cannot be written.", folder.string()));
}

/// The folders of partitions that have files in `staging`, as they are called in `target`.
std::vector<fs::path> WrittenFolders(const fs::path& staging, const fs::path& target) {
  std::set<fs::path> out;
  for (const auto& entry : fs::recursive_directory_iterator(staging)) {
    if (entry.is_regular_file()) out.insert(target / fs::relative(entry.path().parent_path(), staging));
  }
  return {out.begin(), out.end()};
}

/// Makes texts of the times that are not written in the writers' own format: by an option, or in another zone than UTC.
void FormatTimes(const FileWrite& write, Job* job) {
  if (job->format != Format::kCsv && job->format != Format::kJson) return;
  struct Known {
    TypeKind kind;
    const char* option;
    const char* own;
  };
  static constexpr Known kKnown[] = {{TypeKind::kDate, "dateFormat", "yyyy-MM-dd"},
                                     {TypeKind::kTimestamp, "timestampFormat", "yyyy-MM-dd'T'HH:mm:ss[.SSS][XXX]"},
                                     {TypeKind::kTimestampNtz, "timestampNTZFormat", "yyyy-MM-dd'T'HH:mm:ss[.SSS]"}};
  const std::string zone = FindOption(job->options, "timeZone").value_or(write.time_zone);
  std::erase_if(job->options, [](const auto& option) { return SameName(option.first, "timeZone", false); });
  for (const Known& known : kKnown) {
    auto format = FindOption(job->options, known.option);
    std::erase_if(job->options, [&](const auto& option) { return SameName(option.first, known.option, false); });
    if (format && *format == known.own) format.reset();
    if (!format && known.kind == TypeKind::kTimestamp && zone != "UTC") format = "yyyy-MM-dd'T'HH:mm:ss.SSSXXX";
    if (!format) continue;
    for (size_t i = 0; i < job->schema.fields.size(); ++i) {
      StructField& field = job->schema.fields[i];
      if (field.type.kind() != known.kind) continue;
      const std::vector<OutputColumn> columns = NewColumns({{{"time", field.type, true, "{}"}}});
      Scope scope;
      scope.columns = &columns;
      scope.time_zone = zone;
      proto::Expression call;
      call.mutable_unresolved_function()->set_function_name("date_format");
      call.mutable_unresolved_function()->add_arguments()->mutable_unresolved_attribute()->set_unparsed_identifier(
          "time");
      call.mutable_unresolved_function()->add_arguments()->mutable_literal()->set_string(*format);
      job->values[i] = Concat({Token("(SELECT "), TranslateExpression(call, scope).sql, Token(" FROM (SELECT "),
                               job->values[i], Token(" AS "), Ident(columns[0].id), Token("))")});
      field.type = DataType(TypeKind::kString);
    }
  }
}

Job MakeJob(const FileWrite& write, const TranslatedRelation& input, const Lease& lease) {
  Job job{.format = ParseFormat(write.format),
          .options = write.options,
          .schema = {},
          .values = {},
          .partition_names = {},
          .partition_values = {},
          .order = {},
          .rows_per_file = 0,
          .id = NewJobId(),
          .frame = {},
          .lease = lease};
  if (const auto limit = FindOption(write.options, "maxRecordsPerFile")) {
    std::from_chars(limit->data(), limit->data() + limit->size(), job.rows_per_file);
    std::erase_if(job.options, [](const auto& option) { return SameName(option.first, "maxRecordsPerFile", false); });
  }
  const auto find = [&](const std::string& name, const char* what) {
    auto found = std::ranges::find_if(
        input.columns, [&](const OutputColumn& c) { return SameName(c.name, name, write.case_sensitive); });
    if (found != input.columns.end()) return found;
    const std::string schema = ToSchema(input.columns).ToType().SimpleString();
    throw Error("_LEGACY_ERROR_TEMP_1155",
                fmt::format("{} column {} not found in schema {}.", what, spark::Quote(name), schema),
                {{"col", name}, {"schemaCatalog", schema}});
  };
  std::set<size_t> partitions;
  for (const std::string& name : write.partition_columns) {
    const auto found = find(name, "Partition");
    if (found->type.IsNested() || found->type.kind() == TypeKind::kBinary) {
      throw Error("INVALID_PARTITION_COLUMN_DATA_TYPE",
                  fmt::format("Cannot use \"{}\" for partition column.", found->type.Sql()),
                  {{"type", fmt::format("\"{}\"", found->type.Sql())}});
    }
    partitions.insert(static_cast<size_t>(found - input.columns.begin()));
    job.partition_names.push_back(found->name);
    Scope scope;
    scope.columns = &input.columns;
    scope.time_zone = write.time_zone;
    job.partition_values.push_back(
        TranslateCast({Ident(found->id), found->type, found->nullable}, DataType(TypeKind::kString), scope, false).sql);
  }
  for (const std::string& name : write.sort_columns) job.order.push_back(Ident(find(name, "Sort")->id));
  for (size_t i = 0; i < input.columns.size(); ++i) {
    const OutputColumn& column = input.columns[i];
    for (size_t j = 0; j < i; ++j) {
      if (!SameName(input.columns[j].name, column.name, write.case_sensitive)) continue;
      const std::string shown = spark::Quote(LowerCase(column.name));
      throw Error(
          "COLUMN_ALREADY_EXISTS",
          fmt::format("The column {} already exists. Choose another name or rename the existing column.", shown),
          {{"columnName", shown}});
    }
    if (partitions.contains(i)) continue;
    job.schema.fields.push_back({column.name, column.type, column.nullable, column.metadata_json});
    job.values.push_back(Ident(column.id));
  }
  if (job.values.empty() && !job.partition_names.empty()) {
    throw Error("ALL_PARTITION_COLUMNS_NOT_ALLOWED", "Cannot use all columns for partition columns.");
  }
  FormatTimes(write, &job);
  if (job.format == Format::kXml) {
    XmlOutput xml = MakeXmlOutput(job.schema, job.values, job.options, write.time_zone);
    job.values = {std::move(xml.row)};
    job.schema = StructType{{{"value", DataType(TypeKind::kString), true, "{}"}}};
    job.frame = LinesFrame{std::move(xml.before), std::move(xml.behind)};
    std::erase_if(job.options, [](const auto& option) { return !SameName(option.first, "compression", false); });
  }
  return job;
}

void CheckJob(const Job& job) {
  switch (job.format) {
    case Format::kParquet:
      ParseCodec(job.options);
      for (const StructField& field : job.schema.fields) {
        if (Holds(field.type, TypeKind::kVariant)) RefuseFeature("writing a VARIANT to Parquet");
        if (field.type.kind() != TypeKind::kNull && field.type.kind() != TypeKind::kCalendarInterval) continue;
        const std::string type = fmt::format("\"{}\"", field.type.Sql());
        throw Error("UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE",
                    fmt::format("The Parquet datasource doesn't support the column {} of the type {}.",
                                spark::Quote(field.name), type),
                    {{"format", "Parquet"}, {"columnName", spark::Quote(field.name)}, {"columnType", type}});
      }
      break;
    case Format::kText:
    case Format::kXml:
      CheckTextLines(job.schema, job.options);
      break;
    case Format::kNoop:
      break;
    default:
      for (const StructField& field : job.schema.fields) {
        if (!Holds(field.type, TypeKind::kVariant)) continue;
        if (job.format == Format::kJson) RefuseFeature("writing a VARIANT to JSON files");
        const std::string type = fmt::format("\"{}\"", field.type.Sql());
        throw Error("UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE",
                    fmt::format("The CSV datasource doesn't support the column {} of the type {}.",
                                spark::Quote(field.name), type),
                    {{"format", "CSV"}, {"columnName", spark::Quote(field.name)}, {"columnType", type}});
      }
      CheckTextOptions(job.format == Format::kCsv ? TextFormat::kCsv : TextFormat::kJson, job.schema, job.options);
  }
}

}  // namespace

std::string PartitionFolder(const std::string& column, const std::optional<std::string>& value) {
  return fmt::format("{}={}", EscapeFolder(column),
                     !value || value->empty() ? "__HIVE_DEFAULT_PARTITION__" : EscapeFolder(*value));
}

void CheckFileFormat(const std::string& format) {
  for (const auto& [known, unused] : kFormats) {
    if (SameName(format, known, false)) return;
  }
  if (SameName(format, "sequencefile", false)) {
    throw Error("UNSUPPORTED_FEATURE.DATA_SOURCE",
                "The embedded engine only reads SequenceFiles, by spark.read.format(\"sequencefile\"). tinderbox pack "
                "writes them.",
                {{"provider", "sequencefile"}});
  }
  for (const char* known : {"orc", "jdbc", "binaryFile", "avro", "delta", "kafka", "iceberg"}) {
    if (!SameName(format, known, false)) continue;
    throw Error(
        "UNSUPPORTED_FEATURE.DATA_SOURCE",
        fmt::format("The embedded engine has no data source {}. It has csv, json, parquet, text and xml.", known),
        {{"provider", known}});
  }
  throw Error(
      "DATA_SOURCE_NOT_FOUND",
      fmt::format("Failed to find the data source: {}. Make sure the provider name is correct and the package is "
                  "properly registered and compatible with your Spark version.",
                  format),
      {{"provider", format}});
}

void WriteFiles(const FileWrite& write, const TranslatedRelation& input, const std::vector<std::string>& reads,
                const Lease& lease) {
  const Job job = MakeJob(write, input, lease);
  CheckJob(job);
  if (job.format == Format::kNoop) {
    OpenStream(lease, input.sql.text())->Drain();
    return;
  }
  fs::path target = write.target;
  while (!target.has_filename() && target.has_relative_path()) target = target.parent_path();  // "out/" is "out"
  const bool exists = fs::exists(fs::symlink_status(target));
  if (exists && write.mode == SaveMode::kIgnore) return;
  if (exists && (write.mode == SaveMode::kErrorIfExists || !fs::is_directory(target))) {
    const std::string path = "file:" + fs::absolute(target).lexically_normal().string();
    throw Error("PATH_ALREADY_EXISTS",
                fmt::format("Path {} already exists. Set mode as \"overwrite\" to overwrite the existing path.", path),
                {{"outputPath", path}});
  }
  const bool whole = write.mode != SaveMode::kAppend && write.mode != SaveMode::kOverwritePartitions &&
                     write.overwritten_partition.empty();
  if (write.mode == SaveMode::kOverwrite && exists) RefuseOverwrite(target, reads);
  if (!exists || whole) {
    std::error_code failed;  // what is staged there then says so
    fs::create_directories(fs::absolute(target).parent_path(), failed);
    base::StagedOutput output(target, base::StagedOutput::Kind::kFolder, write.mode == SaveMode::kOverwrite);
    WriteFolder(job, input, output.path());
    MarkSuccess(output.path());
    output.Commit();
    return;
  }
  // Beside the target, because files can only be renamed within one disk.
  base::TempDir staging(fs::absolute(target).parent_path());
  base::TempDir aside(fs::absolute(target).parent_path());
  const fs::path data = staging.path() / "data";
  fs::create_directory(data);
  WriteFolder(job, input, data);
  std::vector<fs::path> replaced;
  if (write.mode == SaveMode::kOverwritePartitions) replaced = WrittenFolders(data, target);
  if (!write.overwritten_partition.empty()) {
    fs::path folder = target;
    for (const auto& [column, value] : write.overwritten_partition) folder /= PartitionFolder(column, value);
    replaced = {folder};
  }
  MoveInto(data, target, replaced, aside.path());
  MarkSuccess(target);
}

}  // namespace tinderbox::engine
