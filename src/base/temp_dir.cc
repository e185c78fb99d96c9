#include "base/temp_dir.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "base/fail.h"

namespace tinderbox::base {
namespace {

namespace fs = std::filesystem;

constexpr char kPrefix[] = "tinderbox-tmp-";
constexpr char kLockName[] = ".lock";

/// Removes the folder when nobody holds its lock. A folder without a lock file is being made right now.
void RemoveIfStale(const fs::path& folder) {
  struct stat facts {};
  if (::lstat(folder.c_str(), &facts) != 0 || !S_ISDIR(facts.st_mode) || facts.st_uid != ::geteuid()) return;
  const int lock = ::open((folder / kLockName).c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (lock < 0) return;
  if (::flock(lock, LOCK_EX | LOCK_NB) == 0) {
    std::error_code ignored;
    fs::remove_all(folder, ignored);
  }
  ::close(lock);
}

void RemoveStale(const fs::path& parent) {
  std::error_code error;
  for (fs::directory_iterator at(parent, error), end; !error && at != end; at.increment(error)) {
    if (at->path().filename().string().starts_with(kPrefix)) RemoveIfStale(at->path());
  }
}

}  // namespace

TempDir::TempDir(fs::path parent) {
  std::error_code error;
  if (parent.empty()) parent = fs::temp_directory_path(error);
  if (!error) fs::create_directories(parent, error);
  if (error) {
    FailErrno("TINDERBOX_TEMP_DIRECTORY", error.value(),
              fmt::format("The folder for temporary files, {}, cannot be used", parent.string()));
  }
  RemoveStale(parent);
  for (int attempt = 0; attempt < 100; ++attempt) {
    std::string name = (parent / (std::string(kPrefix) + "XXXXXX")).string();
    if (::mkdtemp(name.data()) == nullptr) {
      FailErrno("TINDERBOX_TEMP_DIRECTORY", errno,
                fmt::format("No folder for temporary files can be made in {}", parent.string()));
    }
    const int lock = ::open((fs::path(name) / kLockName).c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (lock < 0) continue;
    // Between these calls another process may take the lock and remove the folder; then the file has no name any more.
    struct stat facts {};
    const bool locked = ::flock(lock, LOCK_EX | LOCK_NB) == 0 || errno == ENOLCK || errno == EOPNOTSUPP;
    if (locked && ::fstat(lock, &facts) == 0 && facts.st_nlink > 0) {
      path_ = name;
      lock_ = lock;
      return;
    }
    ::close(lock);
  }
  Fail("TINDERBOX_TEMP_DIRECTORY", "No folder for temporary files can be kept in {}: another process removes it.",
       parent.string());
}

TempDir::TempDir(TempDir&& other) noexcept : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

TempDir::~TempDir() {
  if (lock_ < 0) return;
  std::error_code ignored;
  fs::remove_all(path_, ignored);
  ::close(lock_);
}

}  // namespace tinderbox::base
