#include "program.h"

namespace tinderbox::api_test {

using namespace functions;  // NOLINT: as a user of the library does

namespace {

Column Text(const char* text) {
  return Lit(Value(std::string(text)));
}

}  // namespace

std::vector<Case> FunctionCases() {
  return {
      {"texts",
       [](const Session& s, const std::string&) {
         return Print(s.Range(1).Select({Upper(Text("straße")), ConcatWs("-", {Text("a"), Text("b")}),
                                         Substring(Text("Spark SQL"), 1, 5), Split(Text("a1b2c"), "[0-9]"),
                                         RegexpReplace(Text("a1b"), "[0-9]", "_"), Lpad(Text("7"), 3, "0"),
                                         Trim(Text("  x ")), Trim(Text("xxaxx"), Text("x")), Locate("b", Text("abc")),
                                         FormatString("%d-%s", {"id", Text("z")}), Translate(Text("abc"), "ab", "xy"),
                                         Instr(Text("hello"), "l"), Initcap(Text("ab cd"))}));
       }},
      {"times",
       [](const Session& s, const std::string&) {
         const Column day = ToDate(Text("2024-02-29"));
         const Column time = ToTimestamp(Text("2024-02-29 12:30:45"));
         return Print(s.Range(1).Select({Year(day), Month(day), Dayofweek(day), AddMonths(day, 12), LastDay(day),
                                         DateFormat(time, "yyyy/MM/dd HH"), DateTrunc("month", time),
                                         Datediff(day, Lit(Value(DateValue{0}))), UnixTimestamp(time),
                                         MakeDate(2024, 1, 2), MakeDtInterval(1, 2), DateAdd(day, 1),
                                         MonthsBetween(day, ToDate(Text("2023-12-31"))), Trunc(day, "year")}));
       }},
      {"numbers",
       [](const Session& s, const std::string&) {
         return Print(s.Range(1, 2).Select({Abs(Lit(int64_t{-3})), Round(Lit(2.567), 2), Bround(Lit(2.5)),
                                            Ceil(Lit(1.2)), Floor(Lit(-1.2)), Pmod(Lit(int64_t{-7}), Lit(int64_t{3})),
                                            Greatest({"id", 3, 2}), Least({"id", 3}), Conv(Text("ff"), 16, 10),
                                            Hex("id"), Shiftleft("id", 3), TryDivide("id", 0), Sqrt(Lit(4.0)),
                                            WidthBucket(Lit(5.3), 0.2, 10.6, 5), BitwiseNot("id"), Log(2.0, Lit(8.0)),
                                            Hash("id"), Xxhash64("id"), Factorial(Lit(int64_t{5}))}));
       }},
      {"arrays and maps",
       [](const Session& s, const std::string&) {
         return Print(Sales(s).Select({ArrayContains("xs", 2), ArrayJoin("xs", ",", "?"), Size("xs"), Slice("xs", 1, 2),
                                       ArrayInsert("xs", 1, 0), ArrayDistinct("xs"), ArrayRepeat("id", 2),
                                       SortArray("xs", false), Reverse("xs")}));
       }},
      {"json, csv and variants",
       [](const Session& s, const std::string&) {
         return Print(s.Range(1).Select(
                    {FromJson(Text(R"({"a":1,"b":[2]})"), "a INT, b ARRAY<INT>").Alias("j"),
                     FromJson(Text(R"({"a":1})"), StructType::FromDdl("a bigint")).Alias("k"),
                     ToJson(Struct({"id"})).Alias("t"), GetJsonObject(Text(R"({"a":{"b":5}})"), "$.a.b").Alias("g"),
                     FromCsv(Text("1;x"), "a INT, b STRING", {{"sep", ";"}}).Alias("c"),
                     ToCsv(Struct({"id", Text("y").Alias("y")})).Alias("v"), SchemaOfJson(R"([{"a":1}])").Alias("s"),
                     VariantGet(ParseJson(Text("{\"x\":3}")), "$.x", "int").Alias("w")})) +
                Print(s.Range(1).Select(JsonTuple(Text(R"({"a":1,"b":"z"})"), {"a", "b"})));
       }},
      {"aggregates",
       [](const Session& s, const std::string&) {
         return Print(
             Sales(s).Agg({ApproxCountDistinct("region"), Percentile("price", 0.5),
                           Percentile("price", std::vector<double>{0.0, 1.0}), Median("price"), Stddev("price"),
                           Round(Corr("id", "price"), 10), BitOr("id"), BoolAnd(Col("id") > 0), CountIf(Col("id") > 2),
                           MaxBy("region", "id"), MinBy("region", "id"), Mode("region"), First("id"), Last("id", true),
                           Listagg("region", ","), ListaggDistinct(Lit(Value(std::string("x")))),
                           SortArray(CollectSet("region")), TrySum("price"), Round(Kurtosis("price"), 10)}));
       }},
      {"generators",
       [](const Session& s, const std::string&) {
         return Print(Sales(s).Select({"id", ExplodeOuter("xs").Alias("x")})) +
                Print(Sales(s).Select({"id", Posexplode("xs")})) +
                Print(s.Range(1).Select(Stack({2, 1, Text("a"), 2, Text("b")})));
       }},
      {"time windows",
       [](const Session& s, const std::string&) {
         const DataFrame events = s.Range(4).Select({TimestampSeconds(Col("id") * 400).Alias("t"), "id"});
         return PrintSorted(events.GroupBy(functions::Window("t", "10 minutes")).Agg(Sum("id"))) +
                PrintSorted(events.GroupBy(functions::Window("t", "10 minutes", "5 minutes")).Count()) +
                PrintSorted(events.GroupBy(SessionWindow("t", "5 minutes")).Count());
       }},
      {"call by name",
       [](const Session& s, const std::string&) {
         return Print(s.Range(3).Select({Call("abs", {-Col("id")}).Alias("a"),
                                         CallFunction("upper", {Text("x")}).Alias("b"), Expr("id + 1").Alias("c")})) +
                ErrorOf([&] { s.Range(1).Select(Call("no_such_function", {Col("id")})).Collect(); });
       }},
      {"errors of values",
       [](const Session& s, const std::string&) {
         return ErrorOf([&] { s.Range(1).Select(Lit(int64_t{1}) / Lit(int64_t{0})).Collect(); }) +
                ErrorOf([&] { s.Range(1).Select(ElementAt(Array({"id"}), 5)).Collect(); }) +
                ErrorOf([&] { s.Range(1).Select(RaiseError("no")).Collect(); }) +
                ErrorOf([&] { s.Range(1).Select(AssertTrue(Lit(false), "never")).Collect(); }) +
                ErrorOf([&] { s.Range(1).Select(ToNumber(Text("x"), Text("999"))).Collect(); });
       }},
      {"literals",
       [](const Session& s, const std::string&) {
         const Value map = std::make_shared<MapValue>(MapValue{{{Value(std::string("k")), Value(int64_t{1})}}});
         return Print(s.Range(1).Select(
             {Lit(true).Alias("a"), Lit(1.5).Alias("b"), Lit(1.5F).Alias("c"), Lit(int64_t{1} << 40).Alias("d"),
              Lit(Value()).Alias("e"), Lit({}, DataType(TypeKind::kLong)).Alias("f"),
              Lit(Value(DecimalValue{12345, 2})).Alias("g"), Lit(Value(BinaryValue{"ab"})).Alias("h"),
              Lit(Value(DateValue{19000})).Alias("i"), Lit(Value(TimestampValue{1700000000000000})).Alias("j"),
              Lit(Value(TimestampNtzValue{1700000000000000})).Alias("k"),
              Lit(Value(DayTimeIntervalValue{90000000})).Alias("l"), Lit(Value(YearMonthIntervalValue{14})).Alias("m"),
              Lit(map).Alias("n"), (Col("id") + Value(DecimalValue{5, 1})).Alias("o"), Array({1, 2}).Alias("p")}));
       }},
      {"random numbers repeat by their seed",
       [](const Session& s, const std::string&) {
         const auto rows = s.Range(3).Select({(Rand(7) == Rand(7)).Alias("a"), (Uniform(1, 10, 3) >= 1).Alias("b"),
                                              (Length(Randstr(5, 1))).Alias("c")});
         return Print(rows.Select({"b", "c"})) + std::to_string(s.Range(2).Select(Rand()).Collect<double>().size()) +
                "\n";
       }},
  };
}

}  // namespace tinderbox::api_test
