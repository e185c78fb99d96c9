#pragma once

#include "engine/workspace.h"

namespace tinderbox::plan {
class DescribeFunction;
class DescribeNamespace;
class DescribeQuery;
class DescribeTable;
class Show;
}  // namespace tinderbox::plan

namespace tinderbox::engine {

Rows Describe(Workspace& workspace, const plan::DescribeTable& statement);
Rows Describe(Workspace& workspace, const plan::DescribeQuery& statement);
Rows Describe(const plan::DescribeFunction& statement);
Rows Describe(Workspace& workspace, const plan::DescribeNamespace& statement);
Rows RunShow(Workspace& workspace, const plan::Show& statement);

/// SHOW CREATE TABLE.
std::string CreateStatement(const CatalogTable& table);
/// The name and value of each line of DESCRIBE EXTENDED below the columns.
std::vector<std::pair<std::string, std::string>> Details(const CatalogTable& table);

/// A column of an answer.
StructField AnswerColumn(const char* name, bool nullable = false, DataType type = DataType(TypeKind::kString));
/// The comment of a column; nullopt without one.
std::optional<std::string> CommentOf(const StructField& field);
/// Where the metadata of a column keeps the text of its DEFAULT.
inline constexpr char kCurrentDefault[] = "CURRENT_DEFAULT";
/// That text; nullopt for a column without a DEFAULT.
std::optional<std::string> DefaultTextOf(const StructField& field);
/// Whether a name matches a pattern of SHOW and of the catalogue: "*" is any text, "|" separates patterns, letter case
/// is ignored.
bool MatchesPattern(const std::string& name, const std::string& pattern);
/// The names of Spark's functions, in order.
std::vector<std::string> FunctionNames();
/// Whether Spark has a function of that name.
bool HasFunction(const std::string& name);

}  // namespace tinderbox::engine
