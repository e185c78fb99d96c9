#include "program.h"

namespace tinderbox::api_test {

using namespace functions;  // NOLINT: as a user of the library does

std::vector<Case> GroupCases() {
  return {
      {"groupBy and agg",
       [](const Session& s, const std::string&) {
         return PrintSorted(Sales(s).GroupBy("region").Agg({Count("*").Alias("n"), Sum("price").Alias("sum"),
                                                            Avg("price").Alias("avg"), Min("item"), Max("item"),
                                                            CountDistinct("item"), SumDistinct("price"),
                                                            SortArray(CollectList("item")).Alias("items")})) +
                PrintSorted(Sales(s).GroupBy({"region", "item"}).Count());
       }},
      {"agg over all",
       [](const Session& s, const std::string&) {
         return Print(Sales(s).Agg({Count("item"), Mean("price")}));
       }},
      {"short forms",
       [](const Session& s, const std::string&) {
         const GroupedData groups = Sales(s).GroupBy("region");
         return PrintSorted(groups.Sum({"price"})) + PrintSorted(groups.Avg()) + PrintSorted(groups.Min({"id"})) +
                PrintSorted(groups.Max({"id", "price"}));
       }},
      {"rollup, cube, grouping sets",
       [](const Session& s, const std::string&) {
         const DataFrame sales = Sales(s);
         return PrintSorted(sales.Rollup({"region", "item"}).Agg({Count("*").Alias("n"), GroupingId().Alias("g")})) +
                PrintSorted(sales.Cube({"region", "item"}).Count()) +
                PrintSorted(
                    sales.GroupingSets({{"region"}, {"item"}, {}}, {"region", "item"}).Agg(Count("*").Alias("n")));
       }},
      {"pivot",
       [](const Session& s, const std::string&) {
         return PrintSorted(Sales(s).GroupBy("region").Pivot("item", {"apple", "pear"}).Agg(Sum("price"))) +
                PrintSorted(Sales(s).GroupBy("region").Pivot("item").Count()) +
                ErrorOf([&] { Sales(s).Rollup("region").Pivot("item"); });
       }},
      {"describe and summary",
       [](const Session& s, const std::string&) {
         return Print(Sales(s).Describe({"id", "price", "item"})) +
                Print(Sales(s).Select({"id", "price"}).Summary({"count", "min", "50%", "max"}));
       }},
      {"stat",
       [](const Session& s, const std::string&) {
         const DataFrame points = s.Range(10).Select({Col("id").Alias("x"), (Col("id") * Col("id")).Alias("y")});
         std::string out;
         for (const auto& column : points.Stat().ApproxQuantile({"x", "y"}, {0.0, 0.5, 1.0}, 0.0)) {
           for (const double quantile : column) out += Value(quantile).ToJson() + " ";
           out += "\n";
         }
         return out + Value(points.Stat().Cov("x", "y")).ToJson() + "\n" +
                (points.Stat().Corr("x", "x") > 0.999 ? "1\n" : "not 1\n") +
                PrintSorted(Sales(s).Stat().Crosstab("region", "id").Select({"region_id", "1", "4"})) +
                Print(s.Range(9).Select((Col("id") * 0).Alias("n")).Stat().FreqItems({"n"}, 0.5)) +
                Print(Sales(s).Stat().SampleBy("region", {{"north", 1.0}, {"south", 0.0}}, 3).Select("id").Sort("id"));
       }},
      {"observe",
       [](const Session& s, const std::string&) {
         const Observation seen("seen");
         const DataFrame frame =
             Sales(s).Observe(seen, {Count("*").Alias("rows"), Max("price").Alias("top")}).Filter(Col("id") < 3);
         std::string out = ErrorOf([&] { seen.Get(); });
         frame.Collect();
         for (const auto& [name, value] : seen.Get()) out += name + " " + value.ToJson() + "\n";
         return out;
       }},
      {"higher-order functions",
       [](const Session& s, const std::string&) {
         return Print(Sales(s).Select(
             {Transform("xs", [](const Column& x) { return x * 10; }).Alias("a"),
              Transform("xs", [](const Column& x, const Column& i) { return x + i; }).Alias("b"),
              Filter("xs", [](const Column& x) { return x > 1; }).Alias("c"),
              Exists("xs", [](const Column& x) { return x == 4; }).Alias("d"),
              Forall("xs", [](const Column& x) { return x > 0; }).Alias("e"),
              Aggregate("xs", Lit(int64_t{0}), [](const Column& sum, const Column& x) { return sum + x; }).Alias("f"),
              Aggregate(
                  "xs", Lit(int64_t{0}), [](const Column& sum, const Column& x) { return sum + x; },
                  [](const Column& sum) { return sum * 2; })
                  .Alias("g"),
              ZipWith("xs", "xs", [](const Column& a, const Column& b) { return a * b; }).Alias("h"),
              ArraySort("xs", [](const Column& a, const Column& b) { return b - a; }).Alias("i"),
              Transform("xs", [](const Column& x) {
                return Aggregate(Sequence(Lit(int64_t{1}), x), Lit(int64_t{0}),
                                 [&](const Column& sum, const Column& y) { return (sum + x * y).Cast("int"); });
              }).Alias("j")}));
       }},
      {"functions of maps",
       [](const Session& s, const std::string&) {
         const Column map = MapFromArrays(Array({Lit(std::string("a")), Lit(std::string("b"))}),
                                          Array({Lit(int64_t{1}), Lit(int64_t{2})}));
         return Print(s.Range(1).Select(
             {TransformValues(map, [](const Column&, const Column& v) { return v + 1; }).Alias("a"),
              TransformKeys(map, [](const Column& k, const Column&) { return Upper(k); }).Alias("b"),
              MapFilter(map, [](const Column&, const Column& v) { return v > 1; }).Alias("c"),
              MapZipWith(map, map, [](const Column&, const Column& v, const Column& w) { return v + w; }).Alias("d")}));
       }},
  };
}

}  // namespace tinderbox::api_test
