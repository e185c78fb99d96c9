#include "tinderbox/diff.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/fail.h"
#include "diff/result.h"
#include "diff/statistics.h"
#include "store/store.h"
#include "tinderbox/functions.h"

namespace tinderbox {
namespace diff {
namespace {

namespace fn = functions;

constexpr int kMostMalformed = 100;

/// The malformed values of one side, in file order.
std::vector<MalformedValue> FirstMalformed(const OpenedSide& side, const DifferenceLayout& layout, Side which) {
  const Column location = fn::ColExact(side.location_column);
  const auto part = [&](int group) {
    return fn::Call("regexp_extract", {location, fn::Lit(Value(std::string("(?s)^(.*):([0-9]+)$"))),
                                       fn::Lit(Value(int64_t{group}), DataType(TypeKind::kInteger))});
  };
  std::vector<Column> columns = {location.Alias("location"), fn::ColExact(side.malformed_column).Alias("malformed"),
                                 part(1).Alias("path"), part(2).Cast(DataType(TypeKind::kLong)).Alias("line")};
  // A reader tells of a value that it cannot parse only when the value is asked for.
  for (size_t i = 0; i < layout.columns.size(); ++i) {
    const ComparedColumn& column = layout.columns[i];
    columns.push_back(
        fn::ColExact(which == Side::kLeft ? column.left_name : column.right_name).Alias(fmt::format("c{}", i)));
  }
  std::vector<MalformedValue> out;
  const std::vector<Row> rows = side.frame.Select(std::move(columns))
                                    .Filter(fn::Col("malformed").IsNotNull())
                                    .Sort({fn::Col("path").Asc(), fn::Col("line").Asc()})
                                    .Limit(kMostMalformed)
                                    .Collect();
  for (const Row& row : rows) {
    const std::string text = row[1].As<std::string>();
    const nlohmann::ordered_json values = nlohmann::ordered_json::parse(text, nullptr, false);
    if (!values.is_object()) {
      out.push_back({store::RemoteName(row[0].ToString()), "", text});
      continue;
    }
    for (const auto& [name, value] : values.items()) {
      out.push_back({store::RemoteName(row[0].ToString()), name == "_record" ? "" : name,
                     value.is_string() ? value.get<std::string>() : value.dump()});
    }
  }
  if (out.size() > kMostMalformed) out.resize(kMostMalformed);
  return out;
}

/// Refuses the comparisons that need functions of our engine.
void RefuseOnSpark(const MatchedColumns& matched) {
  for (const ComparedColumn& column : matched.compared) {
    if (!column.normalization.unicode.empty()) {
      base::Fail("UNSUPPORTED_FEATURE.DIFF_ON_SPARK",
                 "Column \"{}\": Spark has no Unicode normal forms, so --unicode-normalize works without --on only.",
                 column.name);
    }
    if (NeedsExactDecimal(column.left_type, column.right_type)) {
      base::Fail("UNSUPPORTED_FEATURE.DIFF_ON_SPARK",
                 "Column \"{0}\" is {1} on the left and {2} on the right; Spark cannot compare a decimal with a double "
                 "exactly. Bring them to one type, as with --map '{0}=CAST({0} AS DOUBLE)', or compare without --on.",
                 column.name, column.left_type.SimpleString(), column.right_type.SimpleString());
    }
  }
}

void AddWarnings(DiffSummary* summary) {
  for (const DiffColumn& column : summary->columns) {
    switch (column.status) {
      case ColumnStatus::kLeftOnly:
        summary->warnings.push_back(
            fmt::format("Column \"{}\" is only on the left side and was not compared.", column.name));
        break;
      case ColumnStatus::kRightOnly:
        summary->warnings.push_back(
            fmt::format("Column \"{}\" is only on the right side and was not compared.", column.name));
        break;
      case ColumnStatus::kTypeChanged:
        if (!column.compared_as) break;  // said where the columns were paired
        summary->warnings.push_back(fmt::format(
            "Column \"{}\" is {} on the left and {} on the right; compared as {}{}.", column.name,
            column.left_type->SimpleString(), column.right_type->SimpleString(), column.compared_as->SimpleString(),
            ExactAgainstDouble(*column.left_type, *column.right_type) ? ", by exact value" : ""));
        break;
      default:
        break;
    }
  }
  for (const auto& [side, name] : {std::pair{&summary->left, "left"}, std::pair{&summary->right, "right"}}) {
    if (side->malformed_rows > 0) {
      summary->warnings.push_back(
          fmt::format("The {} side has {} {} with values that could not be read as their type; such a value never "
                      "equals an empty one.",
                      name, side->malformed_rows, side->malformed_rows == 1 ? "row" : "rows"));
    }
    if (side->duplicate_keys > 0) {
      summary->warnings.push_back(fmt::format(
          "The {} side has {} {} that occur more than once ({} rows); their rows were paired by their values.", name,
          side->duplicate_keys, side->duplicate_keys == 1 ? "key" : "keys", side->duplicate_rows));
    }
  }
}

}  // namespace
}  // namespace diff

DiffResult Diff(const Session& session, const DiffInput& left, const DiffInput& right, const DiffOptions& options,
                const DiffProgressSink& sink) {
  using diff::Side;
  diff::ProgressReporter progress(session, sink);
  progress.Phase("reading");
  diff::OpenedSides sides =
      diff::OpenSides(session, left, right, options.case_sensitive_names, diff::TextTypes::kTyped, options.remote);
  diff::MatchedColumns matched = diff::MatchColumns(sides.left.columns, sides.right.columns, options);
  if (options.remote) diff::RefuseOnSpark(matched);
  diff::Comparison comparison = diff::Compare(session, sides, matched, options, &progress);
  progress.Phase("summarising");
  diff::Statistics statistics =
      (options.remote ? diff::SummariseOnSpark : diff::SummariseByReading)(comparison, options.largest);

  DiffSummary summary;
  summary.columns = std::move(matched.columns);
  for (size_t i = 0; i < matched.compared.size(); ++i) {
    if (i < matched.keys) summary.key.push_back(matched.compared[i].name);
    summary.value_columns.push_back(matched.compared[i].name);
  }
  summary.left = {comparison.left.rows,           statistics.left_only,           comparison.left.duplicate_keys,
                  comparison.left.duplicate_rows, comparison.left.malformed_rows, {}};
  summary.right = {comparison.right.rows,           statistics.right_only,           comparison.right.duplicate_keys,
                   comparison.right.duplicate_rows, comparison.right.malformed_rows, {}};
  summary.changed = statistics.changed;
  summary.equal = summary.left.rows - summary.changed - summary.left.only;
  const int64_t equal_on_the_right = summary.right.rows - summary.changed - summary.right.only;
  if (summary.equal != equal_on_the_right || summary.equal < 0) {
    base::Fail(
        "INTERNAL_ERROR",
        "The counts of the comparison do not add up: {} of {} rows on the left and {} of {} rows on the right would be "
        "equal. If the inputs were written to meanwhile, compare them again; otherwise this is a defect of Tinderbox.",
        summary.equal, summary.left.rows, equal_on_the_right, summary.right.rows);
  }
  summary.changes = std::move(statistics.changes);
  summary.concentrations = std::move(statistics.concentrations);
  if (summary.left.malformed_rows > 0) {
    summary.left.malformed = diff::FirstMalformed(sides.left, comparison.layout, Side::kLeft);
  }
  if (summary.right.malformed_rows > 0) {
    summary.right.malformed = diff::FirstMalformed(sides.right, comparison.layout, Side::kRight);
  }
  summary.warnings = std::move(matched.warnings);
  diff::AddWarnings(&summary);
  return DiffResult(std::make_shared<const DiffResult::State>(
      DiffResult::State{session, left, right, options, std::move(sides), std::move(comparison), std::move(summary)}));
}

}  // namespace tinderbox
