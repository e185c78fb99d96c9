#include "cluster/packages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "base/temp_dir.h"
#include "tinderbox/error.h"

namespace tinderbox::cluster {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

/// A Python whose pip "installs" what stands in wanted.txt, and one package more that every other needs. It refuses
/// nosuch, and gives the file of a package the hash that the variable HASH says.
class Packages : public testing::Test {
 protected:
  Packages() {
    std::ofstream(python_) << R"sh(#!/usr/bin/env bash
while (($#)); do
  case $1 in --target) site=$2 ;; --report) report=$2 ;; --constraint) pins=$2 ;; --requirement) wanted=$2 ;; esac
  shift
done
if grep -q nosuch "$wanted"; then
  echo "ERROR: Could not find a version that satisfies the requirement nosuch (from versions: none)"
  echo "ERROR: No matching distribution found for nosuch"
  exit 1
fi
cp "$pins" "$(dirname "$0")/pins"
items=''
for each in $(cat "$wanted") base; do
  name=${each%%=*} version=${each##*=}
  [[ $version != "$each" ]] || version=1.0
  touch "$site/$name.py"
  items+="{\"metadata\": {\"name\": \"$name\", \"version\": \"$version\"},
    \"download_info\": {\"archive_info\": {\"hashes\": {\"sha256\": \"${HASH:-$name$version}\"}}}},"
done
echo "{\"install\": [${items%,}]}" > "$report"
)sh";
    ::chmod(python_.c_str(), 0700);
  }
  ~Packages() override { ::unsetenv("HASH"); }

  PythonPackages Add(const std::vector<std::string>& names) {
    return AddPackages(cluster_, python_, names, [](const std::string&, double) {});
  }
  PythonPackages Remove(const std::vector<std::string>& names) {
    return RemovePackages(cluster_, python_, names, [](const std::string&, double) {});
  }
  std::vector<std::string> Installed() const {
    std::vector<std::string> names;
    for (const PythonPackage& each : ReadPackages(cluster_).installed)
      names.push_back(each.name + "==" + each.version + (each.asked ? "!" : ""));
    return names;
  }
  template <typename Body>
  static std::string Complaint(const Body& body) {
    try {
      body();
    } catch (const Error& error) {
      return error.condition() + ": " + error.what();
    }
    return "";
  }

  base::TempDir folder_;
  fs::path cluster_ = folder_.path() / "my cluster";
  fs::path python_ = folder_.path() / "python";
};

TEST_F(Packages, AreInstalledPinnedAndListed) {
  EXPECT_EQ(PackagesNow(cluster_), "");
  EXPECT_THAT(ReadPackages(cluster_).installed, testing::IsEmpty());
  Add({"numpy==2.1.0"});
  EXPECT_THAT(Installed(), ElementsAre("base==1.0", "numpy==2.1.0!"));
  EXPECT_TRUE(fs::exists(fs::path(PackagesFolder(cluster_)) / "numpy.py"));
  std::ifstream lock(cluster_ / "packages/current/requirements.txt");
  const std::string text{std::istreambuf_iterator<char>(lock), {}};
  EXPECT_THAT(text, HasSubstr("numpy==2.1.0 --hash=sha256:numpy2.1.0\n"));
  Add({"pandas"});
  EXPECT_THAT(Installed(), ElementsAre("base==1.0", "numpy==2.1.0!", "pandas==1.0!"));
  std::ifstream pins(folder_.path() / "pins");
  const std::string pinned{std::istreambuf_iterator<char>(pins), {}};
  EXPECT_EQ(pinned, "base==1.0\nnumpy==2.1.0\n");
  Add({"NumPy==2.2.0"});
  EXPECT_THAT(ReadPackages(cluster_).wanted, ElementsAre("pandas", "NumPy==2.2.0")) << "one name, one version";
  Remove({"numpy"});
  EXPECT_THAT(Installed(), ElementsAre("base==1.0", "pandas==1.0!"));
  EXPECT_FALSE(fs::exists(fs::path(PackagesFolder(cluster_)) / "numpy.py"));
  Remove({"pandas"});
  EXPECT_THAT(Installed(), testing::IsEmpty());
}

TEST_F(Packages, StayAsTheyWereWhenPipFails) {
  Add({"numpy"});
  const std::string before = PackagesNow(cluster_);
  const std::string said = Complaint([&] { Add({"nosuch"}); });
  EXPECT_THAT(said, HasSubstr("TINDERBOX_PREREQUISITE: pip cannot install nosuch: No matching distribution found for "
                              "nosuch. Nothing was changed."));
  ::setenv("HASH", "another", 1);
  EXPECT_THAT(Complaint([&] { Add({"pandas"}); }), HasSubstr("is not the file that was installed before"));
  EXPECT_EQ(PackagesNow(cluster_), before);
  EXPECT_THAT(Installed(), ElementsAre("base==1.0", "numpy==1.0!"));
}

TEST_F(Packages, AreKeptForWhoUsesThem) {
  Add({"numpy"});
  const std::string first = PackagesNow(cluster_);
  const pid_t user = ::fork();
  if (user == 0) {
    ::setenv("PYTHONPATH", first.c_str(), 1);
    ::execlp("sleep", "sleep", "60", nullptr);
    ::_exit(1);
  }
  // Its environment is seen once it runs the program.
  for (std::string name; name != "sleep\n";) {
    std::ifstream in("/proc/" + std::to_string(user) + "/comm");
    name = std::string{std::istreambuf_iterator<char>(in), {}};
  }
  Add({"pandas"});
  EXPECT_TRUE(fs::exists(first));
  EXPECT_NE(PackagesNow(cluster_), first);
  ::kill(user, SIGKILL);
  ::waitpid(user, nullptr, 0);
  Remove({"pandas"});
  EXPECT_FALSE(fs::exists(first));
}

TEST_F(Packages, RefuseWhatIsNoName) {
  for (const char* wrong : {"-r/etc/passwd", "--index-url=http://x", "../x.whl", "a b", "numpy\nother", "",
                            "git+https://x", "numpy==", "x; rm"})
    EXPECT_THAT(Complaint([&] { Add({wrong}); }), HasSubstr("names no package")) << wrong;
  EXPECT_FALSE(fs::exists(cluster_));
  Add({"pandas[excel]>=1,<=1.0"});
  EXPECT_THAT(Complaint([&] { Remove({"base"}); }), HasSubstr("another one needs it"));
  EXPECT_THAT(Complaint([&] { Remove({"polars"}); }), HasSubstr("TINDERBOX_NO_SUCH"));
}

}  // namespace
}  // namespace tinderbox::cluster
