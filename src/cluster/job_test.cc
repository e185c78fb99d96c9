#include "cluster/job.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <set>

#include "base/temp_dir.h"
#include "cluster/jar.h"
#include "cluster/job_progress.h"
#include "cluster/job_runner.h"
#include "cluster/machine.h"
#include "cluster/preflight.h"
#include "tinderbox/error.h"

namespace tinderbox::cluster {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Jobs : public testing::Test {
 protected:
  Jobs() : directories_{folder_.path(), folder_.path(), folder_.path()}, cluster_(directories_, "test") {
    cluster_.Make();
    cluster_.WriteDesired({"mark", {}});
  }

  /// A job that this process runs.
  JobFolder Make() {
    JobFolder folder = MakeJob(cluster_);
    Job job;
    job.id = folder.id();
    job.submitted = 1;
    job.runner = *IdentifyProcess(::getpid());
    folder.Write(job);
    return folder;
  }

  const base::TempDir folder_;
  const Directories directories_;
  const ClusterFolder cluster_;
};

TEST_F(Jobs, AreCountedAndFound) {
  EXPECT_THAT(ListJobs(cluster_), testing::IsEmpty());
  EXPECT_EQ(Make().id(), "job-1");
  const JobFolder second = Make();
  EXPECT_EQ(second.id(), "job-2");
  Job job = second.Read();
  job.application = "app-20261121151003-0000";
  job.driver = "driver-20261121151003-0000";
  second.Write(job);
  for (const char* id : {"job-2", "2", "app-20261121151003-0000", "driver-20261121151003-0000"}) {
    ASSERT_TRUE(FindJob(cluster_, id)) << id;
    EXPECT_EQ(FindJob(cluster_, id)->id(), "job-2") << id;
  }
  for (const char* id : {"", "job-3", "job-", "3x", "app-1"}) EXPECT_FALSE(FindJob(cluster_, id)) << id;
  std::filesystem::remove_all(second.path());
  std::filesystem::create_directory(cluster_.path() / "jobs" / "job-9");  // of somebody who is just making it
  EXPECT_EQ(Make().id(), "job-10");
}

TEST_F(Jobs, ARecordIsReadAsItWasWritten) {
  const JobFolder folder = Make();
  Job job = folder.Read();
  job.name = "a \"name\" \xff";
  job.state = JobState::kFailed;
  job.exit_code = 3;
  job.ports = {{"ui", 1}};
  job.command = {"x", ""};
  folder.Write(job);
  const Job read = folder.Read();
  EXPECT_EQ(read.state, JobState::kFailed);
  EXPECT_EQ(read.exit_code, 3);
  EXPECT_EQ(read.ports, job.ports);
  EXPECT_EQ(read.command, job.command);
  EXPECT_THAT(read.name, HasSubstr("a \"name\" "));
  std::ofstream(folder.path() / "job.json") << "{";
  EXPECT_THROW(folder.Read(), Error);
}

TEST_F(Jobs, AreLostWithoutTheirRunner) {
  const JobFolder folder = Make();
  Job job = folder.Read();
  EXPECT_EQ(job.state, JobState::kStarting);
  job.runner.start += 1;  // another process with the same number
  folder.Write(job);
  EXPECT_EQ(folder.Read().state, JobState::kLost);
}

TEST_F(Jobs, LivingOnesKeepTheirPortsForThemselves) {
  std::set<int> ports;
  for (int i = 0; i < 3; ++i) {
    const JobFolder folder = Make();
    Job job = folder.Read();
    AssignJobPorts(directories_, "127.0.0.1", folder, &job);
    for (const auto& [purpose, port] : job.ports) EXPECT_TRUE(ports.insert(port).second) << port;
  }
  EXPECT_EQ(ports.size(), 9U);
}

TEST_F(Jobs, OldOnesAreRemoved) {
  const JobFolder running = Make(), old = Make(), fresh = Make();
  for (const auto& [folder, ended] : {std::pair(old, 1000), std::pair(fresh, 3000)}) {
    Job job = folder.Read();
    job.state = JobState::kFinished;
    job.ended = ended;
    folder.Write(job);
  }
  RemoveOldJobs(cluster_, 2000);
  EXPECT_FALSE(FindJob(cluster_, old.id()));
  EXPECT_TRUE(FindJob(cluster_, running.id()));
  EXPECT_TRUE(FindJob(cluster_, fresh.id()));
}

/// What a job leaves that runs a shell command.
struct Ran {
  Job job;
  std::string out, log;
  std::vector<std::string> complaints;
};
Ran RunShell(const JobFolder& folder, const std::string& command) {
  Ran ran;
  JobLaunch launch;
  launch.command = {"/bin/sh", "-c", command};
  launch.folder = "/";
  JobView view;
  view.out = [&](std::string_view bytes) { ran.out += bytes; };
  view.complain = [&](std::string_view line) { ran.complaints.emplace_back(line); };
  view.progress = [](const auto&, const auto&) {};
  view.news = [](const auto&) {};
  ran.job = RunJob(folder, folder.Read(), launch, EnvironmentOf(::getpid()), view);
  std::ifstream in(folder.log(), std::ios::binary);
  ran.log.assign(std::istreambuf_iterator<char>(in), {});
  return ran;
}

TEST_F(Jobs, KeepWhatTheyWriteAndHowTheyEnd) {
  const JobFolder folder = Make();
  const Ran ran = RunShell(folder,
                           "printf 'a\\nb'; echo '26/11/21 15:10:03 INFO X: Connected to Spark cluster with app ID "
                           "app-20261121151003-0007' >&2; exit 3");
  EXPECT_EQ(ran.out, "a\nb");
  EXPECT_THAT(ran.log, HasSubstr("a\nb"));
  EXPECT_THAT(ran.log, HasSubstr("app ID"));
  const Job job = folder.Read();
  EXPECT_EQ(job.state, JobState::kFailed);
  EXPECT_EQ(job.exit_code, 3);
  EXPECT_EQ(job.application, "app-20261121151003-0007");
  EXPECT_GT(job.ended, 0);
}

TEST_F(Jobs, TellWhyTheyFailed) {
  EXPECT_THAT(RunShell(Make(), "echo 'ValueError: no such luck'; exit 1").job.reason, "ValueError: no such luck");
}

TEST_F(Jobs, LeaveNoProcessBehind) {
  const Ran ran = RunShell(Make(), "sleep 1000 & echo $!");
  EXPECT_EQ(ran.job.state, JobState::kFinished);
  EXPECT_FALSE(IdentifyProcess(std::stoi(ran.out)));
}

TEST_F(Jobs, AProgramThatIsMissingStandsInTheRecord) {
  const JobFolder folder = Make();
  JobLaunch launch;
  launch.command = {"/no/such/program"};
  launch.folder = "/";
  EXPECT_THROW(RunJob(folder, folder.Read(), launch, {}, {}), Error);
  EXPECT_EQ(folder.Read().state, JobState::kFailed);
  EXPECT_THAT(folder.Read().reason, HasSubstr("/no/such/program"));
}

TEST(JobProgress, IsTheSumOfWhatRuns) {
  const auto progress = ParseProgress(
      R"([{"jobId": 3, "status": "RUNNING", "stageIds": [4, 5], "numTasks": 200, "numCompletedTasks": 37,
           "numSkippedTasks": 3, "numCompletedStages": 1, "numSkippedStages": 0},
          {"jobId": 4, "stageIds": [6], "numTasks": 10, "numCompletedTasks": 1}])");
  ASSERT_TRUE(progress);
  EXPECT_EQ(*progress, (JobProgress{2, 3, 1, 210, 41}));
  EXPECT_EQ(ParseProgress("[]"), JobProgress{});
  EXPECT_FALSE(ParseProgress("Spark is starting up. Please wait a while until it's ready."));
  EXPECT_EQ(ParseApplicationId(R"([{"id": "app-1", "name": "x"}])"), "app-1");
  for (const char* other : {"[]", "{}", "[1]", "text"}) EXPECT_EQ(ParseApplicationId(other), "") << other;
}

TEST(JobProgress, DriversAndIds) {
  const char* master = R"({"activedrivers": [{"id": "driver-1", "state": "RUNNING"}],
                           "completeddrivers": [{"id": "driver-2", "state": "FAILED"}]})";
  EXPECT_EQ(ParseDriverState(master, "driver-1"), "RUNNING");
  EXPECT_EQ(ParseDriverState(master, "driver-2"), "FAILED");
  EXPECT_EQ(ParseDriverState(master, "driver-3"), "");
  EXPECT_EQ(FindId("driver", "Driver successfully submitted as driver-20261121180612-0000"),
            "driver-20261121180612-0000");
  EXPECT_EQ(FindId("app", "my-app-1 app-20261121180612-12/3"), "app-20261121180612-12");
  EXPECT_EQ(FindId("app", "app-2026112118061-0000"), "");
}

TEST(JobProgress, ChatterIsNotShown) {
  EXPECT_EQ(IsChatter("26/11/21 18:03:55 INFO SparkContext: Running Spark version 4.2.0"), true);
  EXPECT_EQ(IsChatter("26/11/21 18:03:55 WARN TaskSchedulerImpl: Initial job has not accepted any resources"), false);
  EXPECT_EQ(IsChatter("Traceback (most recent call last):"), std::nullopt);
  EXPECT_EQ(IsChatter("26/11/21 18:03:55 of my own"), std::nullopt);
}

TEST(JobProgress, LinesOfChatterGoWithIt) {
  ChatterFilter filter;
  std::vector<std::string> shown;
  for (const char* line : {"26/11/21 18:03:55 INFO Client: ", "\t client token: N/A", "\t queue: default", "mine",
                           "  mine, indented", "26/11/21 18:03:55 INFO WriteSupport: with the schema:", "{",
                           "  \"a\" : 1", "}", "", "mine again", "26/11/21 18:03:55 WARN Client: twice:", "  as it was",
                           "26/11/21 18:03:55 INFO Client: a report:", "Traceback (most recent call last):",
                           "  File \"job.py\", line 1", "26/11/21 18:03:55 INFO Client: gone", "mine at last"}) {
    if (!filter.IsChatter(line)) shown.emplace_back(line);
  }
  EXPECT_THAT(shown,
              testing::ElementsAre("mine", "  mine, indented", "mine again",
                                   "26/11/21 18:03:55 WARN Client: twice:", "  as it was",
                                   "Traceback (most recent call last):", "  File \"job.py\", line 1", "mine at last"));
}

TEST(Preflight, ADriverOfThisMachineIsReached) {
  const std::map<std::string, int> workers = {{"worker-1", ::getpid()}};
  CheckDriverReachable({"127.0.0.1", "127.0.0.1", 0}, workers);
  CheckDriverReachable({"127.0.0.1", "localhost", 0}, workers);
  const auto message = [&](const DriverAddress& address) -> std::string {
    try {
      CheckDriverReachable(address, workers);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(message({"127.0.0.1", "127.0.0.2", 0}), HasSubstr("worker-1 cannot reach the driver at 127.0.0.2"));
  EXPECT_THAT(message({"127.0.0.1", "no-such-host.invalid", 0}), HasSubstr("no-such-host.invalid"));
  EXPECT_THAT(message({"192.0.2.1", "127.0.0.1", 0}), HasSubstr("cannot listen on 192.0.2.1"));
}

TEST(Preflight, PythonsAreThoseOfPySpark) {
  const Pythons plain = PythonsOf({}, {});
  EXPECT_EQ(plain.driver + plain.worker, "python3python3");
  const Pythons both = PythonsOf({}, {{"PYSPARK_PYTHON", "a"}, {"PYSPARK_DRIVER_PYTHON", "b"}});
  EXPECT_EQ(both.driver + both.worker, "ba");
  const Pythons setting = PythonsOf({{"spark.pyspark.python", "c"}}, {{"PYSPARK_DRIVER_PYTHON", "b"}});
  EXPECT_EQ(setting.driver + setting.worker, "cc") << "a setting beats both variables";
}

TEST(Preflight, PythonsThatDifferAreRefused) {
  const base::TempDir folder;
  const auto fake = [&](const std::string& name, const std::string& says) {
    const std::filesystem::path file = folder.path() / name;
    std::ofstream(file) << "#!/bin/sh\necho " << says << "\n";
    std::filesystem::permissions(file, std::filesystem::perms::owner_all);
    return file.string();
  };
  const std::map<std::string, std::string> environment = EnvironmentOf(::getpid());
  const auto check = [&](const std::string& driver, const std::string& worker) -> std::string {
    try {
      CheckPythons({driver, worker}, environment, {});
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  const std::string a = fake("a", "3 11"), b = fake("b", "3 12"), old = fake("old", "3 7");
  EXPECT_EQ(check(a, a), "");
  EXPECT_THAT(check(a, b), HasSubstr("The driver would run Python 3.11"));
  EXPECT_THAT(check(old, old), HasSubstr("needs 3.10 or later"));
  EXPECT_THAT(check(a, "/no/such/python"), HasSubstr("Workers would run the Python \"/no/such/python\""));
}

TEST(Preflight, FilesThatAreMissing) {
  const base::TempDir folder;
  const std::string there = folder.path() / "a.jar";
  std::ofstream(there) << "no zip";
  const auto check = [](const std::vector<std::string>& words) -> std::string {
    try {
      const SubmitLine line = ParseSubmitLine(words, [](auto) -> size_t { return 1; });
      CheckFiles(line, EffectiveSettings(line, {}));
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(check({"--jars", there + ", file:" + there, "--archives", there + "#name", "--files",
                   "hdfs://host/x," + (folder.path() / "*.jar").string(), there}),
            "");
  EXPECT_THAT(check({"--jars", there + ",/no/such.jar", there}), HasSubstr("spark.jars names /no/such.jar"));
  EXPECT_THAT(check({"/no/app.py"}), HasSubstr("The command line names /no/app.py"));
  EXPECT_THAT(check({"--conf", "spark.submit.pyFiles=/no/*.py", there}), HasSubstr("spark.submit.pyFiles"));
  EXPECT_EQ(check({"spark-internal"}), "");
  EXPECT_THROW(ClassesIn(there), Error) << "no jar";
}

TEST(Preflight, LocalFilesAreThoseOfTheApplication) {
  SubmitLine line;
  line.Add("--py-files", "helpers.py, hdfs://host/far.zip,file:/opt/near.zip");
  line.Add("--files", "conf.json#settings");
  line.application = {"etl.py", "data.csv"};
  EXPECT_THAT(LocalFiles(line, EffectiveSettings(line, {})),
              testing::ElementsAre("etl.py", "helpers.py", "/opt/near.zip", "conf.json"));
}

TEST(Preflight, JarsForAnotherScalaOrSparkAreTold) {
  const base::TempDir spark;
  std::filesystem::create_directories(spark.path() / "jars");
  std::ofstream(spark.path() / "jars" / "spark-core_2.13-4.2.0.jar") << "";
  const auto check = [&](const char* flag, const char* value, const char* application) {
    SubmitLine line;
    if (*flag != '\0') line.Add(flag, value);
    line.application = {application};
    return CheckVersions(line, EffectiveSettings(line, {}), spark.path());
  };
  EXPECT_THAT(
      check("--jars", "/x_2.12/plain-1.2.12.jar,lib_2.13-1.0.jar,s3a://jars/graph_2.13.jar", "app_2.13-0.1.jar"),
      testing::IsEmpty());
  EXPECT_THAT(check("--packages",
                    "org.example:lib_2.13:2.12,org.example:plain_2.11x:1,org.apache.spark:spark-avro_2.13:4.2.0,"
                    "org.apache.iceberg:iceberg-spark-runtime-4.2_2.13:9",
                    "etl_2.12.py"),
              testing::IsEmpty());
  EXPECT_THAT(check("--packages", "org.apache.iceberg:iceberg-spark-runtime-4.1_2.13:1.12.0", "etl.py"),
              ElementsAre(HasSubstr("made for Spark 4.1, and this is Spark 4.2")));
  EXPECT_THAT(check("--jars", "hudi-spark3.5-bundle_2.13-1.0.jar", "etl.py"), ElementsAre(HasSubstr("Spark 3.5")));
  EXPECT_THROW(check("--jars", "a.jar,/opt/graph_2.12-0.8.jar", "etl.py"), Error);
  EXPECT_THROW(check("--packages", "org.apache.iceberg:iceberg-spark-runtime-3.5_2.12:1.8.1", "etl.py"), Error);
  EXPECT_THROW(check("", "", "app_2.12.jar"), Error);
}

}  // namespace
}  // namespace tinderbox::cluster
