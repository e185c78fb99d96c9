#pragma once

#include <string>
#include <vector>

namespace tinderbox::cluster {

/// Runs SeaweedFS to its end, or until this process is interrupted: it does not end on SIGTERM, and leaves the sockets
/// of its parts ("filer-grpc:21005") in /tmp behind. Returns its exit code. Throws Error.
int RunSeaweed(const std::vector<std::string>& parts, const std::vector<std::string>& command);

}  // namespace tinderbox::cluster
