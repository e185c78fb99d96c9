#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "spark/plan_extensions.pb.h"
#include "spark/proto.h"
#include "sql/lexer.h"
#include "sql/parser.h"
#include "tinderbox/error.h"

namespace tinderbox::sql {

/// Deeper nesting is an error.
inline constexpr int kMaximumDepth = 500;
/// A chain of operators of one precedence becomes a tree this deep, and no deeper.
inline constexpr int kMaximumChain = 6000;
/// Sub-queries of SQL text get plan ids from here on, above those that clients give.
inline constexpr int64_t kFirstPlanId = int64_t{1} << 40;

/// The grammar of Spark SQL as recursive descent over a token stream, one method a rule. The methods stand in files by
/// topic: cursor, expressions, terms, calls, literals, types, query, select, from, statements_*.
class Parser {
 public:
  Parser(std::string_view source, const Parameters& parameters);

  proto::Expression ParseWholeExpression();
  proto::Relation ParseWholeQuery();
  proto::Plan ParseWholeStatement();
  std::vector<std::string> ParseWholeName();

 private:
  using Names = std::vector<std::string>;

  /// Bounds the nesting of what is being parsed.
  struct Level {
    explicit Level(Parser* parser);
    ~Level() { --parser_->depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;
    Parser* parser_;
  };

  // cursor.cc: tokens
  const Token& Peek(size_t ahead = 0) const { return tokens_[std::min(at_ + ahead, tokens_.size() - 1)]; }
  bool AtEnd() const { return Peek().kind == TokenKind::kEnd; }
  bool Is(std::string_view text, size_t ahead = 0) const { return Peek(ahead).Is(text); }
  /// Whether the tokens from here on are these words, which are separated by blanks.
  bool AreWords(std::string_view words) const;
  bool Accept(std::string_view text);
  bool AcceptWords(std::string_view words);
  void Expect(std::string_view text);
  /// The same where Spark's parser would go on as if it stood there: the error says what is missing.
  void Require(std::string_view text);
  void ExpectWords(std::string_view words);
  bool IsName(size_t ahead = 0) const { return Peek(ahead).IsName(); }
  [[noreturn]] void Fail() const;
  void ExpectEnd();
  /// Throws for the tokens [first, at_).
  [[noreturn]] void Refuse(size_t first, std::string_view condition, const std::string& message,
                           Error::Params params = {}) const;
  [[noreturn]] void RefuseFeature(size_t first, std::string_view feature) const;
  /// The text of the tokens [first, last).
  std::string Text(size_t first, size_t last) const;
  std::string Text(size_t first) const { return Text(first, at_); }
  std::string ParseIdentifier();
  Names ParseIdentifierList();
  Names ParseMultipart();
  /// A name, or IDENTIFIER(constant).
  Names ParseReference();
  std::string ParseString();
  /// Token index behind the parenthesis that opens here.
  size_t Behind(size_t open) const { return closing_[open] + 1; }
  proto::JvmOrigin MakeOrigin(size_t first, size_t last) const;
  proto::Expression Located(proto::Expression expression, size_t first) const;
  proto::Relation Located(proto::Relation relation, size_t first) const;
  template <typename Message>
  void SetText(Message* message) const;
  /// Throws when copies of what was parsed grow out of bounds.
  void CountCopy(const proto::Expression& copied);

  // expressions.cc
  proto::Expression ParseExpression();
  proto::Expression ParseAnd();
  proto::Expression ParseNot();
  proto::Expression ParsePredicated();
  proto::Expression ParsePredicate(proto::Expression value);
  proto::Expression ParseLike(proto::Expression value, const std::string& function, bool negated);
  proto::Expression ParseValue(int minimum = 0);
  proto::Expression ParseUnary();
  proto::Expression ParsePostfix(proto::Expression value, size_t first);
  /// What follows the colon of variant:a.b[0], as a path of variant_get.
  std::string ParseVariantPath();
  proto::Expression ParseNamed();
  std::vector<proto::Expression> ParseNamedList();
  std::vector<proto::Expression> ParseExpressions();
  proto::Expression::SortOrder ParseSortOrder();
  template <typename Repeated>
  void ParseSortOrders(Repeated* out);
  bool AliasAhead(bool of_table) const;
  /// Whether what starts there is a query, perhaps in parentheses.
  bool QueryAhead(size_t ahead) const { return QueryStartsAt(at_ + ahead); }
  bool QueryStartsAt(size_t index) const;
  proto::Expression MakeSubquery(proto::Relation plan, proto::SubqueryExpression::SubqueryType type,
                                 std::vector<proto::Expression> values = {});

  // terms.cc
  proto::Expression ParsePrimary();
  proto::Expression ParseParenthesis();
  proto::Expression ParseWord();
  proto::Expression ParseColumn();
  proto::Expression ParseStar(const Names& target);
  proto::Expression ParseCase();
  proto::Expression ParseCast(bool is_try);
  proto::Expression ParseLambda(Names parameters);
  proto::Expression ParseParameter();
  std::string ConstantText(const proto::Expression& expression, size_t first) const;
  std::optional<std::string> FindLambdaVariable(std::string_view name) const;

  // calls.cc
  bool ParseSpecialCall(const std::string& word, proto::Expression* out);
  proto::Expression ParseCall(const Names& name, size_t first);
  proto::Expression ParseArgument(bool named);
  bool HasWord(std::string_view word) const;
  proto::Expression ParseDateArithmetic(const std::string& function);
  proto::Expression ParseOver(proto::Expression function, size_t first);
  void ParseWindowSpec(proto::Expression::Window* window);
  void ParseFrame(proto::Expression::Window* window);
  void ParseBoundary(proto::Expression::Window::WindowFrame::FrameBoundary* boundary);
  void FindNamedWindows();
  void ParseWindowClause();

  // literals.cc
  proto::Expression ParseNumber(bool negative);
  proto::Expression ParseInterval();
  bool TypedLiteralAhead() const;
  proto::Expression ParseTypedLiteral();

  // types.cc
  /// A data type; its text is what was written.
  std::string ParseType(proto::DataType* type = nullptr);
  void ParseDataType(proto::DataType* type);
  void ParseStructFields(proto::DataType::Struct* type);

  // query.cc
  proto::Relation ParseQuery();
  proto::Relation ParseParenthesizedQuery();
  std::vector<proto::Relation> ParseCommonTables();
  proto::Relation ParseCommonTable(bool recursive);
  proto::Relation ParseSetOperations(int minimum);
  proto::Relation ParseQueryPrimary();
  proto::Relation ParseOrganization(proto::Relation input);
  proto::Relation ParseLimit(proto::Relation input);
  int32_t ParseCount(const char* clause);
  proto::Relation ParsePipes(proto::Relation input);
  proto::Relation ParsePipe(proto::Relation input);
  proto::Relation ParseInlineTable();

  // select.cc
  proto::Relation ParseSelect(std::optional<proto::Relation> from);
  proto::Relation ParseFromStatement();
  std::vector<proto::Relation> ParseHints();
  struct GroupItem;
  struct GroupElement;
  bool ParseGroupBy(plan::SqlAggregate* out);
  GroupItem ParseGroupItem();
  GroupElement ParseGroupElement();

  // from.cc
  proto::Relation ParseFrom();
  proto::Relation ParseRelation(std::optional<proto::Relation> left);
  proto::Relation ParseJoin(proto::Relation left, bool* matched);
  proto::Relation ParseRelationPrimary();
  proto::Relation ParseTable();
  proto::Relation ParseTableFunction(const Names& name, size_t first);
  proto::Relation ParseSample(proto::Relation input);
  proto::Relation ParseTableAlias(proto::Relation input, size_t first);
  proto::Relation ParseLateralView(proto::Relation input);
  proto::Relation ParsePivot(proto::Relation input);
  proto::Relation ParseUnpivot(proto::Relation input);

  // statements*.cc
  bool ParseStatement(plan::Statement* out);
  bool QueryStatementAhead() const;
  void ParseCreate(plan::Statement* out);
  void ParseCreateTable(size_t first, bool or_replace, bool replace, plan::CreateTable* out);
  void ParseTableClauses(plan::CreateTable* out);
  void ParseCreateView(size_t first, bool or_replace, plan::CreateView* out);
  void ParseCreateNamespace(plan::CreateNamespace* out);
  void ParseColumnDefinitions(google::protobuf::RepeatedPtrField<plan::ColumnDefinition>* out);
  void ParseColumnDefinition(plan::ColumnDefinition* out);
  void ParseDrop(size_t first, plan::DropObject* out);
  void ParseInsert(plan::InsertInto* out);
  void ParsePartitionSpec(google::protobuf::RepeatedPtrField<plan::InsertInto::PartitionValue>* out);
  void ParseShow(size_t first, plan::Show* out);
  void ParseDescribe(plan::Statement* out);
  void ParseSet(size_t first, plan::Statement* out);
  void ParseAlter(size_t first, plan::Statement* out);
  void ParseAlterTable(size_t first, bool view, plan::AlterTable* out);
  void ParseExplain(plan::Explain* out);
  void ParseCache(plan::CacheTable* out);
  void RefuseStatement(size_t first);
  void ParseTableOperation(std::string_view operation, plan::Statement* out);
  // statements_variables.cc
  void ParseDeclare(plan::DeclareVariable* out);
  void ParseSetVariables(plan::SetVariables* out);
  void ParseExecuteImmediate(plan::ExecuteImmediate* out);
  void ParseCreateFunction(size_t first, bool or_replace, plan::CreateFunction* out);
  proto::Expression ParseStatementExpression();
  proto::Relation ParseStatementQuery();
  void SetName(plan::Name* out);
  bool AcceptIfExists();
  bool AcceptIfNotExists();
  bool AcceptNamespaceWord();
  void ParseProperties(google::protobuf::Map<std::string, std::string>* out);
  std::string ParsePropertyKey();
  std::string ParsePropertyValue();
  std::string ParsePattern();

  std::string source_;
  const Parameters& parameters_;
  std::vector<Token> tokens_;
  std::vector<size_t> closing_;     ///< for each "(": the index of its ")", or of the end; for each "?": its number
  std::vector<bool> query_inside_;  ///< for each "(": whether it holds a query
  size_t at_ = 0;
  int depth_ = 0;
  size_t copied_bytes_ = 0;
  int64_t next_plan_id_ = kFirstPlanId;
  Names lambda_variables_;
  /// Where sub-queries of the query being parsed go; null outside of queries.
  std::vector<proto::Relation>* subqueries_ = nullptr;

  /// The SELECT being parsed: where it starts, and its WINDOW clause, which stands behind its uses.
  struct SelectScope {
    size_t start = 0;
    bool windows_known = false;
    std::map<std::string, proto::Expression::Window> windows;
  };
  SelectScope* select_ = nullptr;
};

proto::Expression MakeCall(std::string_view function, std::vector<proto::Expression> arguments);
proto::Expression MakeString(std::string_view text);
/// A relation that is one of the extension's kinds.
proto::Relation MakeRelation(const plan::RelationExtension& extension);
proto::Expression MakeExtension(const plan::ExpressionExtension& extension);
/// Around `root`, unless there are none.
proto::Relation WithReferences(proto::Relation root, std::vector<proto::Relation> references);
/// The parts as one name, quoted where they need it.
std::string JoinName(const std::vector<std::string>& parts);
std::string Upper(std::string_view text);

}  // namespace tinderbox::sql
