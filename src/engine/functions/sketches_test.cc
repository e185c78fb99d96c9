// Sketches, to the byte. Expected values are real Spark's.
#include "engine/functions/rows_fixture.h"

namespace tinderbox::engine {

namespace {

class SketchesTest : public RowsTest {};

constexpr RowsCase kCases[] = {
    {20, R"~(hex(theta_sketch_agg(id)))~",
     R"~(0104033D011ACC93140C79209C4BC9C7D90498AA908130068538AA182B61CA560198CEEB08AAD29432982140B3C5CA903FE12D7D486EFD329AA089346ED6003C0A3656E5EE5606BC64C92AF86B0033E0EBAD8171B080E3DD4D6AF69CB21791D29675416DCC33DA8B48C9A69E93D25F2563A76840A83FD23D8F5ECF437D318246F173D6A8EFEA6CC4C6F01C6FD03E7C1257C89B36778A711EAA0817235B18C9738F80 : string)~"},
    {2, R"~(hex(theta_sketch_agg(cast(id as string))))~",
     R"~(0104033F011ACC930213864298760FA6ABB1FBA577351DBC38 : string)~"},
    {2, R"~(hex(theta_sketch_agg(cast(id as double))))~",
     R"~(0104033F011ACC930240890191DCC2D7CB717D5C07DDB59A80 : string)~"},
    {1, R"~(hex(theta_sketch_agg(id)))~", R"~(01030300003ACC93E56B61EEC8804420 : string)~"},
    {0, R"~(hex(theta_sketch_agg(id)))~", R"~(01030300001E0000 : string)~"},
    {10, R"~(theta_sketch_agg(id, 3))~", R"~(E SKETCH_INVALID_LG_NOM_ENTRIES)~"},
    {1, R"~(theta_sketch_agg(true))~", R"~(E DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE)~"},
    {1, R"~(theta_sketch_estimate(X'00'))~", R"~(E THETA_INVALID_INPUT_SKETCH_BUFFER)~"},
    {10, R"~(theta_sketch_estimate(theta_union(theta_sketch_agg(id), theta_sketch_agg(id + 5))))~", R"~(15 : bigint)~"},
    {10, R"~(theta_sketch_estimate(theta_intersection(theta_sketch_agg(id), theta_sketch_agg(id + 5))))~",
     R"~(5 : bigint)~"},
    {10, R"~(theta_sketch_estimate(theta_difference(theta_sketch_agg(id), theta_sketch_agg(id + 3))))~",
     R"~(3 : bigint)~"},
    {2, R"~(theta_sketch_estimate(theta_union_agg(unhex('0104033D011ACC93022D0C35EE5BEFC8AEA8BE82C8B8DCB400'))))~",
     R"~(2 : bigint)~"},
    {3, R"~(hex(tuple_sketch_agg_double(id, id*1.5D)))~",
     R"~(02030901000ACC93030000000000000015F97DCBBD86A105000000000000F83F00C397FC1281709D1E000000000000084000E56B61EEC8804420000000000000000000 : string)~"},
    {3, R"~(hex(tuple_sketch_agg_integer(id, cast(id as int))))~",
     R"~(02030901000ACC93030000000000000015F97DCBBD86A1050100000000C397FC1281709D1E0200000000E56B61EEC88044200000000000 : string)~"},
    {1, R"~(hex(tuple_sketch_agg_double(id, id*1.5D)))~",
     R"~(01030901000ACC93E56B61EEC8804420000000000000000000 : string)~"},
    {0, R"~(hex(tuple_sketch_agg_integer(id, 7)))~", R"~(01030901000ECC93 : string)~"},
    {4, R"~(tuple_sketch_summary_double(tuple_sketch_agg_double(id, id*1.5D), 'max'))~", R"~(4.5 : double)~"},
    {4, R"~(tuple_sketch_summary_double(tuple_sketch_agg_double(id, id*1.5D), 'alwaysone'))~", R"~(4.0 : double)~"},
    {4, R"~(tuple_sketch_summary_integer(tuple_sketch_agg_integer(id, cast(id as int))))~", R"~(6 : bigint)~"},
    {3,
     R"~(tuple_sketch_summary_double(tuple_union_theta_double(tuple_sketch_agg_double(id, id*1.5D), theta_sketch_agg(id+2)), 'sum'))~",
     R"~(4.5 : double)~"},
    {3,
     R"~(tuple_sketch_summary_double(tuple_union_theta_double(tuple_sketch_agg_double(id, id*1.5D), theta_sketch_agg(id+2), 12, 'max'), 'sum'))~",
     R"~(-Infinity : double)~"},
    {3,
     R"~(tuple_sketch_summary_double(tuple_intersection_theta_double(tuple_sketch_agg_double(id, id*1.5D), theta_sketch_agg(id+1), 'sum'), 'sum'))~",
     R"~(4.5 : double)~"},
    {3,
     R"~(tuple_sketch_summary_double(tuple_difference_theta_double(tuple_sketch_agg_double(id, id*1.5D), theta_sketch_agg(id+1)), 'sum'))~",
     R"~(0.0 : double)~"},
    {3, R"~(tuple_sketch_theta_double(tuple_sketch_agg_double(id, 1D)))~", R"~(1.0 : double)~"},
    {9, R"~(tuple_sketch_summary_double(tuple_sketch_agg_double(1, id*1.0D, 12, 'max')))~", R"~(8.0 : double)~"},
    {9, R"~(tuple_sketch_agg_double(1, 1D, 12, 'avg'))~", R"~(E DATATYPE_MISMATCH.TYPE_CHECK_FAILURE_WITH_HINT)~"},
    {3, R"~(hex(kll_sketch_agg_bigint(id)))~",
     R"~(05010F00C80008000300000000000000C8000100C500000000000000000000000200000000000000000000000000000001000000000000000200000000000000 : string)~"},
    {3, R"~(hex(kll_sketch_agg_double(id*1D)))~",
     R"~(05010F00C80008000300000000000000C8000100C5000000000000000000000000000000000000400000000000000000000000000000F03F0000000000000040 : string)~"},
    {3, R"~(hex(kll_sketch_agg_float(cast(id as float))))~",
     R"~(05010F00C80008000300000000000000C8000100C50000000000000000000040000000000000803F00000040 : string)~"},
    {1, R"~(hex(kll_sketch_agg_bigint(id)))~", R"~(02020F04C80008000000000000000000 : string)~"},
    {0, R"~(hex(kll_sketch_agg_bigint(id)))~", R"~(02010F01C8000800 : string)~"},
    {10, R"~(kll_sketch_get_quantile_bigint(kll_sketch_agg_bigint(id), array(0.0, 0.3, 0.5, 1.0)))~",
     R"~([0, 2, 4, 9] : array<bigint>)~"},
    {10, R"~(kll_sketch_get_rank_bigint(kll_sketch_agg_bigint(id), array(0, 3)))~", R"~([0.1, 0.4] : array<double>)~"},
    {5, R"~(kll_sketch_get_rank_double(kll_sketch_agg_double(id*1D), 3D))~", R"~(0.8 : double)~"},
    {10, R"~(kll_sketch_get_n_bigint(kll_sketch_agg_bigint(id)))~", R"~(10 : bigint)~"},
    {10, R"~(kll_sketch_get_quantile_bigint(kll_sketch_agg_bigint(id), 1.5))~",
     R"~(E KLL_SKETCH_INVALID_QUANTILE_RANGE)~"},
    {0, R"~(kll_sketch_get_quantile_bigint(kll_sketch_agg_bigint(id), 0.5))~",
     R"~(E KLL_INVALID_INPUT_SKETCH_BUFFER)~"},
    {10, R"~(kll_sketch_agg_bigint(id, 5))~", R"~(E DATATYPE_MISMATCH.TYPE_CHECK_FAILURE_WITH_HINT)~"},
    {3, R"~(kll_sketch_get_n_bigint(kll_sketch_merge_bigint(kll_sketch_agg_bigint(id), kll_sketch_agg_bigint(id))))~",
     R"~(6 : bigint)~"},
    {3, R"~(kll_sketch_agg_float(id))~", R"~(E DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE)~"},
    {5, R"~(length(kll_sketch_to_string_double(kll_sketch_agg_double(id*1D))))~", R"~(639 : int)~"},
    {0, R"~(length(kll_sketch_to_string_bigint(kll_sketch_agg_bigint(id, 8))))~", R"~(628 : int)~"},
    {100, R"~(hex(count_min_sketch(id, 1.5D, 0.2D, 1111111111111111111)))~",
     R"~(00000001000000000000006400000001000000020000000044078BA100000000000000320000000000000032 : string)~"},
    {100, R"~(hex(count_min_sketch(id - 50, 0.5D, 0.9D, 7)))~",
     R"~(0000000100000000000000640000000400000004000000005D878BCC0000000051BB9A0C000000005FE4CA2D00000000013B859C0000000000000017000000000000001C000000000000001B0000000000000016000000000000001B00000000000000180000000000000018000000000000001900000000000000190000000000000019000000000000001900000000000000190000000000000032000000000000000000000000000000000000000000000032 : string)~"},
    {3, R"~(hll_sketch_estimate(hll_sketch_agg(id)))~", R"~(3 : bigint)~"},
    {10, R"~(hll_sketch_estimate(hll_union(hll_sketch_agg(id, 12), hll_sketch_agg(id+5, 13), true)))~",
     R"~(15 : bigint)~"},
    {10, R"~(hll_sketch_estimate(hll_union(hll_sketch_agg(id, 12), hll_sketch_agg(id+5, 13))))~",
     R"~(E HLL_UNION_DIFFERENT_LG_K)~"},
    {10, R"~(hll_sketch_agg(id, 40))~", R"~(E HLL_INVALID_LG_K)~"},
    {1, R"~(hll_sketch_estimate(X'00'))~", R"~(E HLL_INVALID_INPUT_SKETCH_BUFFER)~"},
    {100, R"~(count_min_sketch(id, 1.5, 0.2D, 1))~", R"~(E DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE)~"},
};

TEST_F(SketchesTest, GiveWhatSparkGives) {
  for (const RowsCase& one : kCases) EXPECT_EQ(Over(one.rows, one.expression), one.want) << one.expression;
}

}  // namespace

}  // namespace tinderbox::engine
