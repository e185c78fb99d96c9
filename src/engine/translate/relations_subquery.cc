// Sub-queries of expressions, common table expressions and recursive ones.
#include <fmt/format.h>

#include <algorithm>

#include "engine/places.h"
#include "engine/translate/coercion.h"
#include "engine/translate/extensions.h"
#include "engine/translate/refusals.h"
#include "engine/translate/relation_translator.h"
#include "spark/children.h"
#include "spark/extension.h"

namespace tinderbox::engine {

namespace {

bool FindSubquery(const google::protobuf::Message& message) {
  if (message.GetDescriptor() == proto::SubqueryExpression::descriptor()) return true;
  if (const auto* expression = dynamic_cast<const proto::Expression*>(&message)) {
    if (expression->has_expression_string()) {
      // Only its parser knows; saying yes does no harm.
      std::string text = expression->expression_string().expression();
      for (char& c : text) c = static_cast<char>(c | 0x20);
      return text.find("select") != std::string::npos;
    }
    if (expression->has_extension()) {
      plan::ExpressionExtension extension;
      return spark::UnpackExtension(expression->extension(), &extension) && FindSubquery(extension);
    }
  }
  return std::ranges::any_of(spark::Children(message), [](const auto* child) { return FindSubquery(*child); });
}

/// Sets a member for the time of a scope.
template <typename T>
class Restore {
 public:
  Restore(T* place, T value) : place_(place), old_(std::move(*place)) { *place_ = std::move(value); }
  ~Restore() { *place_ = std::move(old_); }
  Restore(const Restore&) = delete;
  Restore& operator=(const Restore&) = delete;

 private:
  T* place_;
  T old_;
};

}  // namespace

bool HasSubquery(const proto::Expression& expression) {
  return FindSubquery(expression);
}

Typed RelationTranslator::Subquery(const proto::SubqueryExpression& subquery, const proto::Relation* plan,
                                   const Scope& scope) {
  if (plan == nullptr) {
    const auto found = plans_.find(subquery.plan_id());
    if (found == plans_.end()) {
      throw Error("INVALID_PLAN_INPUT",
                  fmt::format("A sub-query names the plan {}, which is not part of the request.", subquery.plan_id()));
    }
    plan = found->second;
  }
  const Restore<const Scope*> around(&outer_, &scope);
  TranslatedRelation query = Translate(*plan);
  const auto in_parentheses = [&] { return Concat({Token("(\n"), query.sql, Token("\n)")}); };
  switch (subquery.subquery_type()) {
    case proto::SubqueryExpression::SUBQUERY_TYPE_SCALAR:
      if (query.columns.size() != 1) {
        throw Error("INVALID_SUBQUERY_EXPRESSION.SCALAR_SUBQUERY_RETURN_MORE_THAN_ONE_OUTPUT_COLUMN",
                    fmt::format("Invalid subquery: Scalar subquery must return only one column, but got {}.",
                                query.columns.size()),
                    {{"number", std::to_string(query.columns.size())}});
      }
      return {PlaceMark().empty() ? in_parentheses() : Template("spark_subquery(\n$1\n)", {query.sql}),
              query.columns[0].type, true};
    case proto::SubqueryExpression::SUBQUERY_TYPE_EXISTS:
      return {Concat({Token("EXISTS "), in_parentheses()}), DataType(TypeKind::kBoolean), false};
    case proto::SubqueryExpression::SUBQUERY_TYPE_IN: {
      const auto& wanted = subquery.in_subquery_values();
      if (static_cast<size_t>(wanted.size()) != query.columns.size()) {
        std::string left, right;
        for (const auto& value : wanted) left += (left.empty() ? "\"" : ", \"") + ExpressionName(value) + "\"";
        for (const auto& column : query.columns) right += (right.empty() ? "\"" : ", \"") + column.name + "\"";
        std::string shown;
        for (const auto& value : wanted) shown += (shown.empty() ? "" : ", ") + ExpressionName(value);
        if (wanted.size() > 1) shown = "named_struct(" + shown + ")";
        shown = "\"(" + shown + " IN (listquery()))\"";
        throw Error(
            "DATATYPE_MISMATCH.IN_SUBQUERY_LENGTH_MISMATCH",
            fmt::format("Cannot resolve {} due to data type mismatch: The number of columns in the left hand side "
                        "of an IN subquery does not match the number of columns in the output of subquery. Left "
                        "hand side columns(length: {}): [{}], right hand side columns(length: {}): [{}].",
                        shown, wanted.size(), left, query.columns.size(), right),
            {{"sqlExpr", shown},
             {"leftLength", std::to_string(wanted.size())},
             {"leftColumns", left},
             {"rightLength", std::to_string(query.columns.size())},
             {"rightColumns", right}});
      }
      std::vector<Sql> left;
      std::vector<DataType> types;
      bool nullable = false;
      for (int i = 0; i < wanted.size(); ++i) {
        const OutputColumn& column = query.columns[static_cast<size_t>(i)];
        std::vector<Typed> pair{TranslateExpression(wanted.Get(i), scope), ValueOf(column)};
        types.push_back(CoerceAll(pair, scope, "IN"));
        left.push_back(pair[0].sql);
        nullable = nullable || pair[0].nullable || column.nullable;
      }
      query = CastColumns(std::move(query), types);
      const Sql value = left.size() == 1 ? left[0] : Concat({Token("("), engine::Join(left, ", "), Token(")")});
      return {Concat({Token("("), value, Token(" IN "), in_parentheses(), Token(")")}), DataType(TypeKind::kBoolean),
              nullable};
    }
    default:
      RefuseFeature("tables as arguments of table functions");
  }
}

std::optional<TranslatedRelation> RelationTranslator::FindCte(const proto::Read& read) const {
  if (!read.has_named_table() || ctes_.empty()) return std::nullopt;
  const std::vector<std::string> path = ParseAttributeName(read.named_table().unparsed_identifier());
  if (path.size() != 1) return std::nullopt;
  for (auto it = ctes_.rbegin(); it != ctes_.rend(); ++it) {
    if (Same(it->name, path[0])) return it->relation;
  }
  return std::nullopt;
}

bool RelationTranslator::ReadsCte(const google::protobuf::Message& message) const {
  if (ctes_.empty()) return false;
  const auto* read = dynamic_cast<const proto::Read*>(&message);
  if (read != nullptr && FindCte(*read)) return true;
  return std::ranges::any_of(spark::Children(message), [&](const auto* child) { return ReadsCte(*child); });
}

TranslatedRelation RelationTranslator::WithRelations(const proto::WithRelations& with) {
  const size_t before = ctes_.size();
  const int depth = depth_;
  // Texts that were parsed apart may use the same plan ids.
  const Restore<std::map<int64_t, const proto::Relation*>> plans(&plans_, plans_);
  std::vector<Sql> tables;
  for (const proto::Relation& reference : with.references()) {
    if (reference.common().has_plan_id()) plans_[reference.common().plan_id()] = &reference;
    if (!reference.has_subquery_alias()) continue;
    // A reference sees the ones before it. DuckDB itself decides whether a table of WITH is worth being stored.
    Cte cte{reference.subquery_alias().alias(), Translate(reference)};
    const Sql name = Ident(fmt::format("with {}.{}", ++named_, cte.name));
    tables.push_back(Concat({name, Token(" AS "), Derived(cte.relation.sql)}));
    cte.relation.sql = Concat({Token("SELECT *\nFROM "), name});
    cte.relation.block = nullptr;
    ctes_.push_back(std::move(cte));
    with_.push_back(tables.back());
    ++depth_;  // what follows may read it, and DuckDB binds it inside then
  }
  TranslatedRelation out = Translate(with.root());
  depth_ = depth;
  ctes_.resize(before);
  with_.resize(with_.size() - tables.size());
  if (tables.empty()) return out;
  out.sql = Concat({Token("WITH "), engine::Join(tables, ",\n"), Token("\n"), out.sql});
  out.block = nullptr;
  return out;
}

TranslatedRelation RelationTranslator::RecursiveTable(const plan::RecursiveTable& table) {
  if (table.has_max_level()) RefuseFeature("MAX RECURSION LEVEL");
  TranslatedRelation anchor = Translate(table.anchor());
  std::vector<DataType> types;
  UniqueIds ids;
  Cte self{table.name(), {}};
  std::vector<Sql> names;
  for (size_t i = 0; i < anchor.columns.size(); ++i) {
    const OutputColumn& column = anchor.columns[i];
    const int at = static_cast<int>(i);
    OutputColumn own =
        NewColumn(at < table.column_names_size() ? table.column_names(at) : column.name, column.type, column.nullable);
    own.id = ids.Make(own.name);
    own.nullable = true;
    own.qualifiers = {table.name()};
    names.push_back(Ident(own.id));
    types.push_back(column.type);
    self.relation.columns.push_back(std::move(own));
  }
  if (!table.column_names().empty() && static_cast<size_t>(table.column_names_size()) != anchor.columns.size()) {
    RefuseArity(anchor.columns.size(), static_cast<size_t>(table.column_names_size()));
  }
  const Sql name = Ident(fmt::format("recursive {}.{}", ++named_, table.name()));
  self.relation.sql = Concat({Token("SELECT *\nFROM "), name});
  TranslatedRelation out = self.relation;
  ctes_.push_back(std::move(self));
  TranslatedRelation recursion = Translate(table.recursion());
  ctes_.pop_back();
  if (recursion.columns.size() != types.size()) {
    throw Error(
        "NUM_COLUMNS_MISMATCH",
        fmt::format("UNION can only be performed on inputs with the same number of columns, but the first input "
                    "has {} columns and the second input has {} columns.",
                    types.size(), recursion.columns.size()),
        {{"operator", "UNION"},
         {"firstNumColumns", std::to_string(types.size())},
         {"invalidOrdinalNum", "second"},
         {"invalidNumColumns", std::to_string(recursion.columns.size())}});
  }
  recursion = CastColumns(std::move(recursion), types);
  rows_ = kManyRows;
  out.sql = Concat({Token("WITH RECURSIVE "), name, Token("("), engine::Join(names, ", "), Token(") AS (\n"),
                    Derived(anchor.sql), Token(table.distinct() ? "\nUNION\n" : "\nUNION ALL\n"),
                    Derived(recursion.sql), Token("\n)\nSELECT *\nFROM "), name});
  return out;
}

}  // namespace tinderbox::engine
