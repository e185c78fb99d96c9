#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cluster/capacity.h"

namespace tinderbox::cluster {

/// How far a running application is, counted over its jobs that run now.
struct JobProgress {
  int64_t jobs = 0;  ///< that run now; 0: the driver computes by itself
  int64_t stages = 0, stages_done = 0;
  int64_t tasks = 0, tasks_done = 0;

  friend bool operator==(const JobProgress&, const JobProgress&) = default;
};
/// Of the driver's /api/v1/applications/ID/jobs?status=running; nullopt for another text.
std::optional<JobProgress> ParseProgress(std::string_view jobs_json);

/// The first application of the driver's /api/v1/applications; "" for another text.
std::string ParseApplicationId(std::string_view applications_json);

/// "RUNNING" of the driver in the master's /json/, "" when the master does not know it.
std::string ParseDriverState(std::string_view master_json, std::string_view driver);

/// "app-…" or "driver-…" in a line of a log; "".
std::string FindId(std::string_view kind, std::string_view line);

/// A line that Spark's own logging wrote at INFO or below ("26/11/21 15:10:03 INFO …"), or nullopt when the line does
/// not begin as such a line does: it belongs to the one before it, or is the program's own.
std::optional<bool> IsChatter(std::string_view line);

/// Tells the lines of messages at INFO or below from the others, line by line. What follows such a message belongs to
/// it while it is indented, and up to an empty line behind a message that ends in a colon.
class ChatterFilter {
 public:
  bool IsChatter(std::string_view line);

 private:
  bool follows_ = false;  ///< nothing but such a message has come last
  bool listed_ = false;   ///< and it announces what follows
};

}  // namespace tinderbox::cluster
