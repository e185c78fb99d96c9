#include "csv/record_index.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "base/fail.h"
#include "csv/input.h"

namespace tinderbox::csv {
namespace {

// The file is this head and then the records as they stand in memory (little-endian, 24 bytes each). It is temporary
// and never leaves the machine.
struct Head {
  char magic[8];
  uint64_t count;
};
constexpr char kMagic[9] = "TBRECIX1";
static_assert(sizeof(IndexedRecord) == 24);

}  // namespace

void WriteRecordIndex(const std::string& path, const std::vector<IndexedRecord>& records) {
  FILE* file = fopen(path.c_str(), "wbe");
  Head head{};
  std::memcpy(head.magic, kMagic, 8);
  head.count = records.size();
  bool good =
      file != nullptr && fwrite(&head, sizeof head, 1, file) == 1 &&
      (records.empty() || fwrite(records.data(), sizeof(IndexedRecord), records.size(), file) == records.size());
  const int error = errno;
  int close_error = 0;
  if (file != nullptr && fclose(file) != 0) {
    close_error = errno;
    good = false;
  }
  if (good) return;
  unlink(path.c_str());
  base::FailErrno(
      "TINDERBOX_WRITE_FAILED", close_error != 0 ? close_error : error,
      fmt::format("Cannot write the temporary file '{}'. Choose another folder for temporary files, or free space",
                  path));
}

std::vector<IndexedRecord> ReadRecordIndex(const std::string& path) {
  const File file(path);
  Head head{};
  if (file.size() >= sizeof head) file.Read(0, reinterpret_cast<char*>(&head), sizeof head);
  if (std::memcmp(head.magic, kMagic, 8) != 0 || file.size() != sizeof head + head.count * sizeof(IndexedRecord)) {
    base::Fail("FAILED_READ_FILE.NO_HINT", "The file '{}' of the option 'recordIndex' is not a record index.", path);
  }
  std::vector<IndexedRecord> out(head.count);
  file.Read(sizeof head, reinterpret_cast<char*>(out.data()), head.count * sizeof(IndexedRecord));
  return out;
}

}  // namespace tinderbox::csv
