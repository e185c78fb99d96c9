#include "program.h"

namespace tinderbox::api_test {

using namespace functions;  // NOLINT: as a user of the library does

std::vector<Case> ColumnCases() {
  return {
      {"operators with literals on both sides",
       [](const Session& s, const std::string&) {
         return Print(s.Range(3).Select(
             {(Col("id") + 1).Alias("a"), (10 - Col("id")).Alias("b"), (Col("id") * 2.5).Alias("c"),
              (Col("id") / 2).Alias("d"), (Col("id") % 2 == 0).Alias("e"), (-Col("id")).Alias("f"),
              (!(Col("id") > 1) && Col("id") != 0).Alias("g"), (Col("id") < 1 || 2 <= Col("id")).Alias("h")}));
       }},
      {"predicates",
       [](const Session& s, const std::string&) {
         return Print(Sales(s).Select({Col("item").IsNull().Alias("a"), Col("item").IsNotNull().Alias("b"),
                                       Col("price").IsNan().Alias("c"), Col("item").EqNullSafe("apple").Alias("d"),
                                       Col("price").Between(2, 4).Alias("e"), Col("id").IsIn({1, 3, 5}).Alias("f"),
                                       Col("item").Like("%pl%").Alias("g"), Col("item").ILike("APP%").Alias("h"),
                                       Col("item").RLike("^p").Alias("i"), Col("item").Contains("ea").Alias("j"),
                                       Col("item").StartsWith("p").Alias("k"), Col("item").EndsWith("e").Alias("l")}));
       }},
      {"casts",
       [](const Session& s, const std::string&) {
         return Print(Sales(s).Select({Col("id").Cast("string"), Col("price").Cast(DataType::Decimal(10, 2)).Alias("d"),
                                       Col("region").TryCast("int").Alias("t"),
                                       Col("price").TryCast(DataType(TypeKind::kInteger)).Alias("i")}));
       }},
      {"substr and bits",
       [](const Session& s, const std::string&) {
         return Print(Sales(s).Select({Col("region").Substr(2, 3).Alias("a"), Col("id").BitwiseAnd(3).Alias("b"),
                                       Col("id").BitwiseOr(8).Alias("c"), Col("id").BitwiseXor(5).Alias("d")}));
       }},
      {"items and fields",
       [](const Session& s, const std::string&) {
         const DataFrame nested = Sales(s).Select(
             {Struct({"id", "region"}).Alias("s"), "xs", CreateMap({Lit(std::string("k")), Col("id")}).Alias("m")});
         return Print(nested.Select({Col("s")["id"].Alias("a"), Col("s").GetField("region").Alias("b"),
                                     Get("xs", 0).Alias("c"), Col("m")["k"].Alias("d"), Col("s.id").Alias("e"),
                                     Col("s").WithField("n", Lit(int64_t{1})).Alias("f"),
                                     Col("s").DropFields({"id"}).Alias("g")}));
       }},
      {"when",
       [](const Session& s, const std::string&) {
         return Print(
             Sales(s).Select({When(Col("price") > 3, "dear").When(Col("price") > 0, "cheap").Otherwise("?").Alias("a"),
                              When(Col("id") == 1, 1).Alias("b")}));
       }},
      {"otherwise twice",
       [](const Session&, const std::string&) {
         return ErrorOf([] { When(Col("a") == 1, 1).Otherwise(2).Otherwise(3); });
       }},
      {"windows",
       [](const Session& s, const std::string&) {
         const WindowSpec by_region = Window::PartitionBy("region").OrderBy("id");
         return PrintSorted(Sales(s).Select(
             {"id", RowNumber().Over(by_region).Alias("n"), Sum("price").Over(by_region).Alias("running"),
              Sum("id").Over(by_region.RowsBetween(-1, Window::kCurrentRow)).Alias("two"),
              Max("id")
                  .Over(by_region.RowsBetween(Window::kUnboundedPreceding, Window::kUnboundedFollowing))
                  .Alias("last"),
              Count("*").Over(Window::PartitionBy({})).Alias("all"),
              Sum("id").Over(Window::OrderBy("id").RangeBetween(-2, 0)).Alias("near"),
              Lag("id").Over(Window::OrderBy("id")).Alias("lag"),
              Lead("id", 2, -1).Over(Window::OrderBy("id")).Alias("lead"),
              Rank().Over(Window::OrderBy(Desc("price"))).Alias("rank")}));
       }},
      {"orders with nulls",
       [](const Session& s, const std::string&) {
         std::string out;
         for (const Column& order : {Col("price").Asc(), Col("price").Desc(), Col("price").AscNullsLast(),
                                     Col("price").DescNullsFirst(), Asc("price"), DescNullsLast("price")}) {
           out += Print(Sales(s).Sort({order, "id"}).Select("id")) + "-\n";
         }
         return out;
       }},
      {"alias with metadata",
       [](const Session& s, const std::string&) {
         return s.Range(1).Select(Col("id").Alias("x", R"({"note":"hi"})")).Schema().fields[0].metadata_json + "\n";
       }},
      {"an alias for each column",
       [](const Session& s, const std::string&) {
         return Print(s.Range(1).Select(Posexplode(Array({Lit(int64_t{7}), Lit(int64_t{8})})).Aliases({"at", "x"})));
       }},
      {"unknown column",
       [](const Session& s, const std::string&) { return ErrorOf([&] { s.Range(1).Select("nothing").Collect(); }); }},
      {"cast of text that is no number",
       [](const Session& s, const std::string&) {
         return ErrorOf([&] { s.Range(1).Select(Lit(std::string("x")).Cast("int")).Collect(); });
       }},
  };
}

}  // namespace tinderbox::api_test
