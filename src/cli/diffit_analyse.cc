#include <fmt/format.h>

#include <algorithm>

#include "base/fail.h"
#include "base/interrupt.h"
#include "cli/console.h"
#include "cli/diffit_commands.h"
#include "cli/flags.h"
#include "cli/inputs.h"
#include "cli/show.h"
#include "cli/words.h"
#include "diff/files.h"
#include "tinderbox/dataframe.h"
#include "tinderbox/functions.h"

namespace tinderbox::cli {
namespace {

using functions::ColExact;
using functions::Lit;

constexpr const char* kReference = "diffit_ref";
constexpr const char* kMalformed = "__tinderbox_malformed";
constexpr const char* kLocation = "__tinderbox_location";

/// The rows that diffit wrote, and the column that identifies them.
struct Analysis {
  DataFrame rows;
  std::string key;
};

Analysis Open(const Session& session, const std::string& path, const std::string& key) {
  CheckExists("The diffit output", path);
  const DataFrame rows = session.Read().Format("parquet").Load({path});
  std::vector<std::string> names;
  for (const StructField& field : rows.Schema().fields) names.push_back(field.name);
  if (!rows.Schema().Find(kReference)) {
    base::Fail("TINDERBOX_DIFFIT_INPUT",
               "\"{}\" has no column diffit_ref, so it is not the output of diffit row. Name the folder that diffit "
               "row --output wrote.",
               path);
  }
  const std::optional<size_t> at = rows.Schema().Find(key);
  if (!at)
    base::Fail("UNRESOLVED_COLUMN", "The diffit output \"{}\" has no key column \"{}\".{}", path, key,
               DidYouMean(key, names));
  return {rows, rows.Schema().fields[*at].name};
}

enum class Sides { kOne, kBoth };

/// Keys that occur on one side only, or on both. Any number of rows a key, and NULL is a key like others.
DataFrame Keys(const Analysis& analysis, Sides sides) {
  const auto count = [](const char* side) {
    const Column is_side = ColExact(kReference) == Lit(Value(std::string(side)));
    return functions::Sum(functions::When({{is_side, Lit(Value(int64_t{1}))}}, Lit(Value(int64_t{0}))));
  };
  const DataFrame counted = analysis.rows.GroupBy({ColExact(analysis.key)})
                                .Agg({count("left").Alias("l"), count("right").Alias("r")})
                                .ToDf({"k", "l", "r"});
  const Column zero = Lit(Value(int64_t{0}));
  const Column on_both = ColExact("l") > zero && ColExact("r") > zero;
  return counted.Filter(sides == Sides::kBoth ? on_both : !on_both).Select({ColExact("k")});
}

DataFrame RowsOf(const Analysis& analysis, const DataFrame& keys) {
  return analysis.rows.Join(keys, analysis.rows[analysis.key].EqNullSafe(keys["k"]), "left_semi");
}

DataFrame Ordered(const Analysis& analysis, const DataFrame& rows, bool descending) {
  std::vector<Column> order = {descending ? ColExact(analysis.key).Desc() : ColExact(analysis.key).Asc(),
                               ColExact(kReference).Asc()};
  // The rest only makes the order the same each time.
  for (const StructField& field : rows.Schema().fields) {
    if (!field.type.IsNested() && field.name != analysis.key && field.name != kReference)
      order.push_back(ColExact(field.name).Asc());
  }
  return rows.Sort(order);
}

void Show(const DataFrame& rows, size_t hits) {
  std::vector<std::string> names;
  for (const StructField& field : rows.Schema().fields) names.push_back(field.name);
  WriteOut(ShowText(names, rows.Limit(static_cast<int>(hits) + 1).Collect(), hits));
}

/// The rows within --range-column, --lower and --upper.
DataFrame InRange(const DiffitLine& line, const DataFrame& rows) {
  const std::optional<std::string> column = line.Last("range");
  if (!column) return rows;
  const std::optional<size_t> at = rows.Schema().Find(*column);
  if (!at) base::Fail("UNRESOLVED_COLUMN", "The diffit output has no range column \"{}\".", *column);
  const StructField& field = rows.Schema().fields[*at];
  if (!line.Has("lower") && !line.Has("upper")) {
    base::Fail("TINDERBOX_DIFFIT_ABORTED", "Aborted: a range over \"{}\" needs --lower, --upper or both.", field.name);
  }
  const bool whole = field.type.kind() == TypeKind::kInteger || field.type.kind() == TypeKind::kLong;
  if (!whole && !line.Has("force")) {
    base::Fail("TINDERBOX_DIFFIT_ABORTED",
               "The range column \"{}\" is {}, and ranges are for int and bigint. Add --force-range to compare it as a "
               "number.",
               field.name, field.type.SimpleString());
  }
  const Column value = whole ? ColExact(field.name) : ColExact(field.name).TryCast(DataType(TypeKind::kLong));
  DataFrame out = rows;
  if (const auto lower = line.Last("lower"))
    out = out.Filter(value >= Lit(Value(ParseCount("--lower", *lower, INT64_MIN + 1))));
  if (const auto upper = line.Last("upper"))
    out = out.Filter(value <= Lit(Value(ParseCount("--upper", *upper, INT64_MIN + 1))));
  return out;
}

/// Tells of values that became NULL because they are not what the schema says. Reads whole rows: a value that nobody
/// asks for is not converted, and so not found wanting.
void WarnOfMalformed(const DataFrame& malformed) {
  int64_t count = 0;
  ArrowBatch batch;
  for (const auto batches = malformed.Batches(); batches->Next(&batch);) count += batch.rows();
  if (count == 0) return;
  std::string text =
      fmt::format("{} record{} could not be read as the schema says; what did not fit is NULL in the output.", count,
                  count == 1 ? "" : "s");
  for (const Row& row : malformed.Limit(3).Collect()) text += fmt::format("\n{}", row[row.size() - 1].ToString());
  PrintWarning(text);
}

/// KEY from --key or the first of two words, PATH the last.
std::pair<std::string, std::string> KeyAndPath(const DiffitLine& line, const char* verb,
                                               std::vector<std::string> words) {
  const std::optional<std::string> key = line.Last("key");
  if (words.size() != (key ? 1U : 2U)) {
    throw UsageError(
        verb,
        fmt::format("{} needs a key (--key COL, or a word before the folder) and the folder that diffit row wrote.",
                    verb));
  }
  return {key ? *key : words[0], words.back()};
}

}  // namespace

int DiffitAnalyse(const DiffitLine& line) {
  std::vector<std::string> words = line.words;
  if (words.empty() || (words[0] != "distinct" && words[0] != "altered")) {
    throw UsageError("diffit analyse", "diffit analyse needs distinct or altered.");
  }
  const bool altered = words[0] == "altered";
  words.erase(words.begin());
  const auto [key, path] = KeyAndPath(line, altered ? "diffit analyse altered" : "diffit analyse distinct", words);
  const std::optional<std::string> orientation = line.Last("orientation");
  if (orientation && *orientation != "left" && *orientation != "right") {
    throw UsageError("diffit analyse", fmt::format("--orientation \"{}\" is neither left nor right.", *orientation));
  }
  const auto hits = static_cast<size_t>(ParseCount("--hits", line.Last("hits").value_or("20"), 0));
  const Session session = DiffitSession(line);
  const base::OnInterrupt stop([&session] { session.Interrupt(); });
  Analysis analysis = Open(session, path, key);
  analysis.rows = InRange(line, analysis.rows);
  const bool descending = line.Has("descending");
  if (altered) {
    const DataFrame keys = Keys(analysis, Sides::kBoth);
    if (line.Has("counts")) {
      WriteOut(fmt::format("Altered rows analysis count: {}\n", keys.Count()));
    } else {
      Show(Ordered(analysis, RowsOf(analysis, keys), descending), hits);
    }
    return 0;
  }
  const DataFrame rows = RowsOf(analysis, Keys(analysis, Sides::kOne));
  for (const char* side : {"left", "right"}) {
    if (orientation && *orientation != side) continue;
    const DataFrame own = rows.Filter(ColExact(kReference) == Lit(Value(std::string(side))));
    if (!line.Has("quiet")) WriteOut(fmt::format("### Analysing distinct rows from \"{}\" source DataFrame\n", side));
    if (line.Has("counts")) {
      WriteOut(fmt::format("Distinct rows analysis count: {}\n", own.Count()));
    } else {
      Show(Ordered(analysis, own, descending), hits);
    }
  }
  return 0;
}

int DiffitColumns(const DiffitLine& line) {
  std::vector<std::string> words = line.words;
  const std::optional<std::string> value_option = line.Last("value");
  const size_t expected = (line.Has("key") ? 0U : 1U) + (value_option ? 0U : 1U) + 1U;
  if (words.size() == expected + 1 && words[0] == "diff") words.erase(words.begin());
  if (words.size() != expected) {
    throw UsageError("diffit columns",
                     "diffit columns diff needs --key COL, --value VALUE and the folder that diffit row wrote.");
  }
  const std::string path = words.back();
  const std::string key_name = line.Last("key").value_or(words[0]);
  const std::string value = value_option ? *value_option : words[words.size() - 2];
  const Session session = DiffitSession(line);
  const base::OnInterrupt stop([&session] { session.Interrupt(); });
  Analysis analysis = Open(session, path, key_name);
  const StructType schema = analysis.rows.Schema();
  const DataType type = schema.fields[*schema.Find(analysis.key)].type;
  const Column wanted = type.kind() == TypeKind::kString ? Lit(Value(value)) : Lit(Value(value)).TryCast(type);
  const std::vector<Row> rows = analysis.rows.Filter(ColExact(analysis.key) == wanted).Collect();
  const size_t reference = *schema.Find(kReference);
  std::vector<const Row*> left;
  std::vector<const Row*> right;
  for (const Row& row : rows) (row[reference].As<std::string>() == "left" ? left : right).push_back(&row);
  std::string json;
  for (size_t c = 0; c < schema.fields.size() && !left.empty() && !right.empty(); ++c) {
    if (c == reference) continue;
    std::vector<const Value*> told;
    for (const Row* row : left) {
      const Value& own = (*row)[c];
      const auto same = [&own](const Value& other) { return other == own; };
      const bool there = std::any_of(right.begin(), right.end(), [&](const Row* other) { return same((*other)[c]); });
      if (there || std::any_of(told.begin(), told.end(), [&](const Value* other) { return same(*other); })) continue;
      told.push_back(&own);
      json += fmt::format("{}    {{\n        {}: {}\n    }}", json.empty() ? "" : ",\n",
                          Value(schema.fields[c].name).ToJson(), own.ToJson());
    }
  }
  WriteOut(json.empty() ? "[]\n" : "[\n" + json + "\n]\n");
  return 0;
}

int DiffitConvert(const DiffitLine& line) {
  std::vector<std::string> words = line.words;
  const size_t expected = (line.Has("schema") ? 0U : 1U) + (line.Has("data") ? 0U : 1U) + 1U;
  if (words.size() == expected + 1 && words[0] == "csv") words.erase(words.begin());
  if (words.size() != expected) {
    throw UsageError("diffit convert",
                     "diffit convert csv needs a schema (-J), CSV data (-C) and the folder to write.");
  }
  size_t next = 0;
  const std::string schema = line.Has("schema") ? *line.Last("schema") : words[next++];
  const std::string data = line.Has("data") ? *line.Last("data") : words[next++];
  const std::string output = diff::LocalPath(words[next]).string();
  CheckExists("The CSV data", data);
  const StructType types = DiffitSchemaNamed(schema);
  const Session session = DiffitSession(line);
  const base::OnInterrupt stop([&session] { session.Interrupt(); });
  if (line.Has("partitions") && !line.Has("quiet")) {
    PrintWarning("--num-partitions has no effect: the engine chooses the number of files.");
  }
  DataFrameReader reader = session.Read().Format("csv").Schema(types);
  for (const auto& [name, value] : DiffitCsvOptions(line)) reader = reader.Option(name, value);
  const DataFrame rows =
      reader.Option("columnNameOfMalformed", kMalformed).Option("columnNameOfLocation", kLocation).Load({data});
  rows.Drop({kMalformed, kLocation})
      .Write()
      .Format("parquet")
      .Option("compression", line.Last("compression").value_or("snappy"))
      .Mode(SaveMode::kOverwrite)
      .Save(output);
  if (!line.Has("quiet")) WarnOfMalformed(rows.Filter(ColExact(kMalformed).IsNotNull()));
  return 0;
}

}  // namespace tinderbox::cli
