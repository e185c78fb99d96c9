#include "program.h"

namespace tinderbox::api_test {

using namespace functions;  // NOLINT: as a user of the library does

std::vector<Case> RowCases() {
  return {
      {"select and filter",
       [](const Session& s, const std::string&) {
         return Print(Sales(s).Filter(Col("price") > 2).Select({"id", "region", Upper("item").Alias("loud")}));
       }},
      {"where in sql and selectExpr",
       [](const Session& s, const std::string&) {
         return Print(Sales(s).Where("price IS NULL OR id = 1").SelectExpr({"id", "price * 2 AS twice"}));
       }},
      {"withColumn, withColumns, renamed, drop, toDF",
       [](const Session& s, const std::string&) {
         return Print(Sales(s)
                          .Drop({"xs", "nothing"})
                          .WithColumn("id", Col("id") + 100)
                          .WithColumns({{"a", Col("id")}, {"b", Col("region")}})
                          .WithColumnRenamed("item", "thing")
                          .Drop(Col("price"))) +
                Print(s.Range(1).ToDf({"n"}));
       }},
      {"to a schema",
       [](const Session& s, const std::string&) {
         return Print(Sales(s).To(StructType::FromDdl("region string, id bigint")));
       }},
      {"metadata",
       [](const Session& s, const std::string&) {
         return s.Range(1).WithMetadata("id", R"({"unit":"m"})").Schema().fields[0].metadata_json + "\n";
       }},
      {"distinct and dropDuplicates",
       [](const Session& s, const std::string&) {
         return PrintSorted(Sales(s).Select({"region", "item"}).Distinct()) +
                PrintSorted(Sales(s).Select({"region", "item", "price"}).DropDuplicates()) +
                PrintSorted(Sales(s).DropDuplicates({"region"}).Select("region"));
       }},
      {"sort, limit, offset, tail, head, first",
       [](const Session& s, const std::string&) {
         const DataFrame sorted = s.Range(10).OrderBy(Col("id").Desc());
         return Print(sorted.Limit(2)) + Print(sorted.Offset(8)) + Print(sorted.Tail(2)) + Print(sorted.Head(1)) +
                Print(std::vector<Row>{*sorted.First()}) + Print(s.Range(0).Take(1)) +
                (s.Range(0).IsEmpty() && !s.Range(1).IsEmpty() && !s.Range(0).First() ? "yes\n" : "no\n");
       }},
      {"sample without a fraction and with all",
       [](const Session& s, const std::string&) {
         return Print(s.Range(5).Sample(0.0)) + Print(s.Range(3).Sample(1.0, false, 7).Sort("id"));
       }},
      {"randomSplit takes each row once",
       [](const Session& s, const std::string&) {
         const std::vector<DataFrame> parts = s.Range(100).RandomSplit({1, 2, 1}, 11);
         return Print(parts[0].Union(parts[1]).Union(parts[2]).Agg({Count("*"), Sum("id"), CountDistinct("id")}));
       }},
      {"a negative weight",
       [](const Session& s, const std::string&) { return ErrorOf([&] {
                                                    s.Range(1).RandomSplit({1, -1});
                                                  }); }},
      {"unpivot",
       [](const Session& s, const std::string&) {
         return PrintSorted(
             Sales(s).WithColumn("twice", Col("price") * 2).Unpivot("id", {"price", "twice"}, "what", "value"));
       }},
      {"transpose",
       [](const Session& s, const std::string&) {
         return Print(
             s.CreateDataFrame({"k", "a", "b"},
                               std::vector<std::tuple<std::string, int32_t, int32_t>>{{"x", 1, 2}, {"y", 3, 4}})
                 .Transpose("k"));
       }},
      {"zipWithIndex", [](const Session& s, const std::string&) { return Print(s.Range(5, 8).ZipWithIndex("n")); }},
      {"na",
       [](const Session& s, const std::string&) {
         const DataFrame sales = Sales(s).Select({"id", "item", "price"});
         return Print(sales.Na().Drop()) + Print(sales.Na().Drop("all")) + Print(sales.Na().Drop(3)) +
                Print(sales.Na().Drop("any", {"item"})) + Print(sales.Na().Fill(0)) + Print(sales.Na().Fill("none")) +
                Print(sales.Na().Fill({{"item", "?"}, {"price", 1.5}})) +
                Print(sales.Na().Replace({{"apple", "APPLE"}, {"pear", Value()}})) +
                Print(sales.Na().Replace({{3.5, 4}}, {"price"})) + ErrorOf([&] { sales.Na().Drop("some"); });
       }},
      {"hints and partitions change no rows",
       [](const Session& s, const std::string&) {
         return PrintSorted(s.Range(3).Hint("broadcast")) + PrintSorted(s.Range(3).Repartition(2)) +
                PrintSorted(s.Range(3).Repartition(2, "id")) + PrintSorted(s.Range(3).Repartition("id")) +
                PrintSorted(s.Range(3).RepartitionByRange(2, "id")) + PrintSorted(s.Range(3).RepartitionByRange("id")) +
                PrintSorted(s.Range(3).Coalesce(1)) + PrintSorted(s.Range(3).SortWithinPartitions("id")) +
                PrintSorted(s.Range(3).RepartitionById(2, (Col("id") % 2).Cast("int")));
       }},
      {"transform",
       [](const Session& s, const std::string&) {
         return Print(s.Range(2).Transform([](const DataFrame& df) { return df.WithColumn("x", Col("id") * 3); }));
       }},
      {"colRegex and star",
       [](const Session& s, const std::string&) {
         const DataFrame sales = Sales(s);
         return Print(sales.Select(sales.ColRegex("`i.*`"))) + Print(sales.Alias("t").Select({"t.*"}).Limit(1));
       }},
      {"show",
       [](const Session& s, const std::string&) {
         return Sales(s).ShowString() + Sales(s).ShowString(2, 4) + Sales(s).ShowString(1, 0, true);
       }},
      {"tree, columns, types",
       [](const Session& s, const std::string&) {
         std::string out = Sales(s).TreeString() + Sales(s).TreeString(1);
         for (const std::string& name : Sales(s).Columns()) out += name + "\n";
         for (const auto& [name, type] : Sales(s).Dtypes()) out += name + " " + type + "\n";
         return out;
       }},
      {"semantics",
       [](const Session& s, const std::string&) {
         const DataFrame a = s.Range(3).Filter(Col("id") > 1);
         const DataFrame b = s.Range(3).Filter(Col("id") > 1);
         return std::string(a.SameSemantics(b) ? "same\n" : "other\n") +
                (a.SameSemantics(s.Range(4)) ? "same\n" : "other\n") + (a.IsStreaming() ? "streaming\n" : "batch\n");
       }},
      {"counts", [](const Session& s, const std::string&) { return std::to_string(Sales(s).Count()) + "\n"; }},
  };
}

}  // namespace tinderbox::api_test
