#include "engine/streaming/stream_log.h"

#include <fmt/format.h>

#include <charconv>
#include <fstream>
#include <sstream>

#include <nlohmann/json.hpp>

#include "base/staged_output.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace fs = std::filesystem;

namespace {

/// Spark keeps as many batches (spark.sql.streaming.minBatchesToRetain).
constexpr int64_t kKeptBatches = 100;

[[noreturn]] void ThrowDamaged(const fs::path& file) {
  throw Error("TINDERBOX_CHECKPOINT_DAMAGED",
              fmt::format("The checkpoint file {} cannot be read. Delete the checkpoint to start over.", file.string()),
              {{"path", file.string()}});
}

std::optional<std::string> ReadText(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return std::nullopt;
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

int64_t ParseNumber(std::string_view text, const fs::path& file) {
  int64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size() || out < 0) ThrowDamaged(file);
  return out;
}

/// The number in the last line.
int64_t ReadNumber(const fs::path& file) {
  const auto text = ReadText(file);
  if (!text || !text->starts_with("v1\n")) ThrowDamaged(file);
  std::string_view rest(*text);
  while (rest.ends_with('\n')) rest.remove_suffix(1);
  return ParseNumber(rest.substr(rest.rfind('\n') + 1), file);
}

/// The largest number that names a file of the folder.
std::optional<int64_t> LastNumber(const fs::path& folder) {
  std::optional<int64_t> last;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (name.empty() || name.find_first_not_of("0123456789") != std::string::npos) continue;
    last = std::max(last.value_or(0), ParseNumber(name, entry.path()));
  }
  return last;
}

std::string IdIn(const std::string& metadata, const fs::path& file) {
  const auto json = nlohmann::json::parse(metadata, nullptr, false);
  if (!json.is_object() || !json.contains("id") || !json["id"].is_string()) ThrowDamaged(file);
  return json["id"].get<std::string>();
}

}  // namespace

std::string NewStreamId() {
  std::string id;
  std::ifstream("/proc/sys/kernel/random/uuid") >> id;
  if (id.empty()) throw Error("INTERNAL_ERROR", "The operating system gives no random UUID.");
  return id;
}

StreamLog::StreamLog(fs::path folder, int64_t now_ms) : folder_(std::move(folder)), start_ms_(now_ms) {
  if (folder_.empty()) {
    id_ = NewStreamId();
    return;
  }
  const fs::path metadata = folder_ / "metadata";
  if (const auto text = ReadText(metadata)) {
    id_ = IdIn(*text, metadata);
  } else {
    id_ = NewStreamId();
    Write("metadata", nlohmann::json{{"id", id_}}.dump());
  }
  const fs::path started = folder_ / "sources" / "0" / "0";
  if (fs::exists(started)) {
    start_ms_ = ReadNumber(started);
  } else {
    Write("sources/0/0", fmt::format("v1\n{}", start_ms_));
  }
  const auto done = LastNumber(folder_ / "commits");
  const auto begun = LastNumber(folder_ / "offsets");
  const auto batch = [this](int64_t id) { return Batch{id, ReadNumber(folder_ / "offsets" / std::to_string(id))}; };
  if (done) done_ = batch(*done);
  if (begun && (!done || *begun > *done)) begun_ = batch(*begun);
}

void StreamLog::Begin(Batch batch, int64_t now_ms) {
  begun_ = batch;
  if (folder_.empty()) return;
  const std::string text =
      fmt::format("v1\n{{\"batchWatermarkMs\":0,\"batchTimestampMs\":{},\"conf\":{{}}}}\n{}", now_ms, batch.end);
  Write(fs::path("offsets") / std::to_string(batch.id), text);
}

void StreamLog::Finish() {
  if (!folder_.empty()) {
    Write(fs::path("commits") / std::to_string(begun_->id), "v1\n{\"nextBatchWatermarkMs\":0}");
    std::error_code error;
    const std::string old = std::to_string(begun_->id - kKeptBatches);
    for (const char* log : {"offsets", "commits"}) fs::remove(folder_ / log / old, error);
  }
  done_ = begun_;
  begun_.reset();
}

void StreamLog::Write(const fs::path& name, const std::string& text) const {
  try {
    base::StagedOutput file(folder_ / name, base::StagedOutput::Kind::kFile, false);
    std::ofstream out(file.path(), std::ios::binary);
    out << text;
    out.close();
    if (!out) throw Error("TINDERBOX_WRITE_FAILED", fmt::format("{} cannot be written.", (folder_ / name).string()));
    file.Commit();
  } catch (const Error& error) {
    if (error.condition() != "PATH_ALREADY_EXISTS") throw;
    const std::string file = (folder_ / name).string();
    throw Error("CONCURRENT_STREAM_LOG_UPDATE",
                fmt::format("Concurrent update to the log. Multiple streaming jobs detected for {}.\nPlease make sure "
                            "only one streaming job runs on a specific checkpoint location at a time.",
                            file),
                {{"batchId", file}});
  }
}

}  // namespace tinderbox::engine
