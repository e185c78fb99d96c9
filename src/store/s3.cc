#include "store/s3.h"

#include <arpa/inet.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <libxml/parser.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <mutex>
#include <set>

#include "base/fail.h"
#include "base/mapped_file.h"
#include "store/http.h"
#include "store/sign.h"

namespace tinderbox::store {
namespace {

constexpr size_t kThreads = 8;
constexpr uint64_t kPart = 16 << 20;
constexpr uint64_t kMostParts = 10000;

struct Bucket {
  std::string name;
  std::string scheme;    ///< http or https
  std::string host;      ///< with the port; the bucket's own unless `in_path`
  bool in_path = false;  ///< /bucket/key
  std::string region;
  Credentials credentials;
  std::string proxy;
};

/// A setting of S3A, that of the bucket before the common one.
std::optional<std::string> Find(const Settings& settings, const std::string& bucket, const std::string& key) {
  if (auto own = settings.Find(fmt::format("fs.s3a.bucket.{}.{}", bucket, key))) return own;
  return settings.Find("fs.s3a." + key);
}

std::string Trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  return first == std::string_view::npos
             ? ""
             : std::string(text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1));
}

/// The first credentials that the providers have, in S3A's order.
Credentials FindCredentials(const Settings& settings, const std::string& bucket) {
  const std::string providers =
      Find(settings, bucket, "aws.credentials.provider")
          .value_or(
              "TemporaryAWSCredentialsProvider,SimpleAWSCredentialsProvider,EnvironmentVariableCredentialsProvider");
  const auto get = [&](const char* key) { return Find(settings, bucket, key).value_or(""); };
  for (size_t begin = 0; begin <= providers.size();) {
    const size_t end = std::min(providers.find(',', begin), providers.size());
    const std::string full = Trim(std::string_view(providers).substr(begin, end - begin));
    const std::string name = full.substr(full.rfind('.') + 1);
    begin = end + 1;
    Credentials out;
    if (name == "AnonymousAWSCredentialsProvider" || name == "AnonymousCredentialsProvider") return out;
    if (name == "SimpleAWSCredentialsProvider") {
      out = {get("access.key"), get("secret.key"), ""};
    } else if (name == "TemporaryAWSCredentialsProvider") {
      out = {get("access.key"), get("secret.key"), get("session.token")};
      if (out.session_token.empty()) continue;
    } else if (name == "EnvironmentVariableCredentialsProvider") {
      out = {Environment("AWS_ACCESS_KEY_ID"), Environment("AWS_SECRET_ACCESS_KEY"), Environment("AWS_SESSION_TOKEN")};
    } else if (!name.empty()) {
      base::FailWith("INVALID_CONF_VALUE", {{"confName", "fs.s3a.aws.credentials.provider"}, {"confValue", full}},
                     "The embedded engine has no credentials provider {}. It has SimpleAWSCredentialsProvider, "
                     "TemporaryAWSCredentialsProvider, EnvironmentVariableCredentialsProvider and "
                     "AnonymousAWSCredentialsProvider.",
                     full);
    }
    if (!out.access_key.empty() && !out.secret_key.empty()) return out;
  }
  base::Fail("TINDERBOX_STORE",
             "There are no credentials for s3a://{}. Set fs.s3a.access.key and fs.s3a.secret.key, or AWS_ACCESS_KEY_ID "
             "and AWS_SECRET_ACCESS_KEY in the environment; for a public bucket set fs.s3a.aws.credentials.provider to "
             "org.apache.hadoop.fs.s3a.AnonymousAWSCredentialsProvider.",
             bucket);
}

bool IsAddress(std::string host) {
  if (host.starts_with("[")) return true;
  host = host.substr(0, host.find(':'));
  in_addr address{};
  return ::inet_pton(AF_INET, host.c_str(), &address) == 1;
}

bool Flag(const Settings& settings, const std::string& bucket, const std::string& key, bool fallback) {
  return settings.GetBoolean(fmt::format("fs.s3a.bucket.{}.{}", bucket, key),
                             settings.GetBoolean("fs.s3a." + key, fallback));
}

Bucket BucketOf(const std::string& name, const Settings& settings) {
  if (name.empty()) base::Fail("TINDERBOX_STORE", "A path on S3 names its bucket: s3a://BUCKET/path.");
  Bucket out;
  out.name = name;
  out.region = Find(settings, name, "endpoint.region").value_or("");
  for (const char* variable : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    if (out.region.empty()) out.region = Environment(variable);
  }
  if (out.region.empty()) out.region = "us-east-1";
  std::string endpoint = Find(settings, name, "endpoint").value_or("");
  for (const char* variable : {"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"}) {
    if (endpoint.empty()) endpoint = Environment(variable);
  }
  if (endpoint.empty()) endpoint = fmt::format("s3.{}.amazonaws.com", out.region);
  out.scheme = Flag(settings, name, "connection.ssl.enabled", true) ? "https" : "http";
  if (const size_t at = endpoint.find("://"); at != std::string::npos) {
    out.scheme = endpoint.substr(0, at);
    endpoint = endpoint.substr(at + 3);
  }
  while (endpoint.ends_with('/')) endpoint.pop_back();
  if ((out.scheme != "http" && out.scheme != "https") || endpoint.find('/') != std::string::npos) {
    base::FailWith("INVALID_CONF_VALUE", {{"confName", "fs.s3a.endpoint"}, {"confValue", endpoint}},
                   "fs.s3a.endpoint is \"{}\"; it is a host and a port, with http:// or https:// before them or not.",
                   endpoint);
  }
  // A bucket cannot be put before an address, only before a name.
  out.in_path = Flag(settings, name, "path.style.access", false) || IsAddress(endpoint);
  out.host = out.in_path ? endpoint : name + "." + endpoint;
  out.credentials = FindCredentials(settings, name);
  if (const auto proxy = Find(settings, name, "proxy.host"))
    out.proxy = fmt::format("{}:{}", *proxy, Find(settings, name, "proxy.port").value_or("80"));
  return out;
}

std::string Text(xmlNode* node) {
  const std::unique_ptr<xmlChar, decltype(xmlFree)> text(xmlNodeGetContent(node), xmlFree);
  return text == nullptr ? "" : reinterpret_cast<const char*>(text.get());
}

/// Calls `take(name, node)` for each child of the node.
template <typename Take>
void ForChildren(xmlNode* node, const Take& take) {
  for (xmlNode* child = node == nullptr ? nullptr : node->children; child != nullptr; child = child->next) {
    if (child->type == XML_ELEMENT_NODE) take(std::string_view(reinterpret_cast<const char*>(child->name)), child);
  }
}

using Document = std::unique_ptr<xmlDoc, decltype(&xmlFreeDoc)>;
Document Parse(const std::string& body) {
  return {xmlReadMemory(body.data(), static_cast<int>(body.size()), nullptr, nullptr,
                        XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_HUGE),
          xmlFreeDoc};
}

/// "2026-01-31T12:30:00.000Z"
int64_t ParseIsoTime(const std::string& text) {
  std::tm time{};
  const char* end = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &time);
  if (end == nullptr) return 0;
  int64_t ms = ::timegm(&time) * 1000LL;
  int fraction = 0;
  if (*end == '.' && std::from_chars(end + 1, end + 4, fraction).ec == std::errc()) ms += fraction;
  return ms;
}

/// "Sat, 31 Jan 2026 12:30:00 GMT"
int64_t ParseHttpTime(const std::string& text) {
  std::tm time{};
  return ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S", &time) == nullptr ? 0 : ::timegm(&time) * 1000LL;
}

uint64_t ParseNumber(const std::string& text) {
  uint64_t out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

/// The keys of a bucket behind signed requests.
class Client {
 public:
  explicit Client(Bucket bucket) : bucket_(std::move(bucket)) {}

  struct Ask {
    std::string method;
    std::string key{};  ///< without a slash before it; empty: the bucket
    std::map<std::string, std::string> query{};
    std::map<std::string, std::string> headers{};
    std::string_view body{};
    std::function<void(std::string_view)> sink{};
  };

  HttpResponse Once(const Ask& ask) const {
    const std::string path = bucket_.in_path ? fmt::format("/{}/{}", bucket_.name, ask.key) : "/" + ask.key;
    const S3Request request{ask.method, bucket_.host, path, ask.query, ask.headers, ask.body};
    HttpRequest http;
    http.method = ask.method;
    http.url = fmt::format("{}://{}{}", bucket_.scheme, bucket_.host, UrlEncode(path, true));
    if (!ask.query.empty()) http.url += "?" + QueryText(ask.query);
    http.headers = SignedHeaders(request, bucket_.credentials, bucket_.region,
                                 fmt::format("{:%Y%m%dT%H%M%SZ}", fmt::gmtime(std::time(nullptr))));
    http.body = ask.body;
    http.sink = ask.sink;
    http.proxy = bucket_.proxy;
    return Exchange(http);
  }

  /// With tries while it may pass. REQUIRES: no sink.
  HttpResponse Patient(const Ask& ask) const {
    HttpResponse response = Once(ask);
    for (int tried = 1; response.passing() && tried < kTries; ++tried) {
      WaitToRetry(tried);
      response = Once(ask);
    }
    return response;
  }

  std::string Url(const std::string& key) const { return fmt::format("s3a://{}/{}", bucket_.name, key); }

  /// Why the request failed: the store's own words.
  std::string Why(const HttpResponse& response) const {
    if (response.status == 0)
      return fmt::format("{}://{} does not answer: {}", bucket_.scheme, bucket_.host, response.error);
    std::string code, message;
    const Document document = Parse(response.body);
    if (document != nullptr) {
      ForChildren(xmlDocGetRootElement(document.get()), [&](std::string_view name, xmlNode* node) {
        if (name == "Code") code = Text(node);
        if (name == "Message") message = Text(node);
      });
    }
    std::string out = fmt::format("{}://{} answers {}", bucket_.scheme, bucket_.host, response.status);
    if (!code.empty()) out += fmt::format(", {}: {}", code, message);
    const std::string region = response.Header("x-amz-bucket-region");
    if (!region.empty() && region != bucket_.region)
      out += fmt::format(" (the bucket lies in {}: set fs.s3a.endpoint.region)", region);
    if (!response.error.empty()) out += ", " + response.error;
    return out;
  }

  [[noreturn]] void Fail(const std::string& what, const HttpResponse& response) const {
    base::Fail("TINDERBOX_STORE", "{}: {}.", what, Why(response));
  }

  const Bucket& bucket() const { return bucket_; }

 private:
  Bucket bucket_;
};

std::string KeyOf(const std::string& path) {
  return path.substr(1);
}

class S3Store : public Store {
 public:
  S3Store(const std::string& scheme, Bucket bucket)
      : Store(fmt::format("{}://{}", scheme, bucket.name)), client_(std::make_shared<Client>(std::move(bucket))) {}

  std::optional<Entry> Stat(const std::string& path) override {
    if (path != "/") {
      const HttpResponse response = client_->Patient({.method = "HEAD", .key = KeyOf(path)});
      if (response.ok()) {
        return Entry{path, false, ParseNumber(response.Header("content-length")),
                     ParseHttpTime(response.Header("last-modified")), response.Header("etag")};
      }
      if (response.status != 404) client_->Fail(fmt::format("{} cannot be looked at", Url(path)), response);
    }
    bool any = false;
    ListKeys(path == "/" ? "" : KeyOf(path) + "/", "", 1, [&](const Entry&) { any = true; });
    return any || path == "/" ? std::optional(Entry{path, true, 0, 0, ""}) : std::nullopt;
  }

  std::vector<Entry> List(const std::string& folder) override { return Listed(folder, "/"); }
  std::vector<Entry> Walk(const std::string& folder) override { return Listed(folder, ""); }

  std::unique_ptr<Publication> Publish(const std::string& target) override;

  void CheckSame(const Entry&) override {}  // each read asks for the version

  /// Keys with the prefix; with a delimiter, what lies below it is one folder. The folder's own mark is left out.
  void ListKeys(const std::string& prefix, const std::string& delimiter, int most,
                const std::function<void(const Entry&)>& take) {
    std::string token;
    do {
      std::map<std::string, std::string> query{{"list-type", "2"}, {"prefix", prefix}};
      if (!delimiter.empty()) query["delimiter"] = delimiter;
      if (most > 0) query["max-keys"] = std::to_string(most);
      if (!token.empty()) query["continuation-token"] = token;
      const HttpResponse response = client_->Patient({.method = "GET", .query = query});
      if (!response.ok()) client_->Fail(fmt::format("{} cannot be listed", Url("/" + prefix)), response);
      const Document document = Parse(response.body);
      xmlNode* root = document == nullptr ? nullptr : xmlDocGetRootElement(document.get());
      if (root == nullptr || std::string_view(reinterpret_cast<const char*>(root->name)) != "ListBucketResult") {
        base::Fail("TINDERBOX_STORE", "{} cannot be listed: {} is no S3 server (its answer is no listing).",
                   Url("/" + prefix), client_->bucket().host);
      }
      token.clear();
      bool more = false;
      ForChildren(root, [&](std::string_view name, xmlNode* node) {
        if (name == "IsTruncated") more = Text(node) == "true";
        if (name == "NextContinuationToken") token = Text(node);
        if (name != "Contents" && name != "CommonPrefixes") return;
        Entry entry;
        std::string key;
        ForChildren(node, [&](std::string_view part, xmlNode* value) {
          if (part == "Key" || part == "Prefix") key = Text(value);
          if (part == "Size") entry.size = ParseNumber(Text(value));
          if (part == "LastModified") entry.modified_ms = ParseIsoTime(Text(value));
          if (part == "ETag") entry.version = Text(value);
        });
        entry.folder = key.ends_with('/');
        if (key.ends_with('/')) key.pop_back();
        entry.path = "/" + key;
        take(entry);
      });
      if (!more || most > 0) break;
    } while (!token.empty());
  }

 protected:
  std::string TryRead(const Entry& entry, uint64_t offset, uint64_t size,
                      const std::function<void(std::string_view)>& sink) override {
    const HttpResponse response = client_->Once(
        {.method = "GET",
         .key = KeyOf(entry.path),
         .headers = {{"range", fmt::format("bytes={}-{}", offset, offset + size - 1)}, {"if-match", entry.version}},
         .sink = sink});
    if (response.status == 412 || response.status == 404) {
      base::Fail("TINDERBOX_STORE", "{} was {} while it was read. Read it again when nobody writes it.",
                 Url(entry.path), response.status == 404 ? "removed" : "replaced");
    }
    if (response.status == 200 && offset > 0)
      base::Fail("TINDERBOX_STORE", "{} cannot be read: the store ignores ranges.", Url(entry.path));
    if (response.ok()) return "";
    if (!response.passing()) client_->Fail(fmt::format("{} cannot be read", Url(entry.path)), response);
    return client_->Why(response);
  }

 private:
  std::vector<Entry> Listed(const std::string& folder, const std::string& delimiter) {
    const std::string prefix = folder == "/" ? "" : KeyOf(folder) + "/";
    std::vector<Entry> out;
    ListKeys(prefix, delimiter, 0, [&](const Entry& entry) {
      if (entry.path != folder && !(entry.folder && delimiter.empty())) out.push_back(entry);
    });
    return out;
  }

  std::shared_ptr<Client> client_;
};

/// An upload in parts, which nobody sees before it is completed.
struct Upload {
  std::string key, id;
  std::vector<std::string> etags;
};

class S3Publication : public Publication {
 public:
  S3Publication(S3Store& store, std::shared_ptr<Client> client, const std::string& target)
      : store_(store), client_(std::move(client)), target_(target == "/" ? "" : KeyOf(target)) {}

  ~S3Publication() override {
    try {
      ForAll(uploads_.size(), kThreads, [&](size_t i) {
        client_->Patient({.method = "DELETE", .key = uploads_[i].key, .query = {{"uploadId", uploads_[i].id}}});
      });
    } catch (...) {
      // Interrupted or cut off: parts that are left are no objects, and the bucket's own rules remove them.
    }
  }

  void Add(const std::filesystem::path& local, const std::string& name) override {
    Upload upload;
    upload.key = target_.empty() ? name : target_ + "/" + name;
    const HttpResponse begun = client_->Patient({.method = "POST", .key = upload.key, .query = {{"uploads", ""}}});
    if (begun.ok()) {
      const Document document = Parse(begun.body);
      ForChildren(document == nullptr ? nullptr : xmlDocGetRootElement(document.get()),
                  [&](std::string_view part, xmlNode* node) {
                    if (part == "UploadId") upload.id = Text(node);
                  });
    }
    if (upload.id.empty()) Fail(upload.key, begun);
    uploads_.push_back(std::move(upload));
    Upload& kept = uploads_.back();
    const base::MappedFile file(local);
    const std::string_view bytes = file.bytes();
    const uint64_t part = std::max(kPart, bytes.size() / kMostParts + 1);
    kept.etags.resize(std::max<size_t>(1, (bytes.size() + part - 1) / part));
    ForAll(kept.etags.size(), kThreads, [&](size_t i) {
      const HttpResponse sent =
          client_->Patient({.method = "PUT",
                            .key = kept.key,
                            .query = {{"partNumber", std::to_string(i + 1)}, {"uploadId", kept.id}},
                            .body = bytes.empty() ? bytes : bytes.substr(i * part, part)});
      if (!sent.ok()) Fail(kept.key, sent);
      kept.etags[i] = sent.Header("etag");
    });
  }

  void Commit(const std::vector<std::string>& replaced) override {
    std::set<std::string> written;
    for (const Upload& upload : uploads_) written.insert(upload.key);
    std::set<std::string> old;
    for (const std::string& folder : replaced) {
      const std::string prefix = folder.empty() ? target_ : target_ + "/" + folder;
      store_.ListKeys(prefix.empty() ? "" : prefix + "/", "", 0, [&](const Entry& entry) {
        const std::string key = KeyOf(entry.path) + (entry.folder ? "/" : "");
        if (!written.contains(key)) old.insert(key);
      });
    }
    size_t done = 0;
    try {
      for (; done < uploads_.size(); ++done) Complete(uploads_[done]);
    } catch (...) {
      for (size_t i = 0; i <= done && i < uploads_.size(); ++i) Delete(uploads_[i].key);
      uploads_.erase(uploads_.begin(), uploads_.begin() + static_cast<std::ptrdiff_t>(done));
      throw;
    }
    uploads_.clear();
    const std::vector<std::string> keys(old.begin(), old.end());
    ForAll(keys.size(), kThreads, [&](size_t i) {
      const HttpResponse removed = Delete(keys[i]);
      if (!removed.ok() && removed.status != 404) {
        base::Fail("TINDERBOX_WRITE_FAILED",
                   "{} has the new files, but old ones beside them, which cannot be removed: {}. Write it once more.",
                   client_->Url(target_), client_->Why(removed));
      }
    });
    const std::string mark = target_.empty() ? "_SUCCESS" : target_ + "/_SUCCESS";
    const HttpResponse marked = client_->Patient({.method = "PUT", .key = mark});
    if (!marked.ok()) Fail(mark, marked);
  }

 private:
  [[noreturn]] void Fail(const std::string& key, const HttpResponse& response) const {
    base::Fail("TINDERBOX_WRITE_FAILED", "{} cannot be written: {}.", client_->Url(key), client_->Why(response));
  }

  HttpResponse Delete(const std::string& key) const { return client_->Patient({.method = "DELETE", .key = key}); }

  void Complete(const Upload& upload) const {
    std::string body = "<CompleteMultipartUpload>";
    for (size_t i = 0; i < upload.etags.size(); ++i)
      body += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>", i + 1, upload.etags[i]);
    body += "</CompleteMultipartUpload>";
    HttpResponse response =
        client_->Patient({.method = "POST", .key = upload.key, .query = {{"uploadId", upload.id}}, .body = body});
    // The answer begins before it is done, so an error may come with 200. A try whose answer was lost may have done it.
    if (response.ok() && response.body.find("<Error>") != std::string::npos) response.status = 500;
    if (response.ok()) return;
    if (response.status == 404 && store_.Stat("/" + upload.key)) return;
    Fail(upload.key, response);
  }

  S3Store& store_;
  std::shared_ptr<Client> client_;
  std::string target_;
  std::vector<Upload> uploads_;
};

std::unique_ptr<Publication> S3Store::Publish(const std::string& target) {
  return std::make_unique<S3Publication>(*this, client_, target);
}

}  // namespace

std::shared_ptr<Store> OpenS3(const Location& location, const Settings& settings) {
  return std::make_shared<S3Store>(location.scheme, BucketOf(location.authority, settings));
}

}  // namespace tinderbox::store
