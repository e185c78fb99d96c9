// sales [sc://HOST:PORT]: the same program on the embedded engine and on a Spark Connect server.
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <tinderbox/tinderbox.h>

using namespace tinderbox;
using namespace tinderbox::functions;

int main(int count, char** words) {
  try {
    const Session session = count > 1 ? Session::Connect(words[1]) : Session::Embedded();

    using Sale = std::tuple<int32_t, std::string, std::optional<double>>;
    const DataFrame sales = session.CreateDataFrame(
        {"id", "region", "price"},
        std::vector<Sale>{{1, "north", 3.5}, {2, "north", 2.0}, {3, "south", {}}, {4, "south", 7.25}});

    const DataFrame totals =
        sales.Where(Col("price").IsNotNull())
            .GroupBy("region")
            .Agg({Count("*").Alias("sales"), Sum(Col("price") * 1.19).Cast("decimal(10,2)").Alias("gross")})
            .Sort("region");
    totals.Show();

    for (const auto& [region, number] :
         totals.Select({"region", "sales"}).Collect<std::tuple<std::string, int64_t>>()) {
      std::printf("%s: %lld\n", region.c_str(), static_cast<long long>(number));
    }
  } catch (const Error& error) {
    std::fprintf(stderr, "%s: %s\n", error.condition().c_str(), error.what());
    return 1;
  }
}
