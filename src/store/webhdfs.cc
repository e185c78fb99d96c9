#include "store/webhdfs.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <set>

#include "base/fail.h"
#include "base/mapped_file.h"
#include "base/random_name.h"
#include "store/http.h"

namespace tinderbox::store {
namespace {

using Json = nlohmann::json;

std::string UserName() {
  if (std::string name = Environment("HADOOP_USER_NAME"); !name.empty()) return name;
  const passwd* user = ::getpwuid(::geteuid());
  return user == nullptr ? std::to_string(::geteuid()) : user->pw_name;
}

/// The address of the NameNode's pages: "http://host:port".
std::string NameNode(const Location& location, const Settings& settings) {
  if (location.scheme != "hdfs")
    return fmt::format("{}://{}", location.scheme == "swebhdfs" ? "https" : "http", location.authority);
  const std::string host = location.authority.substr(0, location.authority.rfind(':'));
  const std::string services = "," + settings.Get("dfs.nameservices", "") + ",";
  if (services.find("," + location.authority + ",") != std::string::npos) {
    base::Fail(
        "UNSUPPORTED_FEATURE.FILE_SYSTEM",
        "hdfs://{} is a name for several NameNodes (dfs.nameservices), which the embedded engine does not follow. "
        "Name the active one: webhdfs://host:port/path.",
        location.authority);
  }
  const bool secure = settings.Get("dfs.http.policy", "HTTP_ONLY") == "HTTPS_ONLY";
  const std::string address = secure ? settings.Get("dfs.namenode.https-address", "0.0.0.0:9871")
                                     : settings.Get("dfs.namenode.http-address", "0.0.0.0:9870");
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos) {
    base::FailWith("INVALID_CONF_VALUE", {{"confName", "dfs.namenode.http-address"}, {"confValue", address}},
                   "dfs.namenode.http-address is \"{}\"; it is a host and a port.", address);
  }
  // A server that listens everywhere is asked where the URL says.
  const std::string named = address.substr(0, colon);
  return fmt::format("{}://{}{}", secure ? "https" : "http", named == "0.0.0.0" || named.empty() ? host : named,
                     address.substr(colon));
}

class WebHdfs : public Store {
 public:
  WebHdfs(const Location& location, std::string address)
      : Store(fmt::format("{}://{}", location.scheme, location.authority)),
        address_(std::move(address)),
        user_(UserName()) {}

  std::optional<Entry> Stat(const std::string& path) override {
    const HttpResponse response = Ask("GET", path, "GETFILESTATUS");
    if (response.status == 404) return std::nullopt;
    if (!response.ok()) Fail(fmt::format("{} cannot be looked at", Url(path)), response);
    return ToEntry(path, Member(response, path, "FileStatus"));
  }

  std::vector<Entry> List(const std::string& folder) override {
    const HttpResponse response = Ask("GET", folder, "LISTSTATUS");
    if (!response.ok()) Fail(fmt::format("{} cannot be listed", Url(folder)), response);
    std::vector<Entry> out;
    for (const Json& status : Member(response, folder, "FileStatuses").value("FileStatus", Json::array())) {
      const std::string name = status.value("pathSuffix", "");
      if (!name.empty()) out.push_back(ToEntry(folder == "/" ? "/" + name : folder + "/" + name, status));
    }
    return out;
  }

  std::unique_ptr<Publication> Publish(const std::string& target) override;

  void CheckSame(const Entry& entry) override {
    const std::optional<Entry> now = Stat(entry.path);
    if (now && now->version == entry.version) return;
    base::Fail("TINDERBOX_STORE", "{} was {} while it was read. Read it again when nobody writes it.", Url(entry.path),
               now ? "replaced" : "removed");
  }

  /// A call; its parameters are "&name=value".
  HttpResponse Ask(const std::string& method, const std::string& path, const std::string& operation,
                   const std::string& parameters = "") {
    HttpRequest request;
    request.method = method;
    request.url = UrlOf(path, operation, parameters);
    HttpResponse response = Exchange(request);
    for (int tried = 1; response.passing() && !IsRemoteException(response) && tried < kTries; ++tried) {
      WaitToRetry(tried);
      response = Exchange(request);
    }
    return response;
  }

  void Create(const std::string& path, std::string_view bytes, bool overwrite) {
    std::string why;
    for (int tried = 0; tried < kTries; ++tried) {
      if (tried > 0) WaitToRetry(tried);
      // A try that failed half-way has left a file.
      const HttpResponse where =
          Ask("PUT", path, "CREATE", fmt::format("&noredirect=true&overwrite={}", overwrite || tried > 0));
      if (!where.ok()) FailToWrite(path, where);
      HttpRequest request;
      request.method = "PUT";
      request.url = Member(where, path, "Location").get<std::string>();
      request.body = bytes;
      const HttpResponse response = Exchange(request);
      if (response.ok()) return;
      if (!response.passing()) FailToWrite(path, response);
      why = Why(response);
    }
    base::Fail("TINDERBOX_WRITE_FAILED", "{} cannot be written, tried {} times: {}.", Url(path), kTries, why);
  }

  void MakeFolder(const std::string& path) {
    const HttpResponse response = Ask("PUT", path, "MKDIRS");
    if (!response.ok() || !Member(response, path, "boolean").get<bool>()) FailToWrite(path, response);
  }

  /// Fails when there is something by the new name.
  void Rename(const std::string& from, const std::string& to) {
    const HttpResponse response =
        Ask("PUT", from, "RENAME", fmt::format("&renameoptions=NONE&destination={}", UrlEncode(to, true)));
    if (response.ok()) return;
    // A try whose answer was lost may have done it: nobody else has the old name.
    if (!Stat(from) && Stat(to)) return;
    FailToWrite(to, response);
  }

  /// Also when there is nothing. Not `recursive`: only an empty folder.
  void Remove(const std::string& path, bool recursive) {
    const HttpResponse response = Ask("DELETE", path, "DELETE", fmt::format("&recursive={}", recursive));
    if (!response.ok() && response.status != 404) FailToWrite(path, response);
  }

 protected:
  std::string TryRead(const Entry& entry, uint64_t offset, uint64_t size,
                      const std::function<void(std::string_view)>& sink) override {
    HttpRequest request;
    request.url = UrlOf(entry.path, "OPEN", fmt::format("&offset={}&length={}", offset, size));
    request.follow = true;
    request.sink = sink;
    const HttpResponse response = Exchange(request);
    if (response.ok()) return "";
    if (response.status == 404) CheckSame(entry);
    if (!response.passing()) Fail(fmt::format("{} cannot be read", Url(entry.path)), response);
    return Why(response);
  }

 private:
  std::string UrlOf(const std::string& path, const std::string& operation, const std::string& parameters) const {
    return fmt::format("{}/webhdfs/v1{}?op={}&user.name={}{}", address_, UrlEncode(path, true), operation,
                       UrlEncode(user_, false), parameters);
  }

  static Entry ToEntry(const std::string& path, const Json& status) {
    Entry out;
    out.path = path;
    out.folder = status.value("type", "") == "DIRECTORY";
    out.size = out.folder ? 0 : status.value("length", uint64_t{0});
    out.modified_ms = status.value("modificationTime", int64_t{0});
    out.version = fmt::format("{} {} {}", status.value("fileId", int64_t{0}), out.modified_ms, out.size);
    return out;
  }

  static bool IsRemoteException(const HttpResponse& response) {
    return response.body.find("\"RemoteException\"") != std::string::npos;
  }

  Json Member(const HttpResponse& response, const std::string& path, const char* name) const {
    const Json answer = Json::parse(response.body, nullptr, false);
    if (answer.is_object() && answer.contains(name)) return answer[name];
    base::Fail("TINDERBOX_STORE", "{} cannot be used: what answers at {} is no NameNode.", Url(path), address_);
  }

  std::string Why(const HttpResponse& response) const {
    if (response.status == 0) return fmt::format("{} does not answer: {}", address_, response.error);
    std::string out = fmt::format("{} answers {}", address_, response.status);
    const Json answer = Json::parse(response.body, nullptr, false);
    if (answer.is_object() && answer.contains("RemoteException")) {
      const Json& what = answer["RemoteException"];
      std::string message = what.value("message", "");
      out += fmt::format(", {}: {}", what.value("exception", ""), message.substr(0, message.find('\n')));
    }
    if (response.status == 401) out += " (a login is asked for, Kerberos, which the embedded engine has not)";
    if (!response.error.empty()) out += ", " + response.error;
    return out;
  }

  [[noreturn]] void Fail(const std::string& what, const HttpResponse& response) const {
    base::Fail("TINDERBOX_STORE", "{}: {}.{}", what, Why(response),
               response.status == 0 ? " Is that the NameNode's HTTP address? dfs.namenode.http-address tells it, or a "
                                      "path that begins with webhdfs://."
                                    : "");
  }
  [[noreturn]] void FailToWrite(const std::string& path, const HttpResponse& response) const {
    base::Fail("TINDERBOX_WRITE_FAILED", "{} cannot be written: {}.", Url(path), Why(response));
  }

  std::string address_;
  std::string user_;
};

std::string ParentOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// Files go into a hidden folder beside the target, and are renamed.
class HdfsPublication : public Publication {
 public:
  HdfsPublication(WebHdfs& store, const std::string& target) : store_(store), target_(target) {
    if (target == "/") base::Fail("TINDERBOX_WRITE_FAILED", "{} cannot be an output: name a folder.", store.Url("/"));
    const std::string parent = ParentOf(target);
    staging_ = fmt::format("{}/.{}.tinderbox-{}", parent == "/" ? "" : parent, target.substr(target.rfind('/') + 1),
                           base::RandomName());
    store_.MakeFolder(Data());
    store_.MakeFolder(Aside());
  }

  ~HdfsPublication() override {
    try {
      if (!kept_) store_.Remove(staging_, true);
    } catch (...) {
      // Nothing answers any more; the folder's name is hidden from readers.
    }
  }

  void Add(const std::filesystem::path& local, const std::string& name) override {
    const base::MappedFile file(local);
    store_.Create(Data() + "/" + name, file.bytes(), false);
    names_.push_back(name);
  }

  void Commit(const std::vector<std::string>& replaced) override {
    std::vector<std::pair<std::string, std::string>> moved;  // from, to
    const auto move = [&](const std::string& from, const std::string& to) {
      store_.Rename(from, to);
      moved.emplace_back(from, to);
    };
    try {
      const bool exists = store_.Stat(target_).has_value();
      for (const std::string& folder : replaced) {
        const std::string path = folder.empty() ? target_ : target_ + "/" + folder;
        if (store_.Stat(path)) move(path, fmt::format("{}/{}", Aside(), moved.size()));
      }
      const bool whole = !exists || (replaced.size() == 1 && replaced[0].empty());
      if (whole) {
        store_.Create(Data() + "/_SUCCESS", "", true);
        move(Data(), target_);
        return;
      }
      std::set<std::string> folders;
      for (const std::string& name : names_) {
        const std::string to = target_ + "/" + name;
        if (folders.insert(ParentOf(to)).second) store_.MakeFolder(ParentOf(to));
        move(Data() + "/" + name, to);
      }
      store_.Create(target_ + "/_SUCCESS", "", true);
    } catch (...) {
      for (auto it = moved.rbegin(); it != moved.rend(); ++it) {
        try {
          // Where a folder was that was put aside, an empty new one may be by now.
          if (it->second.starts_with(Aside())) store_.Remove(it->first, false);
          store_.Rename(it->second, it->first);
        } catch (...) {
          // Nothing answers; what is aside stays there.
          kept_ = true;
        }
      }
      if (kept_) {
        base::Fail("TINDERBOX_WRITE_FAILED",
                   "{} could be neither written nor put back: its NameNode no longer answers. What was there before is "
                   "in {}.",
                   store_.Url(target_), store_.Url(Aside()));
      }
      throw;
    }
  }

 private:
  std::string Data() const { return staging_ + "/data"; }
  std::string Aside() const { return staging_ + "/old"; }

  WebHdfs& store_;
  std::string target_, staging_;
  bool kept_ = false;
  std::vector<std::string> names_;
};

std::unique_ptr<Publication> WebHdfs::Publish(const std::string& target) {
  return std::make_unique<HdfsPublication>(*this, target);
}

}  // namespace

std::shared_ptr<Store> OpenWebHdfs(const Location& given, const Settings& settings) {
  Location location = given;
  if (location.authority.empty()) {
    const std::optional<Location> root = ParseLocation(settings.Get("fs.defaultFS", ""));
    if (!root || root->authority.empty() || root->scheme.starts_with("s3")) {
      base::Fail("TINDERBOX_STORE",
                 "{}://{} does not name its server, and fs.defaultFS is no HDFS. Write hdfs://host:port/path.",
                 given.scheme, given.path);
    }
    location.scheme = root->scheme;
    location.authority = root->authority;
  }
  const std::string address = NameNode(location, settings);
  return std::make_shared<WebHdfs>(location, address);
}

}  // namespace tinderbox::store
