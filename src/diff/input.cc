#include "diff/input.h"

#include <algorithm>
#include <fstream>
#include <thread>

#include "base/fail.h"
#include "csv/infer.h"
#include "diff/files.h"
#include "diff/stores.h"
#include "tinderbox/functions.h"

namespace tinderbox::diff {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMalformed = "__tinderbox_malformed";
constexpr const char* kLocation = "__tinderbox_location";

fs::path WithoutCompression(const fs::path& file) {
  const std::string extension = FoldName(file.extension().string(), false);
  return extension == ".gz" || extension == ".zst" || extension == ".zstd" ? file.stem() : file.filename();
}

std::string FormatByExtension(const fs::path& file) {
  const std::string extension = FoldName(WithoutCompression(file).extension().string(), false);
  if (extension == ".csv" || extension == ".tsv" || extension == ".tab" || extension == ".txt") return "csv";
  if (extension == ".json" || extension == ".jsonl" || extension == ".ndjson") return "json";
  if (extension == ".parquet" || extension == ".parq" || extension == ".pq") return "parquet";
  return "";
}

/// One side on its way to be opened.
struct Pending {
  const DiffInput* input;
  const char* side;
  std::string format;
  std::map<std::string, std::string> options;
  std::vector<fs::path> files;
  std::optional<StructType> schema;    ///< to read with; absent: the format has its own
  std::optional<StructType> reported;  ///< what the side alone looks like, when that is not `schema`
  bool values_parse = false;           ///< as in OpenedSide
  int threads = 1;
  bool remote = false;  ///< Spark reads the files

  bool NeedsTypes() const { return format != "parquet" && format != "jdbc" && !input->schema; }
  std::vector<std::string> FileNames() const {
    std::vector<std::string> out;
    for (const fs::path& file : files) out.push_back(file.string());
    return out;
  }
  std::string NameAfterRename(const std::string& name, bool case_sensitive) const {
    for (const auto& [from, to] : input->rename) {
      if (FoldName(from, case_sensitive) == FoldName(name, case_sensitive)) return to;
    }
    return name;
  }
};

/// The format that the names of files tell; empty when none does. Throws TINDERBOX_DIFF_INPUT when they tell several.
std::string FormatByNames(const std::vector<std::string>& files, const char* side) {
  std::string format;
  std::string first;
  for (std::string name : files) {
    while (name.ends_with('/')) name.pop_back();
    const std::string other = FormatByExtension(name);
    if (other.empty()) continue;
    if (!format.empty() && format != other) {
      base::Fail("TINDERBOX_DIFF_INPUT",
                 "The {} side mixes formats: {} is {} and {} is {}. Compare them one at a time, or name the format.",
                 side, first, format, name, other);
    }
    format = other;
    first = std::move(name);
  }
  return format;
}

/// The format that the start of a file without an extension tells.
std::string FormatByStart(std::string_view start) {
  if (start.starts_with("PAR1")) return "parquet";
  if (start.starts_with("\xEF\xBB\xBF")) start.remove_prefix(3);
  const size_t first = start.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && (start[first] == '{' || start[first] == '[') ? "json" : "csv";
}

/// The format of a side that Spark reads: of files that may lie where only Spark can look.
std::string RemoteFormat(const Session& session, const DiffInput& input, const char* side) {
  if (!input.format.empty()) return input.format;
  if (std::string format = FormatByNames(input.paths, side); !format.empty()) return format;
  DataFrameReader lines = session.Read().Format("text");
  for (const auto& [key, value] : input.options) {
    if (key.starts_with("fs.")) lines = lines.Option(key, value);
  }
  const DataFrame files = lines.Load(input.paths);
  if (std::string format = FormatByNames(files.InputFiles(), side); !format.empty()) return format;
  const std::vector<Row> first = files.Limit(1).Select({functions::Expr("substring(value, 1, 512)")}).Collect();
  return FormatByStart(first.empty() ? "" : first[0][0].As<std::string>());
}

/// Spark's reader makes NULL of a value that it cannot read, and NULL equals an empty field: such values end the diff.
void ReadStrictly(Pending* side) {
  for (auto& [name, value] : side->options) {
    const std::string folded = FoldName(name, false);
    if (folded == "bindbyname" || (folded == "mode" && FoldName(value, false) != "failfast")) {
      base::Fail("UNSUPPORTED_FEATURE.DIFF_ON_SPARK",
                 "The reader's option {}={} of the {} side cannot be had on Spark: a value that cannot be read would "
                 "count as an empty one. Leave it out, or compare without --on.",
                 name, value, side->side);
    }
  }
  side->options["mode"] = "FAILFAST";
  // Columns of a file in another order than the schema's are an error.
  if (side->format == "csv") side->options["enforceSchema"] = "false";
}

Pending Prepare(const Session& session, const DiffInput& input, const char* side, bool remote) {
  Pending out{&input, side, input.format, input.options, {}, input.schema, std::nullopt};
  out.remote = remote;
  if (remote && input.paths.size() == 1 && IsJdbc(input.paths[0])) {
    out.format = "jdbc";
    for (const auto& [name, value] : JdbcOptions(input.paths[0])) out.options[name] = value;
    out.options.try_emplace("driver", "org.postgresql.Driver");
    return out;
  }
  if (remote) {
    out.format = RemoteFormat(session, input, side);
  } else {
    out.files = DataFiles(input.paths);
    out.threads = Threads(session);
  }
  if (!remote && out.files.empty()) {
    base::Fail("PATH_NOT_FOUND", "The {} side, {}, holds no data files, so there is nothing to compare.", side,
               input.paths.empty() ? "" : input.paths[0]);
  }
  if (out.format.empty()) {
    out.format = FormatByNames(out.FileNames(), side);
    if (out.format.empty()) out.format = FormatOf(out.files[0]);
  } else if (out.format != "csv" && out.format != "json" && out.format != "parquet") {
    base::Fail("TINDERBOX_DIFF_INPUT", "The {} side's format {} is unknown; there are csv, json and parquet.", side,
               out.format);
  }
  if (out.format == "csv") {
    const auto given = [&](const char* name) {
      return std::any_of(out.options.begin(), out.options.end(),
                         [&](const auto& option) { return FoldName(option.first, false) == FoldName(name, false); });
    };
    if (!given("header")) out.options["header"] = "true";
    if (!given("multiLine")) out.options["multiLine"] = "true";
    if (!given("escape")) out.options["escape"] = "\"";
    if (!given("sep") && !given("delimiter")) {
      const fs::path first = remote ? fs::path(input.paths[0]) : out.files[0];
      const std::string extension = FoldName(WithoutCompression(first).extension().string(), false);
      if (extension == ".tsv" || extension == ".tab") out.options["sep"] = "\t";
    }
    if (!remote && !given("bindByName")) {
      const auto header = std::find_if(out.options.begin(), out.options.end(),
                                       [](const auto& option) { return FoldName(option.first, false) == "header"; });
      if (FoldName(header->second, false) == "true") out.options["bindByName"] = "true";
    }
  }
  if (remote && out.format != "parquet") ReadStrictly(&out);
  return out;
}

/// What the reader reads: a database's table has no paths.
DataFrame Load(const Pending& side, const DataFrameReader& reader) {
  return side.format == "jdbc" ? reader.Load() : reader.Load(side.input->paths);
}

DataFrameReader Reader(const Session& session, const Pending& side) {
  DataFrameReader reader = session.Read().Format(side.format);
  for (const auto& [key, value] : side.options) reader = reader.Option(key, value);
  return reader;
}

StructType InferJson(const Session& session, const Pending& side, const Pending* other = nullptr) {
  std::vector<std::string> paths = side.input->paths;
  if (other != nullptr) paths.insert(paths.end(), other->input->paths.begin(), other->input->paths.end());
  return Reader(session, side).Load(paths).Schema();
}

/// Types over all files. Files whose headers differ are read by name, so their types are found apart and merged by
/// name.
StructType InferCsv(const Pending& side) {
  std::vector<std::pair<std::vector<std::string>, std::vector<std::string>>> groups;  // header, files
  if (side.files.size() == 1 || !side.options.contains("bindByName")) {
    return csv::InferSchema(side.FileNames(), side.options, side.threads);
  }
  for (const std::string& file : side.FileNames()) {
    const std::vector<std::string> header = csv::ReadHeader(file, side.options);
    const auto group = std::find_if(groups.begin(), groups.end(), [&](const auto& g) { return g.first == header; });
    if (group != groups.end()) {
      group->second.push_back(file);
    } else {
      groups.push_back({header, {file}});
    }
  }
  StructType out = csv::InferSchema(groups[0].second, side.options, side.threads);
  for (size_t i = 1; i < groups.size(); ++i) {
    for (const StructField& field : csv::InferSchema(groups[i].second, side.options, side.threads).fields) {
      if (const std::optional<size_t> at = out.Find(field.name, true)) {
        out.fields[*at].type = csv::MergeInferred(out.fields[*at].type, field.type);
      } else {
        out.fields.push_back(field);
      }
    }
  }
  return out;
}

/// The field that `side`'s column `name` will be compared with.
const StructField* Partner(const Pending& side, const std::string& name, const Pending& other,
                           const StructType& other_schema, bool case_sensitive) {
  const std::string wanted = FoldName(side.NameAfterRename(name, case_sensitive), case_sensitive);
  for (const StructField& field : other_schema.fields) {
    if (FoldName(other.NameAfterRename(field.name, case_sensitive), case_sensitive) == wanted) return &field;
  }
  return nullptr;
}

bool ReadableAsText(const DataType& type) {
  return !type.IsNested() && type.kind() != TypeKind::kBinary && type.kind() != TypeKind::kNull;
}

[[noreturn]] void RefuseToInfer(const Pending& side) {
  base::Fail(
      "UNSUPPORTED_FEATURE.DIFF_ON_SPARK",
      "The types of the {} side's CSV columns are not known, and Spark finds other ones than Tinderbox does. Give "
      "--schema (or --{}-schema), or compare without --on.",
      side.side, side.side);
}

/// The column names of a CSV side, in the file's order.
std::vector<std::string> CsvNames(const Session& session, const Pending& side) {
  if (!side.remote) return csv::ReadHeader(side.files[0].string(), side.options);
  std::vector<std::string> out;
  for (const StructField& field : Load(side, Reader(session, side)).Schema().fields) out.push_back(field.name);
  return out;
}

/// Types for a CSV side from the other side, whose types are known; what only this side has is inferred.
void AdoptIntoCsv(const Session& session, Pending* side, const Pending& other, const StructType& other_schema,
                  bool case_sensitive) {
  StructType schema;
  bool complete = true;
  for (const std::string& name : CsvNames(session, *side)) {
    const StructField* partner = Partner(*side, name, other, other_schema, case_sensitive);
    const bool usable = partner != nullptr && ReadableAsText(partner->type);
    complete = complete && usable;
    schema.fields.push_back({name, usable ? partner->type : DataType(TypeKind::kNull), true, "{}"});
  }
  if (!complete && side->remote) RefuseToInfer(*side);
  if (!complete) {
    const StructType inferred = InferCsv(*side);
    for (size_t i = 0; i < schema.fields.size() && i < inferred.fields.size(); ++i) {
      if (schema.fields[i].type.kind() == TypeKind::kNull) schema.fields[i].type = inferred.fields[i].type;
    }
  }
  side->schema = std::move(schema);
}

void InferBothCsv(Pending* left, Pending* right, bool case_sensitive) {
  left->values_parse = right->values_parse = true;
  left->reported = InferCsv(*left);
  right->reported = InferCsv(*right);
  left->schema = left->reported;
  right->schema = right->reported;
  for (StructField& field : left->schema->fields) {
    if (const StructField* partner = Partner(*left, field.name, *right, *right->reported, case_sensitive)) {
      field.type = csv::MergeInferred(field.type, partner->type);
    }
  }
  for (StructField& field : right->schema->fields) {
    if (const StructField* partner = Partner(*right, field.name, *left, *left->reported, case_sensitive)) {
      field.type = csv::MergeInferred(partner->type, field.type);
    }
  }
}

/// Gives JSON columns the other side's types, or, when both are inferred and disagree, the type inferred over both.
void AdoptIntoJson(Pending* side, const Pending& other, const StructType& other_schema, bool case_sensitive) {
  for (StructField& field : side->schema->fields) {
    const StructField* partner = Partner(*side, field.name, other, other_schema, case_sensitive);
    if (partner != nullptr && !field.type.SameIgnoringNullability(partner->type) &&
        partner->type.kind() != TypeKind::kNull) {
      if (!side->reported) side->reported = side->schema;
      field.type = partner->type;
    }
  }
}

void InferBothJson(const Session& session, Pending* left, Pending* right, bool case_sensitive) {
  left->schema = InferJson(session, *left);
  right->schema = InferJson(session, *right);
  const bool agree = left->input->options == right->input->options;
  bool differ = false;
  for (const StructField& field : left->schema->fields) {
    const StructField* partner = Partner(*left, field.name, *right, *right->schema, case_sensitive);
    differ = differ || (partner != nullptr && !field.type.SameIgnoringNullability(partner->type));
  }
  if (!differ || !agree) return;
  const StructType both = InferJson(session, *left, right);
  AdoptIntoJson(left, *left, both, case_sensitive);
  AdoptIntoJson(right, *right, both, case_sensitive);
}

void ResolveTypes(const Session& session, Pending* left, Pending* right, bool case_sensitive) {
  const bool l = left->NeedsTypes();
  const bool r = right->NeedsTypes();
  if (!l && !r) return;
  if (l && r && left->format == right->format) {
    if (left->format == "csv" && left->remote) RefuseToInfer(*left);
    if (left->format == "csv") return InferBothCsv(left, right, case_sensitive);
    return InferBothJson(session, left, right, case_sensitive);
  }
  // One side's types are known, or are JSON's, which say more than CSV's.
  Pending* known = l && r ? (left->format == "json" ? left : right) : (l ? right : left);
  Pending* open = known == left ? right : left;
  if (known->NeedsTypes()) known->schema = InferJson(session, *known);
  const StructType types = known->schema ? *known->schema : Load(*known, Reader(session, *known)).Schema();
  if (open->format == "csv") return AdoptIntoCsv(session, open, *known, types, case_sensitive);
  open->schema = InferJson(session, *open);
  AdoptIntoJson(open, *known, types, case_sensitive);
}

size_t FindColumn(const StructType& schema, const std::string& name, const char* side, const char* option) {
  const std::optional<size_t> at = schema.Find(name, true) ? schema.Find(name, true) : schema.Find(name);
  if (!at) {
    base::Fail("TINDERBOX_DIFF_COLUMNS", "{} names the column \"{}\", which the {} side does not have (or has twice).",
               option, name, side);
  }
  return *at;
}

OpenedSide Open(const Session& session, const Pending& side) {
  const bool text = side.format != "parquet" && side.format != "jdbc" && !side.remote;
  DataFrameReader reader = Reader(session, side);
  if (side.schema) reader = reader.Schema(*side.schema);
  if (text) reader = reader.Option("columnNameOfMalformed", kMalformed).Option("columnNameOfLocation", kLocation);
  OpenedSide out{Load(side, reader), {},          side.format,      side.options, side.files, {}, "", "", false,
                 side.input->paths,  side.schema, side.values_parse};
  if (text) {
    out.malformed_column = kMalformed;
    out.location_column = kLocation;
  }
  const auto without_hidden = [&](StructType schema) {
    std::erase_if(schema.fields,
                  [&](const StructField& f) { return text && (f.name == kMalformed || f.name == kLocation); });
    return schema;
  };
  out.file_schema = without_hidden(out.frame.Schema());
  out.columns.schema = out.file_schema;
  for (const StructField& field : out.file_schema.fields) out.columns.original_names.push_back(field.name);
  out.columns.reported = out.file_schema;
  if (side.reported) {
    for (StructField& field : out.columns.reported.fields) {
      if (const std::optional<size_t> at = side.reported->Find(field.name, true))
        field.type = side.reported->fields[*at].type;
    }
  }
  const DiffInput& input = *side.input;
  out.untouched = input.rename.empty() && input.map.empty() && input.where.empty();
  if (!input.rename.empty()) {
    std::map<std::string, std::string> names;
    for (const auto& [from, to] : input.rename) {
      const size_t at = FindColumn(out.file_schema, from, side.side, "--rename");
      names[out.file_schema.fields[at].name] = to;
      out.columns.schema.fields[at].name = to;
      out.columns.reported.fields[at].name = to;
    }
    out.frame = out.frame.WithColumnsRenamed(names);
  }
  for (const auto& [name, expression] : input.map) {
    out.frame = out.frame.WithColumns({{name, functions::Expr(expression)}});
  }
  if (!input.map.empty()) {
    const StructType mapped = without_hidden(out.frame.Schema());
    const SideColumns before = std::move(out.columns);
    out.columns = {};
    for (const StructField& field : mapped.fields) {
      const std::optional<size_t> at = before.schema.Find(field.name, true);
      const bool replaced = std::any_of(input.map.begin(), input.map.end(), [&](const auto& m) {
        return FoldName(m.first, false) == FoldName(field.name, false);
      });
      out.columns.schema.fields.push_back(field);
      out.columns.reported.fields.push_back(at && !replaced ? before.reported.fields[*at] : field);
      out.columns.original_names.push_back(at ? before.original_names[*at] : field.name);
    }
  }
  if (!input.where.empty()) out.frame = out.frame.Filter(functions::Expr(input.where));
  return out;
}

void ReadAsStrings(Pending* side) {
  if (side->format != "csv" || side->input->schema) return;
  StructType schema;
  for (const std::string& name : csv::ReadHeader(side->files[0].string(), side->options)) {
    schema.fields.push_back({name, DataType(TypeKind::kString), true, "{}"});
  }
  side->schema = std::move(schema);
}

}  // namespace

DataFrame Reopen(const Session& session, const OpenedSide& side, const std::string& record_index) {
  DataFrameReader reader = session.Read().Format(side.format).Schema(*side.read_schema);
  for (const auto& [key, value] : side.options) reader = reader.Option(key, value);
  return reader.Option("columnNameOfMalformed", side.malformed_column)
      .Option("columnNameOfLocation", side.location_column)
      .Option("recordIndex", record_index)
      .Load(side.paths);
}

std::string FormatOf(const fs::path& file) {
  const std::string by_extension = FormatByExtension(file);
  if (!by_extension.empty()) return by_extension;
  std::ifstream stream(file, std::ios::binary);
  std::string start(512, '\0');
  stream.read(start.data(), static_cast<std::streamsize>(start.size()));
  start.resize(static_cast<size_t>(stream.gcount()));
  return FormatByStart(start);
}

OpenedSides OpenSides(const Session& session, const DiffInput& left, const DiffInput& right, bool case_sensitive_names,
                      TextTypes text, bool remote) {
  // Spark fetches for itself.
  const LocalInput left_here = remote ? LocalInput{left, nullptr} : FetchInput(session, left);
  const LocalInput right_here = remote ? LocalInput{right, nullptr} : FetchInput(session, right);
  Pending l = Prepare(session, left_here.input, "left", remote);
  Pending r = Prepare(session, right_here.input, "right", remote);
  if (text == TextTypes::kStrings) {
    ReadAsStrings(&l);
    ReadAsStrings(&r);
  } else {
    ResolveTypes(session, &l, &r, case_sensitive_names);
  }
  OpenedSides out{Open(session, l), Open(session, r)};
  out.left.copies = left_here.copies;
  out.right.copies = right_here.copies;
  return out;
}

OpenedSide OpenSide(const Session& session, const DiffInput& input, TextTypes text) {
  const LocalInput here = FetchInput(session, input);
  Pending side = Prepare(session, here.input, "left", false);
  if (text == TextTypes::kStrings) {
    ReadAsStrings(&side);
  } else if (side.format == "csv" && !input.schema) {
    side.schema = InferCsv(side);
  }
  OpenedSide out = Open(session, side);
  out.copies = here.copies;
  return out;
}

}  // namespace tinderbox::diff
