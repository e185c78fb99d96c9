#include "connect/retry.h"

#include <gtest/gtest.h>

#include <vector>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace tinderbox::connect {
namespace {

using std::chrono::milliseconds;

grpc::Status WithRetryInfo(grpc::StatusCode code, int64_t seconds, int nanos = 0) {
  google::rpc::RetryInfo info;
  info.mutable_retry_delay()->set_seconds(seconds);
  info.mutable_retry_delay()->set_nanos(nanos);
  google::rpc::Status whole;
  whole.add_details()->PackFrom(info);
  return {code, "later", whole.SerializeAsString()};
}

const grpc::Status kAway(grpc::StatusCode::UNAVAILABLE, "away");

TEST(RetryTest, WaitsAsSparkDoes) {
  RetryPolicy policy;
  policy.random = [] { return 0.5; };
  Retrying retrying(policy);
  std::vector<int64_t> waits;
  while (const auto wait = retrying.Next(kAway)) waits.push_back(wait->count());
  // PySpark 4.2's DefaultPolicy with half of its jitter.
  const std::vector<int64_t> expected = {50,    200,   800,   3450,  13050, 51450, 60250, 60250,
                                         60250, 60250, 60250, 60250, 60250, 60250, 60250};
  EXPECT_EQ(waits, expected);
}

TEST(RetryTest, WaitsAsLongAsTheServerAsks) {
  RetryPolicy policy;
  policy.random = [] { return 0.0; };
  Retrying retrying(policy);
  EXPECT_EQ(retrying.Next(WithRetryInfo(grpc::StatusCode::RESOURCE_EXHAUSTED, 1, 500'000'000)), milliseconds(1500));
  EXPECT_EQ(retrying.Next(WithRetryInfo(grpc::StatusCode::UNAVAILABLE, 0)), milliseconds(200));
  EXPECT_EQ(retrying.Next(WithRetryInfo(grpc::StatusCode::UNAVAILABLE, 86'400)), milliseconds(600'000));
  EXPECT_EQ(retrying.Next(kAway), milliseconds(3200));
}

TEST(RetryTest, RepeatsOnlyWhatPasses) {
  EXPECT_TRUE(IsRetryable(kAway));
  EXPECT_TRUE(IsRetryable({grpc::StatusCode::INTERNAL, "[INVALID_CURSOR.DISCONNECTED] The cursor is invalid."}));
  EXPECT_TRUE(IsRetryable(WithRetryInfo(grpc::StatusCode::ABORTED, 1)));
  for (const grpc::StatusCode code :
       {grpc::StatusCode::INTERNAL, grpc::StatusCode::UNAUTHENTICATED, grpc::StatusCode::RESOURCE_EXHAUSTED,
        grpc::StatusCode::UNIMPLEMENTED, grpc::StatusCode::CANCELLED, grpc::StatusCode::DEADLINE_EXCEEDED}) {
    EXPECT_FALSE(IsRetryable({code, "INVALID_CURSOR"})) << code;
  }
  EXPECT_FALSE(IsRetryable(grpc::Status::OK));
  RetryPolicy policy;
  Retrying retrying(policy);
  EXPECT_FALSE(retrying.Next({grpc::StatusCode::INTERNAL, "broken"}).has_value());
}

}  // namespace
}  // namespace tinderbox::connect
