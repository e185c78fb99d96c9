#pragma once

#include <memory>

#include "tinderbox/diff.h"

namespace tinderbox::diff {

/// One side with all of its files on this machine.
struct LocalInput {
  DiffInput input;
  std::shared_ptr<const void> copies;  ///< what was fetched; removed with it
};

/// Fetches what the side has in stores and databases, by the session's settings, so that the whole comparison sees one
/// state of it. Throws Error: PATH_NOT_FOUND, TINDERBOX_STORE, TINDERBOX_JDBC.
LocalInput FetchInput(const Session& session, const DiffInput& input);

/// "jdbc:postgresql://HOST:PORT/DATABASE?dbtable=NAME" as the options of the data source jdbc: dbtable (or table) and
/// query are taken out of the address, and the password is that of PGPASSWORD, if the address has none.
std::map<std::string, std::string> JdbcOptions(const std::string& url);
bool IsJdbc(const std::string& path);

}  // namespace tinderbox::diff
