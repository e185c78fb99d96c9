#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/fail.h"
#include "base/staged_output.h"
#include "diff/files.h"
#include "diff/result.h"
#include "diff/stores.h"
#include "tinderbox/functions.h"

// A patch is the signed multiset of rows that leads from LEFT to RIGHT, in RIGHT's columns: each row of it says how
// many more (positive) or fewer (negative) of such rows RIGHT has than LEFT, once LEFT has been given RIGHT's columns.

namespace tinderbox {
namespace diff {
namespace {

namespace fs = std::filesystem;
namespace fn = functions;
using Kind = TypeKind;

constexpr const char* kCount = "_patch_count";
constexpr const char* kMetadataFile = "_tinderbox_patch.json";
constexpr int kVersion = 1;

Column Number(int64_t value) {
  return fn::Lit(Value(value), DataType(Kind::kLong));
}

std::string P(size_t i) {
  return fmt::format("p{}", i);
}
std::string Z(size_t i) {
  return fmt::format("z{}", i);
}

bool HasSignedZero(const DataType& type) {
  return type.kind() == Kind::kFloat || type.kind() == Kind::kDouble;
}

/// LEFT's column as a column of RIGHT's type. What does not convert becomes NULL; the patch makes up for it.
Column Conform(const StructField* from, const StructField& to) {
  if (from == nullptr) return fn::Lit(Value(), to.type);
  const Column value = fn::ColExact(from->name);
  if (from->type.SameIgnoringNullability(to.type)) return value;
  const bool castable = (from->type.IsNumeric() && to.type.IsNumeric()) ||
                        (from->type.kind() == Kind::kString && !to.type.IsNested() && to.type.kind() != Kind::kNull) ||
                        (to.type.kind() == Kind::kString && !from->type.IsNested() && from->type.kind() != Kind::kNull);
  return castable ? value.TryCast(to.type) : fn::Lit(Value(), to.type);
}

/// Rows in `schema`, in a form in which rows that are the same bytes and only those are equal: p<i> the values, maps as
/// entries, without negative zero; z<i> says where there was one.
DataFrame Comparable(const DataFrame& frame, const std::vector<Column>& values, const StructType& schema) {
  std::vector<Column> out;
  for (size_t i = 0; i < schema.fields.size(); ++i) {
    const DataType& type = schema.fields[i].type;
    out.push_back(ToForm(values[i], type, type, Side::kLeft, {}, HasSignedZero(type) ? Form::kGrouping : Form::kPlain)
                      .Alias(P(i)));
  }
  for (size_t i = 0; i < schema.fields.size(); ++i) {
    if (!HasSignedZero(schema.fields[i].type)) continue;
    const Column zero = values[i] == fn::Lit(Value(0.0));
    const Column negative = values[i].Cast(DataType(Kind::kString)) == fn::Lit(Value(std::string("-0.0")));
    out.push_back(fn::Coalesce({zero && negative, fn::Lit(Value(false))}).Alias(Z(i)));
  }
  return frame.Select(std::move(out));
}

std::vector<std::string> ComparableNames(const StructType& schema) {
  std::vector<std::string> out;
  for (size_t i = 0; i < schema.fields.size(); ++i) out.push_back(P(i));
  for (size_t i = 0; i < schema.fields.size(); ++i) {
    if (HasSignedZero(schema.fields[i].type)) out.push_back(Z(i));
  }
  return out;
}

std::vector<Column> Columns(const std::vector<std::string>& names) {
  std::vector<Column> out;
  for (const std::string& name : names) out.push_back(fn::Col(name));
  return out;
}

/// Back from Comparable.
std::vector<Column> Restored(const StructType& schema) {
  std::vector<Column> out;
  for (size_t i = 0; i < schema.fields.size(); ++i) {
    const DataType& type = schema.fields[i].type;
    Column value = RestoreMaps(fn::Col(P(i)), type);
    if (HasSignedZero(type)) {
      const Column negative = fn::Lit(type.kind() == Kind::kFloat ? Value(-0.0F) : Value(-0.0), type);
      value = fn::When({{fn::Col(Z(i)), negative}}, value);
    }
    out.push_back(value.Alias(schema.fields[i].name));
  }
  return out;
}

std::vector<Column> OwnColumns(const StructType& schema) {
  std::vector<Column> out;
  for (const StructField& field : schema.fields) out.push_back(fn::ColExact(field.name));
  return out;
}

std::vector<Column> ConformedColumns(const StructType& left, const StructType& right, bool case_sensitive) {
  std::vector<Column> out;
  for (const StructField& field : right.fields) {
    const std::optional<size_t> exact = left.Find(field.name, true);
    const std::optional<size_t> match = exact || case_sensitive ? exact : left.Find(field.name, false);
    out.push_back(Conform(match ? &left.fields[*match] : nullptr, field));
  }
  return out;
}

/// Each row as often as its column "copies" says.
DataFrame Repeat(const Session& session, const DataFrame& rows, const std::vector<std::string>& names) {
  const std::vector<Row> most = rows.Agg({fn::Max(fn::Col("copies"))}).Collect();
  if (most[0][0].is_null() || most[0][0].As<int64_t>() <= 1) return rows.Select(Columns(names));
  return rows.Join(session.Range(most[0][0].As<int64_t>()), fn::Col("id") < fn::Col("copies"), "inner")
      .Select(Columns(names));
}

/// The text formats write timestamps to the millisecond only; as text they keep all digits.
bool StoredAsText(const DataType& type, const std::string& format) {
  return format != "parquet" && (type.kind() == Kind::kTimestamp || type.kind() == Kind::kTimestampNtz);
}

bool HoldsTimestamp(const DataType& type) {
  switch (type.kind()) {
    case Kind::kArray:
      return HoldsTimestamp(type.element());
    case Kind::kMap:
      return HoldsTimestamp(type.key()) || HoldsTimestamp(type.value());
    case Kind::kStruct:
      return std::any_of(type.fields().begin(), type.fields().end(),
                         [](const StructField& field) { return HoldsTimestamp(field.type); });
    default:
      return type.kind() == Kind::kTimestamp || type.kind() == Kind::kTimestampNtz;
  }
}

void RefuseInexact(const StructType& schema, const std::string& format) {
  if (format == "parquet") return;
  for (const StructField& field : schema.fields) {
    if (format == "csv" ? field.type.IsNested() || field.type.kind() == Kind::kBinary
                        : field.type.IsNested() && HoldsTimestamp(field.type)) {
      base::Fail("UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE",
                 "Column \"{}\" is {}, which {} cannot hold exactly. Write parquet.", field.name,
                 field.type.SimpleString(), format);
    }
  }
}

/// Says which rows a table has, in whatever order: their number and the sum of their hashes.
struct Fingerprint {
  int64_t rows = 0;
  std::string hashes;
  bool operator==(const Fingerprint&) const = default;
};

Fingerprint TakeFingerprint(const DataFrame& frame, const StructType& schema) {
  // Spark's hash passes over NULL, so that where one stands is hashed beside the values.
  std::vector<Column> hashed;
  for (const std::string& name : ComparableNames(schema)) {
    hashed.push_back(fn::Col(name));
    hashed.push_back(fn::Col(name).IsNull());
  }
  const Column hash = fn::Call("xxhash64", hashed).Cast(DataType::Decimal(20, 0));
  const Row row = Comparable(frame, OwnColumns(schema), schema).Agg({fn::CountStar(), fn::Sum(hash)}).Collect()[0];
  return {row[0].As<int64_t>(), row[1].ToString()};
}

struct Metadata {
  StructType left, right;
  std::string format;
  bool case_sensitive = false;
  Fingerprint fingerprint;
};

Metadata ReadMetadata(const fs::path& patch) {
  std::ifstream file(patch / kMetadataFile, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  const nlohmann::json json = nlohmann::json::parse(text.str(), nullptr, false);
  if (!file || !json.is_object() || !json.contains("tinderbox_patch")) {
    base::Fail("TINDERBOX_PATCH_INVALID",
               "{} is not a patch: it has no readable {}. Make one with: tinderbox diff LEFT RIGHT --output DIR "
               "--layout patch",
               patch.string(), kMetadataFile);
  }
  if (json["tinderbox_patch"] != kVersion) {
    base::Fail("TINDERBOX_PATCH_INVALID", "The patch {} is of version {}; this program knows version {}.",
               patch.string(), json["tinderbox_patch"].dump(), kVersion);
  }
  return {StructType::FromJson(json.at("left_schema").get<std::string>()),
          StructType::FromJson(json.at("right_schema").get<std::string>()),
          json.at("format").get<std::string>(),
          json.at("case_sensitive").get<bool>(),
          {json.at("left_rows").get<int64_t>(), json.at("left_hashes").get<std::string>()}};
}

/// NULL-safe equality of all columns of `names`, those of the right relation with a prefix.
Column SameRow(const std::vector<std::string>& names, const std::string& prefix) {
  std::optional<Column> out;
  for (const std::string& name : names) {
    const Column same = fn::Col(name).EqNullSafe(fn::Col(prefix + name));
    out = out ? *out && same : same;
  }
  return *out;
}

DataFrame Prefixed(const DataFrame& frame, const std::vector<std::string>& names, const std::string& prefix) {
  std::vector<Column> out;
  for (const std::string& name : names) out.push_back(fn::Col(name).Alias(prefix + name));
  return frame.Select(std::move(out));
}

}  // namespace

void WritePatch(const DiffResult::State& state, const DiffOutput& output) {
  const auto refuse = [](const char* what) {
    base::Fail("TINDERBOX_DIFF_OPTION",
               "A patch turns the whole left input into the right one, so it cannot be made with {}. Leave that out.",
               what);
  };
  for (const DiffInput* input : {&state.left_input, &state.right_input}) {
    if (!input->where.empty()) refuse("--where");
    if (!input->map.empty()) refuse("--map");
    if (!input->rename.empty()) refuse("--rename");
  }
  if (!state.options.select.empty()) refuse("--select");
  const bool typed = state.left_input.schema || state.right_input.schema;
  const SideSummary& left_summary = state.summary.left;
  if (typed && left_summary.malformed_rows + state.summary.right.malformed_rows > 0) {
    refuse(
        "a schema that some values do not fit: they cannot be given back. Without a schema, CSV is compared as text, "
        "exactly");
  }
  const OpenedSides sides = OpenSides(state.session, state.left_input, state.right_input,
                                      state.options.case_sensitive_names, TextTypes::kStrings);
  const StructType& left = sides.left.file_schema;
  const StructType& right = sides.right.file_schema;
  RefuseInexact(right, output.format);
  if (right.Find(kCount))
    base::Fail("COLUMN_ALREADY_EXISTS", "The right side has a column {}, a name that a patch needs.", kCount);
  const std::vector<std::string> names = ComparableNames(right);
  const auto signed_rows = [&](const DataFrame& frame, int64_t sign) {
    return frame.WithColumns({{"copies", Number(sign)}});
  };
  const DataFrame rows =
      signed_rows(
          Comparable(sides.left.frame, ConformedColumns(left, right, state.options.case_sensitive_names), right), -1)
          .UnionAll(signed_rows(Comparable(sides.right.frame, OwnColumns(right), right), 1))
          .GroupBy(Columns(names))
          .Agg({fn::Sum(fn::Col("copies")).Alias(kCount)})
          .Filter(fn::Col(kCount) != Number(0));
  std::vector<Column> order;
  for (const std::string& name : names) order.push_back(fn::Col(name).Asc());
  std::vector<Column> columns = {fn::Col(kCount)};
  const std::vector<Column> restored = Restored(right);
  for (size_t i = 0; i < restored.size(); ++i) {
    const StructField& field = right.fields[i];
    columns.push_back(StoredAsText(field.type, output.format)
                          ? fn::Col(P(i)).Cast(DataType(Kind::kString)).Alias(field.name)
                          : restored[i]);
  }

  base::StagedOutput staged(LocalPath(output.path), base::StagedOutput::Kind::kFolder, output.overwrite);
  const fs::path& folder = staged.path();
  DataFrameWriter writer =
      rows.Sort(std::move(order)).Select(std::move(columns)).Write().Format(output.format).Mode(SaveMode::kOverwrite);
  if (output.format == "csv") writer = writer.Option("header", "true").Option("escape", "\"");
  writer.Save(folder.string());
  const Fingerprint fingerprint = TakeFingerprint(sides.left.frame, left);
  const nlohmann::ordered_json metadata = {{"tinderbox_patch", kVersion},
                                           {"format", output.format},
                                           {"case_sensitive", state.options.case_sensitive_names},
                                           {"left_rows", fingerprint.rows},
                                           {"left_hashes", fingerprint.hashes},
                                           {"left_schema", left.Json()},
                                           {"right_schema", right.Json()}};
  std::ofstream file(folder / kMetadataFile, std::ios::binary);
  file << metadata.dump(2) << "\n";
  file.close();
  if (!file)
    base::Fail("TINDERBOX_WRITE_FAILED", "Cannot write {} (is the disk full?).", (folder / kMetadataFile).string());
  staged.Commit();
}

}  // namespace diff

void ApplyPatch(const Session& session, const DiffInput& left, const std::string& patch, const std::string& output,
                const std::string& format, bool overwrite, const std::map<std::string, std::string>& write_options) {
  using namespace diff;
  const fs::path folder = LocalPath(patch);
  const Metadata metadata = ReadMetadata(folder);
  if (format != "parquet" && format != "csv" && format != "json") {
    base::Fail("TINDERBOX_DIFF_OPTION", "The output format {} is unknown; there are parquet, csv and json.", format);
  }
  DiffInput patch_input;
  patch_input.paths = {patch};
  CheckOutput(output, overwrite, {&left, &patch_input});
  RefuseInexact(metadata.right, format);

  const LocalInput here = FetchInput(session, left);
  OpenedSide opened = [&] {
    DiffInput probe = here.input;
    if (probe.format.empty()) probe.format = FormatOf(DataFiles(probe.paths).at(0));
    if (probe.format != "parquet" && !probe.schema) probe.schema = metadata.left;
    return OpenSide(session, probe, TextTypes::kStrings);
  }();
  const auto mismatch = [](const std::string& why) {
    base::Fail(
        "TINDERBOX_PATCH_MISMATCH",
        "The patch was made from another left table: {}. Nothing was written. Apply it to the table it was made from.",
        why);
  };
  if (!opened.file_schema.ToType().SameIgnoringNullability(metadata.left.ToType())) {
    mismatch(fmt::format("its columns were {}, but here they are {}", metadata.left.ToType().SimpleString(),
                         opened.file_schema.ToType().SimpleString()));
  }

  const Fingerprint found = TakeFingerprint(opened.frame, metadata.left);
  if (found.rows != metadata.fingerprint.rows) {
    mismatch(fmt::format("it had {} rows, but here are {}", metadata.fingerprint.rows, found.rows));
  }
  if (!(found == metadata.fingerprint)) mismatch("some of its rows were others");

  StructType patch_schema = metadata.right;
  for (StructField& field : patch_schema.fields) {
    if (StoredAsText(field.type, metadata.format)) field.type = DataType(Kind::kString);
  }
  patch_schema.fields.insert(patch_schema.fields.begin(), {kCount, DataType(Kind::kLong), true, "{}"});
  DataFrameReader reader = session.Read().Format(metadata.format).Schema(patch_schema);
  if (metadata.format == "csv")
    reader = reader.Option("header", "true").Option("escape", "\"").Option("multiLine", "true");
  const std::vector<std::string> names = ComparableNames(metadata.right);
  const DataFrame stored = reader.Load({folder.string()});
  std::vector<Column> values = OwnColumns(metadata.right);
  for (size_t i = 0; i < values.size(); ++i) {
    const DataType& type = metadata.right.fields[i].type;
    if (StoredAsText(type, metadata.format)) values[i] = values[i].Cast(type);
  }
  // The count rides along through the comparable form as one more column.
  StructType with_count = metadata.right;
  with_count.fields.push_back({kCount, DataType(Kind::kLong), true, "{}"});
  values.push_back(fn::Col(kCount));
  const DataFrame changes =
      Comparable(stored, values, with_count).WithColumns({{kCount, fn::Col(P(metadata.right.fields.size()))}});
  const DataFrame removed = changes.Filter(fn::Col(kCount) < Number(0));
  const DataFrame added = changes.Filter(fn::Col(kCount) > Number(0)).WithColumns({{"copies", fn::Col(kCount)}});

  const DataFrame rows = Comparable(
      opened.frame, ConformedColumns(metadata.left, metadata.right, metadata.case_sensitive), metadata.right);
  const DataFrame touched = rows.Join(Prefixed(removed, names, "r"), SameRow(names, "r"), "left_semi")
                                .GroupBy(Columns(names))
                                .Agg({fn::CountStar().Alias("have")});
  std::vector<std::string> touched_names = names;
  touched_names.push_back("have");
  const DataFrame checked =
      removed.Join(Prefixed(touched, touched_names, "t"), SameRow(names, "t"), "left_outer")
          .WithColumns({{"copies", fn::Coalesce({fn::Col("thave"), Number(0)}) + fn::Col(kCount)}})
          .Persist();
  const Row missing =
      checked.Filter(fn::Col("copies") < Number(0)).Agg({fn::CountStar(), fn::Sum(-fn::Col("copies"))}).Collect()[0];
  if (missing[0].As<int64_t>() > 0) {
    mismatch(fmt::format("{} {} that the patch removes {} not in it", missing[1].As<int64_t>(),
                         missing[1].As<int64_t>() == 1 ? "row" : "rows", missing[1].As<int64_t>() == 1 ? "is" : "are"));
  }
  const DataFrame result = rows.Join(Prefixed(removed, names, "r"), SameRow(names, "r"), "left_anti")
                               .UnionAll(Repeat(session, checked.Filter(fn::Col("copies") > Number(0)), names))
                               .UnionAll(Repeat(session, added, names))
                               .Select(Restored(metadata.right));
  DataFrameWriter writer =
      result.Write().Format(format).Mode(overwrite ? SaveMode::kOverwrite : SaveMode::kErrorIfExists);
  std::map<std::string, std::string> options = write_options;
  if (format == "csv") {
    options.emplace("header", "true");
    options.emplace("escape", "\"");
  }
  for (const auto& [key, value] : options) writer = writer.Option(key, value);
  writer.Save(LocalPath(output).string());
}

}  // namespace tinderbox
