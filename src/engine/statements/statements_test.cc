// Expected rows, schemas and conditions are those of Spark 4.2.0.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/temp_dir.h"
#include "engine/embedded_session.h"
#include "spark/ipc.h"
#include "spark/proto.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {
namespace {

namespace fs = std::filesystem;

class StatementsTest : public ::testing::Test {
 protected:
  std::shared_ptr<Engine> NewEngine() {
    EmbeddedOptions options;
    options.threads = 2;
    options.warehouse = dir_.path() / "warehouse";
    return OpenEngine(options);
  }

  static std::vector<std::string> Collect(spark::Session& session, const proto::Relation& relation) {
    std::vector<std::string> rows;
    auto reader = session.Execute(relation);
    for (ArrowBatch batch; reader->Next(&batch);) {
      for (int64_t i = 0; i < batch.rows(); ++i) {
        std::string row;
        for (size_t c = 0; c < reader->schema().fields.size(); ++c) {
          row += (c == 0 ? "" : "|") + spark::ToValue(reader->schema().fields[c].type, batch.column(c), i).ToString();
        }
        rows.push_back(row);
      }
    }
    return rows;
  }
  static proto::Relation Run(spark::Session& session, const std::string& sql) {
    proto::Command command;
    command.mutable_sql_command()->mutable_input()->mutable_sql()->set_query(sql);
    return session.Execute(command, "").sql_command_result().relation();
  }
  std::vector<std::string> Sql(const std::string& sql) { return Collect(*session_, Run(*session_, sql)); }
  std::string ConditionOf(const std::string& sql) {
    try {
      Sql(sql);
      return "no error";
    } catch (const Error& error) {
      return error.condition();
    }
  }
  void CreateView(const std::string& sql, const std::string& name, bool replace = false, bool global = false) {
    proto::Command command;
    auto& view = *command.mutable_create_dataframe_view();
    view.mutable_input()->mutable_sql()->set_query(sql);
    view.set_name(name);
    view.set_replace(replace);
    view.set_is_global(global);
    session_->Execute(command, "");
  }

  using Strings = std::vector<std::string>;
  base::TempDir dir_;
  std::shared_ptr<Engine> engine_ = NewEngine();
  std::shared_ptr<spark::Session> session_ = OpenSession(engine_);
};

TEST_F(StatementsTest, AQueryComesBackLazyAndItsErrorsComeNow) {
  EXPECT_TRUE(Run(*session_, "SELECT 1 AS a").has_sql());
  EXPECT_EQ(Sql("SELECT 1 AS a"), (Strings{"1"}));
  EXPECT_EQ(ConditionOf("SELECT * FROM nope"), "TABLE_OR_VIEW_NOT_FOUND");
  EXPECT_EQ(ConditionOf("SELECT * FROM a.b.c.d"), "REQUIRES_SINGLE_PART_NAMESPACE");
}

TEST_F(StatementsTest, TablesOutliveTheEngineAndAreSeenByAllSessions) {
  Sql("CREATE TABLE t (a INT, b STRING COMMENT 'bb', p INT) USING parquet PARTITIONED BY (p) COMMENT 'tc' "
      "TBLPROPERTIES (k='v')");
  Sql("INSERT INTO t VALUES (1,'x',1),(2,'y',2)");
  auto other = OpenSession(engine_);
  EXPECT_EQ(Collect(*other, Run(*other, "SELECT * FROM spark_catalog.default.t ORDER BY a")),
            (Strings{"1|x|1", "2|y|2"}));
  other.reset();
  session_.reset();
  engine_.reset();
  engine_ = NewEngine();
  session_ = OpenSession(engine_);
  EXPECT_EQ(Sql("SELECT * FROM t ORDER BY a"), (Strings{"1|x|1", "2|y|2"}));
  EXPECT_EQ(Sql("SHOW PARTITIONS t"), (Strings{"p=1", "p=2"}));
  EXPECT_EQ(Sql("DESCRIBE t"), (Strings{"a|int|NULL", "b|string|bb", "p|int|NULL", "# Partition Information||",
                                        "# col_name|data_type|comment", "p|int|NULL"}));
  EXPECT_EQ(
      Sql("SHOW CREATE TABLE t"),
      (Strings{"CREATE TABLE spark_catalog.default.t (\n  a INT,\n  b STRING COLLATE UTF8_BINARY COMMENT 'bb',\n  p "
               "INT)\nUSING parquet\nPARTITIONED BY (p)\nCOMMENT 'tc'\nTBLPROPERTIES (\n  'k' = 'v')\n"}));
  EXPECT_EQ(ConditionOf("CREATE TABLE t (a INT) USING parquet"), "TABLE_OR_VIEW_ALREADY_EXISTS");
  Sql("ALTER TABLE t ADD COLUMNS (d DOUBLE)");
  EXPECT_EQ(Sql("SELECT * FROM t ORDER BY a"), (Strings{"1|x|NULL|1", "2|y|NULL|2"}));
  Sql("ALTER TABLE t RENAME TO t2");
  EXPECT_EQ(Sql("SELECT a FROM t2 WHERE p = 2"), (Strings{"2"}));
  Sql("TRUNCATE TABLE t2");
  EXPECT_EQ(Sql("SELECT * FROM t2"), Strings{});
  Sql("DROP TABLE t2");
  EXPECT_FALSE(fs::exists(dir_.path() / "warehouse" / "t2"));
  EXPECT_EQ(ConditionOf("DROP TABLE t2"), "TABLE_OR_VIEW_NOT_FOUND");
  EXPECT_EQ(ConditionOf("DROP TABLE IF EXISTS t2"), "no error");
}

TEST_F(StatementsTest, InsertsAreCheckedAsAnsiStoreAssignments) {
  Sql("CREATE TABLE c USING csv AS SELECT 1 a, 'x' b");
  EXPECT_EQ(ConditionOf("INSERT INTO c VALUES (1, 2, 3)"), "INSERT_COLUMN_ARITY_MISMATCH.TOO_MANY_DATA_COLUMNS");
  EXPECT_EQ(ConditionOf("INSERT INTO c (a, zz) VALUES (1, 2)"), "UNRESOLVED_COLUMN.WITH_SUGGESTION");
  EXPECT_EQ(ConditionOf("INSERT INTO c BY NAME SELECT 1 b, 'z' x"), "INCOMPATIBLE_DATA_FOR_TABLE.EXTRA_COLUMNS");
  EXPECT_EQ(ConditionOf("INSERT INTO c VALUES ('abc', 'x')"), "INCOMPATIBLE_DATA_FOR_TABLE.CANNOT_SAFELY_CAST");
  Sql("INSERT INTO c (b) VALUES (1)");
  Sql("INSERT INTO c BY NAME SELECT 'n' b, 1.5D a");
  EXPECT_EQ(Sql("SELECT * FROM c ORDER BY b"), (Strings{"NULL|1", "1|n", "1|x"}));
  Sql("CREATE TABLE tiny (a TINYINT) USING parquet");
  EXPECT_EQ(ConditionOf("INSERT INTO tiny SELECT 300"), "CAST_OVERFLOW_IN_TABLE_INSERT");
  EXPECT_EQ(ConditionOf("INSERT INTO tiny SELECT DATE'2020-01-01'"), "INCOMPATIBLE_DATA_FOR_TABLE.CANNOT_SAFELY_CAST");
  EXPECT_EQ(Sql("SELECT * FROM tiny"), Strings{});
}

TEST_F(StatementsTest, OverwritingReplacesAllOrOnePartition) {
  Sql("CREATE TABLE t (a INT, p INT) USING parquet PARTITIONED BY (p)");
  Sql("INSERT INTO t VALUES (1,1),(2,2)");
  Sql("INSERT OVERWRITE t PARTITION (p=1) SELECT 9");
  EXPECT_EQ(Sql("SELECT * FROM t ORDER BY p"), (Strings{"9|1", "2|2"}));
  Sql("SET spark.sql.sources.partitionOverwriteMode=DYNAMIC");
  Sql("INSERT OVERWRITE t VALUES (8, 2)");
  EXPECT_EQ(Sql("SELECT * FROM t ORDER BY p"), (Strings{"9|1", "8|2"}));
  Sql("SET spark.sql.sources.partitionOverwriteMode=STATIC");
  Sql("INSERT OVERWRITE t VALUES (7, 3)");
  EXPECT_EQ(Sql("SELECT * FROM t ORDER BY p"), (Strings{"7|3"}));
  EXPECT_EQ(ConditionOf("INSERT OVERWRITE t SELECT * FROM t"), "UNSUPPORTED_OVERWRITE.TABLE");
  EXPECT_EQ(Sql("SELECT * FROM t"), (Strings{"7|3"}));
  EXPECT_EQ(ConditionOf("INSERT INTO t PARTITION (zz=1) SELECT 1"), "PARTITIONS_NOT_FOUND");
}

TEST_F(StatementsTest, DatabasesHoldTables) {
  Sql("CREATE DATABASE d COMMENT 'c'");
  EXPECT_EQ(ConditionOf("CREATE DATABASE d"), "SCHEMA_ALREADY_EXISTS");
  EXPECT_EQ(ConditionOf("USE nope"), "SCHEMA_NOT_FOUND");
  Sql("USE d");
  Sql("CREATE TABLE t AS SELECT 1 AS a");
  EXPECT_EQ(Sql("SHOW TABLES"), (Strings{"d|t|false"}));
  EXPECT_EQ(Sql("SHOW DATABASES"), (Strings{"d", "default"}));
  EXPECT_EQ(Sql("SELECT t.a FROM d.t"), (Strings{"1"}));
  EXPECT_EQ(ConditionOf("DROP DATABASE d"), "SCHEMA_NOT_EMPTY");
  Sql("DROP DATABASE d CASCADE");
  EXPECT_EQ(ConditionOf("SELECT * FROM d.t"), "TABLE_OR_VIEW_NOT_FOUND");
  EXPECT_FALSE(fs::exists(dir_.path() / "warehouse" / "d.db"));
}

TEST_F(StatementsTest, ViewsMeanWhatTheyMeantWhenTheyWereMade) {
  CreateView("SELECT 1 AS a", "v");
  CreateView("SELECT a + 1 AS a FROM v", "v", true);  // of what v was before
  EXPECT_EQ(Sql("SELECT v.a FROM v"), (Strings{"2"}));
  EXPECT_EQ(ConditionOf("CREATE TEMP VIEW v AS SELECT 1"), "TEMP_TABLE_OR_VIEW_ALREADY_EXISTS");
  EXPECT_EQ(ConditionOf("CREATE OR REPLACE TEMP VIEW v AS SELECT * FROM v"), "RECURSIVE_VIEW");
  CreateView("SELECT 7 AS g", "gv", false, true);
  auto other = OpenSession(engine_);
  EXPECT_EQ(Collect(*other, Run(*other, "SELECT * FROM global_temp.gv")), (Strings{"7"}));
  EXPECT_THROW(Run(*other, "SELECT * FROM v"), Error);
  Sql("SET spark.sql.ansi.enabled=false");
  CreateView("SELECT CAST('x' AS INT) AS n", "lenient");
  Sql("SET spark.sql.ansi.enabled=true");
  EXPECT_EQ(Sql("SELECT * FROM lenient"), (Strings{"NULL"}));
  Sql("CREATE TABLE t AS SELECT 1 AS a, 'q' AS b");
  Sql("CREATE VIEW stored (x COMMENT 'cx', y) COMMENT 'vc' AS SELECT a, b FROM t");
  EXPECT_EQ(Sql("SELECT stored.y FROM stored"), (Strings{"q"}));
  EXPECT_EQ(Sql("DESCRIBE stored"), (Strings{"x|int|cx", "y|string|NULL"}));
  EXPECT_EQ(ConditionOf("CREATE VIEW bad AS SELECT * FROM lenient"), "INVALID_TEMP_OBJ_REFERENCE");
  EXPECT_EQ(ConditionOf("DROP VIEW t"), "WRONG_COMMAND_FOR_OBJECT_TYPE");
  EXPECT_EQ(ConditionOf("INSERT INTO v VALUES (1)"), "EXPECT_TABLE_NOT_VIEW.NO_ALTERNATIVE");
}

TEST_F(StatementsTest, CachedTablesAreReadUntilTheyChange) {
  Sql("CREATE TABLE t AS SELECT 1 AS a");
  Sql("CACHE TABLE t");
  // What the engine is not told of, it does not see.
  fs::remove_all(dir_.path() / "warehouse" / "t");
  EXPECT_EQ(Sql("SELECT a FROM t"), (Strings{"1"}));
  // A table of a WITH clause is another thing of that name.
  EXPECT_EQ(Sql("WITH t AS (SELECT 5 AS a) SELECT a FROM t"), (Strings{"5"}));
  Sql("REFRESH TABLE t");
  EXPECT_EQ(Sql("SELECT a FROM t"), Strings{});
  Sql("INSERT INTO t VALUES (3)");
  EXPECT_EQ(Sql("SELECT a FROM t"), (Strings{"3"}));
  Sql("UNCACHE TABLE t");
  EXPECT_EQ(Sql("SELECT a FROM t"), (Strings{"3"}));
}

TEST_F(StatementsTest, CheckpointsKeepTheirRows) {
  Sql("CREATE TABLE t AS SELECT 1 AS a");
  for (const bool eager : {true, false}) {
    proto::Command command;
    command.mutable_checkpoint_command()
        ->mutable_relation()
        ->mutable_read()
        ->mutable_named_table()
        ->set_unparsed_identifier("t");
    command.mutable_checkpoint_command()->set_eager(eager);
    proto::Relation kept;
    *kept.mutable_cached_remote_relation() = session_->Execute(command, "").checkpoint_command_result().relation();
    if (!eager) {
      EXPECT_EQ(Collect(*session_, kept).size(), 1u);
    }
    Sql("INSERT INTO t VALUES (3)");
    EXPECT_EQ(Collect(*session_, kept).size(), 1u);
    proto::Command remove;
    *remove.mutable_remove_cached_remote_relation_command()->mutable_relation() = kept.cached_remote_relation();
    session_->Execute(remove, "");
    EXPECT_THROW(Collect(*session_, kept), Error);
    Sql("INSERT OVERWRITE t VALUES (1)");
  }
}

TEST_F(StatementsTest, TextFilesAreLines) {
  const fs::path file = dir_.path() / "lines.txt";
  std::ofstream(file, std::ios::binary) << "a\r\nb\rc\n\nlast";
  EXPECT_EQ(Sql("SELECT value FROM text.`" + file.string() + "`"), (Strings{"a", "b", "c", "", "last"}));
}

}  // namespace
}  // namespace tinderbox::engine
