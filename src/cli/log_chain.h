#pragma once

#include <sys/types.h>

#include <ctime>
#include <deque>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace tinderbox::cli {

/// The time at the begin of a line of Spark's ("26/11/21 15:10:03", local), Traefik's ("2026-11-21T15:10:03Z") or
/// Java's own log.
std::optional<std::time_t> LogTime(const std::string& line);

struct LogLine {
  std::string text;
  std::optional<std::time_t> time;  ///< of the line, or of the last one before it that has one
};

/// What one program writes into a log that is rotated: the parts that were set aside, oldest first, then the log
/// itself, which may grow, be rotated (copied aside and emptied, or renamed), or not be there yet. Whole lines only.
class LogChain {
 public:
  LogChain(std::string name, std::filesystem::path log);
  LogChain(LogChain&& other) noexcept;
  LogChain& operator=(LogChain&&) = delete;
  ~LogChain();

  const std::string& name() const { return name_; }
  const std::filesystem::path& log() const { return log_; }
  /// The next line; nullopt: there is none now, ask again later.
  std::optional<LogLine> Next();
  /// What stands at the end without the end of a line; once Next() has nothing more.
  std::optional<LogLine> Rest();
  /// When anything was written into it last; 0: there is no file.
  std::time_t LastWrite() const;

 private:
  enum class Rotation { kNone, kCopied, kEmptied, kRenamed };

  bool Fill();
  bool ReadMore();
  Rotation LookForRotation();
  void Open(const std::filesystem::path& file, off_t from);
  LogLine Take(std::string text);

  std::string name_;
  std::filesystem::path log_;
  std::deque<std::filesystem::path> parts_;  // still to be read before the log
  int file_ = -1;                            // the part or the log that is read now
  bool at_log_ = false;
  off_t read_ = 0;           // of file_
  std::string newest_part_;  // what the newest rotated part looked like
  std::string buffer_;
  size_t used_ = 0;  // of the buffer
  std::optional<std::time_t> time_;
};

/// The rotated parts of a log, oldest first: x.log.2, x.log.1, or as Spark names those of executors, stderr--TIME.
std::vector<std::filesystem::path> RotatedParts(const std::filesystem::path& log);

}  // namespace tinderbox::cli
