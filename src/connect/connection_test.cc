#include "connect/connection.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "tinderbox/error.h"

namespace tinderbox::connect {
namespace {

class ConnectionTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"SPARK_CONNECT_AUTHENTICATE_TOKEN", "SPARK_CONNECT_USER_AGENT", "SPARK_USER"})
      ::unsetenv(name);
    ::setenv("USER", "ann", 1);
  }
  void TearDown() override { SetUp(); }
};

TEST_F(ConnectionTest, ReadsEveryParameter) {
  const Connection all = ParseConnection(
      "sc://spark.example:7077/;use_ssl=TRUE;token=a%2Bb%3D;user_id=bob;user_agent=my%20app;"
      "session_id=00112233-4455-6677-8899-aabbccddeeff;X-Tenant=blue;x-trace=7");
  EXPECT_EQ(all.target(), "spark.example:7077");
  EXPECT_EQ(all.url(), "sc://spark.example:7077");
  EXPECT_TRUE(all.use_ssl);
  EXPECT_EQ(all.token, "a+b=");
  EXPECT_EQ(all.user_id, "bob");
  EXPECT_EQ(all.user_agent.substr(0, 19), "my app spark/4.2.0 ");
  EXPECT_EQ(all.session_id, "00112233-4455-6677-8899-aabbccddeeff");
  const std::vector<std::pair<std::string, std::string>> headers = {{"x-tenant", "blue"}, {"x-trace", "7"}};
  EXPECT_EQ(all.headers, headers);
}

TEST_F(ConnectionTest, HasDefaults) {
  for (const char* url : {"sc://localhost", "sc://localhost/", "sc://localhost:15002", "sc://localhost:"}) {
    const Connection plain = ParseConnection(url);
    EXPECT_EQ(plain.target(), "localhost:15002") << url;
    EXPECT_FALSE(plain.tls());
    EXPECT_EQ(plain.user_id, "ann");
    EXPECT_EQ(plain.token, "");
    EXPECT_EQ(plain.session_id, "");
    EXPECT_EQ(plain.user_agent.substr(0, 10), "tinderbox ");
  }
  EXPECT_EQ(ParseConnection("sc://[::1]:15009").target(), "[::1]:15009");
  EXPECT_EQ(ParseConnection("sc://[fe80::1]").target(), "[fe80::1]:15002");
}

TEST_F(ConnectionTest, AsksTheEnvironment) {
  ::setenv("SPARK_CONNECT_AUTHENTICATE_TOKEN", "secret", 1);
  ::setenv("SPARK_CONNECT_USER_AGENT", "nightly", 1);
  ::setenv("SPARK_USER", "carl", 1);
  const Connection read = ParseConnection("sc://localhost");
  EXPECT_EQ(read.token, "secret");
  EXPECT_EQ(read.user_id, "carl");
  EXPECT_EQ(read.user_agent.substr(0, 8), "nightly ");
  const Connection given = ParseConnection("sc://localhost/;token=other;user_id=dora;user_agent=x");
  EXPECT_EQ(given.token, "other");
  EXPECT_EQ(given.user_id, "dora");
  EXPECT_EQ(given.user_agent.substr(0, 2), "x ");
}

TEST_F(ConnectionTest, SendsATokenOnlyOverTlsOrToThisMachine) {
  EXPECT_FALSE(ParseConnection("sc://127.0.0.1/;token=t").tls());
  EXPECT_FALSE(ParseConnection("sc://localhost/;token=t").tls());
  EXPECT_FALSE(ParseConnection("sc://[::1]/;token=t").tls());
  EXPECT_TRUE(ParseConnection("sc://spark.example/;token=t").tls());
  EXPECT_TRUE(ParseConnection("sc://spark.example/;token=t;use_ssl=false").tls());
  EXPECT_TRUE(ParseConnection("sc://127.0.0.1/;use_ssl=true").tls());
  EXPECT_FALSE(ParseConnection("sc://spark.example").tls());
}

TEST_F(ConnectionTest, RefusesWhatIsNoAddress) {
  const std::string secret = "hunter2";
  for (const std::string& url : {std::string(""),
                                 std::string("localhost:15002"),
                                 std::string("http://localhost"),
                                 std::string("sc://"),
                                 std::string("sc://:15002"),
                                 std::string("sc://host:port"),
                                 std::string("sc://host:0"),
                                 std::string("sc://host:70000"),
                                 std::string("sc://host:15002;token=") + secret,
                                 std::string("sc://[::1"),
                                 std::string("sc://[::1]x"),
                                 std::string("sc://host/path"),
                                 std::string("sc://host/;token"),
                                 std::string("sc://host/;=1"),
                                 std::string("sc://host/;token=") + secret + "=",
                                 std::string("sc://host/;"),
                                 std::string("sc://host/;a=1;;b=2"),
                                 std::string("sc://host/;use_ssl=yes"),
                                 std::string("sc://host/;session_id=mine"),
                                 std::string("sc://ann@host"),
                                 std::string("sc://host/;token=a#b"),
                                 std::string("sc://host/?token=") + secret,
                                 std::string("sc://host/;x header=1"),
                                 std::string("sc://host/;x-a=%0A"),
                                 std::string("sc://host/;grpc-timeout=1"),
                                 std::string("sc://host/;token=a%20") + secret,
                                 "sc://host/;user_agent=" + std::string(2049, 'a')}) {
    try {
      ParseConnection(url);
      ADD_FAILURE() << url;
    } catch (const Error& error) {
      EXPECT_EQ(error.condition(), "INVALID_CONNECT_URL") << url;
      EXPECT_EQ(std::string(error.what()).find(secret), std::string::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace tinderbox::connect
