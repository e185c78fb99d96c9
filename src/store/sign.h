#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tinderbox::store {

/// Who asks S3; without an access key nobody: requests are not signed.
struct Credentials {
  std::string access_key, secret_key, session_token;
};

/// A request of S3, for its signature.
struct S3Request {
  std::string method;
  std::string host;                            ///< as in the header
  std::string path;                            ///< not encoded
  std::map<std::string, std::string> query;    ///< not encoded
  std::map<std::string, std::string> headers;  ///< further ones to sign, names in lower case
  std::string_view body;
};

/// The query as it stands in the URL, encoded and in order.
std::string QueryText(const std::map<std::string, std::string>& query);

/// The headers to send: those of AWS Signature Version 4, and the request's own. `time`: "20260101T000000Z".
std::vector<std::string> SignedHeaders(const S3Request& request, const Credentials& credentials,
                                       const std::string& region, const std::string& time);

}  // namespace tinderbox::store
