#include "diff/schema.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/fail.h"

namespace tinderbox::diff {
namespace {

using Kind = TypeKind;

int IntegralDigits(Kind kind) {
  switch (kind) {
    case Kind::kByte:
      return 3;
    case Kind::kShort:
      return 5;
    case Kind::kInteger:
      return 10;
    default:
      return 19;
  }
}

bool IsFloating(const DataType& type) {
  return type.kind() == Kind::kFloat || type.kind() == Kind::kDouble;
}

std::optional<DataType> CommonStruct(const DataType& left, const DataType& right) {
  std::vector<StructField> fields;
  std::set<std::string> seen;
  const StructType other{right.fields()};
  for (const StructField& field : left.fields()) {
    if (!seen.insert(FoldName(field.name, false)).second) return std::nullopt;
    const std::optional<size_t> match = other.Find(field.name);
    StructField out{field.name, field.type, true, "{}"};
    if (match) {
      const std::optional<DataType> common = CommonType(field.type, other.fields[*match].type);
      if (!common) return std::nullopt;
      out.type = *common;
    }
    fields.push_back(std::move(out));
  }
  for (const StructField& field : right.fields()) {
    if (seen.insert(FoldName(field.name, false)).second) fields.push_back({field.name, field.type, true, "{}"});
  }
  return DataType::Struct(std::move(fields));
}

std::optional<DataType> CommonNumber(const DataType& left, const DataType& right) {
  if (IsFloating(left) || IsFloating(right)) {
    return DataType(left.kind() == Kind::kFloat && right.kind() == Kind::kFloat ? Kind::kFloat : Kind::kDouble);
  }
  if (left.IsIntegral() && right.IsIntegral()) {
    return DataType(std::max(left.kind(), right.kind()));
  }
  const auto scale = [](const DataType& t) { return t.kind() == Kind::kDecimal ? t.scale() : 0; };
  const auto whole = [&](const DataType& t) {
    return t.kind() == Kind::kDecimal ? t.precision() - t.scale() : IntegralDigits(t.kind());
  };
  const int fraction = std::max(scale(left), scale(right));
  const int digits = std::max(whole(left), whole(right));
  if (digits + fraction > 38) return std::nullopt;
  return DataType::Decimal(digits + fraction, fraction);
}

std::string Advice(const DataType& left, const DataType& right) {
  const bool text = left.kind() == Kind::kString || right.kind() == Kind::kString;
  if (text) {
    return "Convert one side with --left-map or --right-map 'column = CAST(column AS type)', or give the text side its "
           "types "
           "with --schema.";
  }
  return "Convert one side with --left-map or --right-map 'column = SQL expression', or leave the column out with "
         "--ignore.";
}

std::string Why(const DataType& left, const DataType& right) {
  const auto is = [&](Kind a, Kind b) {
    return (left.kind() == a && right.kind() == b) || (left.kind() == b && right.kind() == a);
  };
  if (is(Kind::kTimestamp, Kind::kTimestampNtz)) {
    return "an instant and a wall-clock time are comparable only in a time zone that somebody names";
  }
  if (is(Kind::kDate, Kind::kTimestamp) || is(Kind::kDate, Kind::kTimestampNtz)) {
    return "a day and a point in time are different things";
  }
  if (left.kind() == Kind::kString || right.kind() == Kind::kString) {
    return "text is not converted silently: '007' is not 7";
  }
  if (left.kind() == Kind::kDecimal && right.kind() == Kind::kDecimal) {
    return "no decimal type is wide enough for the values of both";
  }
  return "no type holds the values of both";
}

bool HoldsMap(const DataType& type) {
  switch (type.kind()) {
    case Kind::kMap:
      return true;
    case Kind::kArray:
      return HoldsMap(type.element());
    case Kind::kStruct:
      return std::any_of(type.fields().begin(), type.fields().end(),
                         [](const StructField& field) { return HoldsMap(field.type); });
    default:
      return false;
  }
}

bool AppliesTo(const ColumnNames& names, const std::string& name, bool case_sensitive) {
  return std::any_of(names.begin(), names.end(), [&](const std::string& n) {
    return n == "*" || FoldName(n, case_sensitive) == FoldName(name, case_sensitive);
  });
}

template <typename T>
const T* SettingFor(const std::map<std::string, T>& settings, const std::string& name, bool case_sensitive) {
  const T* any = nullptr;
  for (const auto& [key, value] : settings) {
    if (FoldName(key, case_sensitive) == FoldName(name, case_sensitive)) return &value;
    if (key == "*") any = &value;
  }
  return any;
}

bool IsTime(const DataType& type) {
  return type.kind() == Kind::kDate || type.kind() == Kind::kTimestamp || type.kind() == Kind::kTimestampNtz;
}

/// The names of one side by their folded form; ambiguous ones are refused.
std::map<std::string, size_t> Index(const StructType& schema, const char* side, bool case_sensitive) {
  std::map<std::string, size_t> out;
  for (size_t i = 0; i < schema.fields.size(); ++i) {
    const std::string& name = schema.fields[i].name;
    const auto [at, fresh] = out.emplace(FoldName(name, case_sensitive), i);
    if (fresh) continue;
    if (schema.fields[at->second].name == name) {
      base::Fail("TINDERBOX_DIFF_COLUMNS",
                 "The {} side has two columns named \"{}\", so it is not clear which one to compare. Rename one of "
                 "them in the "
                 "file, or name the columns with --schema.",
                 side, name);
    }
    base::Fail("TINDERBOX_DIFF_COLUMNS",
               "The {} side has the columns \"{}\" and \"{}\", which differ only in case. Ask for case-sensitive names "
               "(--case-sensitive) or rename one with --rename.",
               side, schema.fields[at->second].name, name);
  }
  return out;
}

class Matcher {
 public:
  Matcher(const SideColumns& left, const SideColumns& right, const DiffOptions& options)
      : left_(left),
        right_(right),
        options_(options),
        case_sensitive_(options.case_sensitive_names),
        left_index_(Index(left.schema, "left", case_sensitive_)),
        right_index_(Index(right.schema, "right", case_sensitive_)) {}

  MatchedColumns Match() {
    RefuseUnknownNames();
    for (size_t i = 0; i < left_.schema.fields.size(); ++i) {
      const auto match = right_index_.find(Fold(left_.schema.fields[i].name));
      AddColumn(i, match == right_index_.end() ? std::nullopt : std::optional(match->second));
    }
    for (size_t i = 0; i < right_.schema.fields.size(); ++i) {
      if (!left_index_.contains(Fold(right_.schema.fields[i].name))) AddColumn(std::nullopt, i);
    }
    TakeKeys();
    if (out_.compared.empty() && !out_.warnings.empty()) base::Fail("TINDERBOX_DIFF_TYPES", "{}", out_.warnings[0]);
    if (out_.compared.empty()) {
      base::Fail(
          "TINDERBOX_DIFF_COLUMNS",
          "The two sides have no column in common to compare: left has {}; right has {}. Pair columns with --rename "
          "old=new, or check --header and --schema.",
          Names(left_.schema), Names(right_.schema));
    }
    return std::move(out_);
  }

 private:
  std::string Fold(const std::string& name) const { return FoldName(name, case_sensitive_); }

  static std::string Names(const StructType& schema) {
    std::string out;
    for (size_t i = 0; i < schema.fields.size() && i < 8; ++i) {
      out += (i == 0 ? "" : ", ") + schema.fields[i].name;
    }
    if (schema.fields.size() > 8) out += fmt::format(" and {} more", schema.fields.size() - 8);
    return schema.fields.empty() ? "none" : out;
  }

  void RefuseUnknownNames() const {
    const auto known = [&](const std::string& name) {
      return name == "*" || left_index_.contains(Fold(name)) || right_index_.contains(Fold(name));
    };
    const auto check = [&](const std::string& name, const char* option) {
      if (known(name)) return;
      base::Fail("TINDERBOX_DIFF_COLUMNS",
                 "{} names the column \"{}\", which neither side has. Left has {}; right has {}.", option, name,
                 Names(left_.schema), Names(right_.schema));
    };
    for (const std::string& name : options_.key) {
      check(name, "--key");
      if (name == "*") base::Fail("TINDERBOX_DIFF_COLUMNS", "--key takes column names, not \"*\".");
      for (const auto& [index, side] : {std::pair{&left_index_, "left"}, std::pair{&right_index_, "right"}}) {
        if (!index->contains(Fold(name))) {
          base::Fail(
              "TINDERBOX_DIFF_COLUMNS",
              "The {} side has no column \"{}\", which --key names. If it is called otherwise there, pair the names "
              "with --rename old=new.",
              side, name);
        }
      }
    }
    for (const std::string& name : options_.select) check(name, "--select");
    for (const std::string& name : options_.ignore) check(name, "--ignore");
    for (const std::string& name : options_.unordered) check(name, "--unordered");
    for (const std::string& name : options_.ignore_case) check(name, "--ignore-case");
    for (const std::string& name : options_.trim) check(name, "--trim");
    for (const std::string& name : options_.collapse_space) check(name, "--collapse-space");
    for (const auto& [name, form] : options_.unicode_normalize) {
      check(name, "--unicode-normalize");
      if (form != "NFC" && form != "NFD" && form != "NFKC" && form != "NFKD") {
        base::Fail("TINDERBOX_DIFF_OPTION", "Unicode normal form {} does not exist; there are NFC, NFD, NFKC and NFKD.",
                   form);
      }
    }
    for (const auto& [name, tolerance] : options_.tolerance) {
      check(name, "--tolerance");
      for (const std::optional<double>& bound : {tolerance.absolute, tolerance.relative}) {
        if (bound && !(*bound >= 0)) {
          base::Fail("TINDERBOX_DIFF_OPTION", "The tolerance of \"{}\" is {}; it has to be zero or more.", name,
                     *bound);
        }
      }
      if (tolerance.time_micros && *tolerance.time_micros < 0) {
        base::Fail("TINDERBOX_DIFF_OPTION", "The time tolerance of \"{}\" is negative; it has to be zero or more.",
                   name);
      }
    }
    if (options_.key.empty() && !options_.tolerance.empty()) {
      base::Fail(
          "TINDERBOX_DIFF_OPTION",
          "A tolerance needs --key: without one, rows are compared whole and there is no telling which two numbers "
          "belong together.");
    }
    if (options_.set_semantics && !options_.key.empty()) {
      base::Fail("TINDERBOX_DIFF_OPTION", "--set compares whole rows and cannot be combined with --key.");
    }
  }

  bool IsKey(const std::string& name) const {
    return std::any_of(options_.key.begin(), options_.key.end(),
                       [&](const std::string& k) { return Fold(k) == Fold(name); });
  }

  bool IsLeftOut(const std::string& name) const {
    if (IsKey(name)) return false;
    if (!options_.select.empty() && !AppliesTo(options_.select, name, case_sensitive_)) return true;
    return AppliesTo(options_.ignore, name, case_sensitive_);
  }

  void AddColumn(std::optional<size_t> left, std::optional<size_t> right) {
    DiffColumn column;
    if (left) {
      column.left_name = left_.original_names[*left];
      column.left_type = left_.reported.fields[*left].type;
    }
    if (right) {
      column.right_name = right_.original_names[*right];
      column.right_type = right_.reported.fields[*right].type;
    }
    column.name = left ? left_.schema.fields[*left].name : right_.schema.fields[*right].name;
    column.is_key = IsKey(column.name);
    if (IsLeftOut(column.name)) {
      column.status = ColumnStatus::kIgnored;
    } else if (!left || !right) {
      column.status = left ? ColumnStatus::kLeftOnly : ColumnStatus::kRightOnly;
    } else {
      Compare(*left, *right, &column);
    }
    out_.columns.push_back(std::move(column));
  }

  void Compare(size_t left, size_t right, DiffColumn* column) {
    const StructField& l = left_.schema.fields[left];
    const StructField& r = right_.schema.fields[right];
    const std::optional<DataType> common = CommonType(l.type, r.type);
    if (!common && column->is_key) {
      base::Fail("TINDERBOX_DIFF_TYPES", "The key column \"{}\" is {} on the left and {} on the right, and {}. {}",
                 column->name, l.type.SimpleString(), r.type.SimpleString(), Why(l.type, r.type),
                 Advice(l.type, r.type));
    }
    if (!common) {
      column->status = ColumnStatus::kTypeChanged;
      out_.warnings.push_back(
          fmt::format("Column \"{}\" is {} on the left and {} on the right and was not compared: {}. {}", column->name,
                      l.type.SimpleString(), r.type.SimpleString(), Why(l.type, r.type), Advice(l.type, r.type)));
      return;
    }
    if (column->is_key && HoldsMap(*common)) {
      base::Fail("TINDERBOX_DIFF_TYPES",
                 "The key column \"{}\" is {}; maps have no order, so they cannot be a key. Choose another key, or "
                 "make one with "
                 "--map.",
                 column->name, common->SimpleString());
    }
    const bool named_unordered =
        std::any_of(options_.unordered.begin(), options_.unordered.end(),
                    [&](const std::string& n) { return n != "*" && Fold(n) == Fold(column->name); });
    if (named_unordered && common->kind() != Kind::kArray) {
      base::Fail("TINDERBOX_DIFF_OPTION",
                 "--unordered names \"{}\", which is {}; only the order of a list can be left out of account.",
                 column->name, common->SimpleString());
    }
    ComparedColumn compared;
    compared.name = column->name;
    compared.left_name = l.name;
    compared.right_name = r.name;
    compared.left_type = l.type;
    compared.right_type = r.type;
    compared.type = *common;
    Normalization& n = compared.normalization;
    n.ignore_case = AppliesTo(options_.ignore_case, column->name, case_sensitive_);
    n.trim = AppliesTo(options_.trim, column->name, case_sensitive_);
    n.collapse_space = AppliesTo(options_.collapse_space, column->name, case_sensitive_);
    n.unordered = AppliesTo(options_.unordered, column->name, case_sensitive_);
    n.empty_is_null = options_.empty_is_null;
    if (const std::string* form = SettingFor(options_.unicode_normalize, column->name, case_sensitive_))
      n.unicode = *form;
    if (!column->is_key) SetTolerance(&compared);
    column->compared_as = *common;
    const StructField& reported_l = left_.reported.fields[left];
    const StructField& reported_r = right_.reported.fields[right];
    if (!reported_l.type.SameIgnoringNullability(reported_r.type)) {
      column->status = ColumnStatus::kTypeChanged;
    } else if (reported_l.nullable != reported_r.nullable || !(reported_l.type == reported_r.type)) {
      column->status = ColumnStatus::kNullabilityChanged;
    }
    out_.compared.push_back(std::move(compared));
  }

  void SetTolerance(ComparedColumn* column) const {
    const Tolerance* found = SettingFor(options_.tolerance, column->name, case_sensitive_);
    if (found == nullptr) return;
    const bool named = std::any_of(options_.tolerance.begin(), options_.tolerance.end(), [&](const auto& entry) {
      return entry.first != "*" && Fold(entry.first) == Fold(column->name);
    });
    Tolerance fitting;
    if (column->type.IsNumeric()) {
      fitting.absolute = found->absolute;
      fitting.relative = found->relative;
    } else if (IsTime(column->type)) {
      fitting.time_micros = found->time_micros;
    }
    if (fitting.absolute || fitting.relative || fitting.time_micros) {
      column->tolerance = fitting;
    } else if (named) {
      base::Fail(
          "TINDERBOX_DIFF_OPTION",
          "The tolerance of \"{}\" does not fit its type {}: numbers take an absolute or relative one, dates and "
          "timestamps a duration.",
          column->name, column->type.SimpleString());
    }
  }

  void TakeKeys() {
    std::vector<ComparedColumn> ordered;
    std::set<std::string> taken;
    for (const std::string& name : options_.key) {
      if (!taken.insert(Fold(name)).second) continue;
      const auto at = std::find_if(out_.compared.begin(), out_.compared.end(),
                                   [&](const ComparedColumn& c) { return Fold(c.name) == Fold(name); });
      ordered.push_back(*at);
    }
    out_.keys = ordered.size();
    for (ComparedColumn& column : out_.compared) {
      if (!taken.contains(Fold(column.name))) ordered.push_back(std::move(column));
    }
    out_.compared = std::move(ordered);
  }

  const SideColumns& left_;
  const SideColumns& right_;
  const DiffOptions& options_;
  const bool case_sensitive_;
  const std::map<std::string, size_t> left_index_, right_index_;
  MatchedColumns out_;
};

}  // namespace

std::string FoldName(const std::string& name, bool case_sensitive) {
  std::string out = name;
  if (!case_sensitive) {
    std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return c < 128 ? std::tolower(c) : c; });
  }
  return out;
}

bool ExactAgainstDouble(const DataType& a, const DataType& b) {
  const auto wide = [](const DataType& t) { return t.kind() == Kind::kLong || t.kind() == Kind::kDecimal; };
  return (IsFloating(a) && wide(b)) || (wide(a) && IsFloating(b));
}

std::optional<DataType> CommonType(const DataType& left, const DataType& right) {
  if (left.SameIgnoringNullability(right) && !left.IsNested()) return left;
  if (left.kind() == Kind::kNull) return right;
  if (right.kind() == Kind::kNull) return left;
  if (left.IsNumeric() && right.IsNumeric()) return CommonNumber(left, right);
  if (left.kind() != right.kind()) return std::nullopt;
  switch (left.kind()) {
    case Kind::kArray: {
      const std::optional<DataType> element = CommonType(left.element(), right.element());
      if (!element) return std::nullopt;
      return DataType::Array(*element);
    }
    case Kind::kMap: {
      const std::optional<DataType> key = CommonType(left.key(), right.key());
      const std::optional<DataType> value = CommonType(left.value(), right.value());
      if (!key || !value) return std::nullopt;
      return DataType::Map(*key, *value);
    }
    case Kind::kStruct:
      return CommonStruct(left, right);
    default:
      return std::nullopt;
  }
}

MatchedColumns MatchColumns(const SideColumns& left, const SideColumns& right, const DiffOptions& options) {
  return Matcher(left, right, options).Match();
}

}  // namespace tinderbox::diff
