#include "engine/files/json_source.h"

#include <simdjson.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/fail.h"
#include "base/json_text.h"
#include "engine/files/json_convert.h"
#include "engine/files/json_options.h"
#include "engine/files/json_records.h"
#include "engine/functions/family.h"

namespace tinderbox::engine {
namespace {

enum class Role { kData, kCorrupt, kMalformed, kLocation };

/// What a scan reads; shared by its threads.
struct JsonPlan {
  std::vector<std::string> files;
  JsonOptions options;
  std::vector<StructField> columns;  // projected
  std::vector<Role> roles;
};

Role RoleOf(const JsonOptions& options, const std::string& name) {
  if (name == options.malformed_column) return Role::kMalformed;
  if (name == options.location_column) return Role::kLocation;
  return name == options.corrupt_column ? Role::kCorrupt : Role::kData;
}

class JsonPart : public ScanPart {
 public:
  JsonPart(const JsonPlan& plan, JsonBlockReader& reader)
      : plan_(plan), reader_(reader), values_(plan.columns.size()) {}

  size_t Fill(std::vector<OutVector>& columns) override {
    std::vector<JsonColumn> out;
    out.reserve(columns.size());
    for (size_t i = 0; i < columns.size(); ++i) {
      out.emplace_back(plan_.columns[i].type, columns[i], plan_.options.dialect);
    }
    size_t rows = 0;
    while (rows < kChunkRows) {
      if (next_ == block_.records.size()) {
        if (rows > 0 || !NextBlock()) break;
      }
      const JsonRecord& record = block_.records[next_++];
      if (SetRow(record, rows, columns, &out)) ++rows;
    }
    for (JsonColumn& column : out) column.Finish();
    return rows;
  }

 private:
  bool NextBlock() {
    next_ = 0;
    block_.records.clear();
    if (!reader_.Next(&home_, &block_)) return false;
    block_is_utf8_ = simdjson::validate_utf8(block_.text.data(), block_.text.size());
    return true;
  }

  std::string Location(const JsonRecord& record) const {
    return fmt::format("{}:{}", plan_.files[block_.file], record.line);
  }

  /// Splits the record into the raw values of the projected columns; false when it is no JSON object.
  bool Split(const JsonRecord& record, std::string_view text) {
    std::fill(values_.begin(), values_.end(), "null");
    if (record.broken || text.empty() || text[0] != '{') return false;
    if (!block_is_utf8_ && !simdjson::validate_utf8(text.data(), text.size())) return false;
    JsonCursor cursor(text, plan_.options.dialect);
    size_t position = 0;
    const auto visit = [&](std::string_view key, std::string_view value) {
      // Records mostly have their keys in the same order.
      if (position == key_slots_.size()) key_slots_.emplace_back();
      auto& [known, slot] = key_slots_[position++];
      if (known != key) {
        known = key;
        slot = FindSlot(key);
      }
      if (slot >= 0) values_[static_cast<size_t>(slot)] = value;
    };
    return cursor.TakeContainer(visit) && cursor.AtEnd();
  }

  int FindSlot(std::string_view raw_key) {
    std::string_view key;
    if (!Unescape(raw_key, &scratch_, &key)) return -1;
    for (size_t i = 0; i < plan_.columns.size(); ++i) {
      if (plan_.roles[i] == Role::kData && plan_.columns[i].name == key) return static_cast<int>(i);
    }
    return -1;
  }

  [[noreturn]] void FailFast(const JsonRecord& record, std::string_view text, const std::string& why) const {
    const std::string shown = base::ReplaceInvalidUtf8(text.substr(0, 200));
    const std::string& file = plan_.files[block_.file];
    base::FailWith(
        "FAILED_READ_FILE.NO_HINT", {{"path", "file://" + file}},
        "Encountered error while reading file {}. The record at {} {}: {}{}\nThe mode is FAILFAST; PERMISSIVE "
        "reads what cannot be read as NULL.",
        file, Location(record), why, shown, text.size() > 200 ? "…" : "");
  }

  /// Writes the record as row `row`; false when it is left out.
  bool SetRow(const JsonRecord& record, size_t row, std::vector<OutVector>& columns, std::vector<JsonColumn>* out) {
    const std::string_view text(block_.text.data() + record.begin, record.end - record.begin);
    const csv::Mode mode = plan_.options.mode;
    const bool is_object = Split(record, text);
    if (!is_object && mode == csv::Mode::kFailFast) FailFast(record, text, "is no JSON object");
    if (!is_object) std::fill(values_.begin(), values_.end(), "null");  // what stood before the fault does not count
    if (mode == csv::Mode::kDropMalformed) {
      if (!is_object) return false;
      for (size_t i = 0; i < values_.size(); ++i) {
        if (plan_.roles[i] == Role::kData && !ConvertsTo(plan_.columns[i].type, values_[i], plan_.options.dialect)) {
          return false;
        }
      }
    }
    malformed_.clear();
    for (size_t i = 0; i < values_.size(); ++i) {
      if (plan_.roles[i] != Role::kData || (*out)[i].Set(row, values_[i])) continue;
      if (mode == csv::Mode::kFailFast) {
        FailFast(
            record, text,
            fmt::format("has a value of column {} that is no {}", plan_.columns[i].name, plan_.columns[i].type.Sql()));
      }
      AddMalformed(plan_.columns[i].name, values_[i]);
    }
    if (!is_object) AddMalformed("_record", text);
    if (!malformed_.empty()) malformed_ += '}';
    for (size_t i = 0; i < values_.size(); ++i) {
      switch (plan_.roles[i]) {
        case Role::kData:
          break;
        case Role::kLocation:
          columns[i].SetString(row, base::ReplaceInvalidUtf8(Location(record)));
          break;
        case Role::kMalformed:
          SetText(&(*out)[i], &columns[i], row, malformed_.empty() ? nullptr : &malformed_);
          break;
        case Role::kCorrupt: {
          const std::string raw = malformed_.empty() ? std::string() : base::ReplaceInvalidUtf8(text);
          SetText(&(*out)[i], &columns[i], row, malformed_.empty() ? nullptr : &raw);
          break;
        }
      }
    }
    return true;
  }

  static void SetText(JsonColumn* column, OutVector* out, size_t row, const std::string* text) {
    if (text == nullptr) {
      column->SetNull(row);
    } else {
      out->SetString(row, *text);
    }
  }

  void AddMalformed(std::string_view name, std::string_view raw) {
    malformed_ += malformed_.empty() ? '{' : ',';
    base::AppendJsonString(&malformed_, name);
    malformed_ += ':';
    base::AppendJsonString(&malformed_, base::ReplaceInvalidUtf8(raw));
  }

  const JsonPlan& plan_;
  JsonBlockReader& reader_;
  std::shared_ptr<JsonBlockReader::Reading> home_;
  JsonBlock block_;
  size_t next_ = 0;
  bool block_is_utf8_ = true;
  std::vector<std::string_view> values_;                // one for each projected column
  std::vector<std::pair<std::string, int>> key_slots_;  // by position in the record
  std::string malformed_;
  std::string scratch_;
};

class JsonScan : public Scan {
 public:
  explicit JsonScan(JsonPlan plan) : plan_(std::move(plan)), reader_(plan_.files, plan_.options) {}
  std::unique_ptr<ScanPart> NewPart() override { return std::make_unique<JsonPart>(plan_, reader_); }
  size_t MaxParts() const override { return std::max<size_t>(1, reader_.MaxBlocks()); }
  double Fraction() const override { return reader_.Fraction(); }

 private:
  const JsonPlan plan_;
  JsonBlockReader reader_;
};

class JsonSource : public Source {
 public:
  JsonSource(std::vector<std::string> files, const JsonOptions& options, const StructType& schema)
      : files_(std::move(files)), options_(options) {
    for (const StructField& field : schema.fields) {
      columns_.push_back({field.name, AsNullable(field.type), true, field.metadata_json});
      const bool text = field.type.kind() == TypeKind::kString;
      if (RoleOf(options, field.name) != Role::kData && !text) {
        base::Fail("INVALID_SCHEMA", "The column {} is for texts about records, so it must be STRING, not {}.",
                   field.name, field.type.Sql());
      }
      CheckJsonType(field.name, field.type);
    }
    for (const std::string& name : {options.malformed_column, options.location_column}) {
      const bool there = std::any_of(columns_.begin(), columns_.end(), [&](const auto& c) { return c.name == name; });
      if (!name.empty() && !there) columns_.push_back({name, DataType(TypeKind::kString), true, "{}"});
    }
  }

  const std::vector<StructField>& Columns() const override { return columns_; }

  std::unique_ptr<Scan> Open(std::vector<size_t> projected) override {
    JsonPlan plan{files_, options_, {}, {}};
    for (const size_t i : projected) {
      plan.columns.push_back(columns_.at(i));
      plan.roles.push_back(RoleOf(options_, columns_[i].name));
    }
    return std::make_unique<JsonScan>(std::move(plan));
  }

 private:
  const std::vector<std::string> files_;
  const JsonOptions options_;
  std::vector<StructField> columns_;
};

}  // namespace

std::shared_ptr<Source> MakeJsonSource(std::string_view spec) {
  std::vector<std::string> files;
  std::map<std::string, std::string> options;
  StructType schema;
  try {
    const auto document = nlohmann::json::parse(spec);
    files = document.at("files").get<std::vector<std::string>>();
    if (document.contains("options")) options = document["options"].get<std::map<std::string, std::string>>();
    const auto& described = document.at("schema");
    schema = StructType::FromJson(described.is_string() ? described.get<std::string>() : described.dump());
  } catch (const nlohmann::json::exception& e) {
    base::Fail("INTERNAL_ERROR", "The specification of a JSON read is unusable: {}", e.what());
  }
  return std::make_shared<JsonSource>(std::move(files), ParseJsonOptions(options), schema);
}

}  // namespace tinderbox::engine
