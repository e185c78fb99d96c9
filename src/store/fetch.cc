#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "base/fail.h"
#include "store/http.h"
#include "store/store.h"

namespace tinderbox::store {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kRange = 16 << 20;
constexpr size_t kThreads = 8;  // waiting for a network more than working

/// A file being filled.
class Target {
 public:
  explicit Target(const fs::path& path) : path_(path) {
    std::error_code error;
    fs::create_directories(path.parent_path(), error);
    file_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (file_ < 0) Fail();
  }
  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;
  ~Target() {
    if (file_ >= 0) ::close(file_);
  }

  void Resize(uint64_t size) const {
    if (::ftruncate(file_, static_cast<off_t>(size)) != 0) Fail();
  }
  void Write(uint64_t offset, std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t written = ::pwrite(file_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) Fail();
      offset += static_cast<uint64_t>(written);
      bytes.remove_prefix(static_cast<size_t>(written));
    }
  }
  void SetModified(int64_t ms) const {
    const timespec time{ms / 1000, ms % 1000 * 1'000'000};
    const timespec times[] = {time, time};
    if (::futimens(file_, times) != 0) Fail();
  }

 private:
  [[noreturn]] void Fail() const {
    base::FailErrno("TINDERBOX_STORE", errno, fmt::format("The copy of {} cannot be made", RemoteName(path_.string())));
  }

  fs::path path_;
  int file_ = -1;
};

void CheckRoom(uint64_t needed, const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  const fs::space_info space = fs::space(folder, error);
  if (error || space.available >= needed) return;
  base::Fail("TINDERBOX_STORE",
             "{} MB have to be fetched, but {} has room for {} MB. Name another folder for temporary files (--temp, or "
             "TMPDIR), or read fewer files.",
             (needed >> 20) + 1, folder.parent_path().string(), space.available >> 20);
}

}  // namespace

fs::path LocalPlace(const Store& store, const Entry& entry, const fs::path& folder) {
  std::string url = store.Url(entry.path);
  const fs::path below = url.replace(url.find("://"), 3, "/");
  for (const fs::path& part : below) {
    if (part != "." && part != ".." && !part.empty()) continue;
    base::Fail("TINDERBOX_STORE", "{} cannot be fetched: no file here can have that name.", store.Url(entry.path));
  }
  return folder / below;
}

std::vector<fs::path> Fetch(const std::vector<std::pair<std::shared_ptr<Store>, Entry>>& files,
                            const fs::path& folder) {
  uint64_t total = 0;
  for (const auto& [store, entry] : files) total += entry.size;
  CheckRoom(total, folder);
  std::vector<fs::path> out;
  struct Range {
    size_t file;
    uint64_t offset, size;
  };
  std::vector<Range> ranges;
  for (size_t i = 0; i < files.size(); ++i) {
    const auto& [store, entry] = files[i];
    out.push_back(LocalPlace(*store, entry, folder));
    Target(out.back()).Resize(entry.size);
    for (uint64_t at = 0; at < entry.size; at += kRange) ranges.push_back({i, at, std::min(kRange, entry.size - at)});
  }
  ForAll(ranges.size(), kThreads, [&](size_t i) {
    const Range& range = ranges[i];
    const auto& [store, entry] = files[range.file];
    const Target target(out[range.file]);
    uint64_t at = range.offset;
    store->Read(entry, range.offset, range.size, [&](std::string_view piece) {
      target.Write(at, piece);
      at += piece.size();
    });
  });
  ForAll(files.size(), kThreads, [&](size_t i) {
    files[i].first->CheckSame(files[i].second);
    Target(out[i]).SetModified(files[i].second.modified_ms);
  });
  return out;
}

std::string RemoteName(const std::string& local) {
  // …/tinderbox-remote/7/s3a/bucket/key
  const std::string mark = fmt::format("/{}/", kCopiesFolder);
  const size_t begin = local.find(mark);
  if (begin == std::string::npos) return local;
  const size_t number = local.find('/', begin + mark.size());
  const size_t scheme = number == std::string::npos ? number : local.find('/', number + 1);
  if (scheme == std::string::npos) return local;
  return fmt::format("{}://{}", local.substr(number + 1, scheme - number - 1), local.substr(scheme + 1));
}

}  // namespace tinderbox::store
