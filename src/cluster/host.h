#pragma once

#include <string>

namespace tinderbox::cluster {

/// Services can listen on the host, an IPv4 address or a name; returns whether only this machine reaches it. Throws
/// Error TINDERBOX_CONFIG.
bool CheckHost(const std::string& host);

/// Whether the name stands for an address here.
bool IsHostKnown(const std::string& host);

}  // namespace tinderbox::cluster
