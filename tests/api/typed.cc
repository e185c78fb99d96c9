#include <chrono>

#include "program.h"

namespace tinderbox::api_test {

using namespace functions;  // NOLINT: as a user of the library does
using namespace std::chrono_literals;

namespace {

using Micros = std::chrono::microseconds;
using Wide = std::tuple<bool, int8_t, int16_t, int32_t, int64_t, float, double, std::string, BinaryValue,
                        std::chrono::sys_days, std::chrono::sys_time<Micros>, std::chrono::local_time<Micros>, Micros,
                        std::optional<std::string>, std::vector<std::optional<int32_t>>, std::map<std::string, double>,
                        std::tuple<int32_t, std::string>, DecimalValue>;

Wide OneRow() {
  return {true,
          -1,
          2,
          -3,
          int64_t{1} << 40,
          1.5F,
          2.5,
          "ü",
          BinaryValue{"\x01\xff"},
          std::chrono::sys_days(2024y / 2 / 29),
          std::chrono::sys_time<Micros>(Micros(1700000000123456)),
          std::chrono::local_time<Micros>(Micros(5)),
          Micros(90000001),
          std::nullopt,
          {1, std::nullopt},
          {{"k", 0.25}},
          {7, "x"},
          DecimalValue{1500000000000000000, 18}};
}

const std::vector<std::string> kNames = {"a", "b", "c", "d", "e", "f", "g", "h", "i",
                                         "j", "k", "l", "m", "n", "o", "p", "q", "r"};

}  // namespace

std::vector<Case> TypedCases() {
  return {
      {"rows of every C++ type",
       [](const Session& s, const std::string&) {
         const DataFrame frame = s.CreateDataFrame(kNames, std::vector<Wide>{OneRow()});
         return Print(frame) + (frame.Collect<Wide>() == std::vector<Wide>{OneRow()} ? "the same\n" : "different\n");
       }},
      {"one column as values",
       [](const Session& s, const std::string&) {
         std::string out;
         for (const int64_t id : s.Range(3).Collect<int64_t>()) out += std::to_string(id) + "\n";
         for (const auto& [id, text] :
              s.Range(2).Select({"id", Col("id").Cast("string")}).Collect<std::tuple<int64_t, std::string>>()) {
           out += std::to_string(id) + text + "\n";
         }
         return out;
       }},
      {"types that do not fit",
       [](const Session& s, const std::string&) {
         return ErrorOf([&] { s.Range(1).Collect<std::string>(); }) +
                ErrorOf([&] { s.Range(1).Collect<std::tuple<int64_t, int64_t>>(); }) +
                ErrorOf([&] { Sales(s).Select("price").Collect<double>(); }) +
                ErrorOf([&] { s.Range(1).Select(Lit(int64_t{300})).Collect<int8_t>(); }) +
                std::to_string(Sales(s).Select("price").Collect<std::optional<double>>().size()) + "\n";
       }},
      {"no rows",
       [](const Session& s, const std::string&) {
         return Print(s.CreateDataFrame({"a", "b"}, std::vector<std::tuple<int32_t, std::optional<std::string>>>{}));
       }},
      {"Arrow streams out and in again",
       [](const Session& s, const std::string&) {
         ArrowArrayStream stream;
         s.CreateDataFrame(kNames, std::vector<Wide>{OneRow(), OneRow()}).ToArrow(&stream);
         const DataFrame again = s.CreateDataFrame(&stream);
         return Print(again) + (stream.release == nullptr ? "released\n" : "held\n");
       }},
      {"a stream that fails midway",
       [](const Session& s, const std::string&) {
         ArrowArrayStream stream;
         s.Range(10).Select(Lit(int64_t{1}) / (Col("id") - 5)).ToArrow(&stream);
         return ErrorOf([&] { s.CreateDataFrame(&stream); });
       }},
      {"batches",
       [](const Session& s, const std::string&) {
         const auto reader = s.Range(100000).Batches();
         int64_t rows = 0;
         for (ArrowBatch batch; reader->Next(&batch);) rows += batch.rows();
         return std::to_string(rows) + "\n";
       }},
      {"a large local table",
       [](const Session& s, const std::string&) {
         std::vector<std::tuple<int64_t, std::string>> rows;
         for (int64_t i = 0; i < 100000; ++i) rows.emplace_back(i, "row " + std::to_string(i));
         return Print(s.CreateDataFrame({"id", "text"}, rows).Agg({Count("*"), Sum("id"), Max("text")}));
       }},
  };
}

}  // namespace tinderbox::api_test
