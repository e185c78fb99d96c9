#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "tinderbox/session.h"

namespace tinderbox::diff {

/// A local path of a plain path or file: URL (escapes decoded). Throws UNSUPPORTED_FEATURE.FILE_SYSTEM for another
/// scheme.
std::filesystem::path LocalPath(std::string_view path_or_url);

/// The data files behind files, folders (all levels, without names that start with '_' or '.'), globs and file: URLs,
/// in reading order: paths in their order, within a folder byte-wise by name. Throws PATH_NOT_FOUND.
std::vector<std::filesystem::path> DataFiles(const std::vector<std::string>& paths);

/// The sum of the sizes; files that cannot be read count nothing.
uint64_t TotalBytes(const std::vector<std::filesystem::path>& files);

/// True when `inner` is `outer` or lies inside it, links resolved.
bool IsWithin(const std::filesystem::path& inner, const std::filesystem::path& outer);

/// How many threads the session works with, and the folder for its temporary files; of this machine, when it does not
/// say.
int Threads(const Session& session);
std::filesystem::path TemporaryParent(const Session& session);

}  // namespace tinderbox::diff
