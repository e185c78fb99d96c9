#include "cluster/host.h"

#include <gtest/gtest.h>

namespace tinderbox::cluster {
namespace {

TEST(Host, KnowsWhatStandsForAnAddress) {
  EXPECT_TRUE(IsHostKnown("localhost"));
  EXPECT_TRUE(IsHostKnown("127.0.0.1"));
  EXPECT_FALSE(IsHostKnown("spark-master.invalid")) << "a name that never is one";
}

}  // namespace
}  // namespace tinderbox::cluster
