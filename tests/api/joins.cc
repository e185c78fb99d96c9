#include "program.h"

namespace tinderbox::api_test {

using namespace functions;  // NOLINT: as a user of the library does

namespace {

DataFrame Regions(const Session& s) {
  return s.CreateDataFrame({"region", "head"}, std::vector<std::tuple<std::string, std::optional<std::string>>>{
                                                   {"north", "Ann"}, {"south", "Bob"}, {"west", {}}});
}

}  // namespace

std::vector<Case> JoinCases() {
  return {
      {"joins of every kind by a condition",
       [](const Session& s, const std::string&) {
         const DataFrame sales = Sales(s).Select({"id", "region"});
         const DataFrame regions = Regions(s);
         std::string out;
         for (const char* how : {"inner", "left", "right_outer", "full", "semi", "left_anti"}) {
           out += std::string(how) + "\n" + PrintSorted(sales.Join(regions, sales["region"] == regions["region"], how));
         }
         return out;
       }},
      {"joins of every kind by names",
       [](const Session& s, const std::string&) {
         const DataFrame sales = Sales(s).Select({"id", "region"});
         std::string out;
         for (const char* how : {"inner", "leftouter", "right", "outer", "leftsemi", "anti"}) {
           out += std::string(how) + "\n" + PrintSorted(sales.Join(Regions(s), {"region"}, how));
         }
         return out;
       }},
      {"cross join, and a kind that is none",
       [](const Session& s, const std::string&) {
         return PrintSorted(s.Range(2).CrossJoin(s.Range(2).ToDf({"n"}))) +
                ErrorOf([&] { s.Range(1).Join(s.Range(1), {"id"}, "sideways"); });
       }},
      {"a self-join by aliases",
       [](const Session& s, const std::string&) {
         const DataFrame a = s.Range(3).Alias("a");
         const DataFrame b = s.Range(3).Filter(Col("id") > 0).Alias("b");
         return PrintSorted(a.Join(b, Col("a.id") == Col("b.id") + 1).Select({"a.id", Col("b.id").Alias("other")}));
       }},
      {"two ranges by the DataFrames' own columns",
       [](const Session& s, const std::string&) {
         const DataFrame a = s.Range(3);
         const DataFrame b = s.Range(1, 4);
         return PrintSorted(a.Join(b, a["id"] == b["id"]).Select({a["id"], b["id"].Alias("other")}));
       }},
      {"broadcast",
       [](const Session& s, const std::string&) {
         return PrintSorted(Sales(s).Select({"id", "region"}).Join(Broadcast(Regions(s)), {"region"}));
       }},
      {"lateral join",
       [](const Session& s, const std::string&) {
         const DataFrame counted = s.Range(3).ToDf({"n"}).Where(Col("n") < Size(Col("xs").Outer()));
         return PrintSorted(Sales(s).Select({"id", "xs"}).LateralJoin(counted).Select({"id", "n"})) +
                PrintSorted(
                    Sales(s).Select({"id", "xs"}).LateralJoin(counted, Col("n") > 0, "left").Select({"id", "n"}));
       }},
      {"set operations",
       [](const Session& s, const std::string&) {
         const DataFrame a = s.Range(3).Union(s.Range(1));
         const DataFrame b = s.Range(1, 4);
         return PrintSorted(a.Union(b)) + PrintSorted(a.Intersect(b)) + PrintSorted(a.IntersectAll(a)) +
                PrintSorted(a.Subtract(b)) + PrintSorted(a.ExceptAll(b));
       }},
      {"union by name",
       [](const Session& s, const std::string&) {
         const DataFrame a = Sales(s).Select({"id", "region"}).Limit(1);
         return PrintSorted(a.UnionByName(Sales(s).Select({"region", "id"}).Filter(Col("id") == 5))) +
                PrintSorted(a.UnionByName(Regions(s), true)) + ErrorOf([&] { a.UnionByName(Regions(s)).Collect(); });
       }},
      {"sub-queries",
       [](const Session& s, const std::string&) {
         const DataFrame sales = Sales(s).Alias("o");
         const DataFrame most = Sales(s).Agg(Max("price"));
         const DataFrame heads = Regions(s).Filter(Col("head").IsNotNull());
         return PrintSorted(sales.Select({"id", (most.Scalar() - Col("price")).Alias("below")})) +
                PrintSorted(sales.Where(Col("price") == most.Scalar()).Select("id")) +
                PrintSorted(sales.Where(heads.Where(Col("region") == Col("o.region").Outer()).Exists()).Select("id")) +
                PrintSorted(sales.Where(!Col("region").IsIn(heads.Select("region"))).Select("id")) +
                PrintSorted(
                    sales.Where(Struct({"region", "id"}).IsIn(Sales(s).Where(Col("id") < 3).Select({"region", "id"})))
                        .Select("id"));
       }},
      {"a scalar sub-query of two rows",
       [](const Session& s, const std::string&) {
         return ErrorOf([&] { s.Range(1).Select(s.Range(2).Scalar()).Collect(); });
       }},
  };
}

}  // namespace tinderbox::api_test
