#include "cluster/archive.h"

#include <fmt/format.h>
#include <sys/wait.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include "base/fail.h"
#include "cluster/machine.h"
#include "cluster/spawn.h"
#include "cluster/spec.h"

namespace tinderbox::cluster {
namespace {

namespace fs = std::filesystem;

/// What the JVM takes while it makes an archive of Spark: 1.0 GB measured.
constexpr int64_t kMemoryNeeded = 1200 * kMiB;
constexpr size_t kArchivesKept = 3;

/// FNV-1a.
uint64_t Hash(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325U;
  for (const unsigned char c : text) hash = (hash ^ c) * 0x100000001b3U;
  return hash;
}

/// As Spark's own, without the configuration: an archive does not bear folders.
std::string ClassPath(const std::string& spark_home) {
  std::string first;
  std::error_code error;
  for (fs::directory_iterator entry(spark_home + "/jars", error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename();
    if (name.rfind("slf4j-api-", 0) == 0) first = entry->path().string() + ":";
  }
  return first + spark_home + "/jars/*";
}

/// A word of a list of options as Spark splits them.
std::string Quoted(const std::string& option) {
  std::string quoted = "\"";
  for (const char c : option) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

bool IsThere(const std::string& archive) {
  std::error_code ignored;
  return fs::exists(archive, ignored);
}

std::string ClassList(const Service& service) {
  return fs::path(service.log).replace_extension(".classes");
}

/// Without a word on the standard output of jobs when the archive does not fit.
std::string UseArchive(const std::string& archive) {
  return Quoted("-XX:SharedArchiveFile=" + archive) + " -Xlog:cds*=off";
}

void AppendOption(std::string* options, const std::string& more) {
  if (!options->empty()) *options += ' ';
  *options += more;
}

/// The word NAME=VALUE after the last such --conf of spark-submit, which is the one that counts; null: there is none.
std::string* FindConf(std::vector<std::string>* command, const std::string& name) {
  const std::string start = name + "=";
  for (size_t i = command->size() - 1; i > 0; --i) {
    if ((*command)[i - 1] == "--conf" && (*command)[i].rfind(start, 0) == 0) return &(*command)[i];
  }
  return nullptr;
}

void AddConf(std::vector<std::string>* command, const std::string& name, const std::string& value) {
  command->insert(command->begin() + 1, {"--conf", name + "=" + value});
}

/// spark-defaults.conf for executors: they run on this machine, from this Spark.
void AddExecutors(const std::string& archive, const std::string& class_path, std::string* defaults) {
  std::string options;
  std::istringstream lines(*defaults);
  std::string others;
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("spark.executor.extraClassPath ", 0) == 0) return;
    constexpr std::string_view kOptions = "spark.executor.defaultJavaOptions ";
    if (line.rfind(kOptions, 0) == 0) {
      options = line.substr(kOptions.size());
    } else {
      others += line + "\n";
    }
  }
  AppendOption(&options, UseArchive(archive));
  *defaults = fmt::format("{}spark.executor.defaultJavaOptions {}\nspark.executor.extraClassPath {}\n", others, options,
                          class_path);
}

/// The lines of all lists, each once. What a process that is alive has not written to its end is left out, and the
/// numbers that classes have within one process.
std::string Merge(const std::vector<std::string>& lists) {
  std::set<std::string> seen;
  std::string merged;
  for (const std::string& list : lists) {
    std::ifstream in(list, std::ios::binary);
    for (std::string line; std::getline(in, line) && !in.eof();) {
      if (line.empty() || line[0] == '#' || line.find(" source:") != std::string::npos) continue;
      if (const size_t number = line.find(" id: "); number != std::string::npos) line.resize(number);
      if (seen.insert(line).second) merged += line + "\n";
    }
  }
  return merged;
}

/// Also with the cluster's mark: what makes an archive goes when the cluster goes.
bool RunToEnd(const std::vector<std::string>& command, const fs::path& folder, const std::string& cluster) {
  std::map<std::string, std::string> environment = LastingEnvironment();
  environment[kClusterVariable] = cluster;
  const Process process = SpawnDetached(command, environment, folder, folder / "log");
  int status = 0;
  while (::waitpid(process.pid, &status, 0) < 0 && errno == EINTR) continue;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/// The archives of other versions of Java or Spark are big; those in use live on until they are closed.
void RemoveOldArchives(const fs::path& folder) {
  std::vector<std::pair<fs::file_time_type, fs::path>> archives;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    std::error_code gone;
    if (entry->path().extension() == ".jsa") archives.emplace_back(entry->last_write_time(gone), entry->path());
  }
  std::sort(archives.rbegin(), archives.rend());
  for (size_t i = kArchivesKept; i < archives.size(); ++i) fs::remove(archives[i].second, error);
}

const Service* ServiceWithArchive(const Desired& desired) {
  for (const Wanted& wanted : desired.services) {
    if (!wanted.service.archive.empty()) return &wanted.service;
  }
  return nullptr;
}

std::vector<std::string> ClassLists(const Desired& desired) {
  std::vector<std::string> lists;
  for (const Wanted& wanted : desired.services) {
    const std::string list = ClassList(wanted.service);
    if (!wanted.service.archive.empty() && IsThere(list)) lists.push_back(list);
  }
  return lists;
}

}  // namespace

std::string ArchiveFile(const fs::path& cache, const std::string& spark_home, const std::string& java_home) {
  std::set<std::string> facts = {ClassPath(spark_home), java_home};
  std::error_code error;
  for (fs::directory_iterator entry(spark_home + "/jars", error), end; !error && entry != end; entry.increment(error)) {
    std::error_code gone;
    const auto written = entry->last_write_time(gone).time_since_epoch().count();
    const uintmax_t size = entry->is_regular_file(gone) ? entry->file_size(gone) : 0;
    facts.insert(fmt::format("{} {} {}", entry->path().string(), size, written));
  }
  std::ostringstream java;
  java << std::ifstream(java_home + "/release").rdbuf();
  facts.insert(java.str());
  // The library itself, for a Java that was updated in place and has no release file.
  facts.insert(
      fmt::format("{}", fs::last_write_time(java_home + "/lib/server/libjvm.so", error).time_since_epoch().count()));
  return cache / "archives" / fmt::format("spark-{:016x}.jsa", Hash(fmt::format("{}", fmt::join(facts, "\n"))));
}

Service WithArchive(Service service) {
  if (service.archive.empty()) return service;
  const std::string home = service.environment.at("SPARK_HOME");
  const bool there = IsThere(service.archive);
  const std::string options =
      there ? UseArchive(service.archive) : Quoted("-XX:DumpLoadedClassList=" + ClassList(service));
  if (there) {
    for (auto& [path, content] : service.files) {
      if (fs::path(path).filename() == "spark-defaults.conf") AddExecutors(service.archive, ClassPath(home), &content);
    }
  }
  if (service.command[0] != home + "/bin/spark-submit") {
    if (service.environment.contains("SPARK_DAEMON_CLASSPATH")) return service;
    if (there) service.environment["SPARK_DAEMON_CLASSPATH"] = ClassPath(home);
    AppendOption(&service.environment["SPARK_DAEMON_JAVA_OPTS"], options);
    return service;
  }
  if (FindConf(&service.command, "spark.driver.extraClassPath") != nullptr) return service;
  if (there) AddConf(&service.command, "spark.driver.extraClassPath", ClassPath(home));
  if (std::string* word = FindConf(&service.command, "spark.driver.defaultJavaOptions"); word != nullptr) {
    AppendOption(word, options);
  } else {
    AddConf(&service.command, "spark.driver.defaultJavaOptions", options);
  }
  return service;
}

std::map<std::string, std::string> DriverArchiveConf(const Service& service) {
  if (service.archive.empty() || !IsThere(service.archive)) return {};
  return {{"spark.driver.extraClassPath", ClassPath(service.environment.at("SPARK_HOME"))},
          {"spark.driver.defaultJavaOptions", UseArchive(service.archive)}};
}

bool LacksArchive(const Desired& desired) {
  const Service* service = ServiceWithArchive(desired);
  return service != nullptr && !IsThere(service->archive) && !IsThere(service->archive + ".failed") &&
         !ClassLists(desired).empty();
}

void MakeArchive(const ClusterFolder& folder) {
  const Desired desired = folder.ReadDesired().value_or(Desired{});
  if (!LacksArchive(desired) || InspectMachine().memory_free < kMemoryNeeded) return;
  const Service& service = *ServiceWithArchive(desired);
  const fs::path archive = service.archive;
  fs::create_directories(archive.parent_path());
  const std::optional<FileLock> alone = FileLock::Try(archive.parent_path() / "lock");
  if (!alone || IsThere(archive)) return;
  const fs::path work = fs::path(archive).replace_extension(".partial");
  fs::remove_all(work);
  fs::create_directories(work);
  const std::vector<std::string> lists = ClassLists(desired);
  ReplaceFile(work / "classes", Merge(lists));
  const std::string java = service.environment.at("JAVA_HOME") + "/bin/java";
  const std::string made = work / "archive";
  const std::string class_path = ClassPath(service.environment.at("SPARK_HOME"));
  const bool good = RunToEnd({java, "-Xshare:dump", "-XX:+UseSerialGC", "-Xmx400m",
                              "-XX:SharedClassListFile=" + (work / "classes").string(), "-XX:SharedArchiveFile=" + made,
                              "-Xlog:cds*=error,class*=off", "-cp", class_path},
                             work, desired.cluster) &&
                    RunToEnd({java, "-Xshare:on", "-XX:SharedArchiveFile=" + made, "-cp", class_path, "-version"}, work,
                             desired.cluster);
  if (good) {
    fs::rename(made, archive);
    RemoveOldArchives(archive.parent_path());
  } else {
    fs::rename(work / "log", archive.string() + ".failed");
  }
  fs::remove_all(work);
  for (const std::string& list : lists) fs::remove(list);
}

}  // namespace tinderbox::cluster
