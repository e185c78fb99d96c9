#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "seqfile/reader.h"

namespace tinderbox::seqfile {

/// SHA-256 of bytes that come in pieces.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void Add(std::string_view bytes);
  /// 64 hexadecimal digits; the next bytes begin anew.
  std::string Take();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// What `tinderbox pack` writes into the metadata of a file: how many files there are, their bytes together, and the
/// SHA-256 of each in the order of the records.
struct Manifest {
  static constexpr size_t kDigits = 64;

  uint64_t files = 0;
  uint64_t bytes = 0;
  std::string sha256;  ///< kDigits for each file; empty when they were not wanted

  /// nullopt when the file has none. Throws DamagedFile when it makes no sense.
  static std::optional<Manifest> Of(const Header& header, const std::string& path);
  void AddTo(Header* header) const;
  static constexpr char kSha256Name[] = "tinderbox.sha256";
};

/// One file in a SequenceFile.
struct Entry {
  std::string name;
  uint64_t size = 0;
  std::string sha256;    ///< by the manifest; of what was read when there is none; empty when neither
  bool checked = false;  ///< read, and as the manifest says
};

/// Takes the files of a SequenceFile one after another.
class EntrySink {
 public:
  virtual ~EntrySink() = default;
  virtual void Begin(const std::string& name, uint64_t size) = 0;
  virtual void Write(std::string_view bytes) = 0;
  virtual void End(const Entry& entry) = 0;
  /// What was begun, if anything, is damaged.
  virtual void Discard() = 0;
};

struct ScanOptions {
  bool contents = false;  ///< read and check the contents, too
  bool recover = false;   ///< go on behind what is damaged
};

struct ScanResult {
  uint64_t files = 0;
  uint64_t bytes = 0;
  std::vector<std::string> damages;  ///< with `recover` only
};

/// Gives all files to the sink. Throws Error: DamagedFile unless `recover`, also when files are missing at the end or a
/// checksum is another; UNSUPPORTED_FEATURE.SEQUENCEFILE for a file whose keys are no names.
ScanResult Scan(Reader* reader, const std::string& path, const ScanOptions& options, EntrySink* sink);

}  // namespace tinderbox::seqfile
