#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tinderbox::csv {

/// One record of a list of files.
struct IndexedRecord {
  uint64_t offset;  ///< of its first byte
  uint64_t line;    ///< physical line, from 1
  uint32_t file;    ///< number in the list of files
  uint32_t length;  ///< without the line end
};

/// Throws Error TINDERBOX_WRITE_FAILED when the disk is full and the like; leaves no half file behind.
void WriteRecordIndex(const std::string& path, const std::vector<IndexedRecord>& records);
/// Throws Error FAILED_READ_FILE.NO_HINT when `path` is no record index.
std::vector<IndexedRecord> ReadRecordIndex(const std::string& path);

}  // namespace tinderbox::csv
