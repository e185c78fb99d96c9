#include "cluster/rotate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/temp_dir.h"
#include "tinderbox/error.h"

namespace tinderbox::cluster {
namespace {

using testing::HasSubstr;
using testing::Not;

class RotateTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const std::string_view name : kPasswordVariables) ::unsetenv(std::string(name).c_str());
    for (const Extra* extra : {&kS3, &kPostgres, &kRedis}) extra->write_secrets(spec_, secrets_);
  }
  const base::TempDir temp_{""};
  const Secrets secrets_{temp_.path()};
  const ClusterSpec spec_;
};

TEST_F(RotateTest, EveryFileThatHoldsThePasswordHasTheNewOne) {
  const std::string before = secrets_.Read("s3-secret-key"), user = secrets_.Read("s3-access-key");
  RotateSecret(kS3, spec_, secrets_);
  const std::string now = secrets_.Read("s3-secret-key");
  EXPECT_NE(now, before);
  EXPECT_EQ(now.size(), before.size());
  EXPECT_EQ(secrets_.Read("s3-access-key"), user);
  for (const char* file : {"s3.json", "s3a.xml"}) {
    EXPECT_THAT(secrets_.Read(file), HasSubstr(now)) << file;
    EXPECT_THAT(secrets_.Read(file), Not(HasSubstr(before))) << file;
  }
  RotateSecret(kRedis, spec_, secrets_);
  EXPECT_THAT(secrets_.Read("redis.conf"), HasSubstr(secrets_.Read("redis-password")));
}

TEST_F(RotateTest, TheDatabaseKeepsItsPasswordUntilItStarts) {
  const std::string before = secrets_.Read("postgres-password");
  RotateSecret(kPostgres, spec_, secrets_);
  EXPECT_EQ(secrets_.Read("postgres-password"), before);
  EXPECT_NE(secrets_.Read("postgres-password.new"), before);
}

TEST_F(RotateTest, AVariableGivesTheNewOne) {
  ::setenv("REDIS_PASSWORD", secrets_.Read("redis-password").c_str(), 1);
  EXPECT_THROW(RotateSecret(kRedis, spec_, secrets_), Error) << "it is the old one";
  ::setenv("REDIS_PASSWORD", "another\"one", 1);
  RotateSecret(kRedis, spec_, secrets_);
  EXPECT_EQ(secrets_.Read("redis-password"), "another\"one");
  EXPECT_THAT(secrets_.Read("redis.conf"), HasSubstr("another\\\"one"));
}

TEST_F(RotateTest, AVariableOfAnotherUserChangesNothing) {
  const std::string before = secrets_.Read("s3-secret-key");
  ::setenv("MINIO_ROOT_USER", "somebody-else", 1);
  EXPECT_THROW(RotateSecret(kS3, spec_, secrets_), Error);
  EXPECT_EQ(secrets_.Read("s3-secret-key"), before);
  ::unsetenv("MINIO_ROOT_USER");
}

}  // namespace
}  // namespace tinderbox::cluster
