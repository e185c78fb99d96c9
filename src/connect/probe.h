#pragma once

#include <chrono>
#include <string>

namespace tinderbox::connect {

/// Whether the Spark Connect server at `address` ("host:port", no TLS) runs a query within the time.
bool AnswersQuery(const std::string& address, std::chrono::milliseconds within);

}  // namespace tinderbox::connect
