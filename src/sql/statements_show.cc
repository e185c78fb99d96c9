// SHOW and DESCRIBE.
#include <fmt/format.h>

#include "base/ascii.h"

#include "sql/grammar.h"

namespace tinderbox::sql {

std::string Parser::ParsePattern() {
  const bool like = Accept("like");
  if (like || Peek().kind == TokenKind::kString) return ParseString();
  return {};
}

void Parser::ParseShow(size_t first, plan::Show* out) {
  using Show = plan::Show;
  const auto in_namespace = [&] {
    if (Accept("from") || Accept("in")) SetName(out->mutable_name());
  };
  if (Accept("tables")) {
    out->set_what(Show::TABLES);
    in_namespace();
    out->set_pattern(ParsePattern());
  } else if (AcceptWords("table extended")) {
    out->set_what(Show::TABLE_EXTENDED);
    in_namespace();
    if (!Is("like")) Fail();
    out->set_pattern(ParsePattern());
    if (Is("partition")) RefuseFeature(first, "SHOW TABLE EXTENDED with PARTITION");
  } else if (Accept("namespaces") || Accept("databases") || Accept("schemas")) {
    out->set_what(Show::NAMESPACES);
    in_namespace();
    out->set_pattern(ParsePattern());
  } else if (Accept("views")) {
    out->set_what(Show::VIEWS);
    in_namespace();
    out->set_pattern(ParsePattern());
  } else if (Accept("columns")) {
    out->set_what(Show::COLUMNS);
    if (!Accept("from")) Expect("in");
    const size_t named = at_;
    Names table = ParseReference();
    const size_t named_end = at_;
    if (Accept("from") || Accept("in")) {
      // SHOW COLUMNS IN t FROM db
      Names name = ParseMultipart();
      name.push_back(table.back());
      if (table.size() > 1 && base::LowerCase(table[table.size() - 2]) != base::LowerCase(name[name.size() - 2])) {
        Refuse(first, "SHOW_COLUMNS_WITH_CONFLICT_NAMESPACE",
               fmt::format("SHOW COLUMNS with conflicting namespaces: {} != {}.", table[table.size() - 2],
                           name[name.size() - 2]));
      }
      table = std::move(name);
    }
    for (std::string& part : table) out->mutable_name()->add_parts(std::move(part));
    auto* origin = out->mutable_name()->mutable_origin()->mutable_jvm_origin();
    *origin = MakeOrigin(named, named_end);
    origin->set_sql_text(source_);
  } else if (Accept("tblproperties")) {
    out->set_what(Show::TABLE_PROPERTIES);
    SetName(out->mutable_name());
    if (Accept("(")) {
      out->set_scope(ParsePropertyKey());
      Expect(")");
    }
  } else if (Accept("partitions")) {
    out->set_what(Show::PARTITIONS);
    SetName(out->mutable_name());
    if (Is("partition")) RefuseFeature(first, "SHOW PARTITIONS with PARTITION");
  } else if (AcceptWords("create table")) {
    out->set_what(Show::CREATE_TABLE);
    SetName(out->mutable_name());
    if (AreWords("as serde")) RefuseFeature(first, "SHOW CREATE TABLE AS SERDE");
  } else if (Accept("catalogs")) {
    out->set_what(Show::CATALOGS);
    out->set_pattern(ParsePattern());
  } else if (Accept("current")) {
    out->set_what(Show::CURRENT_NAMESPACE);
    if (!AcceptNamespaceWord()) Fail();
  } else if (Is("functions") || Is("functions", 1)) {
    out->set_what(Show::FUNCTIONS);
    if (!Is("functions")) {
      out->set_scope(Upper(ParseIdentifier()));
      if (out->scope() != "USER" && out->scope() != "SYSTEM" && out->scope() != "ALL") {
        Refuse(first, "INVALID_SQL_SYNTAX.SHOW_FUNCTIONS_INVALID_SCOPE",
               fmt::format("Invalid SQL syntax: SHOW {} FUNCTIONS not supported.", out->scope()),
               {{"scope", out->scope()}});
      }
    }
    Expect("functions");
    in_namespace();
    const bool like = Accept("like");
    if (Peek().kind == TokenKind::kString) {
      out->set_pattern(ParseString());
    } else if (like || IsName()) {
      out->set_pattern(JoinName(ParseMultipart()));
    }
  } else {
    Fail();
  }
}

void Parser::ParseDescribe(plan::Statement* out) {
  if (Is("function") && !AtEnd()) {
    ++at_;
    auto* function = out->mutable_describe_function();
    function->set_extended(Is("extended") && !Is(";", 1) && Peek(1).kind != TokenKind::kEnd && Accept("extended"));
    if (Peek().kind == TokenKind::kString) {
      function->set_name(ParseString());
    } else if (Peek().kind == TokenKind::kOperator && !Is(";")) {
      function->set_name(Peek().text);
      ++at_;
    } else {
      function->set_name(JoinName(ParseReference()));
    }
    return;
  }
  if ((Is("namespace") || Is("database") || Is("schema")) && IsName(1)) {
    ++at_;
    auto* space = out->mutable_describe_namespace();
    space->set_extended(Is("extended") && IsName(1) && Accept("extended"));
    SetName(space->mutable_name());
    return;
  }
  const bool query_word = Is("query") && (IsName(1) || Is("(", 1));
  if (query_word) ++at_;
  if (query_word || (QueryStatementAhead() && !(Is("table") && !QueryAhead(0)) && !Is("table") && !Is("from"))) {
    *out->mutable_describe_query()->mutable_query() = ParseStatementQuery();
    return;
  }
  auto* table = out->mutable_describe_table();
  if (Is("table") && IsName(1)) ++at_;
  table->set_extended((Is("extended") || Is("formatted")) && IsName(1));
  if (table->extended()) ++at_;
  SetName(table->mutable_name());
  if (Is("partition") && Is("(", 1)) RefuseFeature(at_, "DESCRIBE TABLE with PARTITION");
  if (IsName() && !AreWords("as json")) table->set_column(JoinName(ParseMultipart()));
  if (!AcceptWords("as json")) return;
  table->set_as_json(true);
  if (!table->extended()) {
    throw ParseError(
        "DESCRIBE_JSON_NOT_EXTENDED",
        "DESCRIBE TABLE ... AS JSON only supported when [EXTENDED|FORMATTED] is specified. For example: DESCRIBE "
        "EXTENDED <tableName> AS JSON is supported but DESCRIBE <tableName> AS JSON is not.");
  }
}

}  // namespace tinderbox::sql
