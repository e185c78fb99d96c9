#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "engine/translate/coercion.h"
#include "engine/translate/refusals.h"
#include "engine/translate/relation_translator.h"
#include "spark/children.h"

namespace tinderbox::engine {

namespace {

using JoinProto = proto::Join;

const char* JoinKeyword(JoinProto::JoinType type) {
  switch (type) {
    case JoinProto::JOIN_TYPE_INNER:
      return "\nJOIN ";
    case JoinProto::JOIN_TYPE_CROSS:
      return "\nCROSS JOIN ";
    case JoinProto::JOIN_TYPE_FULL_OUTER:
      return "\nFULL OUTER JOIN ";
    case JoinProto::JOIN_TYPE_LEFT_OUTER:
      return "\nLEFT OUTER JOIN ";
    case JoinProto::JOIN_TYPE_RIGHT_OUTER:
      return "\nRIGHT OUTER JOIN ";
    case JoinProto::JOIN_TYPE_LEFT_ANTI:
      return "\nANTI JOIN ";
    case JoinProto::JOIN_TYPE_LEFT_SEMI:
      return "\nSEMI JOIN ";
    default:
      throw Error("UNSUPPORTED_JOIN_TYPE", "The join has no type.");
  }
}

/// How many steps below `relation` the nearest relation of that plan id is.
std::optional<int> PlanDepth(const google::protobuf::Message& message, int64_t plan_id, int depth) {
  if (depth > kMaxRelationDepth) return std::nullopt;
  if (const auto* relation = dynamic_cast<const proto::Relation*>(&message)) {
    if (relation->common().has_plan_id() && relation->common().plan_id() == plan_id) return depth;
    ++depth;
  }
  std::optional<int> best;
  for (const auto* child : spark::Children(message)) {
    if (child->GetDescriptor() == proto::Expression::descriptor()) continue;
    const auto found = PlanDepth(*child, plan_id, depth);
    if (found && (!best || *found < *best)) best = found;
  }
  return best;
}

/// The rows, with ids that differ from those of another input.
TranslatedRelation Renamed(const TranslatedRelation& input, const char* prefix) {
  std::vector<SelectItem> items;
  for (const OutputColumn& column : input.columns) {
    items.push_back({Ident(column.id), column});
    items.back().column.id = prefix + column.id;
  }
  return Select(std::move(items), Derived(input.sql));
}

/// A plan id that occurs on both sides means the side where it is nearer, as in Spark; on both when equally near.
void KeepNearestPlanIds(const JoinProto& join, TranslatedRelation* left, TranslatedRelation* right) {
  std::set<int64_t> ours, both;
  for (const OutputColumn& column : left->columns) ours.insert(column.plan_ids.begin(), column.plan_ids.end());
  for (const OutputColumn& column : right->columns) {
    std::ranges::set_intersection(column.plan_ids, ours, std::inserter(both, both.end()));
  }
  for (int64_t id : both) {
    auto left_depth = PlanDepth(join.left(), id, 0);
    auto right_depth = PlanDepth(join.right(), id, 0);
    if (!left_depth || !right_depth || *left_depth == *right_depth) {
      for (auto* side : {left, right}) {
        for (OutputColumn& column : side->columns) {
          if (column.plan_ids.contains(id)) column.plan_ids.insert(AmbiguousPlan(id));
        }
      }
      continue;
    }
    for (OutputColumn& column : (*left_depth < *right_depth ? right : left)->columns) column.plan_ids.erase(id);
  }
}

}  // namespace

RelationTranslator::Tables RelationTranslator::From(TranslatedRelation* left, TranslatedRelation* right,
                                                    const char* keyword, uint64_t isolation, bool left_only) {
  // More tables than these take DuckDB longer to order than a good order saves.
  static constexpr size_t kOrderedTables = 24;
  Tables out;
  UniqueIds ids;
  const std::string prefix = isolation == 0 ? "" : IsolatedPrefix(isolation);
  const auto side = [&](TranslatedRelation* one) {
    const bool shows = one == left || !left_only;
    const std::shared_ptr<const Block> block = one->block;
    if (block != nullptr && !block->shown.empty() && out.count + block->tables < kOrderedTables &&
        std::ranges::none_of(block->shown,
                             [&](const std::string& id) { return ids.Has(id) || !id.starts_with(prefix); })) {
      for (const std::string& id : block->shown) ids.Make(id);
      if (shows) out.shown.insert(out.shown.end(), block->shown.begin(), block->shown.end());
      out.count += block->tables;
      return one == left ? block->from : Derived(block->from);
    }
    ++out.count;
    std::vector<Sql> names;
    bool renamed = false;
    for (OutputColumn& column : one->columns) {
      std::string id = ids.Make(column.id.starts_with(prefix) ? column.id : prefix + column.id);
      renamed = renamed || id != column.id;
      column.id = std::move(id);
      names.push_back(Ident(column.id));
      if (shows) out.shown.push_back(column.id);
    }
    const Sql table = Concat({Derived(one->sql), Token(" AS "), Ident(fmt::format("t{}", ++joined_))});
    return renamed ? Concat({table, Token("("), engine::Join(names, ", "), Token(")")}) : table;
  };
  const Sql first = side(left);
  out.sql = Concat({first, Token(keyword), side(right)});
  return out;
}

Typed RelationTranslator::JoinCondition(const proto::Expression& condition, const std::vector<OutputColumn>& columns) {
  Typed value = TranslateExpression(condition, ScopeOf(columns));
  if (value.type.kind() == TypeKind::kNull)
    value = TranslateCast(value, DataType(TypeKind::kBoolean), ScopeOf(columns), false);
  if (value.type.kind() != TypeKind::kBoolean) {
    const std::string shown = "\"" + ExpressionName(condition) + "\"";
    throw Error("JOIN_CONDITION_IS_NOT_BOOLEAN_TYPE",
                fmt::format("The join condition {} has the invalid type \"{}\", expected \"BOOLEAN\".", shown,
                            value.type.Sql()),
                {{"joinCondition", shown}, {"conditionType", "\"" + value.type.Sql() + "\""}});
  }
  return value;
}

namespace {

std::vector<OutputColumn> Both(const TranslatedRelation& left, const TranslatedRelation& right) {
  std::vector<OutputColumn> out = left.columns;
  out.insert(out.end(), right.columns.begin(), right.columns.end());
  return out;
}

void AddColumns(std::vector<SelectItem>* items, const std::vector<OutputColumn>& columns, bool nullable) {
  for (OutputColumn column : columns) {
    column.nullable = column.nullable || nullable;
    items->push_back({Ident(column.id), std::move(column)});
  }
}

/// The left columns under their own ids again, and the right ones, which are NULL where nothing was found.
std::vector<SelectItem> SideBySide(const std::vector<OutputColumn>& before, const std::vector<OutputColumn>& left,
                                   const std::vector<OutputColumn>& right, bool outer) {
  UniqueIds ids;
  std::vector<SelectItem> items;
  for (size_t i = 0; i < before.size(); ++i) {
    items.push_back({Ident(left[i].id), before[i]});
    items.back().column.id = ids.Make(before[i].id);
  }
  for (const OutputColumn& column : right) {
    items.push_back({Ident(column.id), column});
    items.back().column.id = ids.Make(column.name);
    items.back().column.nullable = column.nullable || outer;
  }
  return items;
}

[[noreturn]] void RefuseUsing(const std::string& name, const char* side, const std::vector<OutputColumn>& columns) {
  std::vector<std::string> names;
  for (const OutputColumn& column : columns) names.push_back("`" + column.name + "`");
  std::ranges::sort(names);
  std::string known;
  for (const std::string& one : names) known += (known.empty() ? "" : ", ") + one;
  throw Error("UNRESOLVED_USING_COLUMN_FOR_JOIN",
              fmt::format("USING column `{}` cannot be resolved on the {} side of the join. The {}-side columns: [{}].",
                          name, side, side, known),
              {{"colName", "`" + name + "`"}, {"side", side}, {"suggestion", known}});
}

}  // namespace

TranslatedRelation RelationTranslator::Join(const JoinProto& join, bool natural) {
  if (join.has_join_data_type()) RefuseFeature("joinWith");
  const uint64_t isolation = isolation_;
  TranslatedRelation left = Translate(join.left());
  isolation_ = isolation;
  TranslatedRelation right = Translate(join.right());
  isolation_ = 0;
  KeepNearestPlanIds(join, &left, &right);
  JoinProto::JoinType type = join.join_type();
  bool cross = type == JoinProto::JOIN_TYPE_CROSS;
  bool left_only = type == JoinProto::JOIN_TYPE_LEFT_ANTI || type == JoinProto::JOIN_TYPE_LEFT_SEMI;

  std::vector<std::string> names(join.using_columns().begin(), join.using_columns().end());
  if (natural) {
    for (const OutputColumn& column : left.columns) {
      if (!FindAll(right.columns, column.name).empty()) names.push_back(column.name);
    }
  }
  const bool has_subquery = join.has_join_condition() && HasSubquery(join.join_condition());
  if (has_subquery && type != JoinProto::JOIN_TYPE_INNER && !cross) {
    RefuseFeature("a sub-query in the condition of an outer, semi or anti join");
  }
  std::vector<std::pair<size_t, size_t>> keys;
  for (const std::string& name : names) {
    const std::vector<size_t> l = FindAll(left.columns, name), r = FindAll(right.columns, name);
    if (l.empty()) RefuseUsing(name, "left", left.columns);
    if (r.empty()) RefuseUsing(name, "right", right.columns);
    for (const auto* side : {&l, &r}) {
      if (side->size() == 1) continue;
      throw Error("AMBIGUOUS_REFERENCE", fmt::format("Reference `{0}` is ambiguous, could be: [`{0}`, `{0}`].", name),
                  {{"name", "`" + name + "`"}, {"referenceNames", fmt::format("[`{0}`, `{0}`]", name)}});
    }
    keys.emplace_back(l[0], r[0]);
  }
  const bool ordered = KeepsOrder(left) && KeepsOrder(right);
  if (ordered) {
    left.block = right.block = nullptr;
    left.sql = Concat({Token("SELECT *\nFROM "), NumberRows(Derived(left.sql), "left row", {})});
    right.sql = Concat({Token("SELECT *\nFROM "), NumberRows(Derived(right.sql), "right row", {})});
  }
  const bool conditional = (join.has_join_condition() && !has_subquery) || !names.empty();
  const char* keyword = cross && conditional ? "\nJOIN " : JoinKeyword(type);
  // Makes the right side's ids its own.
  Tables sides = From(&left, &right, keyword, isolation, left_only);
  const std::vector<OutputColumn> both = Both(left, right);
  const Scope scope = ScopeOf(both);
  std::vector<Sql> conditions;
  for (auto [l, r] : keys) {
    conditions.push_back(CallFunction("=", {ValueOf(left.columns[l]), ValueOf(right.columns[r])}, scope).sql);
  }
  if (join.has_join_condition() && !has_subquery) {
    conditions.push_back(JoinCondition(join.join_condition(), both).sql);
  }
  Sql on;
  if (!conditions.empty()) {
    on = Concat({Token("ON "), engine::Join(conditions, " AND ")});
  } else if (!cross) {
    on = Token("ON true");
  }

  bool null_left = type == JoinProto::JOIN_TYPE_RIGHT_OUTER || type == JoinProto::JOIN_TYPE_FULL_OUTER;
  bool null_right = type == JoinProto::JOIN_TYPE_LEFT_OUTER || type == JoinProto::JOIN_TYPE_FULL_OUTER;
  Block block;
  std::set<size_t> left_keys, right_keys;
  for (auto [l, r] : keys) {
    left_keys.insert(l);
    right_keys.insert(r);
    const OutputColumn &a = left.columns[l], &b = right.columns[r];
    if (type == JoinProto::JOIN_TYPE_RIGHT_OUTER) {
      block.items.push_back({Ident(b.id), b});
    } else if (type == JoinProto::JOIN_TYPE_FULL_OUTER) {
      const Typed value = CallFunction("coalesce", {ValueOf(a), ValueOf(b)}, scope);
      OutputColumn merged = NewColumn(a.name, value.type, a.nullable && b.nullable);
      merged.id = a.id;
      block.items.push_back({value.sql, merged});
    } else {
      block.items.push_back({Ident(a.id), a});
    }
  }
  for (size_t i = 0; i < left.columns.size(); ++i) {
    if (!left_keys.contains(i)) AddColumns(&block.items, {left.columns[i]}, null_left);
  }
  for (size_t i = 0; i < right.columns.size() && !left_only; ++i) {
    if (!right_keys.contains(i)) AddColumns(&block.items, {right.columns[i]}, null_right);
  }
  block.from = on.empty() ? sides.sql : Concat({sides.sql, Token("\n"), on});
  block.tables = sides.count;
  if (ordered) block.order = JoinOrder(join, left, right, keys);
  if (!keys.empty() && !left_only) {
    // The sides' own keys stay in reach by their data frame or alias.
    block.kind = Block::Kind::kUsingJoin;
    if (!ordered && type != JoinProto::JOIN_TYPE_FULL_OUTER) block.shown = std::move(sides.shown);
    for (auto [l, r] : keys) {
      if (type != JoinProto::JOIN_TYPE_RIGHT_OUTER && type != JoinProto::JOIN_TYPE_FULL_OUTER) {
        block.inputs.push_back(right.columns[r]);
        block.inputs.back().nullable = block.inputs.back().nullable || null_right;
      }
      if (type == JoinProto::JOIN_TYPE_RIGHT_OUTER || type == JoinProto::JOIN_TYPE_FULL_OUTER) {
        block.inputs.push_back(left.columns[l]);
        block.inputs.back().nullable = true;
      }
      if (type == JoinProto::JOIN_TYPE_FULL_OUTER) {
        block.inputs.push_back(right.columns[r]);
        block.inputs.back().nullable = true;
      }
    }
    return SelectBlock(std::move(block));
  }
  if (!ordered) block.shown = std::move(sides.shown);
  TranslatedRelation out = SelectBlock(std::move(block));
  return has_subquery ? Filter(std::move(out), join.join_condition()) : out;
}

TranslatedRelation RelationTranslator::LateralJoin(const proto::LateralJoin& join) {
  TranslatedRelation left = Translate(join.left());
  const std::vector<OutputColumn> before = left.columns;
  Isolate(&left, true);
  TranslatedRelation right;
  {
    const Scope scope = ScopeOf(left.columns);
    const Scope* around = outer_;
    outer_ = &scope;
    right = Translate(join.right());
    outer_ = around;
  }
  const char* keyword = nullptr;
  switch (join.join_type()) {
    case JoinProto::JOIN_TYPE_INNER:
    case JoinProto::JOIN_TYPE_CROSS:
      keyword = "\nJOIN LATERAL ";
      break;
    case JoinProto::JOIN_TYPE_LEFT_OUTER:
      keyword = "\nLEFT JOIN LATERAL ";
      break;
    default:
      throw Error("UNSUPPORTED_JOIN_TYPE",
                  "Unsupported join type for a lateral join: only inner, left outer and cross.",
                  {{"typ", proto::Join::JoinType_Name(join.join_type())}, {"supported", "INNER, LEFT OUTER, CROSS"}});
  }
  right.block = nullptr;
  const Sql sides = From(&left, &right, keyword).sql;
  Sql on = Token("ON true");
  if (join.has_join_condition()) {
    on = Concat({Token("ON "), JoinCondition(join.join_condition(), Both(left, right)).sql});
  }
  std::vector<SelectItem> items;
  UniqueIds ids;
  for (size_t i = 0; i < before.size(); ++i) {
    OutputColumn column = before[i];
    column.id = ids.Make(column.id);
    items.push_back({Ident(left.columns[i].id), std::move(column)});
  }
  for (OutputColumn column : right.columns) {
    const Sql value = Ident(column.id);
    column.id = ids.Make(column.id);
    column.nullable = column.nullable || join.join_type() == JoinProto::JOIN_TYPE_LEFT_OUTER;
    items.push_back({value, std::move(column)});
  }
  return Select(std::move(items), Concat({sides, Token("\n"), on}));
}

namespace {

/// Whether a condition does nothing but compare for equality.
bool OnlyComparesKeys(const proto::Expression& condition) {
  const auto& function = condition.unresolved_function();
  const std::string& name = function.function_name();
  if (name == "and") return std::ranges::all_of(function.arguments(), OnlyComparesKeys);
  return name == "=" || name == "==";
}

}  // namespace

std::optional<TranslatedRelation> RelationTranslator::SortedAsOfJoin(const proto::AsOfJoin& join,
                                                                     TranslatedRelation left, TranslatedRelation right,
                                                                     bool outer) {
  const bool backward = join.direction() == "backward";
  if (!backward && join.direction() != "forward") return std::nullopt;
  if (join.has_join_expr() && !OnlyComparesKeys(join.join_expr())) return std::nullopt;
  const std::vector<OutputColumn> before = left.columns;
  UniqueIds ids;
  for (const OutputColumn& column : left.columns) ids.Make(column.id);
  std::vector<SelectItem> renamed;
  for (const OutputColumn& column : right.columns) {
    renamed.push_back({Ident(column.id), column});
    renamed.back().column.id = ids.Make(column.id);
  }
  right = Select(std::move(renamed), Derived(right.sql));
  const std::vector<OutputColumn> both = Both(left, right);
  const Scope scope = ScopeOf(both);
  std::vector<Typed> times{TranslateExpression(join.left_as_of(), ScopeOf(left.columns)),
                           TranslateExpression(join.right_as_of(), ScopeOf(right.columns))};
  const Typed distance = CallFunction("-", {times[backward ? 0 : 1], times[backward ? 1 : 0]}, scope);
  const DataType common = CoerceAll(times, scope, "as-of join");
  const bool sorted = common.IsNumeric() || common.kind() == TypeKind::kDate || common.kind() == TypeKind::kTimestamp ||
                      common.kind() == TypeKind::kTimestampNtz;
  if (!sorted) return std::nullopt;
  std::vector<Sql> conditions;
  for (const std::string& name : join.using_columns()) {
    const std::vector<size_t> l = FindAll(left.columns, name), r = FindAll(right.columns, name);
    if (l.size() != 1) RefuseUsing(name, "left", left.columns);
    if (r.size() != 1) RefuseUsing(name, "right", right.columns);
    if (left.columns[l[0]].type.IsNested()) return std::nullopt;
    conditions.push_back(CallFunction("=", {ValueOf(left.columns[l[0]]), ValueOf(right.columns[r[0]])}, scope).sql);
  }
  if (join.has_join_expr()) conditions.push_back(JoinCondition(join.join_expr(), both).sql);
  const bool equal = join.allow_exact_matches();
  conditions.push_back(Template(backward ? (equal ? "$1 >= $2" : "$1 > $2") : (equal ? "$1 <= $2" : "$1 < $2"),
                                {times[0].sql, times[1].sql}));
  left.block = nullptr;  // the conditions have the ids of the columns alone
  const Sql from = Concat({From(&left, &right, outer ? "\nASOF LEFT JOIN " : "\nASOF JOIN ").sql, Token("\nON "),
                           engine::Join(conditions, " AND ")});
  std::vector<SelectItem> items = SideBySide(before, left.columns, right.columns, outer);
  if (!join.has_tolerance()) return Select(std::move(items), from);
  // When the nearest row is too far away, all are.
  const Sql near = CallFunction("<=", {distance, TranslateExpression(join.tolerance(), scope)}, scope).sql;
  if (!outer) return Select(std::move(items), from, Concat({Token("WHERE "), near}));
  for (size_t i = before.size(); i < items.size(); ++i) {
    items[i].value = Template("CASE WHEN $1 THEN $2 END", {near, items[i].value});
  }
  return Select(std::move(items), from);
}

TranslatedRelation RelationTranslator::AsOfJoin(const proto::AsOfJoin& join) {
  TranslatedRelation left = Translate(join.left());
  TranslatedRelation right = Translate(join.right());
  std::string type = join.join_type();
  std::erase(type, '_');
  const bool outer = type == "left" || type == "leftouter";
  if (!outer && type != "inner") {
    throw Error(
        "UNSUPPORTED_JOIN_TYPE",
        fmt::format("Unsupported as-of join type '{}'. Supported as-of join types include: 'inner', 'leftouter', "
                    "'left'.",
                    join.join_type()),
        {{"typ", join.join_type()}, {"supported", "'inner', 'leftouter', 'left'"}});
  }
  if (auto sorted = SortedAsOfJoin(join, left, right, outer)) return std::move(*sorted);
  // For each left row the nearest right one: the right rows are looked at with the left one in sight.
  const std::vector<OutputColumn> before = left.columns;
  Isolate(&left, true);
  right = Renamed(right, "right ");
  const std::vector<OutputColumn> both = Both(left, right);
  const Scope scope = ScopeOf(both);
  const Typed a = TranslateExpression(join.left_as_of(), ScopeOf(left.columns));
  const Typed b = TranslateExpression(join.right_as_of(), ScopeOf(right.columns));
  std::vector<Sql> conditions;
  for (const std::string& name : join.using_columns()) {
    const std::vector<size_t> l = FindAll(left.columns, name), r = FindAll(right.columns, name);
    if (l.size() != 1) RefuseUsing(name, "left", left.columns);
    if (r.size() != 1) RefuseUsing(name, "right", right.columns);
    conditions.push_back(CallFunction("=", {ValueOf(left.columns[l[0]]), ValueOf(right.columns[r[0]])}, scope).sql);
  }
  if (join.has_join_expr()) conditions.push_back(JoinCondition(join.join_expr(), both).sql);
  const bool backward = join.direction() == "backward";
  const bool forward = join.direction() == "forward";
  if (!backward && !forward && join.direction() != "nearest") {
    throw Error("AS_OF_JOIN.UNSUPPORTED_DIRECTION",
                fmt::format("Invalid as-of join. Unsupported as-of join direction '{}'. Supported as-of join direction "
                            "include: 'backward', 'forward', 'nearest'.",
                            join.direction()),
                {{"direction", join.direction()}, {"supported", "'backward', 'forward', 'nearest'"}});
  }
  const char* comparison = backward  ? (join.allow_exact_matches() ? ">=" : ">")
                           : forward ? (join.allow_exact_matches() ? "<=" : "<")
                                     : (join.allow_exact_matches() ? nullptr : "!=");
  if (comparison != nullptr) conditions.push_back(CallFunction(comparison, {a, b}, scope).sql);
  const auto minus = [&](const Typed& x, const Typed& y) { return CallFunction("-", {x, y}, scope); };
  Sql distance;
  if (backward || forward) {
    distance = backward ? minus(a, b).sql : minus(b, a).sql;
  } else {
    distance = Template("CASE WHEN $1 THEN $2 ELSE $3 END",
                        {CallFunction(">", {a, b}, scope).sql, minus(a, b).sql, minus(b, a).sql});
  }
  if (join.has_tolerance()) {
    const Typed tolerance = TranslateExpression(join.tolerance(), scope);
    const Typed typed_distance{distance, minus(a, b).type, true};
    conditions.push_back(CallFunction("<=", {typed_distance, tolerance}, scope).sql);
  }
  if (conditions.empty()) conditions.push_back(Token("true"));
  right.sql = Concat({Token("SELECT *\nFROM "), Derived(right.sql), Token("\nWHERE "),
                      engine::Join(conditions, " AND "), Token("\nORDER BY "), distance, Token("\nLIMIT 1")});
  right.block = nullptr;
  const Sql sides = From(&left, &right, outer ? "\nLEFT JOIN LATERAL " : "\nJOIN LATERAL ").sql;
  return Select(SideBySide(before, left.columns, right.columns, outer), Concat({sides, Token("\nON true")}));
}

TranslatedRelation RelationTranslator::NearestByJoin(const proto::NearestByJoin& join) {
  TranslatedRelation left = Translate(join.left());
  TranslatedRelation right = Translate(join.right());
  std::string type = join.join_type();
  std::erase(type, '_');
  const bool outer = type == "left" || type == "leftouter";
  if (!outer && type != "inner") RefuseFeature(fmt::format("nearestByJoin of the type {}", join.join_type()));
  const bool similarity = join.direction() == "similarity";
  if (!similarity && join.direction() != "distance") {
    RefuseFeature(fmt::format("nearestByJoin by \"{}\"", join.direction()));
  }
  if (join.num_results() < 1) RefuseFeature("nearestByJoin of no results");
  const std::vector<OutputColumn> before = left.columns;
  Isolate(&left, true);
  right = Renamed(right, "right ");
  const std::vector<OutputColumn> both = Both(left, right);
  const Typed rank = TranslateExpression(join.ranking_expression(), ScopeOf(both));
  // Every way of finding the nearest is exact here.
  right.sql = Concat({Token("SELECT *\nFROM "), Derived(right.sql), Token("\nWHERE "), rank.sql,
                      Token(" IS NOT NULL\nORDER BY "), rank.sql, Token(similarity ? " DESC" : " ASC"),
                      Token("\nLIMIT "), IntegerLiteral(join.num_results())});
  const Sql sides = From(&left, &right, outer ? "\nLEFT JOIN LATERAL " : "\nJOIN LATERAL ").sql;
  return Select(SideBySide(before, left.columns, right.columns, outer), Concat({sides, Token("\nON true")}));
}

}  // namespace tinderbox::engine
