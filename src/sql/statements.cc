// Statements that are no queries.
#include <fmt/format.h>

#include <array>
#include <cstdlib>

#include "base/ascii.h"

#include "sql/grammar.h"

namespace tinderbox::sql {

bool Parser::QueryStatementAhead() const {
  if (Is("with")) {
    // WITH … INSERT INTO …: the common tables belong to a statement.
    size_t i = 1;
    if (Is("recursive", i) && !Is("as", i + 1) && !Is("(", i + 1)) ++i;
    while (true) {
      while (Peek(i).kind != TokenKind::kEnd && !Is("(", i)) ++i;
      if (Peek(i).kind == TokenKind::kEnd) return true;
      i = Behind(at_ + i) - at_;
      if (Is("as", i) || Is("(", i) || Is("max", i)) continue;
      if (!Is(",", i)) break;
    }
    return !Is("insert", i);
  }
  return Is("select") || Is("values") || Is("from") || Is("table") || Is("(") || Is("map") || Is("reduce");
}

std::string Parser::ParsePropertyKey() {
  // One string: the one behind it is the value.
  if (Peek().kind == TokenKind::kString) return tokens_[at_++].text;
  std::string out = ParseIdentifier();
  while (Accept(".")) out += "." + ParseIdentifier();
  return out;
}

std::string Parser::ParsePropertyValue() {
  if (Peek().kind == TokenKind::kString) return ParseString();
  const size_t first = at_;
  Accept("-");
  if (Is("true") || Is("false")) {
    ++at_;
    return base::LowerCase(Text(first));
  }
  if (Peek().kind != TokenKind::kNumber) Fail();
  ++at_;
  return Text(first);
}

void Parser::ParseProperties(google::protobuf::Map<std::string, std::string>* out) {
  Expect("(");
  do {
    const size_t first = at_;
    const std::string key = ParsePropertyKey();
    Accept("=");
    if (Is(",") || Is(")")) {
      Refuse(first, "_LEGACY_ERROR_TEMP_0035",
             fmt::format("Operation not allowed: Values must be specified for key(s): [{}].", key),
             {{"message", fmt::format("Values must be specified for key(s): [{}]", key)}});
    }
    const std::string value = ParsePropertyValue();
    if (!out->insert({key, value}).second) {
      Refuse(first, "DUPLICATE_KEY", fmt::format("Found duplicate keys `{}`.", key),
             {{"keyColumn", fmt::format("`{}`", key)}});
    }
  } while (Accept(","));
  Expect(")");
}

bool Parser::AcceptIfExists() {
  return AcceptWords("if exists");
}

bool Parser::AcceptIfNotExists() {
  return AcceptWords("if not exists");
}

bool Parser::AcceptNamespaceWord() {
  return Accept("namespace") || Accept("database") || Accept("schema");
}

void Parser::SetName(plan::Name* out) {
  const size_t first = at_;
  for (std::string& part : ParseReference()) out->add_parts(std::move(part));
  auto* origin = out->mutable_origin()->mutable_jvm_origin();
  *origin = MakeOrigin(first, at_);
  origin->set_sql_text(source_);
}

proto::Relation Parser::ParseStatementQuery() {
  proto::Relation out = ParseQuery();
  SetText(&out);
  return out;
}

void Parser::ParseTableOperation(std::string_view operation, plan::Statement* out) {
  SetName(out->mutable_table_operation()->mutable_name());
  out->mutable_table_operation()->set_operation(std::string(operation));
  while (!AtEnd() && !Is(";")) ++at_;
}

void Parser::RefuseStatement(size_t first) {
  // Spark's parser knows these of Hive's statements, and refuses them as invalid.
  static constexpr std::array kInvalid = {"create role",
                                          "drop role",
                                          "grant",
                                          "revoke",
                                          "show grant",
                                          "show role",
                                          "show roles",
                                          "export table",
                                          "import table",
                                          "show principals",
                                          "show compactions",
                                          "show transactions",
                                          "show indexes",
                                          "show locks",
                                          "lock table",
                                          "lock database",
                                          "unlock table",
                                          "unlock database",
                                          "alter index",
                                          "create temporary macro",
                                          "drop temporary macro",
                                          "start transaction",
                                          "commit",
                                          "rollback",
                                          "dfs",
                                          "set role",
                                          "show current roles"};
  static constexpr std::array kUnsupported = {"load data",
                                              "msck repair table",
                                              "repair table",
                                              "add",
                                              "list",
                                              "create function",
                                              "create or replace function",
                                              "create index",
                                              "drop index",
                                              "analyze tables",
                                              "set collation",
                                              "begin",
                                              "call",
                                              "refresh function",
                                              "show cached",
                                              "alter namespace",
                                              "alter database",
                                              "alter schema",
                                              "create variable",
                                              "create materialized",
                                              "create streaming",
                                              "show procedures",
                                              "alter streaming",
                                              "alter materialized",
                                              "optimize",
                                              "vacuum",
                                              "restore"};
  for (const char* words : kInvalid) {
    if (!AreWords(words)) continue;
    std::string operation = Upper(words);
    while (!AtEnd() && !Is(";")) ++at_;
    Refuse(first, "INVALID_STATEMENT_OR_CLAUSE", fmt::format("The statement or clause: {} is not valid.", operation),
           {{"operation", operation}});
  }
  for (const char* words : kUnsupported) {
    if (!AreWords(words)) continue;
    while (!AtEnd() && !Is(";")) ++at_;
    RefuseFeature(first, fmt::format("the statement {}", Upper(words)));
  }
}

bool Parser::ParseStatement(plan::Statement* out) {
  const Level level(this);
  const size_t first = at_;
  if (Is("with")) {
    // WITH … INSERT: the tables belong to the query that is inserted.
    std::vector<proto::Relation> own;
    subqueries_ = &own;
    std::vector<proto::Relation> tables = ParseCommonTables();
    subqueries_ = nullptr;
    Expect("insert");
    ParseInsert(out->mutable_insert());
    *out->mutable_insert()->mutable_query() =
        WithReferences(std::move(*out->mutable_insert()->mutable_query()), std::move(tables));
    SetText(out->mutable_insert()->mutable_query());
    return true;
  }
  RefuseStatement(first);
  if (Accept("create")) {
    ParseCreate(out);
  } else if (AcceptWords("replace table")) {
    ParseCreateTable(first, false, true, out->mutable_create_table());
  } else if (Accept("drop")) {
    ParseDrop(first, out->mutable_drop());
  } else if (Accept("insert")) {
    ParseInsert(out->mutable_insert());
  } else if (Accept("alter")) {
    ParseAlter(first, out);
  } else if (Accept("show")) {
    ParseShow(first, out->mutable_show());
  } else if (Accept("describe") || Accept("desc")) {
    ParseDescribe(out);
  } else if (Accept("explain")) {
    ParseExplain(out->mutable_explain());
  } else if (Accept("declare")) {
    ParseDeclare(out->mutable_declare_variable());
  } else if (AcceptWords("execute immediate")) {
    ParseExecuteImmediate(out->mutable_execute_immediate());
  } else if (Is("set") && (Is("variable", 1) || Is("var", 1)) && (IsName(2) || Is("(", 2))) {
    at_ += 2;
    ParseSetVariables(out->mutable_set_variables());
  } else if (Accept("set") || Accept("reset")) {
    ParseSet(first, out);
  } else if (Accept("use")) {
    AcceptNamespaceWord();
    SetName(out->mutable_use()->mutable_name());
  } else if (Accept("cache")) {
    ParseCache(out->mutable_cache_table());
  } else if (AcceptWords("uncache table")) {
    out->mutable_uncache_table()->set_if_exists(AcceptIfExists());
    SetName(out->mutable_uncache_table()->mutable_name());
  } else if (AcceptWords("clear cache")) {
    out->mutable_clear_cache();
  } else if (Accept("refresh")) {
    if (Accept("table")) {
      SetName(out->mutable_refresh()->mutable_table());
    } else if (Peek().kind == TokenKind::kString) {
      out->mutable_refresh()->set_path(ParseString());
    } else {
      const size_t path = at_;
      while (!AtEnd() && !Is(";")) ++at_;
      if (path == at_) {
        Refuse(first, "_LEGACY_ERROR_TEMP_0064",
               "Resource paths cannot be empty in REFRESH statements. Use / to match everything.",
               {{"msg", "Resource paths cannot be empty in REFRESH statements. Use / to match everything"}});
      }
      out->mutable_refresh()->set_path(Text(path));
    }
  } else if (Accept("truncate")) {
    Require("table");
    SetName(out->mutable_truncate_table()->mutable_name());
    if (Is("partition")) RefuseFeature(at_, "TRUNCATE TABLE with PARTITION");
  } else if (AcceptWords("analyze table")) {
    SetName(out->mutable_analyze_table()->mutable_name());
    if (Is("partition")) RefuseFeature(at_, "ANALYZE TABLE with PARTITION");
    ExpectWords("compute statistics");
    if (AcceptWords("for columns")) {
      do {
        ParseIdentifier();
      } while (Accept(","));
    } else if (!AcceptWords("for all columns")) {
      Accept("noscan");
    }
  } else if (AcceptWords("comment on")) {
    auto* comment = out->mutable_comment_on();
    comment->set_namespace_(AcceptNamespaceWord());
    if (!comment->namespace_()) Expect("table");
    SetName(comment->mutable_name());
    Expect("is");
    if (!Accept("null")) comment->set_comment(ParseString());
  } else if (Accept("update")) {
    ParseTableOperation("UPDATE TABLE", out);
  } else if (Accept("delete")) {
    Require("from");
    ParseTableOperation("DELETE", out);
  } else if (Accept("merge")) {
    AcceptWords("with schema evolution");
    Expect("into");
    ParseTableOperation("MERGE INTO TABLE", out);
  } else {
    return false;
  }
  return true;
}

void Parser::ParseExplain(plan::Explain* out) {
  using Mode = plan::Explain;
  static constexpr std::pair<std::string_view, Mode::Mode> kModes[] = {
      {"formatted", Mode::FORMATTED}, {"extended", Mode::EXTENDED}, {"codegen", Mode::CODEGEN}, {"cost", Mode::COST}};
  if (Is("logical")) RefuseFeature(at_, "EXPLAIN LOGICAL");
  for (const auto& [word, mode] : kModes) {
    if (!Accept(word)) continue;
    out->set_mode(mode);
    break;
  }
  if (QueryStatementAhead()) {
    *out->mutable_query() = ParseStatementQuery();
  } else if (!ParseStatement(out->mutable_statement())) {
    Fail();
  }
}

void Parser::ParseCache(plan::CacheTable* out) {
  out->set_lazy(Accept("lazy"));
  Expect("table");
  SetName(out->mutable_name());
  if (Accept("options")) ParseProperties(out->mutable_options());
  if (Accept("as") || QueryStatementAhead()) *out->mutable_query() = ParseStatementQuery();
}

void Parser::ParseSet(size_t first, plan::Statement* out) {
  if (tokens_[first].Is("reset")) {
    out->mutable_reset_conf();
    if (AtEnd() || Is(";")) return;
    const size_t key = at_;
    while (!AtEnd() && !Is(";")) ++at_;
    const bool quoted = at_ == key + 1 && tokens_[key].kind == TokenKind::kQuotedIdentifier;
    out->mutable_reset_conf()->set_key(quoted ? tokens_[key].text : Text(key));
    return;
  }
  if (AcceptWords("time zone")) {
    auto* conf = out->mutable_set_conf();
    conf->set_key("spark.sql.session.timeZone");
    if (Accept("local")) {
      conf->set_value("LOCAL");
      return;
    }
    if (Peek().kind == TokenKind::kString) {
      conf->set_value(ParseString());
      return;
    }
    if (!Is("interval")) {
      while (!AtEnd() && !Is(";")) ++at_;
      Refuse(first, "_LEGACY_ERROR_TEMP_0045", "Invalid time zone displacement value.");
    }
    const proto::Expression interval = ParseInterval();
    const int64_t seconds = interval.literal().day_time_interval() / 1000000;
    if (!interval.literal().has_day_time_interval() || std::abs(seconds) > 18 * 3600) {
      Refuse(
          first, "INVALID_INTERVAL_FORMAT.TIMEZONE_INTERVAL_OUT_OF_RANGE",
          "Error parsing the time zone to interval. Please ensure that the value provided is in a valid format for "
          "defining an interval. You can reference the documentation for the correct format. The interval value must "
          "be in the range of [-18, +18] hours with second precision.",
          {{"input", std::to_string(seconds / 3600)}});
    }
    const int64_t minutes = std::abs(seconds) / 60;
    conf->set_value(fmt::format("{}{:02}:{:02}", seconds < 0 ? '-' : '+', minutes / 60, minutes % 60));
    return;
  }
  if (AcceptWords("catalog")) {
    out->mutable_use()->set_catalog(true);
    out->mutable_use()->mutable_name()->add_parts(Peek().kind == TokenKind::kString ? ParseString()
                                                                                    : ParseIdentifier());
    return;
  }
  auto* conf = out->mutable_set_conf();
  if (AtEnd() || Is(";")) return;
  if (AreWords("- v") && (Peek(2).kind == TokenKind::kEnd || Is(";", 2))) {
    at_ += 2;
    conf->set_verbose(true);
    return;
  }
  // The value is the rest of the text as it stands.
  const auto part = [&](size_t begin, size_t end) {
    if (end == begin + 1 && tokens_[begin].kind == TokenKind::kQuotedIdentifier) return tokens_[begin].text;
    return Text(begin, end);
  };
  const size_t key = at_;
  while (!AtEnd() && !Is(";") && !Is("=") && !Is("==")) ++at_;
  conf->set_key(part(key, at_));
  const bool plain = tokens_[key].kind == TokenKind::kQuotedIdentifier ||
                     conf->key().find_first_not_of(
                         "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:\\") == std::string::npos;
  if (conf->key().empty() || !plain) {
    while (!AtEnd()) ++at_;
    Refuse(first, "INVALID_SET_SYNTAX",
           "Expected format is 'SET', 'SET key', or 'SET key=value'. If you want to include special characters in key, "
           "or include semicolon in value, please use backquotes, e.g., SET `key`=`value`.");
  }
  if (AtEnd() || Is(";")) return;
  // "a==b" sets a to "=b".
  const bool twice = Is("==");
  ++at_;
  const size_t value = at_;
  while (!AtEnd() && !Is(";")) ++at_;
  conf->set_value((twice ? "=" : "") + part(value, at_));
}

}  // namespace tinderbox::sql
