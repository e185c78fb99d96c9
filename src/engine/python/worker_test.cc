#include "engine/python/worker.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/temp_dir.h"
#include "engine/python/protocol.h"
#include "engine/python/python_run.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {
namespace {

using namespace std::string_literals;

/// A program in the place of Python, which has the worker's end of the socket as descriptor 3.
class Program {
 public:
  explicit Program(const std::string& shell) {
    const auto path = folder_.path() / "program";
    std::ofstream(path) << "#!/bin/bash\n" << shell;
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    options.python = path.string();
  }
  WorkerOptions options;

 private:
  base::TempDir folder_;
};

void Go() {}

TEST(Worker, SaysThatThereIsNoSuchProgram) {
  try {
    Worker::Start({"/no/such/python", {}});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.condition(), "TINDERBOX_PYTHON");
    EXPECT_NE(std::string(error.what()).find("/no/such/python"), std::string::npos);
  }
}

TEST(Worker, PutsFramesTogetherThatComeInPieces) {
  // "ab" in a frame that comes in two pieces, then "c" and: it waits, having read nothing but the four bytes.
  const Program program(
      "head -c 4 <&3 >/dev/null\n"
      "printf '\\0\\0\\0\\2\\377\\377\\377\\377' >&3; sleep 0.05; printf '\\377\\377\\377\\377ab' >&3\n"
      "printf '\\0\\0\\0\\1\\0\\0\\0\\0\\0\\0\\0\\4c' >&3; sleep 5\n");
  const auto worker = Worker::Start(program.options);
  worker->Send("1234", Go);
  char bytes[3];
  ASSERT_TRUE(worker->Take(bytes, 3, Go));
  EXPECT_EQ(std::string(bytes, 3), "abc");
  EXPECT_FALSE(worker->Await(Go));
  EXPECT_FALSE(worker->ended());
  EXPECT_FALSE(worker->Take(bytes, 1, Go));
}

TEST(Worker, DoesNotTakeAnOldWaitForANewOne) {
  // It began to wait before the last two bytes were sent.
  const Program program(
      "printf '\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\2' >&3\n"
      "head -c 4 <&3 >/dev/null; printf '\\0\\0\\0\\1\\0\\0\\0\\0\\0\\0\\0\\4x' >&3; sleep 5\n");
  const auto worker = Worker::Start(program.options);
  worker->Send("1234", Go);
  EXPECT_TRUE(worker->Await(Go));
}

TEST(Worker, KnowsHowItsProcessEnded) {
  const Program exits("exit 3");
  auto worker = Worker::Start(exits.options);
  worker->Send("1234", Go);
  EXPECT_FALSE(worker->Await(Go));
  ASSERT_TRUE(worker->ended());
  EXPECT_EQ(worker->HowEnded(), "exit code 3");
  const Program dies("kill -9 $$");
  worker = Worker::Start(dies.options);
  worker->Send("1234", Go);
  EXPECT_FALSE(worker->Await(Go));
  EXPECT_EQ(worker->HowEnded(), "signal 9 (Killed)");
}

TEST(Worker, GivesUpWhenItIsToldTo) {
  const Program program("sleep 60");
  const auto worker = Worker::Start(program.options);
  worker->Send("1234", Go);
  EXPECT_THROW(worker->Await([] { throw Interrupted(); }), Interrupted);
  // More than any socket holds, which nobody reads.
  EXPECT_THROW(worker->Send(std::string(64 << 20, 'x'), [] { throw Interrupted(); }), Interrupted);
}

TEST(PythonRun, TurnsExceptionsAndCrashesIntoErrors) {
  // The mark of an exception, its length and its text.
  const Program raises(
      "head -c 4 <&3 >/dev/null\n"
      "printf '\\0\\0\\0\\13\\377\\377\\377\\377\\377\\377\\377\\377\\377\\377\\377\\376\\0\\0\\0\\3bad' >&3; sleep "
      "5\n");
  PythonRun run(Worker::Start(raises.options), "task", Go);
  ArrowBatch batch;
  try {
    run.Next(&batch);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.condition(), "PYTHON_EXCEPTION");
    EXPECT_STREQ(error.what(), "An exception was thrown from the Python worker: bad");
  }
  // It ends within a text.
  const Program crashes(
      "head -c 4 <&3 >/dev/null\n"
      "printf '\\0\\0\\0\\12\\377\\377\\377\\377\\377\\377\\377\\377\\377\\377\\377\\376\\0\\0\\0\\3ba' >&3; exit 7\n");
  PythonRun crash(Worker::Start(crashes.options), "task", Go);
  try {
    crash.Next(&batch);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.condition(), "TINDERBOX_PYTHON_WORKER_EXITED");
    EXPECT_NE(std::string(error.what()).find("exit code 7"), std::string::npos);
  }
}

TEST(Protocol, WritesATaskAsTheWorkerReadsIt) {
  EXPECT_EQ(Encode(-4), "\xff\xff\xff\xfc"s);
  EXPECT_EQ(EncodeText("ab"), "\0\0\0\2ab"s);
  PythonTask task;
  task.eval_type = EvalType::kArrowBatched;
  task.python_version = "3.11";
  task.eval_conf["k"] = "v";
  const std::string bytes = EncodeTask(task, {{{0, ""}, {1, "x"}}, {"F", "G"}});
  EXPECT_TRUE(bytes.starts_with("\0\0\0\0\0\0\0\4"s + "3.11"));
  // The kind, no settings, one of the task's own; one function of two arguments, the second of which is named; two
  // pickles; no number.
  const std::string end = "\0\0\0\x65"s + "\0\0\0\0"s + "\0\0\0\1\0\0\0\1k\0\0\0\1v"s + "\0\0\0\1"s + "\0\0\0\2"s +
                          "\0\0\0\0\0"s + "\0\0\0\1\1\0\0\0\1x"s + "\0\0\0\2\0\0\0\1F\0\0\0\1G"s + std::string(8, '\0');
  EXPECT_TRUE(bytes.ends_with(end));
  // A back-slash would begin an escape.
  EXPECT_EQ(PickledCoercion("\"a\\b\""),
            "(c__main__\ncoercion\n(V\"a\\u005cb\"\ntRcpyspark.sql.types\n_parse_datatype_json_string\n"
            "(V\"a\\u005cb\"\ntRt.");
}

}  // namespace
}  // namespace tinderbox::engine
