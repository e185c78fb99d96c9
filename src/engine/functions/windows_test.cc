// Functions over windows of the rows 0, 1, 2, … Expected values are real Spark's.
#include "engine/functions/rows_fixture.h"

namespace tinderbox::engine {

namespace {

class WindowsTest : public RowsTest {};

constexpr RowsCase kCases[] = {
    {2, R"~(row_number())~", R"~(E WINDOW_FUNCTION_WITHOUT_OVER_CLAUSE)~"},
    {2, R"~(row_number() OVER ())~", R"~(E WINDOW_FUNCTION_FRAME_NOT_ORDERED)~"},
    {2, R"~(upper('a') OVER ())~", R"~(E UNSUPPORTED_EXPR_FOR_WINDOW)~"},
    {2, R"~(count(DISTINCT id) OVER ())~", R"~(E DISTINCT_WINDOW_FUNCTION_UNSUPPORTED)~"},
    {4, R"~(sum(id) OVER (ORDER BY id))~", R"~(0; 1; 3; 6 : bigint)~"},
    {4, R"~(sum(id) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING))~", R"~(1; 3; 6; 5 : bigint)~"},
    {4, R"~(sum(id) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND 1 PRECEDING))~", R"~(NULL; 0; 1; 3 : bigint)~"},
    {4, R"~(sum(id) OVER (ORDER BY id ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING))~",
     R"~(6; 5; 3; NULL : bigint)~"},
    {3, R"~(sum(id) OVER (ORDER BY id ROWS BETWEEN 1 FOLLOWING AND 1 PRECEDING))~",
     R"~(E DATATYPE_MISMATCH.SPECIFIED_WINDOW_FRAME_WRONG_COMPARISON)~"},
    {4, R"~(sum(id) OVER (ORDER BY id RANGE BETWEEN 1 PRECEDING AND CURRENT ROW))~", R"~(0; 1; 3; 5 : bigint)~"},
    {4, R"~(sum(id) OVER (ORDER BY id RANGE BETWEEN 1.5 PRECEDING AND CURRENT ROW))~", R"~(0; 1; 3; 5 : bigint)~"},
    {3, R"~(sum(id) OVER (RANGE BETWEEN 1 PRECEDING AND CURRENT ROW))~",
     R"~(E DATATYPE_MISMATCH.RANGE_FRAME_WITHOUT_ORDER)~"},
    {3, R"~(sum(id) OVER (ORDER BY id, id+1 RANGE BETWEEN 1 PRECEDING AND CURRENT ROW))~",
     R"~(E DATATYPE_MISMATCH.RANGE_FRAME_MULTI_ORDER)~"},
    {3, R"~(sum(id) OVER (ORDER BY id ROWS BETWEEN 'a' PRECEDING AND CURRENT ROW))~",
     R"~(E DATATYPE_MISMATCH.SPECIFIED_WINDOW_FRAME_UNACCEPTED_TYPE)~"},
    {3, R"~(sum(id) OVER (ORDER BY id ROWS BETWEEN id PRECEDING AND CURRENT ROW))~", R"~(E _LEGACY_ERROR_TEMP_0064)~"},
    {3, R"~(sum(id) OVER (ORDER BY timestamp_seconds(id) RANGE BETWEEN 1 PRECEDING AND CURRENT ROW))~",
     R"~(E DATATYPE_MISMATCH.RANGE_FRAME_INVALID_TYPE)~"},
    {3,
     R"~(sum(id) OVER (ORDER BY timestamp_seconds(id) RANGE BETWEEN interval '1' second PRECEDING AND CURRENT ROW))~",
     R"~(0; 1; 3 : bigint)~"},
    {3,
     R"~(sum(id) OVER (ORDER BY date_add(date'2020-01-01', cast(id as int)) RANGE BETWEEN 1 PRECEDING AND CURRENT ROW))~",
     R"~(0; 1; 3 : bigint)~"},
    {3,
     R"~(sum(id) OVER (ORDER BY date_add(date'2020-01-01', cast(id as int)) RANGE BETWEEN interval '1' day PRECEDING AND CURRENT ROW))~",
     R"~(0; 1; 3 : bigint)~"},
    {5,
     R"~(sum(id) OVER (ORDER BY date_add(date'2020-01-01', cast(id*20 as int)) RANGE BETWEEN interval '1' month PRECEDING AND CURRENT ROW))~",
     R"~(0; 1; 3; 5; 7 : bigint)~"},
    {3, R"~(lag(id) OVER (ORDER BY id))~", R"~(NULL; 0; 1 : bigint)~"},
    {3, R"~(lag(id, 1, 7.5) OVER (ORDER BY id))~", R"~(7; 0; 1 : bigint)~"},
    {4, R"~(lead(id, 2, -1) OVER (ORDER BY id))~", R"~(2; 3; -1; -1 : bigint)~"},
    {4, R"~(lag(if(id=1,null,id)) IGNORE NULLS OVER (ORDER BY id))~", R"~(NULL; 0; 0; 2 : bigint)~"},
    {3, R"~(lag(id) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW))~", R"~(E _LEGACY_ERROR_TEMP_1035)~"},
    {3, R"~(lag(id) OVER ())~", R"~(E WINDOW_FUNCTION_FRAME_NOT_ORDERED)~"},
    {3, R"~(row_number() OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW))~",
     R"~(E _LEGACY_ERROR_TEMP_1036)~"},
    {3, R"~(row_number() OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW))~", R"~(1; 2; 3 : int)~"},
    {3, R"~(nth_value(id, 2) OVER (ORDER BY id))~", R"~(NULL; 1; 1 : bigint)~"},
    {4, R"~(nth_value(if(id=0,null,id), 2) IGNORE NULLS OVER (ORDER BY id))~", R"~(NULL; NULL; 2; 2 : bigint)~"},
    {3, R"~(nth_value(id, 0) OVER (ORDER BY id))~", R"~(E DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE)~"},
    {3, R"~(ntile(0) OVER (ORDER BY id))~", R"~(E DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE)~"},
    {5, R"~(ntile(2) OVER (ORDER BY id))~", R"~(1; 1; 1; 2; 2 : int)~"},
    {3, R"~(ntile() OVER (ORDER BY id))~", R"~(1; 1; 1 : int)~"},
    {3, R"~(percent_rank() OVER (ORDER BY id))~", R"~(0.0; 0.5; 1.0 : double)~"},
    {4, R"~(cume_dist() OVER (ORDER BY id))~", R"~(0.25; 0.5; 0.75; 1.0 : double)~"},
    {4, R"~(dense_rank() OVER (ORDER BY id DIV 2))~", R"~(1; 1; 2; 2 : int)~"},
    {4, R"~(rank() OVER (ORDER BY id DIV 2))~", R"~(1; 1; 3; 3 : int)~"},
    {3, R"~(first_value(if(id=0,null,id)) IGNORE NULLS OVER (ORDER BY id))~", R"~(NULL; 1; 1 : bigint)~"},
    {3, R"~(last(id) OVER (ORDER BY id ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING))~", R"~(2; 2; 2 : bigint)~"},
    {3, R"~(collect_list(id) OVER (ORDER BY id))~", R"~([0]; [0, 1]; [0, 1, 2] : array<bigint>)~"},
    {4, R"~(percentile_approx(id, 0.5) OVER (ORDER BY id))~", R"~(0; 0; 1; 1 : bigint)~"},
    {3, R"~(max_by(id, id) OVER (ORDER BY id))~", R"~(0; 1; 2 : bigint)~"},
    {4, R"~(stddev(id) OVER (ORDER BY id))~", R"~(NULL; 0.7071067811865476; 1.0; 1.2909944487358056 : double)~"},
    {5, R"~(round(skewness(id*id) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW), 12))~",
     R"~(NULL; 0.0; 0.528004979218; 0.294799620145; 0.200700187209 : double)~"},
    {4, R"~(median(id) OVER (ORDER BY id))~", R"~(E INVALID_WINDOW_SPEC_FOR_AGGREGATION_FUNC)~"},
    {1, R"~(median(id) OVER (PARTITION BY id % 2))~", R"~(0.0 : double)~"},
    {3, R"~(approx_count_distinct(id) OVER (ORDER BY id))~", R"~(1; 2; 3 : bigint)~"},
    {3, R"~(sum(id) FILTER (WHERE id > 1) OVER ())~", R"~(2; 2; 2 : bigint)~"},
    {3, R"~(sum(id) OVER (PARTITION BY map(1,2)))~", R"~(E EXPRESSION_TYPE_IS_NOT_ORDERABLE)~"},
    {3, R"~(count(*) OVER (ORDER BY id RANGE BETWEEN CURRENT ROW AND CURRENT ROW))~", R"~(1; 1; 1 : bigint)~"},
    {4, R"~(avg(id) OVER (ORDER BY id DESC RANGE BETWEEN 1 PRECEDING AND 1 FOLLOWING))~",
     R"~(2.5; 2.0; 1.0; 0.5 : double)~"},
};

TEST_F(WindowsTest, GiveWhatSparkGives) {
  for (const RowsCase& one : kCases) EXPECT_EQ(Over(one.rows, one.expression), one.want) << one.expression;
}

}  // namespace

}  // namespace tinderbox::engine
