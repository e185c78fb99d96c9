// get_json_object and its like, from_json, to_json.
#include <fmt/format.h>

#include <map>

#include "engine/functions/csv_cells.h"
#include "engine/functions/csv_reader.h"
#include "engine/functions/family.h"
#include "engine/functions/json_reader.h"
#include "engine/functions/json_text.h"
#include "engine/functions/json_writer.h"
#include "engine/functions/native_row.h"

namespace tinderbox::engine {

namespace {

constexpr TypeKind kString = TypeKind::kString;

const JsonPath& PathOf(std::string_view text) {
  thread_local std::map<std::string, JsonPath, std::less<>> cache;
  const auto found = cache.find(text);
  if (found != cache.end()) return found->second;
  if (cache.size() >= 64) cache.clear();
  return cache.emplace(std::string(text), JsonPath(text)).first->second;
}

/// Fills lists of texts, some of them NULL; `texts_of(row)` gives those of a row without NULL arguments, or nullopt.
template <typename F>
void FillTexts(const ScalarInput& in, OutVector& result, F texts_of) {
  uint64_t used = 0;
  for (size_t row = 0; row < in.rows(); ++row) {
    if (in[0].IsNull(row)) continue;
    const std::optional<std::vector<std::optional<std::string>>> texts = texts_of(row);
    if (!texts) {
      result.SetNull(row);
      continue;
    }
    result.ReserveList(used + texts->size());
    result.SetList(row, used, texts->size());
    OutVector child = result.ListChild();
    for (const auto& text : *texts) {
      text ? child.SetString(used, *text) : child.SetNull(used);
      ++used;
    }
  }
  result.SetListSize(used);
}

void JsonTuples(const ScalarInput& in, OutVector& result) {
  FillTexts(in, result, [&](size_t row) {
    std::vector<std::string_view> names;
    for (size_t i = 1; i < in.size(); ++i) {
      names.push_back(in[i].IsNull(row) ? std::string_view() : in[i].String(row));
    }
    auto texts = JsonTuple(in[0].String(row), names);
    for (size_t i = 1; i < in.size(); ++i) {
      if (in[i].IsNull(row)) texts[i - 1].reset();
    }
    return std::optional(std::move(texts));
  });
}

ScalarFunction ToJson(const std::string& payload) {
  const FamilyMember member = FamilyMember::FromPayload(payload);
  const auto writer = std::make_shared<JsonWriter>(member.type, member.options, member.time_zone);
  return {.name = {},
          .parameters = {member.type},
          .varargs = {},
          .result = DataType(kString),
          .run = PerRow([writer](const ScalarInput& in, size_t row, OutVector& result) {
            std::string text;
            writer->Append(&text, in[0], row);
            result.SetString(row, text);
          })};
}

ScalarFunction ToCsv(const std::string& payload) {
  const FamilyMember member = FamilyMember::FromPayload(payload);
  const auto writer = std::make_shared<CsvCells>(member.type, member.options, member.time_zone);
  return {.name = {},
          .parameters = {member.type},
          .varargs = {},
          .result = DataType(kString),
          .run = PerRow([writer](const ScalarInput& in, size_t row, OutVector& result) {
            result.SetString(row, writer->Row(in[0], row));
          })};
}

ScalarFunction FromJson(const std::string& payload) {
  const FamilyMember member = FamilyMember::FromPayload(payload);
  const auto reading = std::make_shared<JsonReading>(member.options, member.time_zone);
  return {.name = {},
          .parameters = {kString},
          .varargs = {},
          .result = member.type,
          .run = [type = member.type, reading](const ScalarInput& in, OutVector& result) {
            JsonReader reader(type, result, *reading);
            for (size_t row = 0; row < in.rows(); ++row) {
              if (in[0].IsNull(row)) {
                reader.SetNull(row);
              } else {
                reader.Read(row, in[0].String(row));
              }
            }
            reader.Finish();
          }};
}

ScalarFunction FromCsv(const std::string& payload) {
  const FamilyMember member = FamilyMember::FromPayload(payload);
  const auto reading = std::make_shared<CsvReading>(member.type, member.options, member.time_zone);
  return {.name = {},
          .parameters = {kString},
          .varargs = {},
          .result = member.type,
          .run = [reading](const ScalarInput& in, OutVector& result) {
            CsvTextReader reader(*reading);
            for (size_t row = 0; row < in.rows(); ++row) {
              if (!in[0].IsNull(row)) reader.Read(row, in[0].String(row), result);
            }
          }};
}

}  // namespace

void AddNativeJson(ScalarFunctions* out) {
  AddPerRow(out, "spark_get_json_object", {kString, kString}, DataType(kString),
            [](const ScalarInput& in, size_t row, OutVector& result) {
              const auto found = PathOf(in[1].String(row)).Find(in[0].String(row));
              found ? result.SetString(row, *found) : result.SetNull(row);
            });
  AddPerRow(out, "spark_json_array_length", {kString}, DataType(TypeKind::kInteger),
            [](const ScalarInput& in, size_t row, OutVector& result) {
              const auto length = JsonArrayLength(in[0].String(row));
              if (!length) return result.SetNull(row);
              result.Data<int32_t>()[row] = *length;
            });
  out->push_back({.name = "spark_json_object_keys",
                  .parameters = {kString},
                  .varargs = {},
                  .result = DataType::Array(DataType(kString)),
                  .run = [](const ScalarInput& in, OutVector& result) {
                    FillTexts(in, result, [&](size_t row) -> std::optional<std::vector<std::optional<std::string>>> {
                      const auto keys = JsonObjectKeys(in[0].String(row));
                      if (!keys) return std::nullopt;
                      return std::vector<std::optional<std::string>>(keys->begin(), keys->end());
                    });
                  }});
  out->push_back({.name = "spark_json_tuple",
                  .parameters = {kString},
                  .varargs = {kString},
                  .result = DataType::Array(DataType(kString)),
                  .run = JsonTuples,
                  .handles_null = true});
  AddFamily(out, "spark_to_json", ToJson);
  AddFamily(out, "spark_from_json", FromJson);
  AddFamily(out, "spark_to_csv", ToCsv);
  AddFamily(out, "spark_from_csv", FromCsv);
}

}  // namespace tinderbox::engine
