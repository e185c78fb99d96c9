#include "seqfile/pack.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/interrupt.h"
#include "base/json_text.h"
#include "base/staged_output.h"
#include "seqfile/writer.h"

namespace tinderbox::seqfile {
namespace {

namespace fs = std::filesystem;

constexpr size_t kListed = 10;

[[noreturn]] void FailLeftOut(const std::vector<LeftOut>& left_out) {
  std::string list;
  for (size_t i = 0; i < std::min(left_out.size(), kListed); ++i) {
    list += fmt::format("\n  {}: {}", left_out[i].path, left_out[i].why);
  }
  if (left_out.size() > kListed) list += fmt::format("\n  and {} more", left_out.size() - kListed);
  base::Fail("TINDERBOX_NOT_PACKED", "Nothing was packed, because this cannot be:{}\nAdd --skip to pack the rest.",
             list);
}

/// An input file that must have the size it was found with.
class Input {
 public:
  Input(const FoundFile& file, Sha256* hash)
      : file_(file), hash_(hash), descriptor_(open(file.path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)) {
    if (descriptor_ < 0) Fail();
  }
  ~Input() { close(descriptor_); }
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

  size_t Read(char* out, size_t size) {
    const size_t n = ReadSome(out, size);
    if (n == 0) FailChanged("shorter");
    if (hash_ != nullptr) hash_->Add({out, n});
    base::ThrowIfInterrupted();
    return n;
  }

  void CheckEnd() {
    char more = 0;
    if (ReadSome(&more, 1) != 0) FailChanged("longer");
  }

 private:
  size_t ReadSome(char* out, size_t size) const {
    while (true) {
      const ssize_t n = read(descriptor_, out, size);
      if (n >= 0) return static_cast<size_t>(n);
      if (errno != EINTR) Fail();
    }
  }
  [[noreturn]] void Fail() const {
    base::FailErrno("FAILED_READ_FILE.NO_HINT", errno, fmt::format("Cannot read {}", Name()));
  }
  [[noreturn]] void FailChanged(const char* how) const {
    base::Fail("FAILED_READ_FILE.NO_HINT", "{} became {} while it was packed. Nothing was written; try again.", Name(),
               how);
  }
  std::string Name() const { return base::ReplaceInvalidUtf8(file_.path.native()); }

  const FoundFile& file_;
  Sha256* hash_;
  int descriptor_;
};

}  // namespace

PackResult Pack(const PackOptions& options, const Progress& progress) {
  // Before anything is read: what is there stays unless it may be replaced.
  base::StagedOutput output(options.find.output, base::StagedOutput::Kind::kFile, options.overwrite);
  FoundFiles found = FindFiles(options.find);
  if (!found.left_out.empty() && !options.skip) FailLeftOut(found.left_out);

  PackResult result;
  result.files = found.files.size();
  for (const FoundFile& file : found.files) result.bytes += file.size;
  Manifest manifest{result.files, result.bytes, {}};
  if (options.checksums) manifest.sha256.assign(result.files * Manifest::kDigits, '0');
  Header header;
  header.compression = options.compression;
  header.codec = options.codec;
  manifest.AddTo(&header);
  Writer writer(output.path().string(), std::move(header));
  Sha256 hash;
  uint64_t done = 0;
  for (size_t i = 0; i < found.files.size(); ++i) {
    const FoundFile& file = found.files[i];
    base::ThrowIfInterrupted();
    Input input(file, options.checksums ? &hash : nullptr);
    writer.Append(file.name, file.size, [&](char* out, size_t size) {
      const size_t n = input.Read(out, size);
      done += n;
      progress(done, result.bytes);
      return n;
    });
    input.CheckEnd();
    if (options.checksums) manifest.sha256.replace(i * Manifest::kDigits, Manifest::kDigits, hash.Take());
  }
  if (!manifest.sha256.empty()) writer.ReplaceMetadata(Manifest::kSha256Name, manifest.sha256);
  result.packed_bytes = writer.Finish();
  output.Commit();
  result.left_out = std::move(found.left_out);
  result.empty_folders = found.empty_folders;
  return result;
}

}  // namespace tinderbox::seqfile
