#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/translate/scope.h"
#include "spark/proto_expressions.h"

namespace tinderbox::engine {

/// What stands behind the parentheses of an aggregate or a window function.
struct CallClauses {
  Sql over;                                   ///< " OVER (…)"; empty: none
  const proto::Expression* filter = nullptr;  ///< FILTER (WHERE …)
  std::vector<proto::Expression::SortOrder> within_group;
  bool ignore_nulls = false;
};

/// One call of a function being translated.
class FunctionCall {
 public:
  using Proto = proto::Expression::UnresolvedFunction;
  FunctionCall(const Proto& function, const Scope& scope, const CallClauses& clauses)
      : proto_(function), scope_(scope), clauses_(clauses) {}

  const std::string& name() const { return proto_.function_name(); }
  /// The call as Spark shows it: "nth_value(x, 0)".
  std::string SqlName() const;
  size_t size() const { return static_cast<size_t>(proto_.arguments_size()); }
  bool distinct() const { return proto_.is_distinct(); }
  const Scope& scope() const { return scope_; }
  const Proto& proto() const { return proto_; }
  const proto::Expression& ArgumentProto(size_t i) const { return proto_.arguments(static_cast<int>(i)); }
  /// Argument i, translated.
  Typed Argument(size_t i) const;
  /// Argument i cast implicitly to a type.
  Typed Argument(size_t i, const DataType& type) const;
  Typed Argument(size_t i, TypeKind kind) const { return Argument(i, DataType(kind)); }
  std::vector<Typed> Arguments() const;
  /// Throws WRONG_NUM_ARGS unless the number of arguments is in [low, high].
  void Expect(size_t low, size_t high) const;
  /// What stands behind an aggregate: FILTER (WHERE …) and OVER (…), where there are such. Only rows for which
  /// `condition` holds as well count, when it is not empty.
  Sql suffix(const Sql& condition = {}) const;
  const CallClauses& clauses() const { return clauses_; }
  bool windowed() const { return !clauses_.over.empty(); }
  /// IGNORE NULLS, as a clause or as the literal argument `position`.
  bool IgnoresNulls(size_t position) const;
  /// The value of argument i when it is a literal (seen through aliases and negation), else refuses: `what` must be
  /// constant.
  int64_t LiteralInteger(size_t i) const;
  double LiteralNumber(size_t i) const;
  bool LiteralBoolean(size_t i) const;
  std::string LiteralString(size_t i) const;
  bool IsLiteral(size_t i) const;
  [[noreturn]] void RefuseArgument(size_t i, std::string_view wanted, const DataType& given) const;

 private:
  const Proto& proto_;
  const Scope& scope_;
  const CallClauses& clauses_;
};

/// Whether a result can be NULL.
enum class Nulls {
  kAny,  ///< when an argument can
  kAll,  ///< when every argument can
  kNever,
  kAlways,
};

/// A function that one SQL template expresses.
struct Function {
  const char* name;
  /// One letter an argument, what it is cast to: s string, B binary, b boolean, i int, l bigint, d double, D date,
  /// T timestamp, n numeric (text as double), I integral, = the common type of all of these, a array, m map, t
  /// timestamp or timestamp without zone as local time, H time, x string or binary, . anything; Y date, U timestamp and
  /// X binary, none of them cast. After '?' arguments are optional; '+' repeats the last letter, '*' allows none of it.
  const char* parameters;
  /// A type in Spark's words, or $1 (the type of argument 1), e1 (its element), [1 (an array of it).
  const char* result;
  Nulls nulls;
  /// $1 … $9 arguments, $* all; in aggregates $9 is what follows the call (OVER …) and $8 DISTINCT.
  const char* sql;
};

/// A function with rules of its own.
struct SpecialFunction {
  const char* name;
  Typed (*translate)(const FunctionCall& call);
};

enum class FunctionKind { kScalar, kAggregate, kWindow };

/// The functions of one group.
struct FunctionGroup {
  FunctionKind kind;
  std::span<const Function> functions;
  std::span<const SpecialFunction> specials;
};

FunctionGroup OperatorFunctions();
FunctionGroup MathFunctions();
FunctionGroup ConditionalFunctions();
FunctionGroup StringFunctions();
FunctionGroup FormatFunctions();
FunctionGroup MiscFunctions();
FunctionGroup JsonFunctions();
FunctionGroup DateTimeFunctions();
FunctionGroup DateTimeTextFunctions();
FunctionGroup DateTimeMakeFunctions();
FunctionGroup RandomFunctions();
FunctionGroup TimeWindowFunctions();
FunctionGroup ArithmeticFunctions();
FunctionGroup CollectionFunctions();
FunctionGroup HashFunctions();
FunctionGroup AggregateFunctions();
FunctionGroup WindowFunctions();
FunctionGroup VariantFunctions();
FunctionGroup VariantAggregates();
FunctionGroup XmlFunctions();
FunctionGroup VectorFunctions();
FunctionGroup VectorAggregates();

/// A call of one of the session's own functions; nullopt when it has none of that name.
std::optional<Typed> CallSessionFunction(const FunctionCall::Proto& function, const Scope& scope);
/// Translates a call by the tables. Throws UNRESOLVED_ROUTINE, or UNSUPPORTED_FEATURE for a function Spark has and we
/// lack.
Typed TranslateFunction(const FunctionCall::Proto& function, const Scope& scope, const CallClauses& clauses = {});
/// Whether a name is an aggregate's, by the tables.
bool IsAggregateFunction(std::string_view name);
bool IsWindowFunction(std::string_view name);
/// Whether the tables have a function of that name.
bool IsKnownFunction(std::string_view name);
/// A cast of an argument to the type of a parameter letter.
Typed CoerceTo(char letter, const Typed& value, const Scope& scope, std::string_view function, size_t position);
/// An SQL expression that fails with a Spark condition when it is evaluated. The texts are literals of our source.
Sql Raise(const char* condition, const char* message);

}  // namespace tinderbox::engine
