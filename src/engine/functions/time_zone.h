#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tinderbox::engine {

/// A time zone with java.time's rules: of a local time that occurs twice the earlier instant is meant, and one that is
/// skipped moves on by the length of the gap. Immutable; lives as long as the process.
class TimeZone {
 public:
  /// Finds "Europe/Berlin", "+02:00", "UTC", "PST" and whatever else Spark takes. Throws Error INVALID_TIMEZONE.
  static const TimeZone& Find(std::string_view name);
  /// The same; nullptr for an unknown name.
  static const TimeZone* TryFind(std::string_view name);

  /// Seconds east of UTC at an instant.
  int32_t OffsetAt(int64_t instant_micros) const;
  int64_t ToLocal(int64_t instant_micros) const { return instant_micros + OffsetAt(instant_micros) * int64_t{1000000}; }
  int64_t ToInstant(int64_t local_micros) const;
  /// Java's id of the zone: "Europe/Berlin", "+02:00", "Z".
  const std::string& id() const { return id_; }
  /// The name in English at an instant, "CEST" or "Central European Summer Time"; empty when it is not known.
  std::string Name(int64_t instant_micros, bool full) const;

  explicit TimeZone(std::string id, int32_t offset) : id_(std::move(id)), first_offset_(offset) {}

 private:
  friend TimeZone ReadZone(const std::string& id);
  struct Change {
    int64_t second;  ///< the first of the new offset
    int32_t before;
    int32_t offset;
  };
  int32_t OffsetAtSecond(int64_t second) const;

  std::string id_;
  int32_t first_offset_ = 0;
  std::vector<Change> changes_;
};

/// The instant that a text means, as CAST(text AS TIMESTAMP) reads it; nullopt when it is malformed, also by an unknown
/// zone.
std::optional<int64_t> ParseInstant(std::string_view text, std::string_view session_zone);

}  // namespace tinderbox::engine
