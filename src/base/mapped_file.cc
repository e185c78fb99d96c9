#include "base/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/fail.h"

namespace tinderbox::base {

MappedFile::MappedFile(const std::filesystem::path& path) {
  const auto failed = [&](int code, const char* what) {
    FailErrno(code == ENOENT ? "PATH_NOT_FOUND" : "FAILED_READ_FILE.NO_HINT", code,
              fmt::format("The file {} cannot be {}", path.string(), what));
  };
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) failed(errno, "opened");
  struct stat facts {};
  int code = ::fstat(file, &facts) == 0 ? 0 : errno;
  if (code == 0 && !S_ISREG(facts.st_mode)) {
    ::close(file);
    Fail("FAILED_READ_FILE.NO_HINT", "{} is {}, not a regular file.", path.string(),
         S_ISDIR(facts.st_mode) ? "a folder" : "a pipe or device");
  }
  size_ = static_cast<size_t>(facts.st_size);
  if (code == 0 && size_ > 0) {
    void* memory = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file, 0);
    if (memory == MAP_FAILED) {
      code = errno;
    } else {
      data_ = static_cast<const char*>(memory);
      ::madvise(memory, size_, MADV_SEQUENTIAL);
    }
  }
  ::close(file);
  if (code != 0) failed(code, "read");
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<char*>(data_), size_);
}

}  // namespace tinderbox::base
