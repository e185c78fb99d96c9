#pragma once

// The translation of relations, spread over relations*.cc. Include it in .cc files only.

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/translate/expressions.h"
#include "engine/translate/names.h"
#include "engine/translate/relations.h"
#include "spark/proto.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

/// Makes column ids that are unique as DuckDB compares them: letter case aside.
class UniqueIds {
 public:
  std::string Make(std::string_view name);

 private:
  std::set<std::string> taken_;
};

/// An output column and the SQL that computes it.
struct SelectItem {
  Sql value;
  OutputColumn column;
};

/// SELECT items FROM (input) rest. `rest` is what follows the FROM clause.
TranslatedRelation Select(std::vector<SelectItem> items, const Sql& from, const Sql& rest = {});
/// (sql)
Sql Derived(const Sql& sql);
/// SELECT * FROM (input) rest, with the input's columns.
TranslatedRelation SelectAll(TranslatedRelation input, const Sql& rest);

class RelationTranslator {
 public:
  RelationTranslator(Leaves& leaves, const TranslateOptions& options) : leaves_(leaves), options_(options) {}

  TranslatedRelation Translate(const proto::Relation& relation);

 private:
  TranslatedRelation TranslateKind(const proto::Relation& relation);
  TranslatedRelation Range(const proto::Range& range);
  TranslatedRelation Project(const proto::Project& project);
  TranslatedRelation Filter(const proto::Filter& filter);
  TranslatedRelation Sort(const proto::Sort& sort);
  TranslatedRelation WithColumns(const proto::WithColumns& with_columns);
  TranslatedRelation WithColumnsRenamed(const proto::WithColumnsRenamed& renamed);
  TranslatedRelation Drop(const proto::Drop& drop);
  TranslatedRelation ToDf(const proto::ToDF& to_df);
  TranslatedRelation SubqueryAlias(const proto::SubqueryAlias& alias);
  TranslatedRelation Deduplicate(const proto::Deduplicate& deduplicate);
  TranslatedRelation Join(const proto::Join& join);
  TranslatedRelation Aggregate(const proto::Aggregate& aggregate);
  TranslatedRelation SetOperation(const proto::SetOperation& operation);

  /// GROUP BY with the grouping columns first; also the global aggregate that a Project of aggregate functions is.
  template <typename Expressions>
  TranslatedRelation Group(TranslatedRelation input, const Expressions& grouping, const Expressions& aggregates);

  Scope ScopeOf(const std::vector<OutputColumn>& columns) const;
  /// The outputs of one expression of a select list: several for a star.
  void AddItems(const proto::Expression& expression, const std::vector<OutputColumn>& input, UniqueIds* ids,
                std::vector<SelectItem>* items) const;
  void AddStar(const proto::Expression::UnresolvedStar& star, const std::vector<OutputColumn>& input, UniqueIds* ids,
               std::vector<SelectItem>* items) const;
  Sql SortKey(const proto::Expression::SortOrder& order, const Scope& scope) const;
  bool Same(std::string_view a, std::string_view b) const { return SameName(a, b, options_.case_sensitive); }
  /// `relation` with every column cast to the type given for it.
  TranslatedRelation CastColumns(TranslatedRelation relation, const std::vector<DataType>& types) const;
  /// Positions of the columns of that name.
  std::vector<size_t> FindAll(const std::vector<OutputColumn>& columns, std::string_view name) const;

  Leaves& leaves_;
  TranslateOptions options_;
  int depth_ = 0;
};

/// Throws when a column of the type cannot be compared: a MAP is in it.
void RequireComparable(const std::vector<OutputColumn>& columns, const char* operation);

}  // namespace tinderbox::engine
