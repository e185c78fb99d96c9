#include "cluster/archive.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/temp_dir.h"

namespace tinderbox::cluster {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

void Write(const fs::path& file, const std::string& text) {
  fs::create_directories(file.parent_path());
  std::ofstream(file) << text;
}

std::string Read(const fs::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// A Spark and a Java whose programs only note what they are asked for.
class Archive : public testing::Test {
 protected:
  Archive() : folder_(fs::path(temp_.path()) / "demo") {
    Write(spark_ / "jars/slf4j-api-2.0.jar", "s");
    Write(spark_ / "jars/spark-core.jar", "core");
    SetJava(
        "for word in \"$@\"; do case $word in -XX:SharedArchiveFile=*) file=${word#*=};; esac; done\n"
        "echo \"$@\" >> " +
        (java_ / "calls").string() + "\n[ \"$1\" = -Xshare:on ] || echo made > \"$file\"\n");
    folder_.Make();
  }

  void SetJava(const std::string& script) {
    Write(java_ / "bin/java", "#!/bin/sh\n" + script);
    fs::permissions(java_ / "bin/java", fs::perms::owner_all);
  }

  Service Daemon() const {
    Service service;
    service.name = service.role = "master";
    service.command = {spark_.string() + "/bin/spark-class", "Master"};
    service.environment = {{"SPARK_HOME", spark_}, {"JAVA_HOME", java_}, {"SPARK_DAEMON_JAVA_OPTS", "-Da=b"}};
    service.log = folder_.path() / "logs/master.log";
    service.files = {{folder_.path() / "conf/spark-defaults.conf", "spark.a b\n"}};
    service.archive = ArchiveFile(temp_.path(), spark_, java_);
    return service;
  }
  Service Submitted(const std::vector<std::string>& conf) const {
    Service service = Daemon();
    service.name = service.role = "connect";
    service.log = folder_.path() / "logs/connect.log";
    service.command = {spark_.string() + "/bin/spark-submit"};
    for (const std::string& each : conf) {
      service.command.push_back("--conf");
      service.command.push_back(each);
    }
    service.command.push_back("spark-internal");
    return service;
  }
  std::string Defaults(const Service& service) const {
    return service.files.at(folder_.path() / "conf/spark-defaults.conf");
  }
  std::string ClassPath() const { return spark_.string() + "/jars/slf4j-api-2.0.jar:" + spark_.string() + "/jars/*"; }

  const base::TempDir temp_;
  const fs::path spark_ = fs::path(temp_.path()) / "spark", java_ = fs::path(temp_.path()) / "java";
  const ClusterFolder folder_;
};

TEST_F(Archive, IsNamedByTheSparkAndTheJava) {
  const std::string name = Daemon().archive;
  EXPECT_EQ(Daemon().archive, name);
  Write(spark_ / "jars/more.jar", "");
  const std::string other_spark = Daemon().archive;
  EXPECT_NE(other_spark, name);
  Write(java_ / "release", "JAVA_VERSION=\"21.0.1\"");
  EXPECT_NE(Daemon().archive, other_spark);
}

TEST_F(Archive, IsRecordedForWhenThereIsNone) {
  const Service started = WithArchive(Daemon());
  EXPECT_EQ(started.environment.at("SPARK_DAEMON_JAVA_OPTS"),
            "-Da=b \"-XX:DumpLoadedClassList=" + folder_.path().string() + "/logs/master.classes\"");
  EXPECT_FALSE(started.environment.contains("SPARK_DAEMON_CLASSPATH"));
  EXPECT_EQ(Defaults(started), "spark.a b\n");
  EXPECT_TRUE(DriverArchiveConf(Daemon()).empty());
  EXPECT_THAT(WithArchive(Submitted({"spark.driver.defaultJavaOptions=-Dx=y"})).command,
              ElementsAre(spark_.string() + "/bin/spark-submit", "--conf",
                          "spark.driver.defaultJavaOptions=-Dx=y \"-XX:DumpLoadedClassList=" + folder_.path().string() +
                              "/logs/connect.classes\"",
                          "spark-internal"));
  Service none = Daemon();
  none.archive.clear();
  EXPECT_EQ(WithArchive(none), none);
}

TEST_F(Archive, IsUsedByDaemonsDriversAndExecutors) {
  Write(Daemon().archive, "");
  const std::string use = "\"-XX:SharedArchiveFile=" + Daemon().archive + "\" -Xlog:cds*=off";
  const Service daemon = WithArchive(Daemon());
  EXPECT_EQ(daemon.environment.at("SPARK_DAEMON_JAVA_OPTS"), "-Da=b " + use);
  EXPECT_EQ(daemon.environment.at("SPARK_DAEMON_CLASSPATH"), ClassPath());
  EXPECT_EQ(Defaults(daemon), "spark.a b\nspark.executor.defaultJavaOptions " + use +
                                  "\nspark.executor.extraClassPath " + ClassPath() + "\n");
  EXPECT_THAT(WithArchive(Submitted({})).command,
              ElementsAre(spark_.string() + "/bin/spark-submit", "--conf", "spark.driver.defaultJavaOptions=" + use,
                          "--conf", "spark.driver.extraClassPath=" + ClassPath(), "spark-internal"));
  EXPECT_THAT(DriverArchiveConf(Daemon()), ElementsAre(std::pair("spark.driver.defaultJavaOptions", use),
                                                       std::pair("spark.driver.extraClassPath", ClassPath())));
}

TEST_F(Archive, LeavesTheClassPathsOfTheUserAlone) {
  Write(Daemon().archive, "");
  Service daemon = Daemon();
  daemon.environment["SPARK_DAEMON_CLASSPATH"] = "/mine";
  EXPECT_EQ(WithArchive(daemon).environment, daemon.environment);
  const Service submitted = Submitted({"spark.driver.extraClassPath=/mine"});
  EXPECT_EQ(WithArchive(submitted).command, submitted.command);
  daemon.files.begin()->second = "spark.executor.extraClassPath /mine\n";
  EXPECT_EQ(WithArchive(daemon).files, daemon.files);
  daemon.files.begin()->second = "spark.executor.defaultJavaOptions -Dx=y\n";
  EXPECT_THAT(Defaults(WithArchive(daemon)), HasSubstr("spark.executor.defaultJavaOptions -Dx=y \"-XX:Shared"));
}

TEST_F(Archive, IsMadeOfWhatTheServicesRecorded) {
  Desired desired{"mark", {{Daemon(), true, 0}, {Submitted({}), true, 0}}};
  EXPECT_FALSE(LacksArchive(desired)) << "nothing was recorded";
  Write(folder_.path() / "logs/master.classes", "# remark\njava/lang/Object id: 0\norg/Master id: 7\nhalf/a/wo");
  Write(folder_.path() / "logs/connect.classes", "java/lang/Object id: 0\norg/Connect id: 7\nx/Y id: 8 source: z\n");
  folder_.WriteDesired(desired);
  ASSERT_TRUE(LacksArchive(desired));
  // The list is gone afterwards: the script keeps it.
  SetJava(
      "for word in \"$@\"; do case $word in -XX:SharedArchiveFile=*) file=${word#*=};; "
      "-XX:SharedClassListFile=*) cp \"${word#*=}\" " +
      java_.string() +
      "/list;; esac; done\n"
      "[ \"$1\" = -Xshare:on ] || echo made > \"$file\"\n");
  MakeArchive(folder_);
  EXPECT_EQ(Read(Daemon().archive), "made\n");
  EXPECT_EQ(Read(java_ / "list"), "java/lang/Object\norg/Master\norg/Connect\n");
  EXPECT_FALSE(LacksArchive(desired));
  EXPECT_FALSE(fs::exists(folder_.path() / "logs/master.classes"));
}

TEST_F(Archive, ThatDoesNotHoldIsNotUsedAndNotTriedAgain) {
  Desired desired{"mark", {{Daemon(), true, 0}}};
  folder_.WriteDesired(desired);
  Write(folder_.path() / "logs/master.classes", "a/B\n");
  SetJava("echo broken; [ \"$1\" = -Xshare:dump ]\n");  // the check fails
  MakeArchive(folder_);
  EXPECT_FALSE(fs::exists(Daemon().archive));
  EXPECT_THAT(Read(Daemon().archive + ".failed"), HasSubstr("broken"));
  Write(folder_.path() / "logs/master.classes", "a/B\n");
  EXPECT_FALSE(LacksArchive(desired));
}

}  // namespace
}  // namespace tinderbox::cluster
