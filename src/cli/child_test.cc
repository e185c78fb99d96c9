#include "cli/child.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>

#include "base/temp_dir.h"
#include "tinderbox/error.h"

namespace tinderbox::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Output {
  std::vector<std::string> out, err;
  int code = 0;
};
Output Piped(const std::vector<std::string>& words, const ChildOptions& options = {}) {
  Output output;
  output.code = RunPiped(words, options, [&](bool is_error, const std::string& line) {
    (is_error ? output.err : output.out).push_back(line);
  });
  return output;
}

TEST(Child, GivesLinesAndTheExitCode) {
  const Output output = Piped({"sh", "-c", "echo a; echo; printf b; echo wrong >&2; exit 7"});
  EXPECT_THAT(output.out, ElementsAre("a", "", "b"));
  EXPECT_THAT(output.err, ElementsAre("wrong"));
  EXPECT_EQ(output.code, 7);
  EXPECT_EQ(Piped({"sh", "-c", "kill -KILL $$"}).code, 128 + SIGKILL);
}

TEST(Child, HasItsOwnFolderEnvironmentAndPath) {
  const base::TempDir folder;
  ChildOptions options;
  options.folder = folder.path();
  options.environment = {{"PATH", "/usr/bin:/bin"}, {"WORD", "a 'b' $c"}};
  const Output output = Piped({"sh", "-c", "pwd -P; echo \"$WORD\"; env | wc -l"}, options);
  ASSERT_EQ(output.out.size(), 3U);
  EXPECT_EQ(output.out[0], std::filesystem::canonical(folder.path()).string());
  EXPECT_EQ(output.out[1], "a 'b' $c");
  EXPECT_LE(std::stoi(output.out[2]), 5) << "nothing of this program's environment comes along";
  options.environment = std::map<std::string, std::string>{{"PATH", "/no/such/folder"}};
  EXPECT_THROW(Piped({"sh", "-c", "true"}, options), Error) << "its own path counts";
}

TEST(Child, NamesAProgramThatThereIsNot) {
  ChildOptions options;
  options.hint = "Install it.";
  try {
    RunChild({"no-such-program"}, options);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.condition(), "TINDERBOX_PROGRAM");
    EXPECT_THAT(error.what(), HasSubstr("There is no program \"no-such-program\". Install it."));
  }
}

}  // namespace
}  // namespace tinderbox::cli
