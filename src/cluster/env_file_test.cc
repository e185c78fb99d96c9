#include "cluster/env_file.h"

#include <gmock/gmock.h>

#include "cluster/config_fixture.h"
#include "tinderbox/error.h"

namespace tinderbox::cluster {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

std::string ValueOf(const std::string& line) {
  const std::vector<EnvVariable> variables = ParseEnvFile(line, ".env");
  return variables.empty() ? "nothing" : variables[0].wrong.empty() ? variables[0].value : "wrong";
}

TEST(EnvFile, ReadsWhatComposeReads) {
  EXPECT_EQ(ValueOf("A=b"), "b");
  EXPECT_EQ(ValueOf("  export A = b c  # comment\r"), "b c");
  EXPECT_EQ(ValueOf("A=b#c"), "b#c");
  EXPECT_EQ(ValueOf("A="), "");
  EXPECT_EQ(ValueOf("A= # comment"), "");
  EXPECT_EQ(ValueOf("A='$b #c' # comment"), "$b #c");
  EXPECT_EQ(ValueOf(R"(A="b \"c\" \$d\n")"), "b \"c\" $d\n");
  EXPECT_EQ(ValueOf("A"), "nothing");
  EXPECT_EQ(ValueOf("# A=b"), "nothing");
  const std::vector<EnvVariable> variables = ParseEnvFile("\n# x\nA=1\nB=2\n", ".env");
  ASSERT_EQ(variables.size(), 2U);
  EXPECT_EQ(variables[1].name, "B");
  EXPECT_EQ(variables[1].line, 4);
}

TEST(EnvFile, KnowsWhatItCannotRead) {
  for (const char* line : {"A=$B", "A=\"${B}\"", "A='b", "A=\"b", "A='b' c"}) EXPECT_EQ(ValueOf(line), "wrong") << line;
  for (const char* line : {"A B=c", "=b", "1A=b", "services:"}) EXPECT_THROW(ParseEnvFile(line, ".env"), Error) << line;
}

class VariablesTest : public ConfigTest {
 protected:
  void WriteEnv(const std::string& text) { sources_.env_file = Write(".env", text); }
};

TEST_F(VariablesTest, TheEnvironmentBeatsTheFile) {
  WriteEnv("SPARK_WORKER_CORES=2\nTINDERBOX_WORKER_COUNT=3\nPOSTGRES_PASSWORD=${SECRET}\n");
  sources_.environment["SPARK_WORKER_CORES"] = "4";
  const Config config = ReadConfig(sources_);
  EXPECT_EQ(config.keys.at("worker.cores").text, "4");
  EXPECT_EQ(config.keys.at("worker.cores").origin, "variable SPARK_WORKER_CORES");
  EXPECT_EQ(config.keys.at("worker.count").text, "3");
  EXPECT_EQ(config.keys.at("worker.count").origin, ".env:2 TINDERBOX_WORKER_COUNT");
  EXPECT_THAT(config.warnings, IsEmpty());
}

TEST_F(VariablesTest, AFileThatIsNotThereIsNoFile) {
  sources_.env_file = folder_.path() / "none";
  EXPECT_EQ(Complaint(), "");
}

TEST_F(VariablesTest, NamesTheLineOfAWrongValue) {
  WriteEnv("\nSPARK_WORKER_MEMORY=128m\n");
  EXPECT_THAT(Complaint(), AllOf(HasSubstr(".env:2: SPARK_WORKER_MEMORY"), HasSubstr("at least 450m")));
  WriteEnv("SPARK_WORKER_MEMORY=${SIZE}\n");
  EXPECT_THAT(Complaint(), AllOf(HasSubstr(".env:1"), HasSubstr("single quotes")));
}

TEST_F(VariablesTest, SparkEnvSetsTheSameKeys) {
  sources_.environment = {
      {"SPARK_ENV__SPARK_EXECUTOR_CORES", "2"}, {"SPARK_WORKER_CORES", "1"}, {"SPARK_ENV__SPARK_WORKER_CORES", "4"}};
  const Config config = ReadConfig(sources_);
  EXPECT_EQ(config.keys.at("executor.cores").text, "2");
  EXPECT_EQ(config.keys.at("executor.cores").origin, "variable SPARK_ENV__SPARK_EXECUTOR_CORES");
  EXPECT_EQ(config.keys.at("worker.cores").text, "4") << "it was meant for nothing else";
}

TEST_F(VariablesTest, SaysWhatItDoesNotUse) {
  sources_.environment = {{"SPARK_ENV__SPARK_EXECUTOR_INSTANCES", "7"}, {"SPARK_ENV__SPARK_LOG_DIR", "/tmp/spark"}};
  WriteEnv("CORE_SITE__HADOOP_TMP_DIR=/tmp\nYARN_SITE__YARN_LOG_AGGREGATION_ENABLE=true\n");
  const Config config = ReadConfig(sources_);
  ASSERT_EQ(config.warnings.size(), 4U);
  EXPECT_THAT(config.warnings[0], HasSubstr("--num-executors"));
  EXPECT_THAT(config.warnings[2], AllOf(HasSubstr("CORE_SITE__HADOOP_TMP_DIR"), HasSubstr("core-site.xml")));
  EXPECT_TRUE(config.site_conf.empty());
  sources_.flags = {{"with", {"hdfs", "flag --with"}}};
  const Config hdfs = ReadConfig(sources_);
  EXPECT_EQ(hdfs.warnings.size(), 3U) << "YARN alone has no reader";
  EXPECT_EQ(hdfs.site_conf.at("core_site.HADOOP_TMP_DIR").text, "/tmp");
}

TEST_F(VariablesTest, SaysThatTheFileComesTooLateForTheName) {
  WriteEnv("TINDERBOX_NAME=test\n");
  sources_.environment = {{"TINDERBOX_CACHE", "/cache"}};
  const Config config = ReadConfig(sources_);
  ASSERT_EQ(config.warnings.size(), 1U);
  EXPECT_THAT(config.warnings[0], AllOf(HasSubstr(".env:1: TINDERBOX_NAME"), HasSubstr("Export it")));
}

TEST_F(VariablesTest, RefusesWhatNobodyKnows) {
  sources_.environment = {{"SPARK_ENV__SPARK_WORKER_CROES", "2"}};
  EXPECT_THAT(Complaint(), HasSubstr("Did you mean SPARK_WORKER_CORES?"));
  sources_.environment = {{"TINDERBOX_WORKER_CUONT", "2"}};
  EXPECT_THAT(Complaint(), HasSubstr("Did you mean TINDERBOX_WORKER_COUNT?"));
  sources_.environment = {{"SPARK_RPC_AUTHENTICATION_ENABLED", "yes"}};
  EXPECT_THAT(Complaint(), HasSubstr("spark.authenticate"));
  sources_.environment = {
      {"SPARK_RPC_AUTHENTICATION_ENABLED", "no"}, {"TINDERBOX_NAME", "x"}, {"SPARK_MODE", "master"}};
  EXPECT_EQ(Complaint(), "");
}

}  // namespace
}  // namespace tinderbox::cluster
