// Statements that are no queries.
#include <fmt/format.h>

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
  if (Peek().kind == TokenKind::kString) return ParseString();
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
    return Lower(Text(first));
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
    const std::string value = Is(",") || Is(")") ? "" : ParsePropertyValue();
    if (!out->insert({key, value}).second) {
      Refuse(first, "DUPLICATE_KEY", fmt::format("Found duplicate keys `{}`.", key),
             {{"keyColumn", fmt::format("`{}`", key)}});
    }
  } while (Accept(","));
  Expect(")");
}

bool Parser::ParseStatement(plan::Statement*) {
  return false;
}

}  // namespace tinderbox::sql
