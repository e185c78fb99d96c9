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

/// The struct type with the fields of both, by name; the common type of what is no struct.
DataType MergedType(const DataType& a, const DataType& b, bool case_sensitive) {
  if (a.kind() == TypeKind::kArray && b.kind() == TypeKind::kArray) {
    return DataType::Array(MergedType(a.element(), b.element(), case_sensitive),
                           a.contains_null() || b.contains_null());
  }
  if (a.kind() != TypeKind::kStruct || b.kind() != TypeKind::kStruct) {
    return a.SameIgnoringNullability(b) ? a : CommonType(a, b);
  }
  std::vector<StructField> fields = a.fields();
  for (const StructField& field : b.fields()) {
    const auto same = std::ranges::find_if(
        fields, [&](const StructField& own) { return SameName(own.name, field.name, case_sensitive); });
    if (same == fields.end()) {
      fields.push_back(field);
      fields.back().nullable = true;
    } else {
      same->type = MergedType(same->type, field.type, case_sensitive);
      same->nullable = same->nullable || field.nullable;
    }
  }
  for (StructField& field : fields) {
    const bool there = std::ranges::any_of(
        b.fields(), [&](const StructField& own) { return SameName(own.name, field.name, case_sensitive); });
    field.nullable = field.nullable || !there;
  }
  return DataType::Struct(fields);
}

}  // namespace

TranslatedRelation RelationTranslator::CastColumns(TranslatedRelation relation, const std::vector<DataType>& types) {
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
                    fmt::format("The column `{}` already exists. Choose another name or rename the existing column.",
                                column.name),
                    {{"columnName", "`" + column.name + "`"}});
      }
    };
    reject_duplicates(left);
    reject_duplicates(right);
    std::vector<OutputColumn> wanted = left.columns;
    for (OutputColumn& column : wanted) {
      const std::vector<size_t> found = FindAll(right.columns, column.name);
      if (!found.empty() && operation.allow_missing_columns()) {
        column.type = MergedType(column.type, right.columns[found[0]].type, options_.case_sensitive);
      }
    }
    for (const OutputColumn& column : right.columns) {
      if (FindAll(left.columns, column.name).empty()) wanted.push_back(column);
    }
    auto arrange = [&](const TranslatedRelation& side) {
      std::vector<SelectItem> items;
      UniqueIds ids;
      const Scope scope = ScopeOf(side.columns);
      for (const OutputColumn& column : wanted) {
        std::vector<size_t> found = FindAll(side.columns, column.name);
        if (found.empty() && !operation.allow_missing_columns()) {
          std::string known;
          for (const OutputColumn& one : side.columns) known += (known.empty() ? "" : ", ") + one.name;
          throw Error("UNRESOLVED_COLUMN_AMONG_FIELD_NAMES",
                      fmt::format("Cannot resolve column name \"{}\" among ({}).", column.name, known),
                      {{"colName", column.name}, {"fieldNames", known}});
        }
        SelectItem item;
        if (found.empty()) {
          item = {CastTo(Token("NULL"), column.type), column};
          item.column.nullable = true;
        } else {
          item = {Ident(side.columns[found[0]].id), side.columns[found[0]]};
          const bool nested = column.type.IsNested() && operation.allow_missing_columns();
          if (nested && !item.column.type.SameIgnoringNullability(column.type)) {
            item.value = Reconcile(ValueOf(item.column), column.type, column.name, scope).sql;
            item.column.type = column.type;
          }
        }
        item.column.id = ids.Make(column.name);
        items.push_back(std::move(item));
      }
      return Select(std::move(items), Derived(side.sql));
    };
    TranslatedRelation arranged = arrange(left);
    right = arrange(right);
    left = std::move(arranged);
  }

  const std::string name = fmt::format("{}{}",
                                       is_union                                  ? "UNION"
                                       : type == SetProto::SET_OP_TYPE_INTERSECT ? "INTERSECT"
                                                                                 : "EXCEPT",
                                       operation.is_all() && !is_union ? " ALL" : "");
  if (left.columns.size() != right.columns.size()) {
    throw Error(
        "NUM_COLUMNS_MISMATCH",
        fmt::format("{} can only be performed on inputs with the same number of columns, but the first input has "
                    "{} columns and the second input has {} columns.",
                    name, left.columns.size(), right.columns.size()),
        {{"operator", name},
         {"firstNumColumns", std::to_string(left.columns.size())},
         {"invalidOrdinalNum", "second"},
         {"invalidNumColumns", std::to_string(right.columns.size())}});
  }
  std::vector<DataType> types;
  for (size_t i = 0; i < left.columns.size(); ++i) {
    const DataType &a = left.columns[i].type, &b = right.columns[i].type;
    try {
      types.push_back(a == b ? a : CommonType(a, b));
    } catch (const Error&) {
      static constexpr const char* kOrdinals[] = {"first", "second",  "third",  "fourth", "fifth",
                                                  "sixth", "seventh", "eighth", "ninth",  "tenth"};
      const std::string ordinal = i < 10 ? kOrdinals[i] : fmt::format("{}th", i + 1);
      throw Error(
          "INCOMPATIBLE_COLUMN_TYPE",
          fmt::format("{} can only be performed on tables with compatible column types. The {} column of the "
                      "second table is \"{}\" type which is not compatible with \"{}\" at the same column of the "
                      "first table.",
                      name, ordinal, b.Sql(), a.Sql()),
          {{"operator", name},
           {"columnOrdinalNumber", ordinal},
           {"tableOrdinalNumber", "second"},
           {"dataType1", "\"" + b.Sql() + "\""},
           {"dataType2", "\"" + a.Sql() + "\""},
           {"hint", ""}});
    }
  }
  left = CastColumns(std::move(left), types);
  right = CastColumns(std::move(right), types);
  if (!is_union || !operation.is_all()) RequireComparable(left.columns);

  for (size_t i = 0; i < left.columns.size(); ++i) {
    OutputColumn& column = left.columns[i];
    if (is_union) column.nullable = column.nullable || right.columns[i].nullable;
    if (type == SetProto::SET_OP_TYPE_INTERSECT) column.nullable = column.nullable && right.columns[i].nullable;
    column.type = types[i];
    if (is_union) column.qualifiers.clear();
  }
  left.block = nullptr;
  left.sql = Concat({Derived(left.sql), Token(word), Derived(right.sql)});
  return left;
}

}  // namespace tinderbox::engine
