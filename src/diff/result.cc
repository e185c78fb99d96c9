#include "diff/result.h"

#include <limits>

#include "spark/ipc.h"
#include "tinderbox/functions.h"

namespace tinderbox {

bool DiffSummary::schema_differs() const {
  for (const DiffColumn& column : columns) {
    if (column.status == ColumnStatus::kTypeChanged || column.status == ColumnStatus::kLeftOnly ||
        column.status == ColumnStatus::kRightOnly) {
      return true;
    }
  }
  return false;
}

namespace diff {
namespace {

/// Reads rows of the table of differences, in whatever order they come.
void Visit(const DataFrame& frame, const DifferenceLayout& layout, const std::function<void(const DiffRow&)>& visit) {
  const std::unique_ptr<BatchReader> reader = frame.Batches();
  const StructType schema = reader->schema();
  const auto at = [&](const std::string& name) { return *schema.Find(name, true); };
  struct Place {
    size_t left, right;
    std::optional<size_t> differs;
    DataType left_display, right_display;
  };
  std::vector<Place> places;
  for (size_t i = 0; i < layout.columns.size(); ++i) {
    const ComparedColumn& c = layout.columns[i];
    places.push_back({at(layout.Shown(Side::kLeft, i)), at(layout.Shown(Side::kRight, i)),
                      i < layout.keys ? std::nullopt : std::optional(at(layout.Differs(i))),
                      DisplayType(c.left_type, c.right_type, Side::kLeft),
                      DisplayType(c.left_type, c.right_type, Side::kRight)});
  }
  const size_t kind_at = at(DifferenceLayout::kKind);
  const size_t count_at = at(DifferenceLayout::kCount);
  ArrowBatch batch;
  while (reader->Next(&batch)) {
    const auto value = [&](size_t column, int64_t row) {
      return spark::ToValue(schema.fields[column].type, batch.column(column), row);
    };
    for (int64_t row = 0; row < batch.rows(); ++row) {
      DiffRow out;
      const auto kind = static_cast<RowKind>(value(kind_at, row).As<int64_t>());
      out.kind = kind == RowKind::kLeftOnly    ? DiffRow::Kind::kLeftOnly
                 : kind == RowKind::kRightOnly ? DiffRow::Kind::kRightOnly
                                               : DiffRow::Kind::kChanged;
      out.count = value(count_at, row).As<int64_t>();
      for (const Place& place : places) {
        if (kind != RowKind::kRightOnly)
          out.left.values.push_back(RestoreMaps(value(place.left, row), place.left_display));
        if (kind != RowKind::kLeftOnly)
          out.right.values.push_back(RestoreMaps(value(place.right, row), place.right_display));
        out.changed.push_back(place.differs && value(*place.differs, row).As<bool>());
      }
      visit(out);
    }
  }
}

bool KeysRepeat(const DiffResult::State& state) {
  return state.comparison.duplicate_keys.has_value();
}

}  // namespace

DataFrame InOrder(const DataFrame& differences, const DifferenceLayout& layout, bool keys_repeat) {
  namespace fn = functions;
  std::vector<Column> order;
  const auto either = [&](size_t i) {
    return fn::Coalesce({fn::Col(layout.Canonical(Side::kLeft, i)), fn::Col(layout.Canonical(Side::kRight, i))}).Asc();
  };
  for (size_t i = 0; i < layout.keys; ++i) order.push_back(either(i));
  if (layout.grouped()) {
    for (size_t i = 0; i < layout.columns.size(); ++i) order.push_back(either(i));
  }
  order.push_back(fn::Col(DifferenceLayout::kKind).Asc());
  if (!layout.grouped() && keys_repeat) {
    for (const Side side : {Side::kLeft, Side::kRight}) {
      for (size_t i = layout.keys; i < layout.columns.size(); ++i)
        order.push_back(fn::Col(layout.Canonical(side, i)).Asc());
    }
  }
  if (layout.grouped() || keys_repeat) {
    for (const Side side : {Side::kLeft, Side::kRight}) {
      for (size_t i = 0; i < layout.columns.size(); ++i) {
        if (LosesValue(layout.columns[i])) order.push_back(fn::Col(layout.Shown(side, i)).Asc());
      }
      if (layout.has_malformed) order.push_back(fn::Col(layout.Malformed(side)).Asc());
    }
  }
  return differences.Sort(std::move(order));
}

}  // namespace diff

const DiffSummary& DiffResult::summary() const {
  return state_->summary;
}

std::vector<DiffRow> DiffResult::Rows(size_t limit) const {
  std::vector<DiffRow> out;
  if (limit == 0 || state_->summary.different() == 0) return out;
  const diff::Comparison& comparison = state_->comparison;
  const int most = static_cast<int>(std::min<size_t>(limit, std::numeric_limits<int>::max()));
  diff::Visit(diff::InOrder(comparison.differences, comparison.layout, diff::KeysRepeat(*state_)).Limit(most),
              comparison.layout, [&](const DiffRow& row) { out.push_back(row); });
  return out;
}

void DiffResult::ForEach(const std::function<void(const DiffRow&)>& visit) const {
  if (state_->summary.different() == 0) return;
  const diff::Comparison& comparison = state_->comparison;
  diff::Visit(diff::InOrder(comparison.differences, comparison.layout, diff::KeysRepeat(*state_)), comparison.layout,
              visit);
}

}  // namespace tinderbox
