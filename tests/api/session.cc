#include <chrono>
#include <future>

#include "program.h"

namespace tinderbox::api_test {

using namespace functions;  // NOLINT: as a user of the library does

std::vector<Case> SessionCases() {
  return {
      {"settings",
       [](const Session& s, const std::string&) {
         s.SetConf("spark.sql.session.timeZone", "UTC");  // else it is the machine's
         std::string out = s.GetConf("spark.sql.session.timeZone") + "\n";
         s.SetConf("spark.sql.shuffle.partitions", "3");
         out += s.GetConf("spark.sql.shuffle.partitions") + "\n" +
                s.AllConf("spark.sql.shuffle.").at("spark.sql.shuffle.partitions") + "\n";
         s.UnsetConf("spark.sql.shuffle.partitions");
         out += s.GetConf("tinderbox.no.such.key", "fallback") + "\n";
         out += s.IsConfModifiable("spark.sql.session.timeZone") ? "yes\n" : "no\n";
         out += s.IsConfModifiable("spark.sql.warehouse.dir") ? "yes\n" : "no\n";
         return out + ErrorOf([&] { s.GetConf("tinderbox.no.such.key"); });
       }},
      {"version", [](const Session& s, const std::string&) { return s.Version() + "\n"; }},
      {"a clone has its own settings",
       [](const Session& s, const std::string&) {
         s.Range(2).CreateOrReplaceTempView("seen_by_both");
         const Session other = s.Clone();
         other.SetConf("spark.sql.ansi.enabled", "false");
         const std::string out = Print(other.Table("seen_by_both")) + Print(other.Sql("SELECT 1 / 0 AS x")) +
                                 s.GetConf("spark.sql.ansi.enabled") + "\n";
         s.Catalog().DropTempView("seen_by_both");
         return out;
       }},
      {"persist",
       [](const Session& s, const std::string&) {
         const DataFrame kept = s.Range(1000).Filter(Col("id") % 2 == 0).Persist();
         std::string out = std::to_string(kept.Count()) + (kept.StorageLevel().use_memory ? " kept\n" : " not kept\n");
         kept.Unpersist(true);
         return out + std::to_string(kept.Count()) + (kept.StorageLevel().use_memory ? " kept\n" : " not kept\n");
       }},
      {"checkpoint",
       [](const Session& s, const std::string&) {
         std::optional<DataFrame> kept = s.Range(3).LocalCheckpoint();
         const DataFrame made = kept->Select((Col("id") * 2).Alias("x"));
         kept.reset();
         return Print(made);
       }},
      {"tags",
       [](const Session& s, const std::string&) {
         auto endless = std::async(std::launch::async, [&] {
           s.AddTag("endless");
           s.AddTag("counting");
           return ErrorOf([&] { s.Range(1'000'000'000'000).Filter(Col("id") % 1000 == -1).Count(); });
         });
         s.AddTag("other");
         s.InterruptTag("nobody's");
         std::string out = Print(s.Range(3));
         // Until it has begun there is nothing to end.
         while (endless.wait_for(std::chrono::milliseconds(50)) != std::future_status::ready)
           s.InterruptTag("counting");
         out += endless.get() + Print(s.Range(1)) + *s.Tags().begin() + "\n";
         s.ClearTags();
         return out;
       }},
      {"explain names the plan",
       [](const Session& s, const std::string&) {
         return std::string(s.Range(3).Explain().empty() ? "empty\n" : "text\n") +
                (s.Range(3).Explain(ExplainMode::kExtended).empty() ? "empty\n" : "text\n");
       }},
      {"a plan that is used twice",
       [](const Session& s, const std::string&) {
         const DataFrame once = s.Range(3).Select((Col("id") + 1).Alias("x"));
         return PrintSorted(once.Union(once)) + Print(once);
       }},
  };
}

}  // namespace tinderbox::api_test
