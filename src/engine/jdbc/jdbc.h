#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/duckdb/source.h"
#include "engine/files/write.h"
#include "engine/translate/scope.h"

namespace tinderbox::engine {

/// A table or query of PostgreSQL: columns c0, c1 … in the types of `source`, and how Spark has them.
struct JdbcTable {
  std::shared_ptr<Source> source;
  StructType schema;  ///< as Spark has it; where it differs from the source's, a cast makes it
};

/// Asks the server for the columns. `predicates`: of read.jdbc(…, predicates): one part of the rows each.
JdbcTable ReadJdbc(const std::map<std::string, std::string>& options, const std::vector<std::string>& predicates,
                   const std::string& time_zone);

/// The SELECT of the table's columns; `from` is the call that reads the source.
TranslatedRelation SelectJdbc(const JdbcTable& table, const Sql& from);

/// Writes the rows in one transaction: all of it happens, or nothing.
void WriteJdbc(const std::map<std::string, std::string>& options, SaveMode mode, const TranslatedRelation& input,
               const std::string& time_zone, bool case_sensitive, const Lease& lease);

}  // namespace tinderbox::engine
