#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include "base/mapped_file.h"
#include "base/process.h"
#include "base/staged_output.h"
#include "base/temp_dir.h"
#include "tinderbox/error.h"

namespace tinderbox::base {
namespace {

namespace fs = std::filesystem;

void WriteFile(const fs::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}
std::string ReadFile(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}
size_t CountEntries(const fs::path& folder) {
  return static_cast<size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}
std::string ConditionOf(const std::function<void()>& run) {
  try {
    run();
  } catch (const Error& e) {
    return e.condition();
  }
  return "no error";
}

TEST(TempDir, IsPrivateAndRemoved) {
  fs::path path;
  {
    const TempDir folder;
    path = folder.path();
    EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_all);
    fs::create_directories(path / "a" / "b");
    WriteFile(path / "a" / "b" / "c", "x");
  }
  EXPECT_FALSE(fs::exists(path));
}

TEST(TempDir, RemovesWhatTheDeadLeftAndNothingOfTheLiving) {
  const TempDir parent;
  const TempDir living(parent.path());
  const pid_t child = ::fork();
  if (child == 0) {
    const TempDir left(parent.path());
    WriteFile(left.path() / "data", "x");
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  fs::create_directory(parent.path() / "tinderbox-tmp-nolock");
  WriteFile(parent.path() / "tinderbox-tmp-file", "not ours");
  EXPECT_EQ(CountEntries(parent.path()), 5u);
  const TempDir next(parent.path());
  EXPECT_EQ(CountEntries(parent.path()), 5u);  // the dead one's is gone, ours is new
  EXPECT_TRUE(fs::exists(living.path()));
  EXPECT_TRUE(fs::exists(parent.path() / "tinderbox-tmp-nolock"));
  EXPECT_TRUE(fs::exists(parent.path() / "tinderbox-tmp-file"));
}

TEST(TempDir, SaysWhyItCannotBeMade) {
  const TempDir parent;
  WriteFile(parent.path() / "file", "");
  EXPECT_EQ(ConditionOf([&] { TempDir folder(parent.path() / "file" / "x"); }), "TINDERBOX_TEMP_DIRECTORY");
}

TEST(StagedOutput, AppearsOnlyWhenCommitted) {
  const TempDir folder;
  const fs::path target = folder.path() / "new" / "deep" / "out.csv";
  {
    StagedOutput output(target, StagedOutput::Kind::kFile, false);
    WriteFile(output.path(), "half");
    EXPECT_FALSE(fs::exists(target));
  }
  EXPECT_FALSE(fs::exists(folder.path() / "new"));
  {
    StagedOutput output(target, StagedOutput::Kind::kFile, false);
    WriteFile(output.path(), "whole");
    output.Commit();
  }
  EXPECT_EQ(ReadFile(target), "whole");
  EXPECT_EQ(CountEntries(target.parent_path()), 1u);
}

TEST(StagedOutput, OverwritingKeepsTheOldUntilTheNewIsComplete) {
  const TempDir folder;
  const fs::path target = folder.path() / "out";
  fs::create_directory(target);
  WriteFile(target / "old", "1");
  {
    StagedOutput output(target, StagedOutput::Kind::kFolder, true);
    WriteFile(output.path() / "new", "2");
    EXPECT_TRUE(fs::exists(target / "old"));
  }
  EXPECT_TRUE(fs::exists(target / "old"));
  {
    StagedOutput output(target, StagedOutput::Kind::kFolder, true);
    WriteFile(output.path() / "new", "2");
    output.Commit();
  }
  EXPECT_FALSE(fs::exists(target / "old"));
  EXPECT_EQ(ReadFile(target / "new"), "2");
  EXPECT_EQ(CountEntries(folder.path()), 2u);  // the output and the lock
}

TEST(StagedOutput, RefusesToReplace) {
  const TempDir folder;
  const fs::path target = folder.path() / "out";
  WriteFile(target, "old");
  EXPECT_EQ(ConditionOf([&] { StagedOutput(target, StagedOutput::Kind::kFile, false); }), "PATH_ALREADY_EXISTS");
  EXPECT_EQ(ConditionOf([&] { StagedOutput(folder.path(), StagedOutput::Kind::kFile, true); }),
            "TINDERBOX_WRITE_FAILED");
  EXPECT_EQ(ConditionOf([&] { StagedOutput(target / "below", StagedOutput::Kind::kFile, true); }),
            "TINDERBOX_WRITE_FAILED");
  StagedOutput late(folder.path() / "late", StagedOutput::Kind::kFile, false);
  WriteFile(late.path(), "mine");
  WriteFile(folder.path() / "late", "theirs");
  EXPECT_EQ(ConditionOf([&] { late.Commit(); }), "PATH_ALREADY_EXISTS");
  EXPECT_EQ(ReadFile(folder.path() / "late"), "theirs");
}

TEST(StagedOutput, FollowsLinksAndTrailingSlashes) {
  const TempDir folder;
  fs::create_directory(folder.path() / "real");
  fs::create_directory_symlink(folder.path() / "real", folder.path() / "link");
  {
    StagedOutput output(folder.path() / "link", StagedOutput::Kind::kFolder, true);
    WriteFile(output.path() / "f", "x");
    output.Commit();
  }
  EXPECT_TRUE(fs::is_symlink(folder.path() / "link"));
  EXPECT_EQ(ReadFile(folder.path() / "real" / "f"), "x");
  StagedOutput slash(folder.path() / "slash/", StagedOutput::Kind::kFolder, false);
  slash.Commit();
  EXPECT_TRUE(fs::is_directory(folder.path() / "slash"));
}

TEST(StagedOutput, EverythingUncommittedCanBeRemoved) {
  const TempDir folder;
  StagedOutput one(folder.path() / "one", StagedOutput::Kind::kFolder, false);
  StagedOutput two(folder.path() / "two", StagedOutput::Kind::kFile, false);
  WriteFile(one.path() / "x", "x");
  WriteFile(two.path(), "x");
  StagedOutput::RemoveAllUncommitted();
  EXPECT_EQ(CountEntries(folder.path()), 1u);  // the lock
}

TEST(MappedFile, ReadsFilesAndRefusesOthers) {
  const TempDir folder;
  WriteFile(folder.path() / "empty", "");
  WriteFile(folder.path() / "bytes", std::string("a\0b", 3));
  EXPECT_EQ(MappedFile(folder.path() / "empty").bytes(), "");
  MappedFile file(folder.path() / "bytes");
  EXPECT_EQ(file.bytes(), std::string("a\0b", 3));
  const MappedFile moved = std::move(file);
  EXPECT_EQ(moved.bytes().size(), 3u);
  ASSERT_EQ(::mkfifo((folder.path() / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(ConditionOf([&] { MappedFile f(folder.path() / "pipe"); }), "FAILED_READ_FILE.NO_HINT");
  EXPECT_EQ(ConditionOf([&] { MappedFile f(folder.path()); }), "FAILED_READ_FILE.NO_HINT");
  EXPECT_EQ(ConditionOf([&] { MappedFile f(folder.path() / "none"); }), "PATH_NOT_FOUND");
}

TEST(Process, PeakMemoryGrowsWithUse) {
  const uint64_t before = PeakRssBytes();
  EXPECT_GT(before, 1u << 20);
  std::string block(64 << 20, 'x');
  for (size_t i = 0; i < block.size(); i += 4096) block[i] = static_cast<char>(i);
  EXPECT_GT(PeakRssBytes(), before + (32 << 20));
}

TEST(Process, APipeIsNoTerminal) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  EXPECT_FALSE(IsTerminal(ends[1]));
  EXPECT_FALSE(ColorWanted(ends[1]));
  EXPECT_EQ(TerminalWidth(ends[1]), std::nullopt);
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace
}  // namespace tinderbox::base
