#include "cluster/job_progress.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace tinderbox::cluster {
namespace {

using Json = nlohmann::json;

constexpr size_t kTimeSize = 18;  // "26/11/21 15:10:03 "

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

int64_t NumberIn(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number() ? found->get<int64_t>() : 0;
}

}  // namespace

std::optional<JobProgress> ParseProgress(std::string_view jobs_json) {
  const Json jobs = Json::parse(jobs_json, nullptr, false);
  if (!jobs.is_array()) return std::nullopt;
  JobProgress progress;
  for (const Json& job : jobs) {
    if (!job.is_object()) return std::nullopt;
    ++progress.jobs;
    progress.tasks += NumberIn(job, "numTasks");
    progress.tasks_done += NumberIn(job, "numCompletedTasks") + NumberIn(job, "numSkippedTasks");
    const auto stages = job.find("stageIds");
    progress.stages += stages != job.end() && stages->is_array() ? static_cast<int64_t>(stages->size()) : 0;
    progress.stages_done += NumberIn(job, "numCompletedStages") + NumberIn(job, "numSkippedStages");
  }
  return progress;
}

std::string ParseApplicationId(std::string_view applications_json) {
  const Json applications = Json::parse(applications_json, nullptr, false);
  if (!applications.is_array() || applications.empty() || !applications[0].is_object()) return "";
  return applications[0].value("id", "");
}

std::string ParseDriverState(std::string_view master_json, std::string_view driver) {
  const Json document = Json::parse(master_json, nullptr, false);
  if (!document.is_object()) return "";
  for (const char* list : {"activedrivers", "completeddrivers"}) {
    const auto drivers = document.find(list);
    if (drivers == document.end() || !drivers->is_array()) continue;
    for (const Json& each : *drivers) {
      if (each.is_object() && each.value("id", "") == driver) return each.value("state", "");
    }
  }
  return "";
}

std::string FindId(std::string_view kind, std::string_view line) {
  // kind-20261121151003-0000
  constexpr size_t kDate = 14;
  for (size_t at = line.find(kind); at != std::string_view::npos; at = line.find(kind, at + 1)) {
    size_t end = at + kind.size();
    if (end >= line.size() || line[end] != '-') continue;
    const size_t date = ++end;
    while (end < line.size() && IsDigit(line[end])) ++end;
    if (end - date != kDate || end >= line.size() || line[end] != '-') continue;
    const size_t number = ++end;
    while (end < line.size() && IsDigit(line[end])) ++end;
    if (end > number) return std::string(line.substr(at, end - at));
  }
  return "";
}

std::optional<bool> IsChatter(std::string_view line) {
  if (line.size() < kTimeSize) return std::nullopt;
  constexpr std::string_view kForm = "00/00/00 00:00:00 ";
  for (size_t i = 0; i < kTimeSize; ++i) {
    if (kForm[i] == '0' ? !IsDigit(line[i]) : line[i] != kForm[i]) return std::nullopt;
  }
  const std::string_view level = line.substr(kTimeSize, line.find(' ', kTimeSize) - kTimeSize);
  if (level == "INFO" || level == "DEBUG" || level == "TRACE") return true;
  if (level == "WARN" || level == "ERROR" || level == "FATAL") return false;
  return std::nullopt;
}

bool ChatterFilter::IsChatter(std::string_view line) {
  const size_t end = line.find_last_not_of(" \t\r");
  if (const std::optional<bool> chatter = cluster::IsChatter(line)) {
    follows_ = *chatter;
    // Behind the logger's name stands a colon, too.
    listed_ = follows_ && line[end] == ':' && line.find(": ", kTimeSize) < end;
    return follows_;
  }
  if (!follows_ || line.starts_with("Traceback")) return follows_ = false;
  if (end == std::string_view::npos) {
    listed_ = false;
    return true;
  }
  follows_ = listed_ || line[0] == ' ' || line[0] == '\t';
  return follows_;
}

}  // namespace tinderbox::cluster
