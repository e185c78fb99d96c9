#include "cli/setting_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tinderbox::cli {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(SettingNames, WhatSparkHasAndWhatCannotBeKnownIsSilent) {
  EXPECT_THAT(UnknownSettings({{"spark.sql.adaptive.skewJoin.enabled", "true"},
                               {"spark.sql.shuffle.partitions", "8"},
                               {"spark.sql.extensions", "org.example.Extensions"},
                               {"spark.sql.catalog.lake", "org.example.Catalog"},
                               {"spark.sql.catalog.lake.type", "hadoop"},
                               {"spark.sql.iceberg.handle-timestamp-without-timezone", "true"},
                               {"spark.hadoop.fs.s3a.endpoint", "http://localhost"},
                               {"spark.executor.memory", "1g"},
                               {"spark.mine", "1"}}),
              IsEmpty());
}

TEST(SettingNames, OneThatSparkLacksIsNamedWithWhatIsMeant) {
  EXPECT_THAT(UnknownSettings({{"spark.sql.adaptive.optimizeSkewedJoin.enabled", "true"}}),
              ElementsAre(AllOf(HasSubstr("spark.sql.adaptive.optimizeSkewedJoin.enabled"),
                                HasSubstr("Did you mean spark.sql.adaptive.skewJoin.enabled?"))));
  EXPECT_THAT(UnknownSettings({{"spark.sql.shufle.partitions", "8"}}),
              ElementsAre(HasSubstr("Did you mean spark.sql.shuffle.partitions?")));
  EXPECT_THAT(UnknownSettings({{"spark.sql.ansi.enable", "true"}}),
              ElementsAre(HasSubstr("Did you mean spark.sql.ansi.enabled?")));
}

}  // namespace
}  // namespace tinderbox::cli
