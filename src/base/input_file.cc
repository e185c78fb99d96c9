#include "base/input_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/fail.h"

namespace tinderbox::base {
namespace {

constexpr const char* kReadFailed = "FAILED_READ_FILE.NO_HINT";

}  // namespace

InputFile::InputFile(const std::string& path) : path_(path), descriptor_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
  struct stat status {};
  if (descriptor_ < 0 || fstat(descriptor_, &status) != 0) {
    const int error = errno;
    if (descriptor_ >= 0) close(descriptor_);
    FailErrno(kReadFailed, error, fmt::format("Cannot read the file '{}'", path));
  }
  size_ = static_cast<uint64_t>(status.st_size);
}

InputFile::~InputFile() {
  close(descriptor_);
}

void InputFile::Read(uint64_t offset, char* out, size_t size) const {
  while (size > 0) {
    const ssize_t n = pread(descriptor_, out, size, static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) FailErrno(kReadFailed, errno, fmt::format("Cannot read the file '{}'", path_));
    if (n == 0) Fail(kReadFailed, "The file '{}' became shorter while it was read.", path_);
    offset += static_cast<uint64_t>(n);
    out += n;
    size -= static_cast<size_t>(n);
  }
}

}  // namespace tinderbox::base
