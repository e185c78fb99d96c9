#include "engine/commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <set>

#include "base/staged_output.h"
#include "base/temp_dir.h"
#include "engine/files/paths.h"
#include "engine/files/read.h"
#include "engine/files/text_writer.h"
#include "engine/stream_reader.h"
#include "engine/translate/relation_translator.h"
#include "spark/proto.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

namespace fs = std::filesystem;
using WriteProto = proto::WriteOperation;
using Options = std::map<std::string, std::string>;

enum class Format { kCsv, kJson, kParquet };

Format ParseFormat(const WriteProto& write) {
  std::string name = write.has_source() ? write.source() : "parquet";
  if (SameName(name, "csv", false)) return Format::kCsv;
  if (SameName(name, "json", false)) return Format::kJson;
  if (SameName(name, "parquet", false)) return Format::kParquet;
  throw Error("DATA_SOURCE_NOT_FOUND",
              fmt::format("The embedded engine writes csv, json and parquet, not \"{}\".", name), {{"provider", name}});
}

void RefuseUnsupported(const WriteProto& write) {
  const char* what = nullptr;
  if (write.has_table()) what = "writing to a table; give a path";
  if (write.sort_column_names_size() > 0) what = "sortBy";
  if (write.has_bucket_by()) what = "bucketBy";
  if (write.clustering_columns_size() > 0) what = "clusterBy";
  if (write.with_schema_evolution()) what = "schema evolution";
  if (what != nullptr) {
    throw Error("UNSUPPORTED_FEATURE.WRITE", fmt::format("The embedded engine does not support {}.", what));
  }
  if (write.path().empty()) throw Error("TINDERBOX_NO_PATH", "Writing needs a path.");
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
  throw Error("CODEC_NOT_AVAILABLE.WITH_AVAILABLE_CODECS_SUGGESTION",
              fmt::format("Parquet has no compression {}. It has snappy, zstd, gzip, brotli, lz4_raw and none.", name));
}

void CheckParquet(const Options& options, const StructType& schema) {
  for (const auto& [name, value] : options) {
    if (SameName(name, "compression", false)) continue;
    throw Error("UNSUPPORTED_FEATURE.WRITE_OPTION",
                fmt::format("Writing Parquet has no option {} in the embedded engine. It has compression.", name),
                {{"option", name}});
  }
  ParseCodec(options);
  for (const StructField& field : schema.fields) {
    if (field.type.kind() != TypeKind::kNull) continue;
    throw Error("UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE",
                fmt::format("The column \"{}\" has the type void, which Parquet lacks. Cast it.", field.name));
  }
}

/// What one write does, whatever its target folder is.
struct Job {
  Format format;
  Options options;
  StructType schema;        ///< of the data files
  std::vector<Sql> values;  ///< of the data files' columns
  std::vector<std::string> partition_names;
  std::vector<Sql> partition_values;  ///< as Spark writes them into folder names; NULL and '' for the null folder
  Lease lease;
};

std::string FileName(const Job& job, int number) {
  std::string extension;
  switch (job.format) {
    case Format::kCsv:
      extension = TextFileExtension(TextFormat::kCsv, job.options);
      break;
    case Format::kJson:
      extension = TextFileExtension(TextFormat::kJson, job.options);
      break;
    case Format::kParquet:
      extension = fmt::format("{}.parquet", ParseCodec(job.options).extension);
      break;
  }
  return fmt::format("part-{:05}{}", number, extension);
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

/// Writes the rows of FROM `from` into one file.
void WriteFile(const Job& job, const Sql& from, const fs::path& file) {
  std::vector<Sql> list;
  for (size_t i = 0; i < job.values.size(); ++i) {
    list.push_back(Concat({job.values[i], Token(" AS "), Ident(job.schema.fields[i].name)}));
  }
  Sql query = Concat({Token("SELECT "), Join(list, ", "), Token("\nFROM "), from});
  if (job.format != Format::kParquet) {
    auto rows = MakeStreamReader(job.schema, OpenStream(job.lease, query.text()));
    WriteText(*rows, job.format == Format::kCsv ? TextFormat::kCsv : TextFormat::kJson, job.options, file);
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

/// A partition's value as a folder name: Hive's escapes.
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

/// Fills `folder` with the part files numbered `number`.
void WriteFolder(Job job, const TranslatedRelation& input, const fs::path& folder, int number) {
  std::string name = FileName(job, number);
  if (job.partition_names.empty()) {
    WriteFile(job, Derived(input.sql), folder / name);
    return;
  }
  // The query runs once; then each partition is a pass over its rows.
  std::vector<Sql> columns{Token("*")};
  std::vector<Sql> keys;
  for (size_t i = 0; i < job.partition_values.size(); ++i) {
    keys.push_back(Ident(fmt::format("partition {}", i)));
    columns.push_back(Concat({job.partition_values[i], Token(" AS "), keys.back()}));
  }
  ScratchTable table(job.lease, Concat({Token("SELECT "), Join(columns, ", "), Token("\nFROM "), Derived(input.sql)}));
  Sql distinct =
      Concat({Token("SELECT DISTINCT "), Join(keys, ", "), Token(" FROM "), table.name(), Token(" ORDER BY ALL")});
  for (const auto& values : ReadTexts(job.lease, distinct)) {
    fs::path part = folder;
    std::vector<Sql> conditions;
    for (size_t i = 0; i < values.size(); ++i) {
      bool is_null = !values[i] || values[i]->empty();
      part /= fmt::format("{}={}", EscapeFolder(job.partition_names[i]),
                          is_null ? "__HIVE_DEFAULT_PARTITION__" : EscapeFolder(*values[i]));
      conditions.push_back(
          Concat({keys[i], Token(" IS NOT DISTINCT FROM "), values[i] ? StringLiteral(*values[i]) : Token("NULL")}));
    }
    fs::create_directories(part);
    // NULL and the empty text share a folder.
    int free = number;
    while (fs::exists(part / FileName(job, free))) ++free;
    WriteFile(job, Concat({table.name(), Token(" WHERE "), Join(conditions, " AND ")}), part / FileName(job, free));
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

/// Adds new files to a folder that is there: all of them, or none when one cannot be moved.
void Append(const Job& job, const TranslatedRelation& input, const fs::path& target) {
  int number = 0;
  for (const auto& entry : fs::recursive_directory_iterator(target)) {
    std::string name = entry.path().filename().string();
    int used = 0;
    if (std::sscanf(name.c_str(), "part-%5d", &used) == 1) number = std::max(number, used + 1);
  }
  // Beside the target, because files can only be renamed within one disk.
  base::TempDir staging(fs::absolute(target).parent_path());
  WriteFolder(job, input, staging.path(), number);
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(staging.path())) {
    if (entry.is_regular_file() && entry.path().filename().string().starts_with("part-")) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  std::vector<fs::path> moved;
  try {
    for (const fs::path& file : files) {
      fs::path to = target / fs::relative(file, staging.path());
      fs::create_directories(to.parent_path());
      fs::rename(file, to);
      moved.push_back(to);
    }
  } catch (const fs::filesystem_error& error) {
    std::error_code ignored;
    for (const fs::path& file : moved) fs::remove(file, ignored);
    throw Error("TINDERBOX_WRITE_FAILED", fmt::format("Nothing was added to {}: {}.", target.string(), error.what()));
  }
  std::ofstream(target / "_SUCCESS").flush();
}

}  // namespace

void Write(const WriteProto& write, const TranslatedRelation& input, const std::vector<std::string>& reads,
           Lease lease) {
  RefuseUnsupported(write);
  Job job;
  job.format = ParseFormat(write);
  job.options.insert(write.options().begin(), write.options().end());
  job.lease = std::move(lease);
  std::set<size_t> partitions;
  for (const std::string& name : write.partitioning_columns()) {
    auto found =
        std::ranges::find_if(input.columns, [&](const OutputColumn& c) { return SameName(c.name, name, false); });
    if (found == input.columns.end()) {
      throw Error("UNRESOLVED_COLUMN_AMONG_FIELD_NAMES",
                  fmt::format("There is no column \"{}\" to partition by.", name), {{"colName", name}});
    }
    if (found->type.IsNested() || found->type.kind() == TypeKind::kBinary) {
      throw Error("INVALID_PARTITION_COLUMN_DATA_TYPE",
                  fmt::format("The column \"{}\" of type {} cannot name folders.", name, found->type.SimpleString()));
    }
    partitions.insert(static_cast<size_t>(found - input.columns.begin()));
    job.partition_names.push_back(found->name);
    Scope scope{.columns = &input.columns, .lambdas = {}};
    Typed value{Ident(found->id), found->type, found->nullable};
    job.partition_values.push_back(TranslateCast(value, DataType(TypeKind::kString), scope, false).sql);
  }
  std::vector<std::string> seen;
  for (size_t i = 0; i < input.columns.size(); ++i) {
    const OutputColumn& column = input.columns[i];
    if (std::ranges::any_of(seen, [&](const std::string& other) { return SameName(other, column.name, false); })) {
      throw Error("COLUMN_ALREADY_EXISTS",
                  fmt::format("Two columns are called \"{}\", which a file cannot hold. Rename one.", column.name),
                  {{"columnName", column.name}});
    }
    seen.push_back(column.name);
    if (partitions.contains(i)) continue;
    job.schema.fields.push_back({column.name, column.type, column.nullable, "{}"});
    job.values.push_back(Ident(column.id));
  }
  if (job.values.empty()) {
    throw Error("ALL_PARTITION_COLUMNS_NOT_ALLOWED",
                "Not all columns can be partition columns: the files would be empty.");
  }
  if (job.format == Format::kParquet) {
    CheckParquet(job.options, job.schema);
  } else {
    CheckTextOptions(job.format == Format::kCsv ? TextFormat::kCsv : TextFormat::kJson, job.schema, job.options);
  }

  fs::path target = LocalPath(write.path());
  while (!target.has_filename() && target.has_relative_path()) target = target.parent_path();  // "out/" is "out"
  bool exists = fs::exists(fs::symlink_status(target));
  if (exists && write.mode() == WriteProto::SAVE_MODE_IGNORE) return;
  if (exists && write.mode() == WriteProto::SAVE_MODE_APPEND) {
    if (!fs::is_directory(target)) {
      throw Error("PATH_ALREADY_EXISTS",
                  fmt::format("{} is a file, to which no rows can be appended.", target.string()));
    }
    Append(job, input, target);
    return;
  }
  bool overwrite = write.mode() == WriteProto::SAVE_MODE_OVERWRITE;
  if (overwrite && exists) RefuseOverwrite(target, reads);
  base::StagedOutput output(target, base::StagedOutput::Kind::kFolder, overwrite);
  WriteFolder(job, input, output.path(), 0);
  std::ofstream success(output.path() / "_SUCCESS");
  success.close();
  if (!success) throw Error("TINDERBOX_WRITE_FAILED", fmt::format("{} cannot be written.", output.path().string()));
  output.Commit();
}

}  // namespace tinderbox::engine
