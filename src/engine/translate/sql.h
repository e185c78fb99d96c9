#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "tinderbox/types.h"

namespace tinderbox::engine {

/// A piece of DuckDB SQL. Only the constructors below make one, so text from a request always ends up quoted.
class Sql {
 public:
  Sql() = default;
  const std::string& text() const { return text_; }
  bool empty() const { return text_.empty(); }

 private:
  explicit Sql(std::string text) : text_(std::move(text)) {}
  std::string text_;
  friend Sql Ident(std::string_view);
  friend Sql StringLiteral(std::string_view);
  friend Sql Token(const char*);
  friend Sql IntegerLiteral(long long);
  friend Sql Concat(std::initializer_list<Sql>);
  friend Sql Join(const std::vector<Sql>&, const char*);
  friend Sql Template(const char*, const std::vector<Sql>&);
  friend Sql Call(const char*, const std::vector<Sql>&);
  friend Sql PlacedCast(const Sql&, const DataType&);
};

/// "name", quotes doubled. Refuses NUL.
Sql Ident(std::string_view name);
/// 'text', quotes doubled; text with NUL becomes an expression that yields it.
Sql StringLiteral(std::string_view text);
Sql IntegerLiteral(long long value);
/// Fixed SQL text: keywords, operators, punctuation. The pointer must be a string literal of our source (never request
/// text).
Sql Token(const char* literal);
Sql Concat(std::initializer_list<Sql> parts);
Sql Join(const std::vector<Sql>& parts, const char* separator_literal);
/// `literal` with $1 to $9 replaced by an argument, $* by all of them and $2* by the second and later ones, with
/// commas.
Sql Template(const char* literal, const std::vector<Sql>& arguments);
/// name(a, b): `function` is a literal of our source.
Sql Call(const char* function, const std::vector<Sql>& arguments);
/// CAST(x AS type) in DuckDB's name of the Spark type.
Sql CastTo(const Sql& value, const DataType& type);
/// The same, where a value that does not fit is an error with a place.
Sql PlacedCast(const Sql& value, const DataType& type);
/// DuckDB's name of a Spark type: BIGINT, DECIMAL(10,2), STRUCT("a" INTEGER), MAP(VARCHAR, INTEGER), TIMESTAMP WITH
/// TIME ZONE… Intervals are plain numbers in the engine: year-month INTEGER months, day-time BIGINT microseconds.
Sql TypeName(const DataType& type);

/// Whether two pieces of SQL compute the same, wherever they stand in the user's program.
bool IsSame(const Sql& a, const Sql& b);

/// What every expression translation returns: the text together with Spark's type and nullability.
struct Typed {
  Sql sql;
  DataType type;
  bool nullable = true;
};

}  // namespace tinderbox::engine
