#include "seqfile/manifest.h"

#include <openssl/evp.h>

#include <algorithm>
#include <charconv>

#include "base/interrupt.h"
#include "base/json_text.h"

namespace tinderbox::seqfile {
namespace {

constexpr char kFiles[] = "tinderbox.files";
constexpr char kBytes[] = "tinderbox.bytes";
constexpr size_t kPiece = 256 << 10;

uint64_t ParseNumber(const Header& header, const char* name, const std::string& path) {
  const std::string* text = header.FindMetadata(name);
  uint64_t value = 0;
  if (text != nullptr) {
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (error == std::errc() && end == text->data() + text->size()) return value;
  }
  throw DamagedFile(path, 0, fmt::format("its metadata has no number {}", name));
}

/// Reads one file; its entry.
Entry ReadEntry(Reader* reader, bool contents, Sha256* hash, EntrySink* sink) {
  Entry entry;
  entry.name = reader->key().value_or("");
  entry.size = reader->ValueSize();
  sink->Begin(entry.name, entry.size);
  if (!contents) return entry;
  std::string piece(static_cast<size_t>(std::clamp<uint64_t>(entry.size, 1, kPiece)), '\0');
  while (const size_t n = reader->ReadValue(piece.data(), piece.size())) {
    hash->Add(std::string_view(piece).substr(0, n));
    sink->Write(std::string_view(piece).substr(0, n));
    base::ThrowIfInterrupted();
  }
  entry.sha256 = hash->Take();
  return entry;
}

/// Which checksum of the manifest belongs to the next record.
class Checksums {
 public:
  explicit Checksums(const std::optional<Manifest>& manifest) : all_(manifest ? manifest->sha256 : "") {}
  bool known() const { return !all_.empty(); }
  std::string_view Next() const { return std::string_view(all_).substr(std::min(at_, all_.size()), Manifest::kDigits); }
  void Take() { at_ += Manifest::kDigits; }
  /// Behind a damage nobody knows how many records are lost: the next that fits.
  bool TakeFitting(std::string_view checksum) {
    for (size_t at = at_; at < all_.size(); at += Manifest::kDigits) {
      if (std::string_view(all_).substr(at, Manifest::kDigits) != checksum) continue;
      at_ = at + Manifest::kDigits;
      return true;
    }
    return false;
  }

 private:
  const std::string all_;
  size_t at_ = 0;
};

}  // namespace

struct Sha256::State {
  EVP_MD_CTX* digest = EVP_MD_CTX_new();
  State() { Start(); }
  ~State() { EVP_MD_CTX_free(digest); }
  void Start() const { Check(EVP_DigestInit_ex(digest, EVP_sha256(), nullptr)); }
  static void Check(int result) {
    if (result != 1) base::Fail("INTERNAL_ERROR", "SHA-256 cannot be computed.");
  }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::~Sha256() = default;

void Sha256::Add(std::string_view bytes) {
  State::Check(EVP_DigestUpdate(state_->digest, bytes.data(), bytes.size()));
}

std::string Sha256::Take() {
  unsigned char digest[Manifest::kDigits / 2];
  State::Check(EVP_DigestFinal_ex(state_->digest, digest, nullptr));
  state_->Start();
  std::string out;
  for (const unsigned char byte : digest) out += fmt::format("{:02x}", byte);
  return out;
}

std::optional<Manifest> Manifest::Of(const Header& header, const std::string& path) {
  if (header.FindMetadata(kFiles) == nullptr) return std::nullopt;
  Manifest out;
  out.files = ParseNumber(header, kFiles, path);
  out.bytes = ParseNumber(header, kBytes, path);
  if (const std::string* sha256 = header.FindMetadata(kSha256Name); sha256 != nullptr) {
    if (sha256->size() / kDigits != out.files || sha256->size() % kDigits != 0) {
      throw DamagedFile(path, 0, fmt::format("its metadata has not {} checksums", out.files));
    }
    out.sha256 = *sha256;
  }
  return out;
}

void Manifest::AddTo(Header* header) const {
  header->metadata.emplace_back(kFiles, fmt::format("{}", files));
  header->metadata.emplace_back(kBytes, fmt::format("{}", bytes));
  if (!sha256.empty()) header->metadata.emplace_back(kSha256Name, sha256);
}

ScanResult Scan(Reader* reader, const std::string& path, const ScanOptions& options, EntrySink* sink) {
  const Header& header = reader->header();
  if (header.key != Writable::kText || header.value == Writable::kNull) {
    base::Fail("UNSUPPORTED_FEATURE.SEQUENCEFILE",
               "The SequenceFile {} holds no files: its keys are {} and its values {}, not names (Text) and contents "
               "(BytesWritable or Text). spark.read.format(\"sequencefile\") reads it.",
               path, ClassOf(header.key), ClassOf(header.value));
  }
  const std::optional<Manifest> manifest = Manifest::Of(header, path);
  Checksums checksums(manifest);
  Sha256 hash;
  ScanResult out;
  const auto damaged = [&](const DamagedFile& damage) {
    if (!options.recover) throw DamagedFile(damage);
    out.damages.push_back(damage.why());
    sink->Discard();
  };
  while (true) {
    base::ThrowIfInterrupted();
    bool in_record = false;
    try {
      if (!reader->Next()) break;
      in_record = true;
      Entry entry = ReadEntry(reader, options.contents, &hash, sink);
      if (!options.contents) {
        if (out.damages.empty()) entry.sha256 = checksums.Next();
        checksums.Take();
      } else if (!checksums.known()) {
        entry.checked = false;  // nothing to check by
      } else if (entry.sha256 == checksums.Next()) {
        checksums.Take();
        entry.checked = true;
      } else if (!out.damages.empty() && checksums.TakeFitting(entry.sha256)) {
        entry.checked = true;
      } else {
        throw DamagedFile(path, reader->record_begin(),
                          fmt::format("the content of \"{}\" has another checksum than when it was packed",
                                      base::ReplaceInvalidUtf8(entry.name)));
      }
      ++out.files;
      out.bytes += entry.size;
      sink->End(entry);
    } catch (const DamagedFile& damage) {
      damaged(damage);
      hash.Take();
      if (in_record) checksums.Take();
      reader->Recover();
    }
  }
  if (manifest && (out.files != manifest->files || out.bytes != manifest->bytes)) {
    const DamagedFile missing(path, reader->position(),
                              fmt::format("{} of the {} files that were packed are there, with {} of {} bytes",
                                          out.files, manifest->files, out.bytes, manifest->bytes));
    if (!options.recover) throw DamagedFile(missing);
    out.damages.push_back(missing.why());
  }
  return out;
}

}  // namespace tinderbox::seqfile
