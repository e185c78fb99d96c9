// Session variables, functions whose body is SQL, and EXECUTE IMMEDIATE.
#include "sql/grammar.h"

namespace tinderbox::sql {

proto::Expression Parser::ParseStatementExpression() {
  proto::Expression out = ParseExpression();
  SetText(&out);
  return out;
}

void Parser::ParseDeclare(plan::DeclareVariable* out) {
  out->set_or_replace(AcceptWords("or replace"));
  if (Is("variable") && IsName(1)) ++at_;
  SetName(out->mutable_name());
  if (Is(",")) RefuseFeature(at_, "DECLARE of several variables at once");
  const auto value_ahead = [&] { return Is("default") || Is("="); };
  if (!value_ahead() && !AtEnd() && !Is(";")) ParseType(out->mutable_type());
  if (Accept("default") || Accept("=")) *out->mutable_default_value() = ParseStatementExpression();
  if (!out->has_type() && !out->has_default_value()) Fail();
}

void Parser::ParseSetVariables(plan::SetVariables* out) {
  if (Accept("(")) {
    do {
      SetName(out->add_targets()->mutable_name());
    } while (Accept(","));
    Expect(")");
    Expect("=");
    Expect("(");
    *out->mutable_query() = ParseStatementQuery();
    Expect(")");
    return;
  }
  do {
    auto* target = out->add_targets();
    SetName(target->mutable_name());
    Expect("=");
    const bool is_default = Is("default") && (Is(",", 1) || Is(";", 1) || Peek(1).kind == TokenKind::kEnd);
    if (is_default) {
      ++at_;
    } else {
      *target->mutable_value() = ParseStatementExpression();
    }
  } while (Accept(","));
}

void Parser::ParseExecuteImmediate(plan::ExecuteImmediate* out) {
  *out->mutable_text() = ParseStatementExpression();
  if (Accept("into")) {
    do {
      SetName(out->add_into());
    } while (Accept(","));
  }
  if (!Accept("using")) return;
  const bool parentheses = Accept("(");
  for (proto::Expression& argument : ParseNamedList()) {
    SetText(&argument);
    out->add_arguments()->Swap(&argument);
  }
  if (parentheses) Expect(")");
}

void Parser::ParseCreateFunction(size_t first, bool or_replace, plan::CreateFunction* out) {
  out->set_temporary(Accept("temporary") || Accept("temp"));
  Expect("function");
  out->set_or_replace(or_replace);
  out->set_if_not_exists(AcceptIfNotExists());
  SetName(out->mutable_name());
  if (Is("as")) {
    while (!AtEnd() && !Is(";")) ++at_;
    RefuseFeature(first, "CREATE FUNCTION of a Java class");
  }
  Expect("(");
  if (!Is(")")) {
    do {
      ParseColumnDefinition(out->add_parameters());
    } while (Accept(","));
  }
  Expect(")");
  if (Accept("returns")) {
    if (Is("table")) RefuseFeature(first, "CREATE FUNCTION of a table function");
    ParseType(out->mutable_returns());
  }
  while (true) {
    if (AcceptWords("language sql") || AcceptWords("deterministic") || AcceptWords("not deterministic") ||
        AcceptWords("contains sql") || AcceptWords("reads sql data") || AcceptWords("sql security definer")) {
      continue;
    }
    if (!Accept("comment")) break;
    out->set_comment(ParseString());
  }
  Expect("return");
  const size_t body = at_;
  if (QueryStatementAhead() && !Is("(")) {
    *out->mutable_body() = MakeSubquery(ParseQuery(), proto::SubqueryExpression::SUBQUERY_TYPE_SCALAR);
    SetText(out->mutable_body());
  } else {
    *out->mutable_body() = ParseStatementExpression();
  }
  out->set_body_text(Text(body));
}

}  // namespace tinderbox::sql
