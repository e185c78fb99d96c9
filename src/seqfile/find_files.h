#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace tinderbox::seqfile {

/// A file that is to be packed.
struct FoundFile {
  std::string name;  ///< in the SequenceFile: relative, with '/', UTF-8
  std::filesystem::path path;
  uint64_t size = 0;
};

/// What cannot be packed, and why.
struct LeftOut {
  std::string path;
  std::string why;
};

struct FoundFiles {
  std::vector<FoundFile> files;  ///< by name, byte-wise; no two have the same
  std::vector<LeftOut> left_out;
  uint64_t empty_folders = 0;
};

struct FindOptions {
  std::vector<std::filesystem::path> inputs;  ///< files, folders and globs ("*", "?", "[ab]", "{a,b}")
  std::filesystem::path base;    ///< names are relative to it; empty: to the folder given, the fixed part of the glob
  std::filesystem::path output;  ///< left out without a word
  bool follow = false;           ///< symbolic links below the inputs; inputs that are links are always followed
};

/// Throws Error PATH_NOT_FOUND, and TINDERBOX_USAGE when two files would have one name.
FoundFiles FindFiles(const FindOptions& options);

}  // namespace tinderbox::seqfile
