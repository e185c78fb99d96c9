// xpath and its like, from_xml, to_xml.
#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <map>

#include "engine/functions/family.h"
#include "engine/functions/native_row.h"
#include "engine/functions/nested_column.h"
#include "engine/functions/xml_records.h"
#include "engine/functions/xpath.h"

namespace tinderbox::engine {

namespace {

constexpr TypeKind kString = TypeKind::kString;

const XPath& PathOf(std::string_view text) {
  thread_local std::map<std::string, std::unique_ptr<XPath>, std::less<>> cache;
  const auto found = cache.find(text);
  if (found != cache.end()) return *found->second;
  if (cache.size() >= 64) cache.clear();
  auto made = std::make_unique<XPath>(std::string(text));
  return *cache.emplace(std::string(text), std::move(made)).first->second;
}

/// A number as Java casts it: cut off, kept within the bounds of the type, NaN as 0.
template <typename T>
T Cut(double value) {
  using Limits = std::numeric_limits<T>;
  if (std::isnan(value)) return 0;
  if (value >= static_cast<double>(Limits::max())) return Limits::max();
  if (value <= static_cast<double>(Limits::min())) return Limits::min();
  return static_cast<T>(value);
}

/// A function of a document and a path, NULL when either is empty.
void Add(ScalarFunctions* out, const char* name, TypeKind type,
         void (*write)(const XPath& path, std::string_view xml, OutVector& result, size_t row)) {
  AddPerRow(out, name, {kString, kString}, DataType(type),
            [write](const ScalarInput& in, size_t row, OutVector& result) {
              if (in[0].String(row).empty() || in[1].String(row).empty()) return result.SetNull(row);
              write(PathOf(in[1].String(row)), in[0].String(row), result, row);
            });
}

void Nodes(const ScalarInput& in, OutVector& result) {
  static const DataType type = DataType::Array(DataType(kString));
  NestedColumn column(type, result);
  for (size_t row = 0; row < in.rows(); ++row) {
    if (in.AnyNull(row)) continue;
    if (in[0].String(row).empty() || in[1].String(row).empty()) {
      column.SetNull(row);
      continue;
    }
    const auto nodes = PathOf(in[1].String(row)).Nodes(in[0].String(row));
    const size_t first = column.SetList(row, nodes.size());
    for (size_t i = 0; i < nodes.size(); ++i) {
      if (nodes[i]) {
        column.child(0).out().SetString(first + i, *nodes[i]);
      } else {
        column.child(0).SetNull(first + i);
      }
    }
  }
  column.Finish();
}

ScalarFunction FromXml(const std::string& payload) {
  const FamilyMember member = FamilyMember::FromPayload(payload);
  const auto reading = std::make_shared<XmlReading>(member.type, member.options, member.time_zone);
  return {.name = {},
          .parameters = {kString},
          .varargs = {},
          .result = member.type,
          .run = [type = member.type, reading](const ScalarInput& in, OutVector& result) {
            NestedColumn column(type, result);
            for (size_t row = 0; row < in.rows(); ++row) {
              if (in[0].IsNull(row)) {
                column.SetNull(row);
              } else {
                reading->Read(in[0].String(row), column, row);
              }
            }
            column.Finish();
          }};
}

/// The records of a file's text.
ScalarFunction ReadXml(const std::string& payload) {
  const FamilyMember member = FamilyMember::FromPayload(payload);
  const auto reading = std::make_shared<XmlReading>(member.type, member.options, member.time_zone, true);
  const DataType rows = DataType::Array(member.type);
  return {.name = {},
          .parameters = {kString},
          .varargs = {},
          .result = rows,
          .run = [rows, reading](const ScalarInput& in, OutVector& result) {
            NestedColumn column(rows, result);
            for (size_t row = 0; row < in.rows(); ++row) {
              if (in[0].IsNull(row)) {
                column.SetNull(row);
              } else {
                reading->ReadFile(in[0].String(row), column, row);
              }
            }
            column.Finish();
          }};
}

ScalarFunction ToXml(const std::string& payload) {
  const FamilyMember member = FamilyMember::FromPayload(payload);
  const auto writer = std::make_shared<XmlWriter>(member.type, member.options, member.time_zone);
  return {.name = {},
          .parameters = {member.type},
          .varargs = {},
          .result = DataType(kString),
          .run = PerRow([writer](const ScalarInput& in, size_t row, OutVector& result) {
            result.SetString(row, writer->Write(in[0], row));
          })};
}

}  // namespace

void AddNativeXml(ScalarFunctions* out) {
  Add(out, "spark_xpath_boolean", TypeKind::kBoolean,
      [](const XPath& path, std::string_view xml, OutVector& result, size_t row) {
        result.Data<uint8_t>()[row] = path.Boolean(xml) ? 1 : 0;
      });
  Add(out, "spark_xpath_short", TypeKind::kShort,
      [](const XPath& path, std::string_view xml, OutVector& result, size_t row) {
        result.Data<int16_t>()[row] = static_cast<int16_t>(Cut<int32_t>(path.Number(xml)));
      });
  Add(out, "spark_xpath_int", TypeKind::kInteger,
      [](const XPath& path, std::string_view xml, OutVector& result, size_t row) {
        result.Data<int32_t>()[row] = Cut<int32_t>(path.Number(xml));
      });
  Add(out, "spark_xpath_long", TypeKind::kLong,
      [](const XPath& path, std::string_view xml, OutVector& result, size_t row) {
        result.Data<int64_t>()[row] = Cut<int64_t>(path.Number(xml));
      });
  Add(out, "spark_xpath_float", TypeKind::kFloat,
      [](const XPath& path, std::string_view xml, OutVector& result, size_t row) {
        result.Data<float>()[row] = static_cast<float>(path.Number(xml));
      });
  Add(out, "spark_xpath_double", TypeKind::kDouble,
      [](const XPath& path, std::string_view xml, OutVector& result, size_t row) {
        result.Data<double>()[row] = path.Number(xml);
      });
  Add(out, "spark_xpath_string", kString, [](const XPath& path, std::string_view xml, OutVector& result, size_t row) {
    result.SetString(row, path.String(xml));
  });
  out->push_back({.name = "spark_xpath",
                  .parameters = {kString, kString},
                  .varargs = {},
                  .result = DataType::Array(DataType(kString)),
                  .run = Nodes});
  AddFamily(out, "spark_from_xml", FromXml);
  AddFamily(out, "spark_read_xml", ReadXml);
  AddFamily(out, "spark_to_xml", ToXml);
}

}  // namespace tinderbox::engine
