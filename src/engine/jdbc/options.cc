#include "engine/jdbc/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/ascii.h"
#include "base/escapes.h"
#include "base/fail.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {
namespace {

/// What Spark's own options are, by lower-case name. What only tunes the driver or what Spark pushes down is taken and
/// has no effect on rows.
constexpr std::string_view kOptions[] = {"batchsize",          "cascadetruncate",      "createtablecolumntypes",
                                         "createtableoptions", "customschema",         "fetchsize",
                                         "isolationlevel",     "lowerbound",           "numpartitions",
                                         "partitioncolumn",    "prefertimestampntz",   "preparequery",
                                         "pushdownaggregate",  "pushdownlimit",        "pushdownoffset",
                                         "pushdownpredicate",  "pushdowntablesample",  "pushdownjoin",
                                         "querytimeout",       "sessioninitstatement", "truncate",
                                         "upperbound"};

/// The driver's properties: what libpq calls them, or "" for those that only tune the driver.
constexpr std::pair<std::string_view, std::string_view> kProperties[] = {{"user", "user"},
                                                                         {"password", "password"},
                                                                         {"sslmode", "sslmode"},
                                                                         {"sslrootcert", "sslrootcert"},
                                                                         {"sslcert", "sslcert"},
                                                                         {"sslkey", "sslkey"},
                                                                         {"applicationname", "application_name"},
                                                                         {"connecttimeout", "connect_timeout"},
                                                                         {"gssencmode", "gssencmode"},
                                                                         {"channelbinding", "channel_binding"},
                                                                         {"options", "options"},
                                                                         {"tcpkeepalive", ""},
                                                                         {"sockettimeout", ""},
                                                                         {"logintimeout", ""},
                                                                         {"preparethreshold", ""},
                                                                         {"preparedstatementcachequeries", ""},
                                                                         {"preparedstatementcachesizemib", ""},
                                                                         {"defaultrowfetchsize", ""},
                                                                         {"binarytransfer", ""},
                                                                         {"rewritebatchedinserts", ""},
                                                                         {"loggerlevel", ""},
                                                                         {"stringtype", ""}};

[[noreturn]] void FailOption(const std::string& name, const std::string& why) {
  base::Fail("TINDERBOX_JDBC", "The option {} of the data source jdbc cannot be used: {}", name, why);
}

void SetProperty(const std::string& name, const std::string& value, PostgresAddress* out) {
  const std::string lower = base::LowerCase(name);
  if (lower == "ssl") {
    if (base::LowerCase(value) != "false" && !out->parameters.contains("sslmode"))
      out->parameters["sslmode"] = "verify-full";
    return;
  }
  if (lower == "currentschema") {
    std::string path = value;
    std::erase(path, ' ');
    out->parameters["options"] += fmt::format(" -c search_path={}", path);
    return;
  }
  const auto known = std::ranges::find(kProperties, lower, &std::pair<std::string_view, std::string_view>::first);
  if (known == std::end(kProperties))
    FailOption(name, "the embedded engine does not know it. Leave it out, or run on a Spark cluster.");
  if (!known->second.empty()) out->parameters[std::string(known->second)] = value;
}

void ParseUrl(const std::string& url, PostgresAddress* out) {
  constexpr std::string_view kPrefix = "jdbc:postgresql:";
  if (!url.starts_with(kPrefix)) {
    base::Fail("UNSUPPORTED_FEATURE.DATA_SOURCE",
               "The embedded engine reads and writes jdbc:postgresql://HOST:PORT/DATABASE only, not {}.",
               url.substr(0, url.find(':', 5)));
  }
  std::string rest = url.substr(kPrefix.size());
  const size_t question = rest.find('?');
  if (question != std::string::npos) {
    const std::string query = rest.substr(question + 1);
    rest.resize(question);
    for (size_t begin = 0; begin < query.size();) {
      const size_t end = std::min(query.find('&', begin), query.size());
      const std::string pair = query.substr(begin, end - begin);
      const size_t equals = std::min(pair.find('='), pair.size());
      if (!pair.empty()) {
        SetProperty(base::PercentDecode(pair.substr(0, equals)),
                    equals == pair.size() ? "" : base::PercentDecode(pair.substr(equals + 1)), out);
      }
      begin = end + 1;
    }
  }
  std::string hosts, ports, database = rest;
  if (rest.starts_with("//")) {
    const size_t slash = std::min(rest.find('/', 2), rest.size());
    database = slash == rest.size() ? "" : rest.substr(slash + 1);
    const std::string list = rest.substr(2, slash - 2);
    for (size_t begin = 0; begin <= list.size();) {
      const size_t end = std::min(list.find(',', begin), list.size());
      std::string host = list.substr(begin, end - begin), port = "5432";
      const size_t colon = host.rfind(':');
      if (colon != std::string::npos && (host.find(']') == std::string::npos || host.find(']') < colon)) {
        port = host.substr(colon + 1);
        host.resize(colon);
      }
      if (host.starts_with("[") && host.ends_with("]")) host = host.substr(1, host.size() - 2);
      hosts += (begin == 0 ? "" : ",") + (host.empty() ? "localhost" : host);
      ports += (begin == 0 ? "" : ",") + port;
      begin = end + 1;
    }
  } else {
    hosts = "localhost";
    ports = "5432";
    if (database.starts_with("/")) database.erase(0, 1);
  }
  out->parameters["host"] = hosts;
  out->parameters["port"] = ports;
  database = base::PercentDecode(database);
  if (!database.empty()) out->parameters["dbname"] = database;
  out->name = fmt::format("{}:{}/{}", hosts, ports, database);
}

}  // namespace

std::string JdbcOptions::Get(const std::string& lower_name, const std::string& fallback) const {
  const auto found = other.find(lower_name);
  return found == other.end() ? fallback : found->second;
}

bool JdbcOptions::Flag(const std::string& lower_name, bool fallback) const {
  const std::string text = base::LowerCase(Get(lower_name, fallback ? "true" : "false"));
  if (text == "true" || text == "false") return text == "true";
  FailOption(lower_name, fmt::format("it is true or false, not \"{}\".", text));
}

JdbcOptions ParseJdbc(const std::map<std::string, std::string>& options, bool writes) {
  JdbcOptions out;
  std::optional<std::string> url, table, query;
  std::map<std::string, std::string> properties;
  for (const auto& [name, value] : options) {
    const std::string lower = base::LowerCase(name);
    if (lower == "url") {
      url = value;
    } else if (lower == "dbtable" || lower == "path") {
      table = value;
    } else if (lower == "query") {
      query = value;
    } else if (lower == "driver") {
      if (value != "org.postgresql.Driver")
        FailOption("driver", fmt::format("there is org.postgresql.Driver, not {}.", value));
    } else if (std::ranges::find(kOptions, lower) != std::end(kOptions)) {
      out.other[lower] = value;
    } else {
      properties[name] = value;
    }
  }
  const auto require = [](bool held, const char* text) {
    if (!held) throw Error("TINDERBOX_JDBC", text);
  };
  require(url.has_value(), "Option 'url' is required.");
  ParseUrl(*url, &out.address);
  for (const auto& [name, value] : properties) SetProperty(name, value, &out.address);
  if (!out.address.parameters.contains("dbname") && out.address.parameters.contains("user"))
    out.address.parameters["dbname"] = out.address.parameters["user"];
  if (writes) {
    require(table.has_value(), "Option 'dbtable' is required. Option 'query' is not applicable while writing.");
  } else {
    require(table.has_value() || query.has_value(), "Option 'dbtable' or 'query' is required.");
    require(!(table && query), "Both 'dbtable' and 'query' can not be specified at the same time.");
    require(table ? !table->empty() : !query->empty(), "Option 'dbtable' or 'query' can not be empty.");
    const bool column = out.other.contains("partitioncolumn");
    const bool bounds = out.other.contains("lowerbound") && out.other.contains("upperbound");
    require(!column || (bounds && out.other.contains("numpartitions")),
            "When reading JDBC data sources, users need to specify all or none for the following options: "
            "'partitionColumn', 'lowerBound', 'upperBound', and 'numPartitions'");
    require(column || (!out.other.contains("lowerbound") && !out.other.contains("upperbound")),
            "When 'partitionColumn' is not specified, 'lowerBound' and 'upperBound' are expected to be empty");
    require(!(query && column), "Options 'query' and 'partitionColumn' can not be specified together. Use 'dbtable'.");
  }
  out.named = table.has_value();
  out.table = table ? *table : fmt::format("({}) SPARK_GEN_SUBQ_0", *query);
  if (!out.Get("preparequery").empty()) FailOption("prepareQuery", "the embedded engine does not support it.");
  if (!out.Get("customschema").empty())
    FailOption("customSchema", "the embedded engine does not support it. Cast the columns after reading.");
  return out;
}

}  // namespace tinderbox::engine
