#include "diff/canonical.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "tinderbox/functions.h"

namespace tinderbox::diff {
namespace {

namespace fn = functions;
using Kind = TypeKind;

constexpr const char* kSpace =
    "[\\s\u0085\u00A0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200A\u2028\u2029\u202F\u205F"
    "\u3000]+";

Column Null(const DataType& type) {
  return fn::Lit(Value(), type);
}
Column Text(const std::string& text) {
  return fn::Lit(Value(text));
}

const DataType& Own(const DataType& left, const DataType& right, Side side) {
  return side == Side::kLeft ? left : right;
}
const DataType& Other(const DataType& left, const DataType& right, Side side) {
  return side == Side::kLeft ? right : left;
}

/// A void column takes the shape of its partner.
DataType OrPartner(const DataType& own, const DataType& other) {
  return own.kind() == Kind::kNull ? other : own;
}

struct FieldPair {
  std::string name;
  std::optional<std::string> left, right;  ///< its name there
  DataType left_type, right_type;          ///< void when absent
};

/// Left's fields in their order, then those only right has.
std::vector<FieldPair> PairFields(const DataType& left, const DataType& right) {
  std::vector<FieldPair> out;
  for (const StructField& field : left.fields())
    out.push_back({field.name, field.name, std::nullopt, field.type, DataType()});
  for (const StructField& field : right.fields()) {
    const auto match = std::find_if(out.begin(), out.end(), [&](const FieldPair& pair) {
      return FoldName(pair.name, false) == FoldName(field.name, false);
    });
    if (match != out.end() && !match->right) {
      match->right = field.name;
      match->right_type = field.type;
    } else {
      out.push_back({field.name, std::nullopt, field.name, DataType(), field.type});
    }
  }
  return out;
}

DataType EntryType(const DataType& key, const DataType& value) {
  return DataType::Struct({{"key", key, false, "{}"}, {"value", value, true, "{}"}});
}

const DataType& WideOf(const DataType& left, const DataType& right) {
  return left.kind() == Kind::kLong || left.kind() == Kind::kDecimal ? left : right;
}

class Former {
 public:
  Former(Side side, const Normalization& normalization, Form form) : side_(side), n_(normalization), form_(form) {}

  bool ChangesNothing(const DataType& left, const DataType& right) const {
    const DataType& own = Own(left, right, side_);
    if (!left.SameIgnoringNullability(right) || ContainsMap(own)) return false;
    if (form_ == Form::kPlain) return true;
    return !(n_.ChangesStrings() && Contains(own, Kind::kString)) && !(n_.unordered && own.kind() == Kind::kArray) &&
           !(form_ == Form::kGrouping && (Contains(own, Kind::kFloat) || Contains(own, Kind::kDouble)));
  }

  Column Apply(const Column& value, const DataType& left, const DataType& right, int depth) const {
    if (ChangesNothing(left, right)) return value;
    const DataType own = Own(left, right, side_);
    const DataType other = Other(left, right, side_);
    if (own.kind() == Kind::kNull) return Null(FormType(left, right, side_, form_));
    const DataType l = OrPartner(left, right);
    const DataType r = OrPartner(right, left);
    switch (own.kind()) {
      case Kind::kArray:
        return Array(value, l, r, depth);
      case Kind::kMap:
        return Map(value, l, r, depth);
      case Kind::kStruct:
        return StructOf(value, l, r, depth);
      default:
        return Atomic(value, own, OrPartner(other, own));
    }
  }

  static bool Contains(const DataType& type, Kind kind) {
    switch (type.kind()) {
      case Kind::kArray:
        return Contains(type.element(), kind);
      case Kind::kMap:
        return kind == Kind::kMap || Contains(type.key(), kind) || Contains(type.value(), kind);
      case Kind::kStruct:
        return std::any_of(type.fields().begin(), type.fields().end(),
                           [&](const StructField& field) { return Contains(field.type, kind); });
      default:
        return type.kind() == kind;
    }
  }

 private:
  Column Array(const Column& value, const DataType& left, const DataType& right, int depth) const {
    Former inner = *this;
    inner.n_.unordered = false;
    Column out = value;
    if (!inner.ChangesNothing(left.element(), right.element())) {
      const std::string variable = fmt::format("x{}", depth);
      out = fn::Call("transform", {out, fn::Lambda(variable, inner.Apply(fn::LambdaVariable(variable), left.element(),
                                                                         right.element(), depth + 1))});
    }
    return n_.unordered && form_ != Form::kPlain ? fn::Call("array_sort", {out}) : out;
  }

  Column Map(const Column& value, const DataType& left, const DataType& right, int depth) const {
    Former inner = *this;
    inner.n_.unordered = false;
    const std::string variable = fmt::format("x{}", depth);
    const Column entry = fn::LambdaVariable(variable);
    Column entries = fn::Call("map_entries", {value});
    if (!inner.ChangesNothing(left.key(), right.key()) || !inner.ChangesNothing(left.value(), right.value())) {
      entries = fn::Call(
          "transform",
          {entries,
           fn::Lambda(variable,
                      fn::Call("named_struct",
                               {Text("key"), inner.Apply(entry.GetField("key"), left.key(), right.key(), depth + 1),
                                Text("value"),
                                inner.Apply(entry.GetField("value"), left.value(), right.value(), depth + 1)}))});
    }
    return fn::Call("array_sort", {entries});
  }

  Column StructOf(const Column& value, const DataType& left, const DataType& right, int depth) const {
    Former inner = *this;
    inner.n_.unordered = false;
    std::vector<Column> arguments;
    for (const FieldPair& field : PairFields(left, right)) {
      const std::optional<std::string>& name = side_ == Side::kLeft ? field.left : field.right;
      arguments.push_back(Text(field.name));
      arguments.push_back(name ? inner.Apply(value.GetField(*name), field.left_type, field.right_type, depth)
                               : Null(FormType(field.left_type, field.right_type, side_, form_)));
    }
    const Column rebuilt = fn::Call("named_struct", arguments);
    return fn::When({{value.IsNotNull(), rebuilt}});
  }

  Column Atomic(const Column& value, const DataType& own, const DataType& other) const {
    const DataType& left = side_ == Side::kLeft ? own : other;
    const DataType& right = side_ == Side::kLeft ? other : own;
    if (ExactAgainstDouble(own, other))
      return form_ == Form::kPlain ? value : ExactNumber(value, own, WideOf(left, right));
    const DataType common = CommonType(own, other).value_or(own);
    Column out = common.SameIgnoringNullability(own) ? value : value.Cast(common);
    if (form_ == Form::kPlain) return out;
    if (common.kind() == Kind::kString) return String(out);
    if (form_ == Form::kGrouping && common.kind() == Kind::kDouble) return out + fn::Lit(Value(0.0));
    if (form_ == Form::kGrouping && common.kind() == Kind::kFloat) return out + fn::Lit(Value(0.0F));
    return out;
  }

  /// Numbers that a double holds exactly stand in `d`, all others in `n`, so equal values have one form and the form
  /// has no rounding.
  Column ExactNumber(const Column& value, const DataType& own, const DataType& wide) const {
    const auto pair = [&](const Column& n, const Column& d) {
      return fn::When({{value.IsNotNull(), fn::Call("named_struct", {Text("n"), n, Text("d"), d})}});
    };
    const Column zero = fn::Lit(Value(0.0));
    const Column as_double = value.Cast(DataType(Kind::kDouble)) + zero;
    if (own.kind() == Kind::kFloat || own.kind() == Kind::kDouble) return pair(Null(wide), as_double);
    const Column exact = own.kind() == Kind::kLong ? as_double.TryCast(DataType(Kind::kLong)).EqNullSafe(value)
                                                   : fn::Call("tb_exact_equal", {value, as_double});
    return pair(fn::When({{!exact, value}}), fn::When({{exact, as_double}}));
  }

  Column String(Column text) const {
    if (!n_.unicode.empty()) text = fn::Call("tb_normalize", {text, Text(n_.unicode)});
    if (n_.ignore_case) text = fn::Call("lower", {text});
    if (n_.collapse_space) text = fn::Call("regexp_replace", {text, Text(kSpace), Text(" ")});
    if (n_.trim || n_.collapse_space) {
      text = fn::Call("regexp_replace", {text, Text(fmt::format("^{0}|{0}$", kSpace)), Text("")});
    }
    if (n_.empty_is_null) text = fn::When({{text != Text(""), text}});
    return text;
  }

  Side side_;
  Normalization n_;
  Form form_;
};

bool ContainsExact(const DataType& left, const DataType& right) {
  if (left.kind() != right.kind() || !left.IsNested()) return ExactAgainstDouble(left, right);
  if (left.kind() == Kind::kArray) return ContainsExact(left.element(), right.element());
  if (left.kind() == Kind::kMap)
    return ContainsExact(left.key(), right.key()) || ContainsExact(left.value(), right.value());
  const std::vector<FieldPair> fields = PairFields(left, right);
  return std::any_of(fields.begin(), fields.end(),
                     [](const FieldPair& field) { return ContainsExact(field.left_type, field.right_type); });
}

/// The shape of a pair of types; `map` and `exact` say what becomes of maps and of exact comparisons.
template <typename OfMap, typename OfExact>
DataType Shape(const DataType& left, const DataType& right, const OfMap& map, const OfExact& exact) {
  const DataType l = OrPartner(left, right);
  const DataType r = OrPartner(right, left);
  switch (l.kind()) {
    case Kind::kArray:
      return DataType::Array(Shape(l.element(), r.element(), map, exact));
    case Kind::kMap:
      return map(Shape(l.key(), r.key(), map, exact), Shape(l.value(), r.value(), map, exact));
    case Kind::kStruct: {
      std::vector<StructField> fields;
      for (const FieldPair& field : PairFields(l, r)) {
        fields.push_back({field.name, Shape(field.left_type, field.right_type, map, exact), true, "{}"});
      }
      return DataType::Struct(std::move(fields));
    }
    default:
      return ExactAgainstDouble(l, r) ? exact(l, r) : CommonType(l, r).value_or(l);
  }
}

/// The difference of two numbers of the common type as a double, and how much of it may come from rounding alone.
struct Gap {
  Column size, slack, largest;
};

/// The decimal that holds every value of an exact number, or nullopt: floating-point, or no digit to spare for a
/// difference.
std::optional<DataType> ExactDecimal(const DataType& type) {
  if (type.IsIntegral()) return DataType::Decimal(20, 0);
  if (type.kind() == Kind::kDecimal && type.precision() < 38) return type;
  return std::nullopt;
}

Gap NumberGap(const Column& left, const Column& right, const ComparedColumn& column) {
  const DataType real(Kind::kDouble);
  if (const std::optional<DataType> exact = ExactDecimal(column.type)) {
    const auto size = [](const Column& value) { return fn::Call("abs", {value}).Cast(DataType(Kind::kDouble)); };
    const Column l = left.Cast(*exact);
    const Column r = right.Cast(*exact);
    const Column gap = size(l - r);
    return {gap, gap * fn::Lit(Value(0x1p-52)), fn::Call("greatest", {size(l), size(r)})};
  }
  const auto number = [&](const Column& value) {
    // The exact form keeps the number in one of two fields.
    if (!ExactAgainstDouble(column.left_type, column.right_type)) return value.Cast(real);
    return fn::Coalesce({value.GetField("d"), value.GetField("n").Cast(real)});
  };
  const Column l = number(left);
  const Column r = number(right);
  const auto absolute = [](const Column& c) { return fn::Call("abs", {c}); };
  const bool single = column.left_type.kind() == Kind::kFloat || column.right_type.kind() == Kind::kFloat;
  // A number that was written in decimal is at most half a unit in the last place away from what was written.
  const double half_unit = single ? 0x1p-24 : 0x1p-53;
  return {absolute(l - r), (absolute(l) + absolute(r)) * fn::Lit(Value(half_unit)),
          fn::Call("greatest", {absolute(l), absolute(r)})};
}

/// The largest multiple of 10^-scale that is not above `bound`, in such units; saturates.
__int128 FloorToScale(double bound, int scale) {
  constexpr __int128 kMost = static_cast<__int128>(1'000'000'000'000'000'000) * 1'000'000'000'000'000'000;
  // The shortest decimal text of a bound is what its author wrote: "0.1" is one tenth.
  const std::string shortest = fmt::format("{}", bound);
  __int128 digits = 0;
  int exponent = 0;
  bool fraction = false;
  for (size_t i = 0; i < shortest.size(); ++i) {
    const char c = shortest[i];
    if (c == '.') {
      fraction = true;
    } else if (c == 'e') {
      exponent += std::stoi(shortest.substr(i + 1));
      break;
    } else {
      digits = digits * 10 + (c - '0');
      exponent -= fraction ? 1 : 0;
    }
  }
  for (exponent += scale; exponent > 0 && digits < kMost / 10; --exponent) digits *= 10;
  if (exponent > 0 && digits > 0) return kMost;
  for (; exponent < 0; ++exponent) digits /= 10;
  return digits;
}

/// Whether two integers or decimals are within an absolute tolerance, to the last digit; nullopt when the difference
/// may have more digits than a decimal holds.
std::optional<Column> ExactlyWithin(const Column& left, const Column& right, const DataType& type, double bound) {
  if (!std::isfinite(bound) || (!type.IsIntegral() && type.kind() != Kind::kDecimal)) return std::nullopt;
  const DataType number = type.IsIntegral() ? DataType::Decimal(20, 0) : type;
  if (number.precision() > 37) return std::nullopt;
  const Column gap = fn::Call("abs", {left.Cast(number) - right.Cast(number)});
  return gap <= fn::Lit(Value(DecimalValue{FloorToScale(bound, number.scale()), number.scale()}),
                        DataType::Decimal(38, number.scale()));
}

Column Micros(const Column& value, const DataType& type) {
  if (type.kind() == Kind::kDate)
    return fn::Call("unix_date", {value}).Cast(DataType(Kind::kLong)) * fn::Lit(Value(int64_t{86400000000}));
  if (type.kind() == Kind::kTimestampNtz) return fn::Call("unix_micros", {value.Cast(DataType(Kind::kTimestamp))});
  return fn::Call("unix_micros", {value});
}

}  // namespace

Column ToForm(const Column& value, const DataType& left, const DataType& right, Side side,
              const Normalization& normalization, Form form) {
  return Former(side, normalization, form).Apply(value, left, right, 0);
}

DataType FormType(const DataType& left, const DataType& right, Side side, Form form) {
  return Shape(
      left, right, [](DataType key, DataType value) { return DataType::Array(EntryType(key, value)); },
      [&](const DataType& l, const DataType& r) {
        if (form == Form::kPlain) return Own(l, r, side);
        return DataType::Struct({{"n", WideOf(l, r), true, "{}"}, {"d", DataType(Kind::kDouble), true, "{}"}});
      });
}

DataType DisplayType(const DataType& left, const DataType& right, Side side) {
  return Shape(
      left, right, [](DataType key, DataType value) { return DataType::Map(std::move(key), std::move(value)); },
      [&](const DataType& l, const DataType& r) { return Own(l, r, side); });
}

bool LosesValue(const ComparedColumn& column) {
  const Normalization& n = column.normalization;
  return (n.ChangesStrings() && Former::Contains(column.type, Kind::kString)) ||
         (n.unordered && column.type.kind() == Kind::kArray) || ContainsExact(column.left_type, column.right_type);
}

bool NeedsExactDecimal(const DataType& left, const DataType& right) {
  if (left.kind() != right.kind() || !left.IsNested())
    return ExactAgainstDouble(left, right) && WideOf(left, right).kind() == Kind::kDecimal;
  if (left.kind() == Kind::kArray) return NeedsExactDecimal(left.element(), right.element());
  if (left.kind() == Kind::kMap)
    return NeedsExactDecimal(left.key(), right.key()) || NeedsExactDecimal(left.value(), right.value());
  const std::vector<FieldPair> fields = PairFields(left, right);
  return std::any_of(fields.begin(), fields.end(),
                     [](const FieldPair& field) { return NeedsExactDecimal(field.left_type, field.right_type); });
}

bool ContainsMap(const DataType& type) {
  return Former::Contains(type, Kind::kMap);
}

namespace {

Column Restore(const Column& plain, const DataType& display, int depth) {
  if (!ContainsMap(display)) return plain;
  const std::string variable = fmt::format("m{}", depth);
  const Column item = fn::LambdaVariable(variable);
  switch (display.kind()) {
    case Kind::kArray:
      return fn::Call("transform", {plain, fn::Lambda(variable, Restore(item, display.element(), depth + 1))});
    case Kind::kStruct: {
      std::vector<Column> arguments;
      for (const StructField& field : display.fields()) {
        arguments.push_back(Text(field.name));
        arguments.push_back(Restore(plain.GetField(field.name), field.type, depth));
      }
      return fn::When({{plain.IsNotNull(), fn::Call("named_struct", arguments)}});
    }
    default: {
      Column entries = plain;
      if (ContainsMap(display.value())) {
        entries = fn::Call(
            "transform",
            {plain, fn::Lambda(variable, fn::Call("named_struct",
                                                  {Text("key"), item.GetField("key"), Text("value"),
                                                   Restore(item.GetField("value"), display.value(), depth + 1)}))});
      }
      return fn::Call("map_from_entries", {entries});
    }
  }
}

}  // namespace

Column RestoreMaps(const Column& plain, const DataType& display) {
  return Restore(plain, display, 0);
}

Value RestoreMaps(const Value& plain, const DataType& display) {
  if (plain.is_null() || !ContainsMap(display)) return plain;
  switch (display.kind()) {
    case Kind::kArray: {
      auto out = std::make_shared<ListValue>();
      for (const Value& item : plain.As<std::shared_ptr<ListValue>>()->items) {
        out->items.push_back(RestoreMaps(item, display.element()));
      }
      return out;
    }
    case Kind::kStruct: {
      auto out = std::make_shared<StructValue>(*plain.As<std::shared_ptr<StructValue>>());
      for (size_t i = 0; i < out->values.size(); ++i)
        out->values[i] = RestoreMaps(out->values[i], display.fields()[i].type);
      return out;
    }
    default: {
      auto out = std::make_shared<MapValue>();
      for (const Value& entry : plain.As<std::shared_ptr<ListValue>>()->items) {
        const StructValue& pair = *entry.As<std::shared_ptr<StructValue>>();
        out->entries.emplace_back(RestoreMaps(pair.values[0], display.key()),
                                  RestoreMaps(pair.values[1], display.value()));
      }
      return out;
    }
  }
}

Column EqualWithin(const Column& left, const Column& right, const ComparedColumn& column) {
  const Column same = left.EqNullSafe(right);
  if (!column.tolerance) return same;
  const Tolerance& tolerance = *column.tolerance;
  Column near = fn::Lit(Value(false));
  if (tolerance.time_micros) {
    const Column gap = fn::Call("abs", {Micros(left, column.type) - Micros(right, column.type)});
    near = gap <= fn::Lit(Value(*tolerance.time_micros));
  } else {
    const Gap gap = NumberGap(left, right, column);
    const Column finite = gap.size < fn::Lit(Value(std::numeric_limits<double>::infinity()));
    if (tolerance.absolute) {
      near = near || ExactlyWithin(left, right, column.type, *tolerance.absolute)
                         .value_or(gap.size <= fn::Lit(Value(*tolerance.absolute)) + gap.slack);
    }
    if (tolerance.relative) {
      near = near || (gap.size <= fn::Lit(Value(*tolerance.relative)) * gap.largest + gap.slack);
    }
    near = finite && near;
  }
  return same || (left.IsNotNull() && right.IsNotNull() && near);
}

}  // namespace tinderbox::diff
