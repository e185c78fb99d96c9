#include "cli/diff_flags.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/fail.h"
#include "cli/reader_options.h"
#include "diff/files.h"
#include "store/store.h"

namespace tinderbox::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFooter =
    R"text(Every option under Inputs has a --left-… and a --right-… form for one side only:
--left-separator ';', --right-map 'day=to_date(day)', --left-where 'year = 2024'.

Examples:
  tinderbox diff before.csv after.csv --key id
  tinderbox diff before/ after/ --key id,day --tolerance price=0.01 --ignore loaded
  tinderbox diff a.csv b.parquet --left-separator ';' --rename kundennr=customer_id
  tinderbox diff a.parquet b.parquet --right-map "day=date_format(day, 'yyyyMMdd')"
  tinderbox diff a b --key id --report changes.html --output changes --overwrite
  tinderbox diff a b --key id --json --limit 0 --fail-above 0.1%
  tinderbox diff s3a://lake/a.parquet 'jdbc:postgresql://db/shop?dbtable=a' --key id
  tinderbox diff hdfs:///lake/a hdfs:///lake/b --key id --on cluster

Exit codes:
  0    the sides are the same (or differ by no more than --fail-above)
  1    they differ, in rows or in the schema
  2    the comparison could not be made
  130  interrupted; nothing is left behind
)text";

struct RawFlags {
  std::vector<std::string> key, select, ignore, unordered, tolerance, ignore_case, trim, collapse_space, normalize,
      rename;
  std::string output, output_format, layout, fail_above;
  bool include_equal = false;
  bool no_discard = false;
  bool color = false;
  bool no_color = false;
  int64_t limit = 20;
  int64_t report_rows = 2000;
  TwoSides sides;
};

void AddFlags(CLI::App* app, RawFlags* raw, DiffPlan* plan) {
  app->add_option("LEFT", plan->left_path,
                  "A file, a folder, a glob, a URL (hdfs:, s3a:), or jdbc:postgresql://…?dbtable=T")
      ->required();
  app->add_option("RIGHT", plan->right_path, "What to compare it with; may have another format")->required();

  const char* compare = "Comparison";
  AddRepeated(app, "-k,--key", &raw->key,
              "Columns that identify a row; without a key whole rows are counted and compared. Repeat it, or quote a "
              "name that holds a comma: '\"a,b\",c'")
      ->type_name("A,B")
      ->group(compare);
  AddRepeated(app, "--select", &raw->select, "Compare these columns only; default: all that both sides have")
      ->type_name("A,B")
      ->group(compare);
  AddRepeated(app, "--ignore", &raw->ignore, "Leave these columns out")->type_name("A,B")->group(compare);
  AddRepeated(app, "--rename", &raw->rename, "The left's column OLD is the right's NEW; repeatable")
      ->type_name("OLD=NEW")
      ->group(compare);
  AddRepeated(app, "--tolerance", &raw->tolerance,
              "How far values may lie apart: price=0.01, price=1% (of the larger), seen=5s (us, ms, s, min, h, d); "
              "without a name for every column it fits. Needs a key; repeatable")
      ->type_name("[COL=]T")
      ->group(compare);
  app->add_flag("--ignore-case{*}", raw->ignore_case,
                "Upper and lower case are equal, in all text columns or the named ones")
      ->type_name("[=A,B]")
      ->group(compare);
  app->add_flag("--trim{*}", raw->trim, "White space at both ends does not count")->type_name("[=A,B]")->group(compare);
  app->add_flag("--collapse-space{*}", raw->collapse_space, "Any run of white space equals one space; implies --trim")
      ->type_name("[=A,B]")
      ->group(compare);
  AddRepeated(app, "--unicode-normalize", &raw->normalize,
              "Compare text in this normal form: nfc, nfd, nfkc, nfkd; with :A,B only those columns")
      ->type_name("FORM[:A,B]")
      ->group(compare);
  AddRepeated(app, "--unordered", &raw->unordered, "Array columns whose order does not matter")
      ->type_name("A,B")
      ->group(compare);
  app->add_flag("--empty-is-null", plan->options.empty_is_null, "An empty text equals NULL")->group(compare);
  app->add_flag("--set", plan->options.set_semantics, "How often a row occurs does not count; without a key only")
      ->group(compare);
  app->add_flag("--case-sensitive", plan->options.case_sensitive_names,
                "Column names that differ in case are different columns")
      ->group(compare);

  AddInputFlags(app, "", &raw->sides.both);
  AddInputFlags(app, "left-", &raw->sides.left);
  AddInputFlags(app, "right-", &raw->sides.right);

  const char* answers = "Answers";
  app->add_option("--limit", raw->limit, "Differing rows shown at most; 0: none; default: 20")
      ->type_name("N")
      ->check(Between(0, 1000000))
      ->group(answers);
  app->add_flag("--json", plan->json, "One JSON document on standard output instead of text")->group(answers);
  app->add_option("--report", plan->report, "Write an HTML page, complete in one file")
      ->type_name("FILE")
      ->group(answers);
  app->add_option("--report-rows", raw->report_rows, "Differing rows in the page at most; default: 2000")
      ->type_name("N")
      ->check(Between(0, 1000000))
      ->group(answers);
  app->add_option("--output", raw->output, "Write all differing rows to this folder")->type_name("DIR")->group(answers);
  app->add_option("--output-format", raw->output_format, "parquet (default), csv or json")
      ->type_name("FORMAT")
      ->check(OneOf({"parquet", "csv", "json"}))
      ->group(answers);
  app->add_option("--layout", raw->layout,
                  "changes (default): kind, list of changed columns, key, both values; side-by-side; diffit: a row a "
                  "side with diffit_ref; patch: for tinderbox patch")
      ->type_name("NAME")
      ->check(OneOf({"changes", "side-by-side", "diffit", "patch"}))
      ->group(answers);
  app->add_flag("--include-equal", raw->include_equal, "Layout changes: equal rows too")->group(answers);
  app->add_flag("--overwrite", plan->overwrite, "Replace --output and --report if they exist")->group(answers);
  app->add_option("--fail-above", raw->fail_above,
                  "Exit with 1 only when more than N rows, or P% of all, differ; the schema then does not count")
      ->type_name("N|P%")
      ->group(answers);
  app->add_flag("--color", raw->color, "Colours even when standard output is no terminal")->group(answers);
  app->add_flag("--no-color", raw->no_color, "No colours; so does the environment variable NO_COLOR")->group(answers);
  app->add_flag("-q,--quiet", plan->quiet, "Only the exit code, outputs and errors")->group(answers);
  app->add_flag("-v,--verbose", plan->verbose, "Say at the end how long each phase took")->group(answers);

  AddRemoteFlags(app, &plan->remote);
  AddResourceFlags(app, &plan->resources);
  app->add_flag("--no-discard", raw->no_discard, "Compare every row value by value, also those whose bytes are equal")
      ->group("Resources");
  app->footer(kFooter);
}

ColumnNames AllNames(const char* option, const std::vector<std::string>& lists) {
  ColumnNames names;
  for (const std::string& list : lists) {
    for (std::string& name : SplitNames(option, list)) {
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
    }
  }
  return names;
}

void AddNormalForm(const std::string& text, DiffOptions* options) {
  const size_t at = text.find(':');
  std::string form = text.substr(0, at);
  std::transform(form.begin(), form.end(), form.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  static const std::vector<std::string> kForms = {"NFC", "NFD", "NFKC", "NFKD"};
  if (std::find(kForms.begin(), kForms.end(), form) == kForms.end()) {
    base::Fail("TINDERBOX_USAGE", "--unicode-normalize \"{}\": there are the forms nfc, nfd, nfkc and nfkd.", text);
  }
  if (at == std::string::npos) {
    options->unicode_normalize["*"] = form;
    return;
  }
  for (const std::string& name : SplitNames("--unicode-normalize", text.substr(at + 1)))
    options->unicode_normalize[name] = form;
}

void FillOptions(const RawFlags& raw, DiffPlan* plan) {
  DiffOptions& options = plan->options;
  options.key = AllNames("--key", raw.key);
  options.select = AllNames("--select", raw.select);
  options.ignore = AllNames("--ignore", raw.ignore);
  options.unordered = AllNames("--unordered", raw.unordered);
  options.ignore_case = AllNames("--ignore-case", raw.ignore_case);
  options.trim = AllNames("--trim", raw.trim);
  options.collapse_space = AllNames("--collapse-space", raw.collapse_space);
  for (const std::string& text : raw.tolerance) AddTolerance(text, &options.tolerance);
  for (const std::string& text : raw.normalize) AddNormalForm(text, &options);
  options.discard = !raw.no_discard;
  if (!options.tolerance.empty() && options.key.empty()) {
    base::Fail("TINDERBOX_USAGE",
               "--tolerance needs --key: only rows that belong together can be nearly equal. Name the columns that "
               "identify a row.");
  }
  if (options.set_semantics && !options.key.empty()) {
    base::Fail("TINDERBOX_USAGE", "--set compares whole rows, so it cannot go with --key. Leave one of them out.");
  }
  for (const std::string& name : options.ignore) {
    if (std::find(options.key.begin(), options.key.end(), name) != options.key.end()) {
      base::Fail("TINDERBOX_USAGE", "Column \"{}\" is both in --key and in --ignore. Leave it out of one.", name);
    }
  }
}

void FillOutput(const RawFlags& raw, DiffPlan* plan) {
  if (raw.output.empty()) {
    for (const auto& [given, option] :
         {std::pair{!raw.output_format.empty(), "--output-format"}, std::pair{!raw.layout.empty(), "--layout"},
          std::pair{raw.include_equal, "--include-equal"}}) {
      if (given)
        base::Fail("TINDERBOX_USAGE", "{} says how to write --output, but there is none. Add --output DIR.", option);
    }
    return;
  }
  DiffOutput output;
  const bool remote = plan->remote.given();
  const bool elsewhere = remote ? IsRemotePath(raw.output) : store::ParseLocation(raw.output).has_value();
  output.path = elsewhere ? raw.output : diff::LocalPath(raw.output).string();
  if (remote && !IsRemotePath(raw.output)) output.path = fs::absolute(output.path).string();
  if (!raw.output_format.empty()) output.format = raw.output_format;
  if (raw.layout == "side-by-side") output.layout = DiffLayout::kSideBySide;
  if (raw.layout == "diffit") output.layout = DiffLayout::kDiffit;
  if (raw.layout == "patch") output.layout = DiffLayout::kPatch;
  output.include_equal = raw.include_equal;
  output.overwrite = plan->overwrite;
  if (output.include_equal && output.layout != DiffLayout::kChanges) {
    base::Fail("TINDERBOX_USAGE", "--include-equal goes with --layout changes only.");
  }
  plan->output = output;
}

/// Refuses targets before any work is done for them.
void CheckTarget(const char* option, const std::string& path, const DiffPlan& plan) {
  if (IsRemotePath(path)) return;
  std::error_code error;
  if (fs::exists(path, error) && !plan.overwrite) {
    base::Fail("PATH_ALREADY_EXISTS", "{} \"{}\" exists already. Add --overwrite to replace it, or name another.",
               option, path);
  }
  for (const std::string& input : {plan.left_path, plan.right_path}) {
    if (IsRemotePath(input)) continue;
    const fs::path local = diff::LocalPath(input);
    if (fs::exists(local, error) &&
        (diff::IsWithin(local, path) || (fs::exists(path, error) && fs::equivalent(local, path, error)))) {
      base::Fail("TINDERBOX_OUTPUT_IS_INPUT", "{} \"{}\" would replace the input \"{}\". Name another place.", option,
                 path, input);
    }
  }
}

}  // namespace

std::optional<DiffPlan> ParseDiff(const Arguments& arguments) {
  DiffPlan plan;
  RawFlags raw;
  CLI::App app(
      "Finds the differences between two tables in files: which rows are only on one side, which changed and how, and "
      "what is different "
      "in their schemas.");
  AddFlags(&app, &raw, &plan);
  if (!ParseFlags(&app, "diff", arguments)) return std::nullopt;
  plan.limit = static_cast<size_t>(raw.limit);
  plan.report_rows = static_cast<size_t>(raw.report_rows);
  if (raw.color) plan.color = true;
  if (raw.no_color) plan.color = false;
  if (!raw.fail_above.empty()) plan.allowance = ParseAllowance(raw.fail_above);
  if (plan.remote.given()) RefuseResources(plan.resources);
  FillOptions(raw, &plan);
  plan.options.remote = plan.remote.given();
  FillOutput(raw, &plan);
  plan.left = MakeInput("LEFT", plan.left_path, raw.sides.both, raw.sides.left, plan.options.remote);
  plan.right = MakeInput("RIGHT", plan.right_path, raw.sides.both, raw.sides.right, plan.options.remote);
  const std::string left_format = FormatOf(plan.left_path, raw.sides.both, raw.sides.left);
  const std::string right_format = FormatOf(plan.right_path, raw.sides.both, raw.sides.right);
  for (const std::string& option : raw.sides.both.options) CheckReaderOption(option, {left_format, right_format});
  for (const std::string& option : raw.sides.left.options) CheckReaderOption(option, {left_format});
  for (const std::string& option : raw.sides.right.options) CheckReaderOption(option, {right_format});
  for (const std::string& rename : raw.rename) {
    const auto [from, to] = SplitAssignment("--rename", rename);
    plan.left.rename[from] = to;
  }
  if (plan.output) CheckTarget("--output", plan.output->path, plan);
  if (!plan.report.empty()) {
    plan.report = diff::LocalPath(plan.report).string();
    std::error_code error;
    if (fs::is_directory(plan.report, error))
      base::Fail("TINDERBOX_USAGE", "--report \"{}\" is a folder. Name a file.", plan.report);
    CheckTarget("--report", plan.report, plan);
  }
  return plan;
}

}  // namespace tinderbox::cli
