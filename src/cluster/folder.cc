#include "cluster/folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <pwd.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/fail.h"

namespace tinderbox::cluster {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kWriteFailed = "TINDERBOX_WRITE_FAILED";

/// Space that is kept so that a cluster can be taken down when the disk is full.
constexpr const char* kReserve = "reserve";
constexpr size_t kReserveSize = 64 * 1024;

int OpenLock(const fs::path& file) {
  const int opened = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (opened < 0) base::FailErrno(kWriteFailed, errno, "The lock " + file.string() + " cannot be made");
  return opened;
}

template <typename T>
std::optional<T> ReadJson(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return std::nullopt;
  try {
    return nlohmann::json::parse(in).get<T>();
  } catch (const nlohmann::json::exception& error) {
    base::Fail("TINDERBOX_STATE",
               "{} is not what this version of Tinderbox writes ({}). Take the cluster down with the version that made "
               "it, or remove its folder.",
               file.string(), error.what());
  }
}

/// HOME; without it, as in some services and cron jobs, what the system's list of users says.
fs::path Home(const std::map<std::string, std::string>& environment) {
  if (const auto home = environment.find("HOME"); home != environment.end() && !home->second.empty())
    return home->second;
  const passwd* user = ::getpwuid(::geteuid());
  if (user == nullptr || user->pw_dir == nullptr || user->pw_dir[0] != '/')
    base::Fail("TINDERBOX_PREREQUISITE",
               "There is no home folder: HOME is not set. Set it, or XDG_STATE_HOME, XDG_CONFIG_HOME and "
               "XDG_CACHE_HOME.");
  return user->pw_dir;
}

/// A relative path in such a variable counts as none, by the XDG rules.
fs::path Folder(const std::map<std::string, std::string>& environment, const char* variable, const char* below_home) {
  if (const auto found = environment.find(variable); found != environment.end() && found->second.rfind('/', 0) == 0)
    return fs::path(found->second) / "tinderbox";
  return Home(environment) / below_home / "tinderbox";
}

}  // namespace

Directories FindDirectories(const std::map<std::string, std::string>& environment) {
  Directories directories{Folder(environment, "XDG_CONFIG_HOME", ".config"),
                          Folder(environment, "XDG_STATE_HOME", ".local/state"),
                          Folder(environment, "XDG_CACHE_HOME", ".cache")};
  if (const auto cache = environment.find("TINDERBOX_CACHE"); cache != environment.end() && !cache->second.empty())
    directories.cache = cache->second;
  return directories;
}

FileLock::~FileLock() {
  if (file_ >= 0) ::close(file_);
}

FileLock FileLock::Wait(const fs::path& file) {
  FileLock lock(OpenLock(file));
  while (::flock(lock.file_, LOCK_EX) != 0) {
    if (errno != EINTR) base::FailErrno(kWriteFailed, errno, "The lock " + file.string() + " cannot be taken");
  }
  return lock;
}

std::optional<FileLock> FileLock::Try(const fs::path& file) {
  FileLock lock(OpenLock(file));
  if (::flock(lock.file_, LOCK_EX | LOCK_NB) != 0) return std::nullopt;
  return lock;
}

void ReplaceFile(const fs::path& file, std::string_view content) {
  const fs::path staged = fmt::format("{}.{}.new", file.string(), ::getpid());
  const int out = ::open(staged.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (out < 0) base::FailErrno(kWriteFailed, errno, "The file " + file.string() + " cannot be written");
  size_t done = 0;
  while (done < content.size()) {
    const ssize_t written = ::write(out, content.data() + done, content.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const int error = errno;
      ::close(out);
      ::unlink(staged.c_str());
      base::FailErrno(kWriteFailed, error, "The file " + file.string() + " cannot be written");
    }
    done += static_cast<size_t>(written);
  }
  if (::close(out) != 0 || ::rename(staged.c_str(), file.c_str()) != 0) {
    const int error = errno;
    ::unlink(staged.c_str());
    base::FailErrno(kWriteFailed, error, "The file " + file.string() + " cannot be written");
  }
}

ClusterFolder::ClusterFolder(const Directories& directories, const std::string& name)
    : path_(directories.state / "clusters" / name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) || c == '-'; });
  if (name.empty() || name.size() > 40 || !plain || name[0] == '-')
    base::Fail("TINDERBOX_USAGE", "\"{}\" cannot be a cluster's name: it takes up to 40 letters, digits and dashes.",
               name);
}

bool ClusterFolder::Exists() const {
  std::error_code ignored;
  return fs::exists(path_ / "desired.json", ignored);
}

void ClusterFolder::Make() const {
  std::error_code error;
  for (const char* part : {"conf", "logs", "work", "scratch", "history", "recovery", "warehouse"}) {
    fs::create_directories(path_ / part, error);
    if (error) base::Fail(kWriteFailed, "The folder {} cannot be made: {}.", (path_ / part).string(), error.message());
  }
  fs::permissions(path_, fs::perms::owner_all, error);
  try {
    if (!fs::exists(path_ / kReserve, error)) ReplaceFile(path_ / kReserve, std::string(kReserveSize, 'x'));
  } catch (const Error&) {
    return;  // the disk is full already
  }
}

std::optional<Desired> ClusterFolder::ReadDesired() const {
  return ReadJson<Desired>(path_ / "desired.json");
}

void ClusterFolder::WriteDesired(const Desired& desired) const {
  const std::string text = nlohmann::json(desired).dump(1) + "\n";
  try {
    ReplaceFile(path_ / "desired.json", text);
  } catch (const Error&) {
    std::error_code ignored;
    if (!fs::remove(path_ / kReserve, ignored)) throw;
    ReplaceFile(path_ / "desired.json", text);
  }
}

std::optional<State> ClusterFolder::ReadState() const {
  return ReadJson<State>(path_ / "state.json");
}

void ClusterFolder::WriteState(const State& state) const {
  ReplaceFile(path_ / "state.json", nlohmann::json(state).dump() + "\n");
}

void ClusterFolder::AddHistory(const HistoryLine& line) const {
  const nlohmann::ordered_json json = {
      {"time", line.time}, {"service", line.service}, {"what", line.what}, {"detail", line.detail}};
  std::ofstream out(path_ / "events.ndjson", std::ios::app | std::ios::binary);
  out << json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::vector<HistoryLine> ClusterFolder::ReadHistory() const {
  std::vector<HistoryLine> history;
  std::ifstream in(path_ / "events.ndjson", std::ios::binary);
  for (std::string line; std::getline(in, line);) {
    const nlohmann::json json = nlohmann::json::parse(line, nullptr, false);
    if (json.is_discarded()) continue;  // the last line of a supervisor that was killed
    history.push_back(
        {json.value("time", Time{0}), json.value("service", ""), json.value("what", ""), json.value("detail", "")});
  }
  return history;
}

FileLock ClusterFolder::LockCommands() const {
  return FileLock::Wait(path_ / "commands.lock");
}

std::optional<FileLock> ClusterFolder::TryLockSupervisor() const {
  return FileLock::Try(path_ / "supervisor.lock");
}

std::vector<ClusterFolder> ListClusters(const Directories& directories) {
  std::vector<ClusterFolder> clusters;
  std::error_code error;
  for (fs::directory_iterator entry(directories.state / "clusters", error), end; !error && entry != end;
       entry.increment(error)) {
    ClusterFolder folder(entry->path());
    if (folder.Exists()) clusters.push_back(std::move(folder));
  }
  std::sort(clusters.begin(), clusters.end(),
            [](const ClusterFolder& a, const ClusterFolder& b) { return a.path() < b.path(); });
  return clusters;
}

}  // namespace tinderbox::cluster
