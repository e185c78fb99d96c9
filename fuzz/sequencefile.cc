// Any bytes as a SequenceFile: listing, reading it whole, in splits, and around damage end in records or an Error; what
// a value is said to hold is what it holds; going on behind damage comes to an end.

#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "seqfile/manifest.h"
#include "tinderbox/error.h"

namespace tinderbox::seqfile {
namespace {

/// Counts, and compares what was said with what came.
class CheckSink : public EntrySink {
 public:
  explicit CheckSink(bool contents) : contents_(contents) {}
  void Begin(const std::string&, uint64_t size) override { left_ = size; }
  void Write(std::string_view bytes) override {
    if (bytes.empty() || bytes.size() > left_) std::abort();
    left_ -= bytes.size();
  }
  void End(const Entry&) override {
    if (contents_ && left_ != 0) std::abort();
  }
  void Discard() override {}

 private:
  const bool contents_;
  uint64_t left_ = 0;
};

template <typename Action>
void Try(Action action) {
  try {
    action();
  } catch (const Error& error) {
    if (error.condition() == "INTERNAL_ERROR") std::abort();
  }
}

void Read(Reader* reader) {
  std::vector<char> piece(1000);
  while (reader->Next()) {
    const uint64_t size = reader->ValueSize();
    uint64_t read = 0;
    while (const size_t n = reader->ReadValue(piece.data(), piece.size())) read += n;
    if (read != size) std::abort();
  }
}

void Check(const std::string& path) {
  const auto file = std::make_shared<const base::InputFile>(path);
  Try([&] {
    Reader reader(file);
    Read(&reader);
  });
  for (uint64_t begin = 0, split = file->size() / 3 + 1; begin < file->size(); begin += split) {
    Try([&] {
      Reader reader(file);
      reader.Limit(begin, begin + split);
      Read(&reader);
    });
  }
  for (const bool contents : {false, true}) {
    for (const bool recover : {false, true}) {
      Try([&] {
        Reader reader(file);
        CheckSink sink(contents);
        Scan(&reader, path, {contents, recover}, &sink);
      });
    }
  }
}

}  // namespace
}  // namespace tinderbox::seqfile

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::string path =
      (std::filesystem::temp_directory_path() / ("tinderbox_fuzz_sequencefile_" + std::to_string(getpid()))).string();
  FILE* file = fopen(path.c_str(), "wb");
  if (file == nullptr) std::abort();
  fwrite(data, 1, size, file);
  fclose(file);
  tinderbox::seqfile::Check(path);
  std::filesystem::remove(path);
  return 0;
}
