#include "connect/token.h"

#include <algorithm>
#include <string_view>

namespace tinderbox::connect {
namespace {

/// Takes as long for a wrong text as for the right one.
bool SameText(std::string_view left, std::string_view right) {
  unsigned char different = left.size() == right.size() ? 0 : 1;
  for (size_t i = 0; i < std::min(left.size(), right.size()); ++i)
    different |= static_cast<unsigned char>(left[i] ^ right[i]);
  return different == 0;
}

}  // namespace

grpc::Status CheckToken(const std::string& token, const grpc::ServerContext& call) {
  if (token.empty()) return grpc::Status::OK;
  const auto found = call.client_metadata().find("authorization");
  const std::string_view given =
      found == call.client_metadata().end() ? "" : std::string_view(found->second.data(), found->second.size());
  if (SameText(given, "Bearer " + token)) return grpc::Status::OK;
  return {grpc::StatusCode::UNAUTHENTICATED,
          "The token of this server is needed: sc://HOST:PORT/;token=TOKEN, or SPARK_CONNECT_AUTHENTICATE_TOKEN."};
}

}  // namespace tinderbox::connect
