#include <simdjson.h>

#include <algorithm>
#include <exception>
#include <memory>
#include <thread>

#include "base/fail.h"
#include "csv/convert.h"
#include "engine/files/json_infer_text.h"
#include "engine/files/json_options.h"
#include "engine/files/json_records.h"
#include "engine/files/json_source.h"

namespace tinderbox::engine {
namespace {

enum class Seen { kNothing, kBoolean, kLong, kDecimal, kDouble, kString, kArray, kStruct };

/// The type that holds all values seen so far.
struct Inferred {
  Seen seen = Seen::kNothing;
  int precision = 0;
  int scale = 0;
  std::unique_ptr<Inferred> element;
  std::map<std::string, Inferred, std::less<>> fields;

  void BecomeString() {
    seen = Seen::kString;
    element.reset();
    fields.clear();
  }
};

void AddScalar(Inferred* to, Seen seen, int precision = 0, int scale = 0) {
  if (to->seen == Seen::kString) return;
  if (to->seen == Seen::kNothing) {
    to->seen = seen;
    to->precision = precision;
    to->scale = scale;
    return;
  }
  const auto numeric = [](Seen s) { return s == Seen::kLong || s == Seen::kDecimal || s == Seen::kDouble; };
  if (to->seen == seen && seen != Seen::kDecimal) return;
  if (!numeric(to->seen) || !numeric(seen)) return to->BecomeString();
  if (to->seen == Seen::kDouble || seen == Seen::kDouble) {
    to->seen = Seen::kDouble;
    return;
  }
  // A BIGINT among decimals counts as DECIMAL(20,0), Spark's decimal for it.
  if (to->seen == Seen::kLong) to->precision = 20, to->scale = 0;
  if (seen == Seen::kLong) precision = 20, scale = 0;
  const int whole = std::max(to->precision - to->scale, precision - scale);
  to->scale = std::max(to->scale, scale);
  to->precision = whole + to->scale;
  to->seen = to->precision > 38 ? Seen::kDouble : Seen::kDecimal;
}

/// Prepares for a nested value; false when the type is a string already or has become one.
bool AddNested(Inferred* to, Seen seen) {
  if (to->seen == Seen::kNothing) {
    to->seen = seen;
    if (seen == Seen::kArray) to->element = std::make_unique<Inferred>();
  }
  if (to->seen != seen) to->BecomeString();
  return to->seen == seen;
}

class Inference {
 public:
  explicit Inference(const JsonOptions& options) : options_(options) {}

  void AddRecord(const JsonRecord& record, std::string_view text) {
    const bool object = !record.broken && !text.empty() && text[0] == '{' &&
                        simdjson::validate_utf8(text.data(), text.size()) && IsJson(text);
    if (object) {
      Add(&root, text);
    } else {
      malformed = true;
    }
  }

  void Merge(Inferred* to, Inferred&& from) {
    switch (from.seen) {
      case Seen::kNothing:
        return;
      case Seen::kArray:
        if (AddNested(to, Seen::kArray)) Merge(to->element.get(), std::move(*from.element));
        return;
      case Seen::kStruct:
        if (!AddNested(to, Seen::kStruct)) return;
        for (auto& [name, field] : from.fields) Merge(&to->fields[name], std::move(field));
        return;
      case Seen::kString:
        to->BecomeString();
        return;
      default:
        AddScalar(to, from.seen, from.precision, from.scale);
    }
  }

  void Add(Inferred* to, std::string_view raw) {
    const char first = raw[0];
    if (raw == "null" || to->seen == Seen::kString) return;
    if (first == '{') {
      if (!AddNested(to, Seen::kStruct)) return;
      JsonCursor(raw, options_.dialect).TakeContainer([&](std::string_view raw_key, std::string_view value) {
        std::string_view key;
        if (!Unescape(raw_key, &scratch_, &key)) return;
        auto field = to->fields.find(key);
        if (field == to->fields.end()) field = to->fields.emplace(std::string(key), Inferred()).first;
        Add(&field->second, value);
      });
    } else if (first == '[') {
      if (!AddNested(to, Seen::kArray)) return;
      JsonCursor(raw, options_.dialect).TakeContainer([&](std::string_view, std::string_view value) {
        Add(to->element.get(), value);
      });
    } else if (IsJsonString(raw) || options_.primitives_as_string) {
      AddScalar(to, Seen::kString);
      to->BecomeString();
    } else if (first == 't' || first == 'f') {
      AddScalar(to, Seen::kBoolean);
    } else {
      AddNumber(to, raw);
    }
  }

  Inferred root{Seen::kStruct, 0, 0, nullptr, {}};
  bool malformed = false;

 private:
  bool IsJson(std::string_view text) const {
    JsonCursor cursor(text, options_.dialect);
    std::string_view raw;
    return cursor.TakeValue(&raw) && cursor.AtEnd();
  }

  void AddNumber(Inferred* to, std::string_view raw) {
    const bool integer = raw.find_first_not_of("-0123456789") == std::string_view::npos;
    if (!integer) return AddScalar(to, Seen::kDouble);
    int64_t number = 0;
    if (csv::ParseInteger(raw, &number)) return AddScalar(to, Seen::kLong);
    const auto digits = static_cast<int>(std::min<size_t>(raw.size() - (raw[0] == '-' ? 1 : 0), 1000));
    if (digits > 38) return AddScalar(to, Seen::kDouble);
    AddScalar(to, Seen::kDecimal, digits, 0);
  }

  const JsonOptions& options_;
  std::string scratch_;
};

/// Nothing but nulls is a string; structs without fields, and what is made of them, are left out.
std::optional<DataType> ToType(const Inferred& inferred) {
  switch (inferred.seen) {
    case Seen::kNothing:
    case Seen::kString:
      return DataType(TypeKind::kString);
    case Seen::kBoolean:
      return DataType(TypeKind::kBoolean);
    case Seen::kLong:
      return DataType(TypeKind::kLong);
    case Seen::kDecimal:
      return DataType::Decimal(inferred.precision, inferred.scale);
    case Seen::kDouble:
      return DataType(TypeKind::kDouble);
    case Seen::kArray: {
      const auto element = ToType(*inferred.element);
      return element ? std::optional(DataType::Array(*element)) : std::nullopt;
    }
    case Seen::kStruct: {
      std::vector<StructField> fields;
      for (const auto& [name, field] : inferred.fields) {
        const auto type = ToType(field);
        if (!name.empty() && type) fields.push_back({name, *type, true, "{}"});
      }
      return fields.empty() ? std::nullopt : std::optional(DataType::Struct(std::move(fields)));
    }
  }
  return std::nullopt;
}

}  // namespace

DataType InferJsonText(std::string_view text, std::map<std::string, std::string> options) {
  for (const char* name : {"mode", "columnnameofcorruptrecord", "samplingratio", "dateformat", "timestampformat",
                           "timestampntzformat", "timezone", "dropfieldifallnull"}) {
    options.erase(name);  // they say nothing about one text whose times are not inferred
  }
  const auto unquoted = options.extract("allowunquotedfieldnames");
  JsonOptions parsed = ParseJsonOptions(options);
  parsed.dialect.unquoted_names = !unquoted.empty() && (unquoted.mapped() == "true" || unquoted.mapped() == "TRUE");
  JsonCursor cursor(text, parsed.dialect);
  cursor.SkipSpace();
  if (cursor.AtEnd()) return DataType(TypeKind::kString);
  std::string_view raw;
  if (!cursor.TakeValue(&raw)) base::Fail("TINDERBOX_INVALID_JSON", "A text is no JSON, so it has no schema: {}", text);
  Inference inference(parsed);
  Inferred inferred;
  inference.Add(&inferred, raw);
  const auto type = ToType(inferred);
  return type ? *type : DataType::Struct({});
}

StructType InferJsonSchema(const std::vector<std::string>& files, const std::map<std::string, std::string>& options,
                           int threads) {
  const JsonOptions parsed = ParseJsonOptions(options);
  JsonBlockReader reader(files, parsed);
  const auto count = static_cast<size_t>(std::max(1, threads));
  std::vector<std::unique_ptr<Inference>> parts;
  std::vector<std::exception_ptr> errors(count);
  for (size_t i = 0; i < count; ++i) parts.push_back(std::make_unique<Inference>(parsed));
  const auto run = [&](size_t i) {
    try {
      std::shared_ptr<JsonBlockReader::Reading> home;
      JsonBlock block;
      while (reader.Next(&home, &block)) {
        for (const JsonRecord& record : block.records) {
          parts[i]->AddRecord(record, std::string_view(block.text).substr(record.begin, record.end - record.begin));
        }
      }
    } catch (...) {
      errors[i] = std::current_exception();
    }
  };
  std::vector<std::jthread> others;
  for (size_t i = 1; i < count; ++i) others.emplace_back(run, i);
  run(0);
  others.clear();
  for (const std::exception_ptr& error : errors) {
    if (error) std::rethrow_exception(error);
  }
  Inference& all = *parts[0];
  for (size_t i = 1; i < count; ++i) {
    all.Merge(&all.root, std::move(parts[i]->root));
    all.malformed |= parts[i]->malformed;
  }
  const auto type = ToType(all.root);
  StructType schema{type ? type->fields() : std::vector<StructField>{}};
  if (all.malformed && parsed.mode == csv::Mode::kFailFast) {
    base::Fail("MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION",
               "A record is no JSON object, so no schema can be inferred in mode FAILFAST.");
  }
  if (all.malformed && parsed.mode == csv::Mode::kPermissive && parsed.malformed_column.empty() &&
      !schema.Find(parsed.corrupt_column, true)) {
    schema.fields.push_back({parsed.corrupt_column, DataType(TypeKind::kString), true, "{}"});
    std::ranges::sort(schema.fields, {}, &StructField::name);
  }
  return schema;
}

}  // namespace tinderbox::engine
