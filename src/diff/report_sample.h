#pragma once

#include "diff/report.h"

namespace tinderbox::diff {

/// A made-up keyed comparison with every kind of difference, for tests of the renderers.
struct SampleReport {
  DiffSummary summary;
  ReportHeading heading;
  std::vector<DiffRow> rows;
};

inline DiffColumn SampleColumn(const std::string& name, const DataType& type, bool key = false) {
  DiffColumn column;
  column.name = column.left_name = column.right_name = name;
  column.left_type = column.right_type = column.compared_as = type;
  column.is_key = key;
  return column;
}

inline SampleReport MakeSampleReport(size_t changed_rows = 3) {
  SampleReport sample;
  sample.heading = {"data/before.csv", "data/after.csv", "0.1.0",
                    "tinderbox diff data/before.csv data/after.csv --key id", ""};
  DiffSummary& s = sample.summary;
  const DataType text(TypeKind::kString);
  s.columns = {SampleColumn("id", DataType(TypeKind::kLong), true),
               SampleColumn("name", text),
               SampleColumn("price", DataType(TypeKind::kDouble)),
               SampleColumn("seen", DataType(TypeKind::kTimestamp)),
               SampleColumn("gone", text),
               SampleColumn("new", text)};
  s.columns[2].left_type = DataType(TypeKind::kInteger);
  s.columns[2].status = ColumnStatus::kTypeChanged;
  s.columns[4].status = ColumnStatus::kLeftOnly;
  s.columns[4].right_name.clear();
  s.columns[4].right_type = s.columns[4].compared_as = std::nullopt;
  s.columns[5].status = ColumnStatus::kRightOnly;
  s.columns[5].left_name.clear();
  s.columns[5].left_type = s.columns[5].compared_as = std::nullopt;
  s.key = {"id"};
  s.value_columns = {"id", "name", "price", "seen"};
  const auto count = static_cast<int64_t>(changed_rows);
  s.equal = 1000;
  s.changed = count;
  s.left.only = s.right.only = 1;
  s.left.rows = s.right.rows = 1001 + count;
  s.left.duplicate_keys = 1;
  s.left.duplicate_rows = 2;
  s.right.malformed_rows = 1;
  s.right.malformed = {{"data/after.csv:17", "price", "12,5"}};
  const auto add = [&](DiffRow::Kind kind, std::vector<Value> left, std::vector<Value> right,
                       std::vector<bool> changed) {
    DiffRow row;
    row.kind = kind;
    row.left.values = std::move(left);
    row.right.values = std::move(right);
    row.changed = std::move(changed);
    sample.rows.push_back(std::move(row));
  };
  for (int64_t i = 0; i < count; ++i) {
    const TimestampValue seen{1'700'000'000'000'000 + i * 86'400'000'000};
    const TimestampValue later{seen.micros + 3'600'000'000 * (i % 5)};
    const double old_price = 10.0 + static_cast<double>(i) * 0.5;
    const double new_price = old_price + static_cast<double>((i * 7919) % 97 - 48) / 10.0;
    const std::string old_name = "The quick brown fox number " + std::to_string(i) + " jumps over the lazy dog";
    const bool renamed = i % 3 == 0;
    const std::string new_name =
        renamed ? "The quick red fox number " + std::to_string(i) + " leaps over the lazy dog" : old_name;
    add(DiffRow::Kind::kChanged, {Value(i), Value(old_name), Value(old_price), Value(seen)},
        {Value(i), Value(new_name), i % 7 == 3 ? Value() : Value(new_price), Value(later)},
        {false, renamed, i % 7 == 3 || old_price != new_price, i % 5 != 0});
  }
  add(DiffRow::Kind::kLeftOnly,
      {Value(int64_t{9001}), Value(std::string("gone for good")), Value(), Value(TimestampValue{0})}, {}, {});
  add(DiffRow::Kind::kRightOnly, {},
      {Value(int64_t{9002}), Value(std::string("</script><script>alert('x\"y')</script>\u2028&<b>")), Value(1e300),
       Value(TimestampValue{0})},
      {});
  ColumnChanges price;
  price.name = "price";
  price.changed = count;
  price.value_to_null = 1;
  price.mean_delta = 0.125;
  price.max_abs_delta = 4.8;
  Row key;
  key.values = {Value(int64_t{1})};
  price.largest = {{key, Value(10.5), Value(15.3), 4.8}};
  price.histogram = {{"[-5, -3)", 12}, {"[-3, -1)", 40}, {"[-1, 1)", 90}, {"[1, 3)", 35}, {"[3, 5]", 20}};
  ColumnChanges name;
  name.name = "name";
  name.changed = (count + 2) / 3;
  name.histogram = {{"old <b>name</b> -> new name", 5}, {"a -> b", 2}};
  ColumnChanges seen;
  seen.name = "seen";
  seen.changed = 1;
  seen.mean_delta = 3600;
  seen.max_abs_delta = 14400;
  s.changes = {price, name, seen};
  s.concentrations = {{"name", "The quick <brown> fox", count, 0.6}};
  s.warnings = {"Column \"gone\" exists on the left side only and was not compared."};
  return sample;
}

}  // namespace tinderbox::diff
