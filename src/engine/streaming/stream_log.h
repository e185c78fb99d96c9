#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace tinderbox::engine {

/// How far a streaming query is, laid out as Spark does: offsets/N says where batch N ends and is written before it
/// runs, commits/N once it is done. Each file appears complete or not at all. Without a folder nothing is kept.
class StreamLog {
 public:
  struct Batch {
    int64_t id = 0;
    int64_t end = 0;  ///< offset
  };

  /// Reads what is there, or begins with a new id and a source that starts `now_ms`.
  StreamLog(std::filesystem::path folder, int64_t now_ms);

  const std::string& id() const { return id_; }
  int64_t start_ms() const { return start_ms_; }
  /// The last batch that is done.
  const std::optional<Batch>& done() const { return done_; }
  /// The batch that was begun and not done; it has to end where it was to end.
  const std::optional<Batch>& begun() const { return begun_; }

  /// Throws CONCURRENT_STREAM_LOG_UPDATE when another query writes here too.
  void Begin(Batch batch, int64_t now_ms);
  void Finish();

 private:
  void Write(const std::filesystem::path& name, const std::string& text) const;

  std::filesystem::path folder_;
  std::string id_;
  int64_t start_ms_;
  std::optional<Batch> done_;
  std::optional<Batch> begun_;
};

/// A random UUID.
std::string NewStreamId();

}  // namespace tinderbox::engine
