#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "seqfile/find_files.h"
#include "seqfile/manifest.h"

namespace tinderbox::seqfile {

/// Told from time to time: how much is done, of how much.
using Progress = std::function<void(uint64_t done, uint64_t total)>;

struct PackOptions {
  FindOptions find;
  Compression compression = Compression::kNone;
  const Codec* codec = nullptr;  ///< null exactly when there is no compression
  bool overwrite = false;
  bool skip = false;      ///< leave out what cannot be packed, instead of packing nothing
  bool checksums = true;  ///< of the contents, in the manifest
};

struct PackResult {
  uint64_t files = 0;
  uint64_t bytes = 0;
  uint64_t packed_bytes = 0;
  std::vector<LeftOut> left_out;
  uint64_t empty_folders = 0;  ///< which a SequenceFile cannot hold
};

/// Packs files into one SequenceFile, which appears complete or not at all. Throws Error: what FindFiles does,
/// PATH_ALREADY_EXISTS, TINDERBOX_WRITE_FAILED, TINDERBOX_NOT_PACKED for what cannot be packed, FAILED_READ_FILE also
/// for a file that changed meanwhile.
PackResult Pack(const PackOptions& options, const Progress& progress);

struct UnpackOptions {
  std::filesystem::path input;
  std::filesystem::path folder;
  bool overwrite = false;
  bool recover = false;
};

/// Writes the files into a folder: all of them or, when something is wrong, none. Files appear when all are written and
/// checked. Throws Error: what Scan does, TINDERBOX_UNSAFE_NAME for names that lead out of the folder or are none,
/// PATH_ALREADY_EXISTS, TINDERBOX_WRITE_FAILED.
ScanResult Unpack(const UnpackOptions& options, const Progress& progress);

/// Why this cannot be the name of a file inside a folder; empty when it can.
std::string UnsafeName(const std::string& name);

}  // namespace tinderbox::seqfile
