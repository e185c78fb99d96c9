#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/fail.h"
#include "base/mapped_file.h"
#include "cluster/folder.h"
#include "cluster/log.h"
#include "cluster/provision_extras.h"
#include "cluster/provision_tool.h"

namespace tinderbox::cluster {
namespace {

namespace fs = std::filesystem;

/// MinIO gives no programs away any more, and its tags are no versions that Go knows: this names a commit.
constexpr const char* kVersion = "v0.0.0-20260212201848-7aac2a2c5b7c";
/// The module's digest as go.sum writes it; those of what it depends on are in the checksum database alone.
constexpr const char* kSum = "h1:/qdoYujxF5MBLDMVLeiYJ/7fBa1HikX39Dvzb9Ji8pA=";
constexpr int kLeastGo = 24;  // 1.24
/// Lines that go writes: one for each module it fetches and each package it compiles. For the progress alone.
constexpr double kLines = 1780;

double LinesIn(const fs::path& file) {
  std::ifstream in(file);
  return static_cast<double>(std::count(std::istreambuf_iterator<char>(in), {}, '\n'));
}

std::string ReadLine(const fs::path& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

std::string DigestOf(const fs::path& program) {
  return base::Hex(base::Sha256(base::MappedFile(program).bytes()));
}

fs::path FolderIn(const fs::path& cache) {
  return cache / "dist" / fmt::format("minio-{}", kVersion);
}

/// The Go on the path when it is new enough, else one of our own.
std::string FindGo(const fs::path& cache, const fs::path& work, const Progress& progress) {
  const fs::path log = work / "version.log";
  int minor = 0;
  try {
    RunTool({"go", "env", "GOVERSION"}, work, log, "Looking for Go", {.environment = {{"GOTOOLCHAIN", "local"}}});
    const std::vector<std::string> lines = LastLines(log, 1);
    if (!lines.empty()) std::sscanf(lines[0].c_str(), "go1.%d", &minor);
  } catch (const Error&) {
    minor = 0;  // there is none
  }
  return minor >= kLeastGo ? "go" : ProvisionGo(cache, progress).string();
}

}  // namespace

fs::path ProvisionMinio(const fs::path& cache, const Progress& progress) {
  if (!progress) return FolderIn(cache) / "minio";
  return InstallOnce({cache, FolderIn(cache).filename(), "MinIO"},
                     [&](const fs::path& work, const fs::path& result) {
                       const std::string go = FindGo(cache, work, progress);
                       const fs::path log = work / "go.log";
                       const std::string what =
                           "Compiling MinIO, once, for some minutes (there are no ready-made programs of it)";
                       const ToolOptions options = {
                           .environment = {{"GOPATH", work / "path"},
                                           {"GOCACHE", work / "cache"},
                                           {"GOBIN", result},
                                           {"GOTOOLCHAIN", "local"},
                                           {"GOWORK", "off"},
                                           // Else nobody but root could remove what it fetched.
                                           {"GOFLAGS", "-modcacherw"}},
                           .while_running = [&] { progress(what, std::min(0.99, LinesIn(log) / kLines)); },
                           .hint =
                               " It needs 3 GB of disk meanwhile, and a network. Without them take the other store: "
                               "--set s3.store=seaweedfs."};
                       RunTool({go, "install", "-v", fmt::format("github.com/minio/minio@{}", kVersion)}, work, log,
                               "Compiling MinIO", options);
                       const fs::path sum = work / "path/pkg/mod/cache/download/github.com/minio/minio/@v" /
                                            fmt::format("{}.ziphash", kVersion);
                       if (const std::string found = ReadLine(sum); found != kSum)
                         base::Fail("TINDERBOX_PREREQUISITE",
                                    "MinIO is not what it should be: its source has the digest {}, and not {}.", found,
                                    kSum);
                       ReplaceFile(result / "minio.sha256", DigestOf(result / "minio") + "\n");
                     }) /
         "minio";
}

std::vector<std::string> CheckMinio(const fs::path& cache) {
  const fs::path folder = FolderIn(cache);
  if (!fs::exists(folder)) return {};
  if (fs::exists(folder / "minio") && DigestOf(folder / "minio") == ReadLine(folder / "minio.sha256")) return {};
  return {fmt::format("{} is not the program that was compiled", (folder / "minio").string())};
}

}  // namespace tinderbox::cluster
