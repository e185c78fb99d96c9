#pragma once

#include <grpcpp/grpcpp.h>

#include <string>

namespace tinderbox::connect {

/// OK when the caller sent this token, or none is asked for.
grpc::Status CheckToken(const std::string& token, const grpc::ServerContext& call);

}  // namespace tinderbox::connect
