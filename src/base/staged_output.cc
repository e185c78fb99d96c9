#include "base/staged_output.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <mutex>
#include <set>

#include "base/fail.h"
#include "base/random_name.h"

namespace tinderbox::base {
namespace {

namespace fs = std::filesystem;

struct Uncommitted {
  std::mutex mutex;
  std::set<fs::path> paths;
};

Uncommitted& AllUncommitted() {
  static auto* all = new Uncommitted;  // never destroyed: threads may still write while the process exits
  return *all;
}

[[noreturn]] void Exists(const fs::path& target) {
  FailWith("PATH_ALREADY_EXISTS", {{"outputPath", target.string()}},
           "The output {} exists already. Name another, remove it, or ask to overwrite it.", target.string());
}

/// rename() with flags; on file systems and kernels without them sets errno to EINVAL or ENOSYS.
int Rename(const fs::path& from, const fs::path& to, unsigned flags) {
  return static_cast<int>(::syscall(SYS_renameat2, AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), flags));
}

bool FlagsUnsupported(int error) {
  return error == EINVAL || error == ENOSYS || error == ENOTSUP;
}

}  // namespace

StagedOutput::StagedOutput(const fs::path& target, Kind kind, bool overwrite) : kind_(kind), overwrite_(overwrite) {
  std::error_code error;
  fs::path full = fs::absolute(target, error).lexically_normal();
  if (!full.has_filename()) full = full.parent_path();
  // A link keeps being one: what it points to is replaced.
  if (fs::is_symlink(full, error)) full = fs::weakly_canonical(full, error);
  target_ = full;
  if (!target_.has_filename()) Fail("TINDERBOX_WRITE_FAILED", "{} cannot be an output.", target.string());

  const fs::file_status status = fs::status(target_, error);
  if (fs::exists(status)) {
    if (!overwrite) Exists(target_);
    if (kind == Kind::kFile && !fs::is_regular_file(status)) {
      Fail("TINDERBOX_WRITE_FAILED", "The output {} exists and is {}; a file will not replace it.", target_.string(),
           fs::is_directory(status) ? "a folder" : "no regular file");
    }
  }
  const fs::path parent = target_.parent_path();
  for (fs::path at = parent; !at.empty() && !fs::exists(at, error) && at != at.root_path(); at = at.parent_path()) {
    made_parents_.push_back(at);
  }
  fs::create_directories(parent, error);
  if (error) {
    const int code = error.value();
    Discard();
    FailErrno("TINDERBOX_WRITE_FAILED", code, fmt::format("The folder {} cannot be made", parent.string()));
  }
  // Hidden, so that Spark and others do not read it. Long names are cut: the prefix must not make them too long.
  staged_ = parent / fmt::format(".{}.tinderbox-{}", target_.filename().string().substr(0, 180), RandomName());
  {
    const std::lock_guard lock(AllUncommitted().mutex);
    AllUncommitted().paths.insert(staged_);
  }
  if (kind == Kind::kFolder && !fs::create_directory(staged_, error)) {
    const int code = error.value();
    const std::string place = staged_.string();
    Discard();
    FailErrno("TINDERBOX_WRITE_FAILED", code, fmt::format("The folder {} cannot be made", place));
  }
}

StagedOutput::StagedOutput(StagedOutput&& other) noexcept
    : target_(std::move(other.target_)),
      staged_(std::exchange(other.staged_, {})),
      kind_(other.kind_),
      overwrite_(other.overwrite_),
      made_parents_(std::exchange(other.made_parents_, {})) {}

StagedOutput::~StagedOutput() {
  Discard();
}

void StagedOutput::Discard() noexcept {
  std::error_code ignored;
  if (!staged_.empty()) {
    fs::remove_all(staged_, ignored);
    const std::lock_guard lock(AllUncommitted().mutex);
    AllUncommitted().paths.erase(staged_);
    staged_.clear();
  }
  for (const fs::path& parent : made_parents_) fs::remove(parent, ignored);  // fails on folders that others use by now
  made_parents_.clear();
}

void StagedOutput::Commit() {
  if (staged_.empty()) Fail("INTERNAL_ERROR", "The output {} was committed twice.", target_.string());
  const auto failed = [&](int code) {
    FailErrno("TINDERBOX_WRITE_FAILED", code,
              fmt::format("The finished output cannot be renamed to {}", target_.string()));
  };
  bool old_is_staged = false;
  if (Rename(staged_, target_, RENAME_NOREPLACE) != 0) {
    int code = errno;
    const bool plain = FlagsUnsupported(code);
    std::error_code error;
    const bool exists = code == EEXIST || (plain && fs::exists(target_, error));
    if (!exists && !plain) failed(code);
    if (exists && !overwrite_) Exists(target_);
    if (!exists || kind_ == Kind::kFile) {
      if (::rename(staged_.c_str(), target_.c_str()) != 0) failed(errno);
    } else if (Rename(staged_, target_, RENAME_EXCHANGE) == 0) {
      old_is_staged = true;
    } else {
      if (!FlagsUnsupported(errno)) failed(errno);
      const fs::path aside = staged_.string() + "-old";
      if (::rename(target_.c_str(), aside.c_str()) != 0) failed(errno);
      if (::rename(staged_.c_str(), target_.c_str()) != 0) {
        code = errno;
        ::rename(aside.c_str(), target_.c_str());
        failed(code);
      }
      fs::remove_all(aside, error);
    }
  }
  made_parents_.clear();
  const fs::path leftover = staged_;
  if (old_is_staged) {
    std::error_code ignored;
    fs::remove_all(leftover, ignored);
  }
  const std::lock_guard lock(AllUncommitted().mutex);
  AllUncommitted().paths.erase(leftover);
  staged_.clear();
}

void StagedOutput::RemoveAllUncommitted() {
  const std::lock_guard lock(AllUncommitted().mutex);
  std::error_code ignored;
  for (const fs::path& path : AllUncommitted().paths) fs::remove_all(path, ignored);
}

}  // namespace tinderbox::base
