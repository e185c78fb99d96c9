#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "engine/translate/relation_translator.h"

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
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  const auto* reflection = message.GetReflection();
  reflection->ListFields(message, &fields);
  std::optional<int> best;
  for (const auto* field : fields) {
    if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE || field->is_repeated()) continue;
    if (field->message_type() == proto::Expression::descriptor()) continue;
    auto found = PlanDepth(reflection->GetMessage(message, field), plan_id, depth);
    if (found && (!best || *found < *best)) best = found;
  }
  return best;
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
    if (!left_depth || !right_depth || *left_depth == *right_depth) continue;
    for (OutputColumn& column : (*left_depth < *right_depth ? right : left)->columns) column.plan_ids.erase(id);
  }
}

}  // namespace

TranslatedRelation RelationTranslator::Join(const JoinProto& join) {
  if (join.has_join_data_type()) {
    throw Error("UNSUPPORTED_FEATURE.RELATION", "The embedded engine does not support joinWith.");
  }
  TranslatedRelation left = Translate(join.left());
  TranslatedRelation right = Translate(join.right());
  KeepNearestPlanIds(join, &left, &right);
  JoinProto::JoinType type = join.join_type();
  Sql keyword = Token(JoinKeyword(type));
  bool cross = type == JoinProto::JOIN_TYPE_CROSS;
  bool left_only = type == JoinProto::JOIN_TYPE_LEFT_ANTI || type == JoinProto::JOIN_TYPE_LEFT_SEMI;

  // The right side's columns get ids of their own.
  UniqueIds ids;
  for (const OutputColumn& column : left.columns) ids.Make(column.id);
  std::vector<Sql> right_ids;
  for (OutputColumn& column : right.columns) {
    column.id = ids.Make(column.id);
    right_ids.push_back(Ident(column.id));
  }
  std::vector<OutputColumn> both = left.columns;
  both.insert(both.end(), right.columns.begin(), right.columns.end());

  std::vector<Sql> conditions;
  std::vector<std::pair<size_t, size_t>> keys;
  for (const std::string& name : join.using_columns()) {
    std::vector<size_t> l = FindAll(left.columns, name), r = FindAll(right.columns, name);
    if (l.size() != 1 || r.size() != 1) {
      const char* side = l.size() != 1 ? "left" : "right";
      throw Error("UNRESOLVED_USING_COLUMN_FOR_JOIN",
                  fmt::format("USING column \"{}\" must be exactly one column of each side, but the {} side has {}.",
                              name, side, l.size() != 1 ? l.size() : r.size()));
    }
    keys.emplace_back(l[0], r[0]);
    const OutputColumn &a = left.columns[l[0]], &b = right.columns[r[0]];
    DataType common = CommonType(a.type, b.type);
    Scope scope = ScopeOf(both);
    conditions.push_back(
        Concat({TranslateCast({Ident(a.id), a.type, a.nullable}, common, scope, false).sql, Token(" = "),
                TranslateCast({Ident(b.id), b.type, b.nullable}, common, scope, false).sql}));
  }
  if (join.has_join_condition()) {
    Typed condition = TranslateExpression(join.join_condition(), ScopeOf(both));
    if (condition.type.kind() != TypeKind::kBoolean) {
      throw Error("DATATYPE_MISMATCH.JOIN_CONDITION_NOT_BOOLEAN",
                  fmt::format("The join condition {} is of type {}; it must be a boolean.",
                              ExpressionName(join.join_condition()), condition.type.SimpleString()));
    }
    conditions.push_back(condition.sql);
  }
  if (cross && !conditions.empty()) {
    keyword = Token("\nJOIN ");
    cross = false;
  }
  if (!cross && conditions.empty()) conditions.push_back(Token("true"));
  Sql from = Concat({Derived(left.sql), Token(" AS l"), keyword, Derived(right.sql), Token(" AS r("),
                     engine::Join(right_ids, ", "), Token(")")});
  Sql on = cross ? Sql() : Concat({Token("ON "), engine::Join(conditions, " AND ")});

  bool null_left = type == JoinProto::JOIN_TYPE_RIGHT_OUTER || type == JoinProto::JOIN_TYPE_FULL_OUTER;
  bool null_right = type == JoinProto::JOIN_TYPE_LEFT_OUTER || type == JoinProto::JOIN_TYPE_FULL_OUTER;
  auto add = [&](std::vector<SelectItem>* items, OutputColumn column, bool nullable) {
    column.nullable = column.nullable || nullable;
    items->push_back({Ident(column.id), std::move(column)});
  };
  std::vector<SelectItem> items;
  std::set<size_t> left_keys, right_keys;
  for (auto [l, r] : keys) {
    left_keys.insert(l);
    right_keys.insert(r);
    OutputColumn a = left.columns[l], b = right.columns[r];
    if (type == JoinProto::JOIN_TYPE_RIGHT_OUTER) {
      add(&items, b, false);
    } else if (type == JoinProto::JOIN_TYPE_FULL_OUTER) {
      DataType common = CommonType(a.type, b.type);
      Scope scope = ScopeOf(both);
      OutputColumn merged{.name = a.name,
                          .id = a.id,
                          .type = common,
                          .nullable = a.nullable || b.nullable,
                          .qualifiers = {},
                          .plan_ids = {}};
      Sql value = Call("coalesce", {TranslateCast({Ident(a.id), a.type, true}, common, scope, false).sql,
                                    TranslateCast({Ident(b.id), b.type, true}, common, scope, false).sql});
      items.push_back({value, merged});
    } else {
      if (type == JoinProto::JOIN_TYPE_INNER) a.plan_ids.insert(b.plan_ids.begin(), b.plan_ids.end());
      add(&items, a, false);
    }
  }
  for (size_t i = 0; i < left.columns.size(); ++i) {
    if (!left_keys.contains(i)) add(&items, left.columns[i], null_left);
  }
  for (size_t i = 0; i < right.columns.size() && !left_only; ++i) {
    if (!right_keys.contains(i)) add(&items, right.columns[i], null_right);
  }
  return Select(std::move(items), from, on);
}

}  // namespace tinderbox::engine
