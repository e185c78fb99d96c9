#include "store/sign.h"

#include <gmock/gmock.h>

namespace tinderbox::store {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Keys, requests and signatures of the examples in Amazon's description of Signature Version 4.
const Credentials kExample{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ""};
constexpr char kTime[] = "20130524T000000Z";

S3Request Example(const std::string& method, const std::string& path) {
  return {method, "examplebucket.s3.amazonaws.com", path, {}, {}, {}};
}

TEST(Sign, ARangeOfAnObject) {
  S3Request request = Example("GET", "/test.txt");
  request.headers["range"] = "bytes=0-9";
  EXPECT_THAT(SignedHeaders(request, kExample, "us-east-1", kTime),
              Contains(HasSubstr("SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, Signature="
                                 "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")));
}

TEST(Sign, AListing) {
  S3Request request = Example("GET", "/");
  request.query = {{"max-keys", "2"}, {"prefix", "J"}};
  EXPECT_THAT(SignedHeaders(request, kExample, "us-east-1", kTime),
              Contains(HasSubstr("34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")));
}

TEST(Sign, AQueryWithoutAValue) {
  S3Request request = Example("GET", "/");
  request.query = {{"lifecycle", ""}};
  EXPECT_THAT(SignedHeaders(request, kExample, "us-east-1", kTime),
              Contains(HasSubstr("fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543")));
}

TEST(Sign, ABodyAndAKeyWithSigns) {
  S3Request request = Example("PUT", "/test$file.text");
  request.headers = {{"date", "Fri, 24 May 2013 00:00:00 GMT"}, {"x-amz-storage-class", "REDUCED_REDUNDANCY"}};
  request.body = "Welcome to Amazon S3.";
  EXPECT_THAT(SignedHeaders(request, kExample, "us-east-1", kTime),
              Contains(HasSubstr("98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd")));
}

TEST(Sign, NobodyAsksWithoutASignature) {
  EXPECT_THAT(SignedHeaders(Example("GET", "/test.txt"), {}, "us-east-1", kTime), IsEmpty());
}

TEST(Sign, TheTokenOfASessionIsSigned) {
  Credentials session = kExample;
  session.session_token = "token";
  EXPECT_THAT(SignedHeaders(Example("GET", "/"), session, "us-east-1", kTime),
              Contains(HasSubstr("SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token")));
}

// Signatures by the reference implementation of Amazon's, botocore 1.44.5.
TEST(Sign, AsAmazonsOwnClient) {
  const Credentials credentials{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", ""};
  const auto signature = [&](const std::string& method, const std::string& path, const std::string& time) {
    return SignedHeaders({method, "127.0.0.1:9000", path, {}, {}, {}}, credentials, "us-east-1", time).back();
  };
  EXPECT_EQ(signature("GET", "/", "20260101T000000Z"),
            "Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/s3/aws4_request,"
            " SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
            "Signature=79e3bb49a5ab6fd5f26a69e648f1651a926c2886f947c5bcdbd81a6679e66d3d");
  EXPECT_EQ(signature("PUT", "/spark-data", "20261231T235959Z"),
            "Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261231/us-east-1/s3/aws4_request,"
            " SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
            "Signature=80a50be475b020d748674a19593bf98346dd77d7af9f4ada58a657c6c97d54f5");
}

}  // namespace
}  // namespace tinderbox::store
