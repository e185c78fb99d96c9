#include "cli/file_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/temp_dir.h"
#include "tinderbox/error.h"

namespace tinderbox::cli {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

void Write(const fs::path& file) {
  std::ofstream(file) << "x";
}

class FileWatchTest : public testing::Test {
 protected:
  const base::TempDir temp_{""};
  const fs::path folder_ = temp_.path();
};

TEST_F(FileWatchTest, TellsOfItsFilesAlone) {
  Write(folder_ / "job.py");
  const FileWatch watch({folder_ / "job.py", folder_ / "late.py"});
  EXPECT_THAT(watch.Changed(), IsEmpty());
  Write(folder_ / "other.py");
  fs::create_directory(folder_ / "more");
  EXPECT_THAT(watch.Changed(), IsEmpty());
  Write(folder_ / "job.py");
  Write(folder_ / "job.py");
  Write(folder_ / "late.py");
  EXPECT_THAT(watch.Changed(), ElementsAre("job.py", "late.py"));
  EXPECT_THAT(watch.Changed(), IsEmpty());
}

TEST_F(FileWatchTest, AFileThatIsReplacedIsWatchedOn) {
  Write(folder_ / "job.py");
  const FileWatch watch({folder_ / "job.py"});
  for (int i = 0; i < 2; ++i) {
    Write(folder_ / ".job.py.swp");
    EXPECT_THAT(watch.Changed(), IsEmpty());
    fs::rename(folder_ / ".job.py.swp", folder_ / "job.py");
    EXPECT_THAT(watch.Changed(), ElementsAre("job.py"));
  }
  fs::remove(folder_ / "job.py");
  EXPECT_THAT(watch.Changed(), IsEmpty()) << "there is nothing to run";
}

TEST_F(FileWatchTest, LinksPatternsAndFolders) {
  fs::create_directories(folder_ / "real");
  fs::create_directories(folder_ / "package");
  Write(folder_ / "real" / "v1.py");
  fs::create_symlink(folder_ / "real" / "v1.py", folder_ / "job.py");
  const FileWatch watch({folder_ / "job.py", folder_ / "lib-*.zip", folder_ / "package"});
  Write(folder_ / "real" / "v1.py");
  EXPECT_THAT(watch.Changed(), ElementsAre("v1.py"));
  Write(folder_ / "lib-2.zip");
  Write(folder_ / "lib.zip");
  Write(folder_ / "package" / "part.py");
  Write(folder_ / "package" / ".hidden");
  EXPECT_THAT(watch.Changed(), ElementsAre("lib-2.zip", "part.py"));
}

TEST_F(FileWatchTest, AFolderThatIsMissingIsTold) {
  EXPECT_THROW(FileWatch({folder_ / "none" / "job.py"}), Error);
}

}  // namespace
}  // namespace tinderbox::cli
