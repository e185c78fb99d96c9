#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "base/fail.h"
#include "base/interrupt.h"
#include "base/temp_dir.h"
#include "cli/console.h"
#include "cli/detach.h"
#include "cli/diffit_commands.h"
#include "cli/inputs.h"
#include "cli/job_session.h"
#include "cli/progress.h"
#include "cli/remote_flags.h"
#include "cli/show.h"
#include "cli/words.h"
#include "cluster/mounts.h"
#include "diff/files.h"
#include "tinderbox/dataframe.h"
#include "tinderbox/diff.h"
#include "tinderbox/functions.h"

namespace tinderbox::cli {
namespace {

constexpr size_t kShown = 20;

std::string QuoteName(const std::string& name) {
  std::string out = "`";
  for (const char c : name) out += c == '`' ? std::string("``") : std::string(1, c);
  return out + "`";
}

bool SameName(const std::string& a, const std::string& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

/// Those names that the schema has; the others are told, since diffit ignored them.
std::vector<std::string> Known(const char* option, const std::vector<std::string>& names, const StructType& schema,
                               bool quiet) {
  std::vector<std::string> columns;
  for (const StructField& field : schema.fields) columns.push_back(field.name);
  std::vector<std::string> known;
  for (const std::string& name : names) {
    const auto found =
        std::find_if(columns.begin(), columns.end(), [&](const std::string& column) { return SameName(column, name); });
    if (found != columns.end()) {
      known.push_back(*found);
    } else if (!quiet) {
      PrintWarning(
          fmt::format("{} {}: the left source has no such column.{}", option, name, DidYouMean(name, columns)));
    }
  }
  return known;
}

/// The condition that --range-column, --lower and --upper mean; empty without a range.
std::string RangeCondition(const DiffitLine& line, const std::optional<std::string>& column, const StructType& schema) {
  if (!column) {
    if (line.Has("lower") || line.Has("upper"))
      base::Fail("TINDERBOX_USAGE", "--lower and --upper need --range-column: the column that they limit.");
    return "";
  }
  std::vector<std::string> names;
  const StructField* field = nullptr;
  for (const StructField& candidate : schema.fields) {
    names.push_back(candidate.name);
    if (SameName(candidate.name, *column)) field = &candidate;
  }
  if (field == nullptr) {
    base::Fail("UNRESOLVED_COLUMN", "There is no range column \"{}\".{}", *column, DidYouMean(*column, names));
  }
  if (!line.Has("lower") && !line.Has("upper")) {
    base::Fail("TINDERBOX_DIFFIT_ABORTED", "Aborted: a range over \"{}\" needs --lower, --upper or both.", field->name);
  }
  const bool whole = field->type.kind() == TypeKind::kInteger || field->type.kind() == TypeKind::kLong;
  if (!whole && !line.Has("force")) {
    base::Fail("TINDERBOX_DIFFIT_ABORTED",
               "The range column \"{}\" is {}, and ranges are for int and bigint. Add --force-range to compare it as a "
               "number.",
               field->name, field->type.SimpleString());
  }
  const std::string value =
      whole ? QuoteName(field->name) : fmt::format("try_cast({} AS BIGINT)", QuoteName(field->name));
  std::string condition;
  if (const auto lower = line.Last("lower"))
    condition = fmt::format("{} >= {}", value, ParseCount("--lower", *lower, INT64_MIN + 1));
  if (const auto upper = line.Last("upper")) {
    condition += fmt::format("{}{} <= {}", condition.empty() ? "" : " AND ", value,
                             ParseCount("--upper", *upper, INT64_MIN + 1));
  }
  return condition;
}

void Warn(const DiffSummary& summary) {
  for (const auto& [name, side] : {std::pair{"left", &summary.left}, std::pair{"right", &summary.right}}) {
    if (side->malformed_rows == 0) continue;
    std::string text = fmt::format(
        "{} row{} of the {} source could not be read as the schema says; such a value never equals an empty one.",
        side->malformed_rows, side->malformed_rows == 1 ? "" : "s", name);
    for (size_t i = 0; i < std::min<size_t>(3, side->malformed.size()); ++i) {
      const MalformedValue& value = side->malformed[i];
      text += fmt::format("\n{} {} {}", value.location, value.column, Value(value.text).ToJson());
    }
    PrintWarning(text);
  }
  for (const DiffColumn& column : summary.columns) {
    const std::string left = column.left_type ? column.left_type->SimpleString() : "";
    const std::string right = column.right_type ? column.right_type->SimpleString() : "";
    if (column.status == ColumnStatus::kLeftOnly)
      PrintWarning(fmt::format("Column {} ({}) is only on the left; it was not compared.", column.name, left));
    if (column.status == ColumnStatus::kRightOnly)
      PrintWarning(fmt::format("Column {} ({}) is only on the right; it was not compared.", column.name, right));
    if (column.status == ColumnStatus::kTypeChanged) {
      PrintWarning(fmt::format(
          "Column {} is {} on the left and {} on the right; it was {}.", column.name, left, right,
          column.compared_as ? "compared as " + column.compared_as->SimpleString() : std::string("not compared")));
    }
  }
}

std::vector<std::string> OutputOrder(const DiffSummary& summary, bool compat) {
  std::vector<std::string> names = summary.value_columns;
  if (compat) std::sort(names.begin(), names.end());
  return names;
}

/// The first rows as diffit prints them: each as often as it occurs, with diffit_ref last.
std::string Show(const DiffResult& result, bool compat) {
  const DiffSummary& summary = result.summary();
  std::vector<std::string> names = OutputOrder(summary, compat);
  std::vector<size_t> order;
  for (const std::string& name : names) {
    order.push_back(static_cast<size_t>(std::find(summary.value_columns.begin(), summary.value_columns.end(), name) -
                                        summary.value_columns.begin()));
  }
  names.emplace_back("diffit_ref");
  std::vector<Row> shown;
  for (const DiffRow& row : result.Rows(kShown + 1)) {
    for (int64_t i = 0; i < row.count && shown.size() <= kShown; ++i) {
      const bool left = row.kind == DiffRow::Kind::kLeftOnly;
      Row line;
      for (const size_t column : order) line.values.push_back((left ? row.left : row.right)[column]);
      line.values.emplace_back(std::string(left ? "left" : "right"));
      shown.push_back(std::move(line));
    }
  }
  return ShowText(names, shown, kShown);
}

void WriteParquet(const Session& session, const DiffResult& result, const std::string& path, const DiffitLine& line) {
  DiffOutput output;
  output.path = path;
  output.layout = DiffLayout::kDiffit;
  output.overwrite = true;
  if (!line.Has("compat")) {
    result.Write(output);
    return;
  }
  const base::TempDir folder(line.Last("temp").value_or(""));
  output.path = (folder.path() / "rows").string();
  result.Write(output);
  std::vector<Column> columns;
  for (const std::string& name : OutputOrder(result.summary(), true)) columns.push_back(functions::ColExact(name));
  columns.push_back(functions::ColExact("diffit_ref"));
  session.Read()
      .Format("parquet")
      .Load({output.path})
      .Select(columns)
      .Write()
      .Format("parquet")
      .Mode(SaveMode::kOverwrite)
      .Save(path);
}

std::optional<std::string> OutputPath(const DiffitLine& line) {
  std::optional<std::string> output = line.Last("output");
  const char* environment = std::getenv("OUTPUT_PATH");
  if (!output && environment != nullptr && *environment != '\0') output = environment;
  return output;
}

/// Where the rows are compared: in this program, on a Spark Connect server, or on one of our own, on YARN.
class Place {
 public:
  explicit Place(const DiffitLine& line) : on_(line.Last("on").value_or("")), name_{line.Last("name").value_or("")} {
    if (name_.name.empty()) {
      const char* variable = std::getenv("TINDERBOX_NAME");
      if (variable != nullptr) name_.name = variable;
    }
    if (!remote()) return;
    for (const char* option : {"threads", "temp", "compat"}) {
      if (line.Has(option))
        base::Fail("TINDERBOX_USAGE", "--{} is for the engine in this program; with --on the work is done elsewhere.",
                   option);
    }
    if (on_ != "yarn" && line.Has("memory"))
      base::Fail("TINDERBOX_USAGE", "--driver-memory is for this program or a driver on YARN; {} has its own.", on_);
    if (on_ != "yarn" && on_ != "cluster") return;
    if (const std::optional<cluster::Config> config = KeptConfig(ExistingFolder(name_))) folders_ = FoldersOf(*config);
  }

  bool remote() const { return !on_.empty(); }

  /// Local paths as Spark and the folders of the cluster have them; ours where nothing is remote.
  std::string Path(const std::string& path) const {
    if (!remote()) return path;
    const std::string mapped = cluster::MapPaths(path, folders_);
    const bool local = mapped.find("://") == std::string::npos || mapped.starts_with("file:");
    return local ? "file://" + std::filesystem::absolute(diff::LocalPath(mapped)).string() : mapped;
  }
  std::string LocalFile(const std::string& path) const { return cluster::MapPaths(path, folders_); }

  Session Open(const DiffitLine& line) {
    if (!remote()) return DiffitSession(line);
    if (on_ == "yarn")
      job_.emplace(FindJobCluster(name_.name), "diffit", line.Last("memory").value_or(""), line.Has("quiet"),
                   IsDetached() ? LeaveToJob : std::function<void(const cluster::JobFolder&)>());
    const Session session = job_ ? job_->Open() : Session(ConnectTo(RemoteUrl({on_, name_})));
    PrepareForDiff(session);
    return session;
  }
  /// The work is done; what is still open may be closed.
  void Finish() {
    if (job_) job_->Finish();
  }

 private:
  std::string on_;
  ClusterName name_;
  std::map<std::string, std::string> folders_;
  std::optional<JobSession> job_;
};

}  // namespace

int DiffitRow(const DiffitLine& line) {
  DiffitSources sources = ResolveRow(line);
  Place place(line);
  const bool quiet = line.Has("quiet");
  const bool compat = line.Has("compat");
  if (!quiet) {
    for (const std::string& warning : sources.warnings) PrintWarning(warning);
  }
  for (std::string* path : {&sources.left, &sources.right}) {
    *path = place.Path(*path);
    if (!place.remote() || path->starts_with("file:")) CheckExists(path == &sources.left ? "LEFT" : "RIGHT", *path);
  }
  DiffInput left;
  DiffInput right;
  left.format = right.format = sources.format;
  left.paths = {sources.left};
  right.paths = {sources.right};
  if (sources.format == "csv") {
    left.options = right.options = DiffitCsvOptions(line);
    left.schema = right.schema = DiffitSchemaNamed(place.LocalFile(sources.schema));
  }
  const Session session = place.Open(line);
  const base::OnInterrupt stop([&session] { session.Interrupt(); });
  const StructType schema = left.schema ? *left.schema : session.Read().Format("parquet").Load(left.paths).Schema();
  left.where = right.where = RangeCondition(line, sources.range_column, schema);
  DiffOptions options;
  options.select = Known("--add", line.All("add"), schema, quiet);
  options.ignore = Known("--drop", line.All("drop"), schema, quiet);
  if (!options.select.empty()) {
    for (const std::string& name : options.ignore) std::erase(options.select, name);
    options.ignore.clear();
    if (options.select.empty())
      base::Fail("TINDERBOX_DIFFIT_ABORTED", "--drop leaves no column of those in --add to compare.");
  }
  options.set_semantics = compat;
  options.empty_is_null = !line.Has("distinguish");
  options.remote = place.remote();
  const Console console = Console::Inspect();
  ProgressDisplay progress(quiet || !console.err_terminal ? ProgressDisplay::Mode::kNone : ProgressDisplay::Mode::kBar,
                           console);
  const DiffResult result =
      Diff(session, left, right, options, [&progress](const DiffProgress& now) { progress.Show(now); });
  base::ThrowIfInterrupted();
  const std::optional<std::string> output = OutputPath(line);
  std::string text;
  if (output) {
    WriteParquet(session, result, place.remote() ? place.Path(*output) : diff::LocalPath(*output).string(), line);
  } else {
    text = Show(result, compat);
  }
  place.Finish();
  progress.Finish();
  if (!quiet) Warn(result.summary());
  if (!text.empty()) WriteOut(text);
  return 0;
}

}  // namespace tinderbox::cli
