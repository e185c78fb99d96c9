#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/settings.h"

namespace tinderbox::store {

/// A file or folder of a store.
struct Entry {
  std::string path;  ///< in the store: "/data/x.csv"
  bool folder = false;
  uint64_t size = 0;
  int64_t modified_ms = 0;  ///< since the epoch
  std::string version;      ///< changes when the file does
};

/// Files on their way into a folder of a store. They appear with Commit or, when that does not happen or fails, not at
/// all: the destructor takes them away again.
class Publication {
 public:
  virtual ~Publication() = default;
  /// Sends a file; `name` is relative to the target.
  virtual void Add(const std::filesystem::path& local, const std::string& name) = 0;
  /// Puts the files into the target, of which the folders `replaced` (relative; "" is the target itself) lose what they
  /// had, and marks it with _SUCCESS. Throws Error TINDERBOX_WRITE_FAILED.
  virtual void Commit(const std::vector<std::string>& replaced) = 0;
};

/// Files that lie elsewhere. Thread-safe. Every call throws Error TINDERBOX_STORE when the store does not do it.
class Store {
 public:
  virtual ~Store() = default;
  /// What is at the path; nullopt: nothing.
  virtual std::optional<Entry> Stat(const std::string& path) = 0;
  /// What is in the folder, in no order.
  virtual std::vector<Entry> List(const std::string& folder) = 0;
  /// All files below the folder, in no order.
  virtual std::vector<Entry> Walk(const std::string& folder);
  /// Passes on a range of a file, in order, and the bytes that it has when it is found cut are no more passed on.
  /// Throws Error when the file is another one than `entry` by now.
  void Read(const Entry& entry, uint64_t offset, uint64_t size, const std::function<void(std::string_view)>& sink);
  virtual std::unique_ptr<Publication> Publish(const std::string& target) = 0;
  /// Whether the file is still what `entry` says, when its reads do not tell.
  virtual void CheckSame(const Entry& entry) = 0;
  std::string Url(const std::string& path) const { return prefix_ + path; }

 protected:
  explicit Store(std::string prefix) : prefix_(std::move(prefix)) {}
  /// One try: passes on what comes. Returns why it was not all; empty when it was. Throws Error when trying again is of
  /// no use.
  virtual std::string TryRead(const Entry& entry, uint64_t offset, uint64_t size,
                              const std::function<void(std::string_view)>& sink) = 0;

 private:
  std::string prefix_;  ///< "s3a://bucket"
};

/// A URL cut into its parts.
struct Location {
  std::string scheme;     ///< in lower case
  std::string authority;  ///< bucket, or host and port
  std::string path;       ///< "/…", without slashes at its end or in a row; "/" is the whole store
};

/// The place when the text is a URL of a store that Open knows (hdfs, webhdfs, swebhdfs, s3a, s3); else nullopt.
std::optional<Location> ParseLocation(std::string_view text);

/// Throws Error when the settings do not say how to reach it, or ask for what there is not.
std::shared_ptr<Store> Open(const Location& location, const Settings& settings);

/// Where a session of this process keeps what it fetches; see Fetch.
inline constexpr char kCopiesFolder[] = "tinderbox-remote";

/// Fetches files, by ranges and several at once, to files below `folder`: the path of each is its store and its path.
/// Checks first that there is room. Throws Error; then none of them is there whole by chance.
std::vector<std::filesystem::path> Fetch(const std::vector<std::pair<std::shared_ptr<Store>, Entry>>& files,
                                         const std::filesystem::path& folder);

/// Where Fetch puts a file below `folder`. Throws Error for a name that no local file can have.
std::filesystem::path LocalPlace(const Store& store, const Entry& entry, const std::filesystem::path& folder);

/// The URL of what Fetch put there; of any other path, the path.
std::string RemoteName(const std::string& local);

/// What a path or a pattern of Hadoop ("*", "?", "[ab]", "{a,b}") names, by name; nothing when nothing is there.
std::vector<Entry> FindPaths(Store& store, const std::string& pattern);

/// "a{b,c}d" to "abd", "acd"; nested and repeated braces too.
std::vector<std::string> ExpandBraces(const std::string& pattern);
/// Whether Spark leaves out files and folders of that name.
bool IsHidden(const std::string& name);

}  // namespace tinderbox::store
