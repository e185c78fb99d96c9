#include "engine/files/write.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <set>

#include "base/staged_output.h"
#include "base/temp_dir.h"
#include "engine/files/read.h"
#include "engine/files/remote.h"
#include "engine/files/text_lines.h"
#include "engine/files/text_writer.h"
#include "engine/files/write_job.h"
#include "engine/stream_reader.h"
#include "engine/translate/relation_translator.h"
#include "spark/type_names.h"
#include "store/store.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

namespace fs = std::filesystem;

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

Sql OrderBy(const WriteJob& job) {
  return job.order.empty() ? Sql() : Concat({Token("\nORDER BY "), Join(job.order, ", ")});
}

/// Writes the rows of FROM `from` into one file.
void WriteFile(const WriteJob& job, const Sql& from, const fs::path& file) {
  std::vector<Sql> list;
  for (size_t i = 0; i < job.values.size(); ++i) {
    list.push_back(Concat({job.values[i], Token(" AS "), Ident(job.schema.fields[i].name)}));
  }
  Sql query = Concat({Token("SELECT "), Join(list, ", "), Token("\nFROM "), from});
  if (job.format != WriteFormat::kParquet) {
    auto rows = MakeStreamReader(job.schema, OpenStream(job.lease, query.text()));
    if (job.format == WriteFormat::kText || job.format == WriteFormat::kXml) {
      WriteTextLines(*rows, job.options, file, job.frame);
    } else {
      WriteText(*rows, job.format == WriteFormat::kCsv ? TextFormat::kCsv : TextFormat::kJson, job.options, file);
    }
    return;
  }
  // DuckDB's dictionaries hold 0.0 and -0.0 as one value, the one that came first.
  const bool signed_zeros =
      std::ranges::any_of(job.schema.fields, [](const StructField& field) { return HoldsFloatingPoint(field.type); });
  job.lease->Run(Concat({Token("COPY (\n"), query, Token("\n) TO "), StringLiteral(file.string()),
                         Token(" (FORMAT parquet, COMPRESSION "), StringLiteral(ParseParquetCodec(job.options).engine),
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
void WriteLimited(const WriteJob& job, const Sql& from, const Sql& where, const fs::path& folder) {
  if (job.rows_per_file == 0) {
    WriteFile(job, Concat({from, where, OrderBy(job)}), folder / PartFileName(job, 0));
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
              folder / PartFileName(job, number));
  }
}

/// Fills `folder` with part files.
void WriteFolder(const WriteJob& job, const TranslatedRelation& input, const fs::path& folder) {
  if (job.partition_names.empty() && job.rows_per_file == 0) {
    WriteFile(job, Concat({Derived(input.sql), OrderBy(job)}), folder / PartFileName(job, 0));
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

void RefuseOverwrite(const FileWrite& write, const std::vector<std::string>& reads) {
  const std::string target = write.store == nullptr ? write.target.string() : TargetName(write);
  for (const std::string& read : reads) {
    const bool remote = read.find("://") != std::string::npos;
    if (remote != (write.store != nullptr)) continue;
    if (remote ? read != target && !read.starts_with(target + "/") : !IsInside(read, write.target)) continue;
    throw Error(
        "UNSUPPORTED_OVERWRITE.PATH",
        fmt::format("{} cannot be overwritten, because this very query reads {}. Write to another path.", target, read),
        {{"path", target}});
  }
}

[[noreturn]] void ThrowExists(const std::string& path) {
  throw Error("PATH_ALREADY_EXISTS",
              fmt::format("Path {} already exists. Set mode as \"overwrite\" to overwrite the existing path.", path),
              {{"outputPath", path}});
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

/// The folder of the one partition that is replaced, below `target`.
fs::path OverwrittenFolder(const FileWrite& write, const fs::path& target) {
  fs::path folder = target;
  for (const auto& [column, value] : write.overwritten_partition) folder /= PartitionFolder(column, value);
  return folder;
}

/// The files are made here and sent when all of them are there.
void WriteToStore(const FileWrite& write, const WriteJob& job, const TranslatedRelation& input,
                  const std::vector<std::string>& reads) {
  const std::string target = write.target.string();
  const std::optional<store::Entry> there = write.store->Stat(target);
  if (there && write.mode == SaveMode::kIgnore) return;
  if (there && (write.mode == SaveMode::kErrorIfExists || !there->folder)) ThrowExists(TargetName(write));
  if (write.mode == SaveMode::kOverwrite && there) RefuseOverwrite(write, reads);
  const base::TempDir staging(write.scratch);
  const fs::path data = staging.path() / "data";
  fs::create_directory(data);
  WriteFolder(job, input, data);
  std::vector<std::string> replaced;
  if (write.mode == SaveMode::kOverwritePartitions) {
    for (const fs::path& folder : WrittenFolders(data, "")) replaced.push_back(folder.string());
  } else if (!write.overwritten_partition.empty()) {
    replaced = {OverwrittenFolder(write, "").string()};
  } else if (write.mode == SaveMode::kOverwrite) {
    replaced = {""};
  }
  const std::unique_ptr<store::Publication> publication = write.store->Publish(target);
  for (const auto& entry : fs::recursive_directory_iterator(data)) {
    if (entry.is_regular_file()) publication->Add(entry.path(), fs::relative(entry.path(), data).string());
  }
  publication->Commit(replaced);
}

}  // namespace

void SetTarget(const std::string& path, const std::map<std::string, std::string>& conf, FileWrite* write) {
  const store::Settings settings = store::TakeSettings(&write->options, conf);
  if (const auto location = store::ParseLocation(path)) {
    write->store = store::Open(*location, settings);
    write->target = location->path;
  } else {
    write->target = LocalPath(path);
  }
}

std::string TargetName(const FileWrite& write) {
  return write.store != nullptr ? write.store->Url(write.target.string())
                                : fs::absolute(write.target).lexically_normal().string();
}

std::string PartitionFolder(const std::string& column, const std::optional<std::string>& value) {
  return fmt::format("{}={}", EscapeFolder(column),
                     !value || value->empty() ? "__HIVE_DEFAULT_PARTITION__" : EscapeFolder(*value));
}

void WriteFiles(const FileWrite& write, const TranslatedRelation& input, const std::vector<std::string>& reads,
                const Lease& lease) {
  const WriteJob job = MakeWriteJob(write, input, lease);
  if (job.format == WriteFormat::kNoop) {
    OpenStream(lease, input.sql.text())->Drain();
    return;
  }
  if (write.store != nullptr) return WriteToStore(write, job, input, reads);
  fs::path target = write.target;
  while (!target.has_filename() && target.has_relative_path()) target = target.parent_path();  // "out/" is "out"
  const bool exists = fs::exists(fs::symlink_status(target));
  if (exists && write.mode == SaveMode::kIgnore) return;
  if (exists && (write.mode == SaveMode::kErrorIfExists || !fs::is_directory(target))) {
    ThrowExists("file:" + fs::absolute(target).lexically_normal().string());
  }
  const bool whole = write.mode != SaveMode::kAppend && write.mode != SaveMode::kOverwritePartitions &&
                     write.overwritten_partition.empty();
  if (write.mode == SaveMode::kOverwrite && exists) RefuseOverwrite(write, reads);
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
    replaced = {OverwrittenFolder(write, target)};
  }
  MoveInto(data, target, replaced, aside.path());
  MarkSuccess(target);
}

}  // namespace tinderbox::engine
