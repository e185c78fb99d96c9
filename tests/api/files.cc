#include <filesystem>

#include "program.h"

namespace tinderbox::api_test {

using namespace functions;  // NOLINT: as a user of the library does

std::vector<Case> FileCases() {
  return {
      {"parquet, partitioned, overwritten and appended",
       [](const Session& s, const std::string& folder) {
         const std::string path = folder + "/p";
         Sales(s).Write().PartitionBy({"region"}).Parquet(path);
         std::string out = ErrorOf([&] { Sales(s).Write().Parquet(path); });
         Sales(s).Write().Mode(SaveMode::kIgnore).Parquet(path);
         out += PrintSorted(s.Read().Parquet({path}));
         Sales(s).Limit(1).Write().Mode("append").PartitionBy({"region"}).Parquet(path);
         out += std::to_string(s.Read().Parquet({path}).Count()) + "\n";
         Sales(s).Limit(1).Write().Mode(SaveMode::kOverwrite).Format("parquet").Save(path);
         return out + PrintSorted(s.Read().Load({path})) + ErrorOf([&] { Sales(s).Write().Mode("sideways"); });
       }},
      {"csv with options and a schema",
       [](const Session& s, const std::string& folder) {
         const std::string path = folder + "/c";
         Sales(s)
             .Drop("xs")
             .Coalesce(1)
             .Write()
             .Option("header", "true")
             .Options({{"sep", ";"}, {"nullValue", "-"}})
             .Csv(path);
         const DataFrameReader reader = s.Read().Options({{"header", "true"}, {"sep", ";"}, {"nullValue", "-"}});
         return PrintSorted(reader.Csv({path})) + PrintSorted(reader.Option("inferSchema", "true").Csv({path})) +
                PrintSorted(reader.Schema("id BIGINT, region STRING, item STRING, price DECIMAL(10,2)").Csv({path})) +
                PrintSorted(reader.Schema(StructType::FromDdl("id int, region string, item string, price double"))
                                .Format("csv")
                                .Load({path}));
       }},
      {"json and text",
       [](const Session& s, const std::string& folder) {
         Sales(s).Write().Json(folder + "/j");
         s.Range(3).Select(Col("id").Cast("string").Alias("value")).Write().Text(folder + "/t");
         return PrintSorted(s.Read().Json({folder + "/j"})) + PrintSorted(s.Read().Text({folder + "/t"}));
       }},
      {"texts as documents",
       [](const Session& s, const std::string&) {
         const auto texts = [&](const char* text) {
           return s.Range(1).Select(Lit(Value(std::string(text))).Alias("value"));
         };
         return Print(s.Read().Json(texts(R"({"a":1,"b":"x"})"))) +
                Print(s.Read().Schema("a BIGINT").Json(texts(R"({"a":1})")));
       }},
      {"lines of CSV as documents",
       [](const Session& s, const std::string&) {
         return Print(s.Read().Csv(s.Range(1).Select(Lit(Value(std::string("1,z"))).Alias("value"))));
       }},
      {"input files",
       [](const Session& s, const std::string& folder) {
         s.Range(1).Coalesce(1).Write().Parquet(folder + "/i");
         return std::to_string(s.Read().Parquet({folder + "/i"}).InputFiles().size()) + "\n";
       }},
      {"a path that is not there",
       [](const Session& s, const std::string& folder) {
         return ErrorOf([&] { s.Read().Parquet({folder + "/none"}).Collect(); });
       }},
  };
}

}  // namespace tinderbox::api_test
