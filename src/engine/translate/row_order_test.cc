// The order of rows of small inputs. The expected rows are a local Spark's.
#include <gtest/gtest.h>

#include "engine/embedded_session.h"
#include "spark/ipc.h"
#include "spark/proto.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {
namespace {

std::string Rows(spark::Session& session, const std::string& query) {
  proto::Relation relation;
  relation.mutable_sql()->set_query(query);
  const auto reader = session.Execute(relation, "");
  const StructType schema = reader->schema();
  std::string out;
  for (ArrowBatch batch; reader->Next(&batch);) {
    for (int64_t row = 0; row < batch.rows(); ++row) {
      out += out.empty() ? "" : "; ";
      for (size_t i = 0; i < schema.fields.size(); ++i) {
        out += i == 0 ? "" : " ";
        out += spark::ToValue(schema.fields[i].type, batch.column(static_cast<int>(i)), row).ToString();
      }
    }
  }
  return out;
}

struct OrderCase {
  const char* query;
  const char* rows;
};

constexpr OrderCase kCases[] = {
    {"SELECT DISTINCT s FROM VALUES ('b'), ('a'), ('c'), ('b') t(s)", "b; a; c"},
    {"SELECT s, count(*) FROM VALUES ('b'), ('a'), ('c'), ('b') t(s) GROUP BY s HAVING count(*) >= 1", "b 2; a 1; c 1"},
    {"SELECT c, collect_list(v) FROM VALUES ('b', 1), ('a', 2), ('b', 3) t(c, v) GROUP BY c", "b [1, 3]; a [2]"},
    // Through the side that Spark thinks larger; of several rows found the last comes first.
    {"SELECT * FROM VALUES (2, 'x'), (1, 'y'), (3, 'z'), (1, 'w') a(k, s) JOIN VALUES (1, 'one'), (2, 'two') b(k, t) "
     "USING (k)",
     "2 x two; 1 y one; 1 w one"},
    {"SELECT * FROM VALUES (1, 'one'), (2, 'two') b(k, t) JOIN VALUES (2, 'x'), (1, 'y'), (3, 'z'), (1, 'w') a(k, s) "
     "USING (k)",
     "2 two x; 1 one y; 1 one w"},
    {"SELECT * FROM VALUES (1, 'one'), (2, 'two') b(k, t) LEFT JOIN VALUES (2, 'x'), (1, 'y'), (3, 'z'), (1, 'w') "
     "a(k, s) USING (k)",
     "1 one w; 1 one y; 2 two x"},
    {"SELECT * FROM VALUES (1, 'one'), (2, 'two') b(k, t) RIGHT JOIN VALUES (2, 'x'), (1, 'y'), (3, 'z'), (1, 'w') "
     "a(k, s) USING (k)",
     "2 two x; 1 one y; 3 NULL z; 1 one w"},
    {"SELECT * FROM VALUES (1, 'one'), (9, 'nine') b(k, t) FULL JOIN VALUES (2, 'x'), (1, 'y'), (3, 'z'), (1, 'w') "
     "a(k, s) USING (k)",
     "1 one y; 1 one w; 2 NULL x; 3 NULL z; 9 nine NULL"},
    {"SELECT * FROM VALUES (2, 'x'), (1, 'y'), (3, 'z'), (1, 'w') a(k, s) LEFT SEMI JOIN VALUES (1, 'one'), (2, 'two') "
     "b(k, t) USING (k)",
     "2 x; 1 y; 1 w"},
    {"SELECT * FROM VALUES (2, 'x'), (1, 'y'), (3, 'z') a(k, s) CROSS JOIN VALUES ('one'), ('two') b(t)",
     "2 x one; 2 x two; 1 y one; 1 y two; 3 z one; 3 z two"},
    {"SELECT a.k, s, t FROM VALUES (2, 'x'), (1, 'y'), (3, 'z') a(k, s) JOIN VALUES (1, 'one'), (2, 'two') b(k, t) ON "
     "a.k > b.k",
     "2 x one; 3 z one; 3 z two"},
    {"SELECT id, c, row_number() OVER (PARTITION BY id ORDER BY c) AS r FROM VALUES (3, 'b'), (1, 'b'), (1, 'a'), "
     "(2, 'a') t(id, c)",
     "1 a 1; 1 b 2; 2 a 1; 3 b 1"},
};

TEST(RowOrder, OfSmallInputsIsSparks) {
  const auto session = OpenSession(OpenEngine({}));
  for (const OrderCase& one : kCases) EXPECT_EQ(Rows(*session, one.query), one.rows) << one.query;
}

}  // namespace
}  // namespace tinderbox::engine
