#include "base/code_pages.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

namespace tinderbox::base {
namespace {

/// kB of mapped files in this process's memory.
long ResidentFiles() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    long kilobytes = 0;
    if (word == "RssFile:" && status >> kilobytes) return kilobytes;
  }
  return -1;
}

TEST(CodePages, GoAndComeBack) {
  const long before = ResidentFiles();
  ASSERT_GT(before, 0);
  ReleaseCodePages();
  EXPECT_LT(ResidentFiles(), before);
  // Code and constants that were gone run and read as before.
  EXPECT_THROW(throw std::string("a"), std::string);
  EXPECT_EQ(std::to_string(ResidentFiles() > 0 ? 42 : 0), "42");
  ReleaseCodePages();
}

}  // namespace
}  // namespace tinderbox::base
