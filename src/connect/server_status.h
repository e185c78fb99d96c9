#pragma once

#include <grpcpp/support/status.h>

#include <string>

namespace spark::connect {
class FetchErrorDetailsResponse;
}

namespace tinderbox::connect {

/// The error condition in a status that a Spark Connect server made; empty when it has none.
std::string ConditionOf(const grpc::Status& status);
/// The id by which the server gives the whole of the error; empty when it does not.
std::string ErrorIdOf(const grpc::Status& status);

/// Throws the error of a status. `details`: what FetchErrorDetails answered, empty when it did not. `server` names it
/// in messages. What comes from the transport and not from Spark has one of our conditions,
/// TINDERBOX_CONNECT_UNAVAILABLE, _UNAUTHENTICATED or _FAILED.
[[noreturn]] void ThrowStatus(const grpc::Status& status, const ::spark::connect::FetchErrorDetailsResponse& details,
                              const std::string& server);

}  // namespace tinderbox::connect
