#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/jdbc/postgres.h"

namespace tinderbox::engine {

/// What .format("jdbc") is told, by Spark's names. Names ignore letter case.
struct JdbcOptions {
  PostgresAddress address;
  std::string table;                         ///< of FROM: a name, or a query in parentheses with an alias
  bool named = false;                        ///< `table` came as dbtable
  std::map<std::string, std::string> other;  ///< by lower-case name

  std::string Get(const std::string& lower_name, const std::string& fallback = "") const;
  bool Flag(const std::string& lower_name, bool fallback) const;
};

/// Throws Spark's errors for options that do not go together, and names what the embedded engine does not know.
/// `writes`: only what is for writing goes with it.
JdbcOptions ParseJdbc(const std::map<std::string, std::string>& options, bool writes);

}  // namespace tinderbox::engine
