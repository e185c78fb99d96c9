#include "cluster/jar.h"

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "base/fail.h"
#include "base/mapped_file.h"

namespace tinderbox::cluster {
namespace {

// The parts of a zip file that its list of contents is made of; numbers are little-endian.
constexpr std::string_view kEndMark("PK\x05\x06", 4);
constexpr size_t kEndSize = 22;
constexpr std::string_view kEntryMark("PK\x01\x02", 4);
constexpr size_t kEntrySize = 46;
constexpr std::string_view kClass = ".class";

uint32_t Number(std::string_view bytes, size_t at, size_t size) {
  uint32_t number = 0;
  for (size_t i = 0; i < size; ++i)
    number |= static_cast<uint32_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
  return number;
}

}  // namespace

std::set<std::string> ClassesIn(const std::filesystem::path& jar) {
  const base::MappedFile file(jar);
  const std::string_view bytes = file.bytes();
  const size_t end = bytes.rfind(kEndMark);
  if (end == std::string_view::npos || end + kEndSize > bytes.size())
    base::Fail("TINDERBOX_CONFIG", "{} is no jar, or only a part of one.", jar.string());
  std::set<std::string> classes;
  size_t at = Number(bytes, end + 16, 4);
  while (at + kEntrySize <= bytes.size() && bytes.substr(at, 4) == kEntryMark) {
    const size_t name_size = Number(bytes, at + 28, 2);
    const size_t rest = Number(bytes, at + 30, 2) + Number(bytes, at + 32, 2);
    std::string name(bytes.substr(at + kEntrySize, name_size));
    at += kEntrySize + name_size + rest;
    if (!name.ends_with(kClass)) continue;
    name.resize(name.size() - kClass.size());
    std::replace(name.begin(), name.end(), '/', '.');
    classes.insert(std::move(name));
  }
  return classes;
}

}  // namespace tinderbox::cluster
