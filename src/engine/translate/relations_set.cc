#include <fmt/format.h>

#include <algorithm>

#include "engine/translate/relation_translator.h"

namespace tinderbox::engine {

namespace {

using SetProto = proto::SetOperation;

const char* Keyword(SetProto::SetOpType type, bool all) {
  switch (type) {
    case SetProto::SET_OP_TYPE_UNION:
      return all ? "\nUNION ALL\n" : "\nUNION\n";
    case SetProto::SET_OP_TYPE_INTERSECT:
      return all ? "\nINTERSECT ALL\n" : "\nINTERSECT\n";
    case SetProto::SET_OP_TYPE_EXCEPT:
      return all ? "\nEXCEPT ALL\n" : "\nEXCEPT\n";
    default:
      throw Error("UNSUPPORTED_FEATURE.RELATION", "The set operation has no type.");
  }
}

}  // namespace

TranslatedRelation RelationTranslator::CastColumns(TranslatedRelation relation,
                                                   const std::vector<DataType>& types) const {
  bool same = true;
  for (size_t i = 0; i < types.size(); ++i) same = same && relation.columns[i].type.SameIgnoringNullability(types[i]);
  if (same) return relation;
  std::vector<SelectItem> items;
  for (size_t i = 0; i < types.size(); ++i) {
    OutputColumn& column = relation.columns[i];
    Typed value{Ident(column.id), column.type, column.nullable};
    if (!column.type.SameIgnoringNullability(types[i])) {
      value = TranslateCast(value, types[i], ScopeOf(relation.columns), false);
    }
    items.push_back({value.sql, column});
    items.back().column.type = types[i];
  }
  return Select(std::move(items), Derived(relation.sql));
}

TranslatedRelation RelationTranslator::SetOperation(const SetProto& operation) {
  TranslatedRelation left = Translate(operation.left_input());
  TranslatedRelation right = Translate(operation.right_input());
  SetProto::SetOpType type = operation.set_op_type();
  const char* word = Keyword(type, operation.is_all());
  bool is_union = type == SetProto::SET_OP_TYPE_UNION;

  if (operation.by_name()) {
    // Both sides get the left side's columns, then those of the right side alone; a missing one is NULL.
    auto reject_duplicates = [&](const TranslatedRelation& side) {
      for (const OutputColumn& column : side.columns) {
        if (FindAll(side.columns, column.name).size() < 2) continue;
        throw Error("COLUMN_ALREADY_EXISTS",
                    fmt::format("A union by name needs names that are unique, but \"{}\" occurs twice.", column.name));
      }
    };
    reject_duplicates(left);
    reject_duplicates(right);
    std::vector<OutputColumn> wanted = left.columns;
    for (const OutputColumn& column : right.columns) {
      if (FindAll(left.columns, column.name).empty()) wanted.push_back(column);
    }
    auto arrange = [&](TranslatedRelation side) {
      std::vector<SelectItem> items;
      UniqueIds ids;
      for (const OutputColumn& column : wanted) {
        std::vector<size_t> found = FindAll(side.columns, column.name);
        if (found.empty() && !operation.allow_missing_columns()) {
          throw Error("UNRESOLVED_COLUMN_AMONG_FIELD_NAMES",
                      fmt::format("A union by name: one side has no column \"{}\". Allow missing columns, or add it.",
                                  column.name),
                      {{"colName", column.name}});
        }
        SelectItem item{found.empty() ? CastTo(Token("NULL"), column.type) : Ident(side.columns[found[0]].id),
                        found.empty() ? column : side.columns[found[0]]};
        if (found.empty()) item.column.nullable = true;
        item.column.id = ids.Make(column.name);
        items.push_back(std::move(item));
      }
      return Select(std::move(items), Derived(side.sql));
    };
    TranslatedRelation arranged = arrange(left);
    right = arrange(right);
    left = std::move(arranged);
  }

  if (left.columns.size() != right.columns.size()) {
    throw Error("NUM_COLUMNS_MISMATCH",
                fmt::format("{} needs the same number of columns on both sides, but one has {} and the other {}.",
                            is_union ? "UNION" : "A set operation", left.columns.size(), right.columns.size()));
  }
  std::vector<DataType> types;
  for (size_t i = 0; i < left.columns.size(); ++i) {
    const DataType &a = left.columns[i].type, &b = right.columns[i].type;
    try {
      types.push_back(a == b ? a : CommonType(a, b));
    } catch (const Error&) {
      throw Error(
          "INCOMPATIBLE_COLUMN_TYPE",
          fmt::format("The column \"{}\" is {} on one side and {} on the other, which have no common type. Cast one "
                      "of them.",
                      left.columns[i].name, a.SimpleString(), b.SimpleString()));
    }
  }
  left = CastColumns(std::move(left), types);
  right = CastColumns(std::move(right), types);
  if (!is_union || !operation.is_all()) RequireComparable(left.columns, "A set operation");

  for (size_t i = 0; i < left.columns.size(); ++i) {
    OutputColumn& column = left.columns[i];
    if (is_union) column.nullable = column.nullable || right.columns[i].nullable;
    if (type == SetProto::SET_OP_TYPE_INTERSECT) column.nullable = column.nullable && right.columns[i].nullable;
    column.type = types[i];
    if (is_union) column.qualifiers.clear();
  }
  left.sql = Concat({Derived(left.sql), Token(word), Derived(right.sql)});
  return left;
}

}  // namespace tinderbox::engine
