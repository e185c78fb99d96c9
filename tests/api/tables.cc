#include "program.h"

namespace tinderbox::api_test {

using namespace functions;  // NOLINT: as a user of the library does

namespace {

std::string Yes(bool value) {
  return value ? "yes\n" : "no\n";
}

/// A database for one case, gone afterwards.
class Database {
 public:
  Database(const Session& session, std::string name) : session_(session), name_(std::move(name)) {
    session_.Catalog().DropDatabase(name_, true, true);
    session_.Catalog().CreateDatabase(name_);
    session_.Catalog().SetCurrentDatabase(name_);
  }
  ~Database() {
    session_.Catalog().SetCurrentDatabase("default");
    session_.Catalog().DropDatabase(name_, true, true);
  }

 private:
  Session session_;
  std::string name_;
};

}  // namespace

std::vector<Case> TableCases() {
  return {
      {"saveAsTable and insertInto",
       [](const Session& s, const std::string&) {
         const Database database(s, "api_one");
         Sales(s).Drop("xs").Write().SaveAsTable("sales");
         std::string out = PrintSorted(s.Table("sales")) + ErrorOf([&] { Sales(s).Write().SaveAsTable("sales"); });
         Sales(s).Drop("xs").Limit(1).Write().InsertInto("sales");
         out += std::to_string(s.Table("sales").Count()) + "\n";
         Sales(s).Drop("xs").Limit(2).Write().InsertInto("sales", true);
         out += std::to_string(s.Read().Table("api_one.sales").Count()) + "\n";
         Sales(s).Write().Mode("overwrite").Format("parquet").PartitionBy({"region"}).SaveAsTable("sales");
         for (const std::string& partition : s.Catalog().ListPartitions("sales")) out += partition + "\n";
         return out;
       }},
      {"the catalog",
       [](const Session& s, const std::string&) {
         const Database database(s, "api_two");
         const Catalog catalog = s.Catalog();
         std::string out = catalog.CurrentCatalog() + "\n" + catalog.CurrentDatabase() + "\n";
         out += Yes(catalog.DatabaseExists("api_two")) + Yes(catalog.DatabaseExists("api_none"));
         out += catalog.GetDatabase("api_two").name + "\n";
         for (const DatabaseInfo& info : catalog.ListDatabases("api_t*")) out += info.name + "\n";
         Sales(s).Select({"id", "region"}).Write().SaveAsTable("t");
         Sales(s).CreateOrReplaceTempView("v");
         for (const TableInfo& table : catalog.ListTables()) {
           out += table.name + " " + table.table_type + " " + (table.is_temporary ? "temporary" : "kept") + "\n";
         }
         const TableInfo table = catalog.GetTable("t");
         out += table.name + " " + table.name_space.at(0) + " " + table.table_type + "\n";
         for (const ColumnInfo& column : catalog.ListColumns("t"))
           out += column.name + " " + column.data_type + " " + Yes(column.nullable);
         out += Yes(catalog.TableExists("t")) + Yes(catalog.TableExists("t", "default")) +
                Yes(catalog.TableExists("api_two.t"));
         out += Yes(catalog.FunctionExists("abs")) + Yes(catalog.FunctionExists("no_such_function"));
         catalog.CacheTable("t");
         out += Yes(catalog.IsCached("t"));
         catalog.UncacheTable("t");
         out += Yes(catalog.IsCached("t"));
         catalog.ClearCache();
         catalog.RefreshTable("t");
         catalog.TruncateTable("t");
         out += std::to_string(s.Table("t").Count()) + "\n";
         out += Yes(catalog.DropTempView("v")) + Yes(catalog.DropTempView("v"));
         catalog.DropTable("t");
         return out + ErrorOf([&] { catalog.DropTable("t"); }) + ErrorOf([&] { catalog.GetTable("t"); }) +
                Yes(catalog.ListFunctions().size() > 300) + Yes(!catalog.ListCatalogs().empty());
       }},
      {"createTable",
       [](const Session& s, const std::string&) {
         const Database database(s, "api_three");
         s.Catalog().CreateTable("made", {}, "parquet", StructType::FromDdl("a int, b string"), "a table");
         return Print(s.Table("made")) + s.Catalog().GetTable("made").description.value_or("none") + "\n";
       }},
      {"temporary views",
       [](const Session& s, const std::string&) {
         s.Range(3).CreateOrReplaceTempView("three");
         std::string out =
             Print(s.Sql("SELECT sum(id) AS total FROM three")) + ErrorOf([&] { s.Range(1).CreateTempView("three"); });
         s.Range(2).CreateOrReplaceGlobalTempView("two");
         out += Print(s.Table("global_temp.two"));
         return out + Yes(s.Catalog().DropTempView("three")) + Yes(s.Catalog().DropGlobalTempView("two"));
       }},
      {"sql with parameters",
       [](const Session& s, const std::string&) {
         return Print(s.Sql("SELECT :a + 1 AS x, :b AS y", {{"a", 41}, {"b", "text"}})) +
                Print(s.Sql("SELECT ? * 2 AS x, ? AS y", 21, 1.5)) + Print(s.SqlByPosition("SELECT ? AS x", {"only"})) +
                Print(s.Sql("SELECT id FROM range(:n) WHERE id > 1", {{"n", 4}})) + ErrorOf([&] { s.Sql("SELEC 1"); }) +
                ErrorOf([&] { s.Sql("SELECT :gone").Collect(); });
       }},
      {"statements run at once",
       [](const Session& s, const std::string&) {
         const Database database(s, "api_four");
         s.Sql("CREATE TABLE t (a INT, b STRING) USING parquet");
         s.Sql("INSERT INTO t VALUES (1, 'x'), (2, 'y')");
         return PrintSorted(s.Sql("SELECT * FROM t")) + Print(s.Sql("SHOW TABLES").Select({"tableName"}));
       }},
      {"table functions",
       [](const Session& s, const std::string&) {
         return Print(s.TableFunction("range", {3})) + Print(s.TableFunction("explode", {Array({1, 2})})) +
                Yes(!s.TableFunction("sql_keywords").IsEmpty());
       }},
  };
}

}  // namespace tinderbox::api_test
