#include "cli/log_chain.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace tinderbox::cli {
namespace {

namespace fs = std::filesystem;

constexpr size_t kPiece = 64 * 1024;
constexpr size_t kHead = 512;  // of a log: it has the time in it, so that two logs differ there

/// What tells a file from another one that has its name now; "" when there is none.
std::string Identity(const fs::path& file) {
  struct stat facts {};
  if (::stat(file.c_str(), &facts) != 0) return "";
  return fmt::format("{}:{}:{}.{}", facts.st_ino, facts.st_size, facts.st_mtim.tv_sec, facts.st_mtim.tv_nsec);
}

std::string Head(const fs::path& file) {
  std::string head(kHead, '\0');
  const int opened = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (opened < 0) return "";
  const ssize_t got = ::pread(opened, head.data(), head.size(), 0);
  ::close(opened);
  head.resize(got < 0 ? 0 : static_cast<size_t>(got));
  return head;
}

/// The text without the sequences by which a program steers a terminal, which would hide the time of a line.
std::string WithoutColors(std::string text) {
  for (size_t at = 0; (at = text.find("\x1b[", at)) != std::string::npos;) {
    const size_t end = text.find_first_not_of("0123456789;?", at + 2);
    text.erase(at, end == std::string::npos ? end : end + 1 - at);
  }
  return text;
}

/// One of the two begins with the other.
bool BeginsAs(const std::string& a, const std::string& b) {
  const size_t common = std::min(a.size(), b.size());
  return a.compare(0, common, b, 0, common) == 0;
}

fs::path NewestPart(const fs::path& log) {
  return log.string() + ".1";
}

}  // namespace

std::optional<std::time_t> LogTime(const std::string& line) {
  // A year of two digits would also take other numbers, so the form is looked at first.
  if (line.size() < 17) return std::nullopt;
  std::tm parts{};
  if (line[2] == '/' && line[5] == '/' && ::strptime(line.c_str(), "%y/%m/%d %H:%M:%S", &parts) != nullptr) {
    parts.tm_isdst = -1;
    return std::mktime(&parts);
  }
  if (line[4] != '-' || line[7] != '-') return std::nullopt;
  const char* rest = ::strptime(line.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest == nullptr) return std::nullopt;
  while (*rest == '.' || (*rest >= '0' && *rest <= '9')) ++rest;
  if (*rest == 'Z') return ::timegm(&parts);
  int hours = 0, minutes = 0;
  if (std::sscanf(rest, "%3d:%2d", &hours, &minutes) == 2)
    return ::timegm(&parts) - hours * 3600 - (hours < 0 ? -minutes : minutes) * 60;
  parts.tm_isdst = -1;
  return std::mktime(&parts);
}

std::vector<fs::path> RotatedParts(const fs::path& log) {
  const std::string name = log.filename();
  std::vector<std::pair<long, fs::path>> numbered;
  std::vector<std::pair<fs::file_time_type, fs::path>> dated;
  std::error_code error;
  for (fs::directory_iterator entry(log.parent_path(), error), end; !error && entry != end; entry.increment(error)) {
    const std::string other = entry->path().filename();
    if (other.rfind(name + "--", 0) == 0) {
      std::error_code gone;
      dated.emplace_back(entry->last_write_time(gone), entry->path());
    } else if (other.rfind(name + ".", 0) == 0) {
      long number = 0;
      const char* last = other.data() + other.size();
      const auto [stop, wrong] = std::from_chars(other.data() + name.size() + 1, last, number);
      if (wrong == std::errc() && stop == last) numbered.emplace_back(-number, entry->path());
    }
  }
  std::sort(numbered.begin(), numbered.end());
  std::sort(dated.begin(), dated.end());
  std::vector<fs::path> parts;
  for (auto& [number, path] : numbered) parts.push_back(std::move(path));
  for (auto& [time, path] : dated) parts.push_back(std::move(path));
  return parts;
}

LogChain::LogChain(std::string name, fs::path log) : name_(std::move(name)), log_(std::move(log)) {
  // First the log as it is now, then its parts: a rotation in between gives lines twice rather than never.
  newest_part_ = Identity(NewestPart(log_));
  for (fs::path& part : RotatedParts(log_)) parts_.push_back(std::move(part));
}

LogChain::LogChain(LogChain&& other) noexcept
    : name_(std::move(other.name_)),
      log_(std::move(other.log_)),
      parts_(std::move(other.parts_)),
      file_(std::exchange(other.file_, -1)),
      at_log_(other.at_log_),
      read_(other.read_),
      newest_part_(std::move(other.newest_part_)),
      buffer_(std::move(other.buffer_)),
      used_(other.used_),
      time_(other.time_) {}

LogChain::~LogChain() {
  if (file_ >= 0) ::close(file_);
}

std::optional<LogLine> LogChain::Next() {
  for (;;) {
    const size_t end = buffer_.find('\n', used_);
    if (end != std::string::npos) {
      std::string text = buffer_.substr(used_, end - used_);
      used_ = end + 1;
      return Take(std::move(text));
    }
    if (!Fill()) return std::nullopt;
  }
}

std::optional<LogLine> LogChain::Rest() {
  if (used_ >= buffer_.size()) return std::nullopt;
  std::string text = buffer_.substr(used_);
  used_ = buffer_.size();
  return Take(std::move(text));
}

std::time_t LogChain::LastWrite() const {
  struct stat facts {};
  return ::stat(log_.c_str(), &facts) == 0 ? facts.st_mtim.tv_sec : 0;
}

LogLine LogChain::Take(std::string text) {
  if (!text.empty() && text.back() == '\r') text.pop_back();
  text = WithoutColors(std::move(text));
  if (const std::optional<std::time_t> own = LogTime(text)) time_ = own;
  return {std::move(text), time_};
}

/// Reads on, in the next file when one is at its end. False: there is nothing more yet.
bool LogChain::Fill() {
  for (;;) {
    // Looked for before reading: a log that was emptied and has grown again goes on at another place than it seems.
    const Rotation rotation = at_log_ && file_ >= 0 ? LookForRotation() : Rotation::kNone;
    if (rotation == Rotation::kEmptied) {
      Open(log_, 0);
    } else if (rotation == Rotation::kCopied) {
      Open(NewestPart(log_), read_);
      at_log_ = false;
    }
    if (file_ >= 0 && ReadMore()) return true;
    if (rotation != Rotation::kRenamed && at_log_ && file_ >= 0) return false;
    at_log_ = parts_.empty();
    Open(at_log_ ? log_ : parts_.front(), 0);
    if (!at_log_) parts_.pop_front();
    if (at_log_ && file_ < 0) return false;
  }
}

void LogChain::Open(const fs::path& file, off_t from) {
  if (file_ >= 0) ::close(file_);
  file_ = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  read_ = from;
}

bool LogChain::ReadMore() {
  buffer_.erase(0, std::exchange(used_, 0));
  const size_t before = buffer_.size();
  buffer_.resize(before + kPiece);
  const ssize_t got = ::pread(file_, buffer_.data() + before, kPiece, read_);
  buffer_.resize(before + (got < 0 ? 0 : static_cast<size_t>(got)));
  if (got > 0) read_ += got;
  return got > 0;
}

/// Whether the log goes on elsewhere: what it held was copied aside before it was emptied, or it was only emptied, or
/// renamed.
LogChain::Rotation LogChain::LookForRotation() {
  struct stat now {
  }, mine{};
  if (::stat(log_.c_str(), &now) != 0 || ::fstat(file_, &mine) != 0) return Rotation::kNone;
  if (now.st_ino != mine.st_ino) return Rotation::kRenamed;
  const fs::path part = NewestPart(log_);
  std::string newest = Identity(part);
  if (newest == newest_part_) return now.st_size >= read_ ? Rotation::kNone : Rotation::kEmptied;
  // While it is being copied the log still begins as the copy does.
  if (now.st_size > 0 && !newest.empty() && BeginsAs(Head(log_), Head(part))) return Rotation::kNone;
  newest_part_ = std::move(newest);
  return Rotation::kCopied;
}

}  // namespace tinderbox::cli
