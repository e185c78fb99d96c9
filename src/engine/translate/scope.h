#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "engine/translate/sql.h"

namespace tinderbox::engine {

/// One output column of a translated relation.
struct OutputColumn {
  std::string name;  ///< Spark's name, as a user wrote it; may repeat within a relation
  std::string id;    ///< the SQL column name, unique within the relation, what emitted SQL refers to
  DataType type;
  bool nullable = true;
  std::vector<std::string> qualifiers;  ///< aliases this column can be reached through ("l" in l.x), outermost first
  std::set<int64_t> plan_ids;  ///< plan ids of the relations that output this very column (df["x"] after a join)
};

/// A translated relation: a SELECT whose columns are named by `columns[i].id`, in that order.
struct TranslatedRelation {
  Sql sql;
  std::vector<OutputColumn> columns;
};

/// A lambda variable in sight; innermost last.
struct LambdaBinding {
  std::string name;
  Typed value;
};

/// What an expression may refer to.
struct Scope {
  const std::vector<OutputColumn>* columns = nullptr;
  std::vector<LambdaBinding> lambdas;
  bool case_sensitive = false;
  bool ansi = true;
  std::string time_zone = "UTC";
};

}  // namespace tinderbox::engine
