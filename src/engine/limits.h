#pragma once

#include <cstdint>
#include <filesystem>

namespace tinderbox::engine {

/// Memory this process may use: the machine's, or less when its cgroup (v1 or v2, at any level) says so.
/// `root` stands for "/" in tests.
uint64_t AvailableMemory(const std::filesystem::path& root = "/");
/// Cores this process may run on: its affinity, or less when its cgroup has a CPU quota; at least 1.
int AvailableCores(const std::filesystem::path& root = "/");

/// What DuckDB may take of a limit for the whole process. DuckDB counts its buffers but not all of what its readers and
/// our own code allocate, so part of the limit is kept for that.
uint64_t EngineShare(uint64_t process_limit);

}  // namespace tinderbox::engine
