#include "cli/sql_statements.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tinderbox::cli {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(SplitStatementsTest, CutsAtSemicolons) {
  const SqlStatements statements = SplitStatements("SELECT 1;\n SELECT 2 ;; SELECT 3");
  EXPECT_THAT(statements.complete, ElementsAre("SELECT 1", "SELECT 2"));
  EXPECT_EQ(statements.rest, "SELECT 3");
}

TEST(SplitStatementsTest, LeavesTextsNamesAndCommentsWhole) {
  EXPECT_THAT(SplitStatements(R"(SELECT 'a;\';b', "c;", `d;`;)").complete,
              ElementsAre(R"(SELECT 'a;\';b', "c;", `d;`)"));
  EXPECT_THAT(SplitStatements("SELECT r'\\', 1; SELECT 2;").complete, ElementsAre("SELECT r'\\', 1", "SELECT 2"));
  EXPECT_THAT(SplitStatements("SELECT 1 -- one; two\n+ 1; /* a; /* b; */ c; */ SELECT 2;").complete,
              ElementsAre("SELECT 1 -- one; two\n+ 1", "/* a; /* b; */ c; */ SELECT 2"));
  EXPECT_THAT(SplitStatements("SELECT 1 - 1 / 2;").complete, ElementsAre("SELECT 1 - 1 / 2"));
}

TEST(SplitStatementsTest, WaitsForTheEndOfWhatIsOpen) {
  EXPECT_EQ(SplitStatements("SELECT 'a;").rest, "SELECT 'a;");
  EXPECT_EQ(SplitStatements("SELECT /* a;").rest, "SELECT /* a;");
  EXPECT_EQ(SplitStatements("SELECT `a;").rest, "SELECT `a;");
}

TEST(SplitStatementsTest, LeavesOutWhatIsNoStatement) {
  const SqlStatements statements = SplitStatements("; -- nothing\n /* here; */ ;\n-- the end");
  EXPECT_THAT(statements.complete, IsEmpty());
  EXPECT_EQ(statements.rest, "");
  EXPECT_EQ(SplitStatements("").rest, "");
}

}  // namespace
}  // namespace tinderbox::cli
