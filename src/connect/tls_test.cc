#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "connect/remote_session.h"
#include "connect/server_fixture.h"

namespace tinderbox::connect {
namespace {

struct Identity {
  std::string certificate, key;
};

template <typename Write>
std::string Pem(const Write& write) {
  BIO* const memory = BIO_new(BIO_s_mem());
  EXPECT_EQ(write(memory), 1);
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory, &text);
  std::string out(text, static_cast<size_t>(size));
  BIO_free(memory);
  return out;
}

/// A certificate for `name` that vouches for itself.
Identity MakeIdentity(const std::string& name) {
  EVP_PKEY* const key = EVP_EC_gen("P-256");
  X509* const certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_NAME* const subject = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1,
                             0);
  X509_set_issuer_name(certificate, subject);
  X509_EXTENSION* const names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, ("DNS:" + name).c_str());
  X509_add_ext(certificate, names, -1);
  X509_EXTENSION_free(names);
  X509_sign(certificate, key, EVP_sha256());
  Identity out{Pem([&](BIO* to) { return PEM_write_bio_X509(to, certificate); }),
               Pem([&](BIO* to) { return PEM_write_bio_PrivateKey(to, key, nullptr, nullptr, 0, nullptr, nullptr); })};
  X509_free(certificate);
  EVP_PKEY_free(key);
  return out;
}

class TlsTest : public ServerTest {
 protected:
  static std::string ConditionOf(const std::string& url, const RemoteOptions& options) {
    try {
      OpenRemote(url, options);
    } catch (const Error& error) {
      return error.condition();
    }
    return "";
  }
};

TEST_F(TlsTest, TrustsTheServerItKnows) {
  const Identity mine = MakeIdentity("localhost");
  ServerOptions server;
  server.tls_certificate = mine.certificate;
  server.tls_key = mine.key;
  server.service.token = "sesame";
  Start(server);
  const std::string port = std::to_string(server_->port());
  RemoteOptions options;
  options.connect_timeout = std::chrono::milliseconds(1500);
  options.tls_roots = mine.certificate;
  const std::string url = "sc://localhost:" + port + "/;use_ssl=true;token=sesame";
  const auto session = OpenRemote(url, options);
  proto::Relation relation;
  relation.mutable_range()->set_end(5);
  ArrowBatch batch;
  ASSERT_TRUE(session->Execute(relation, "")->Next(&batch));
  EXPECT_EQ(batch.rows(), 5);
  // Another name than the certificate's, a server that nobody vouches for, and no TLS at all.
  EXPECT_EQ(ConditionOf("sc://127.0.0.1:" + port + "/;use_ssl=true;token=sesame", options),
            "TINDERBOX_CONNECT_UNAVAILABLE");
  EXPECT_EQ(ConditionOf("sc://localhost:" + port + "/;token=sesame", options), "TINDERBOX_CONNECT_UNAVAILABLE");
  EXPECT_EQ(ConditionOf("sc://localhost:" + port + "/;use_ssl=true", options), "TINDERBOX_CONNECT_UNAUTHENTICATED");
  options.tls_roots = MakeIdentity("localhost").certificate;
  EXPECT_EQ(ConditionOf(url, options), "TINDERBOX_CONNECT_UNAVAILABLE");
}

}  // namespace
}  // namespace tinderbox::connect
