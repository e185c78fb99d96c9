#include "connect/retry.h"

#include <algorithm>
#include <random>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace tinderbox::connect {
namespace {

using Real = std::chrono::duration<double, std::milli>;

std::optional<google::rpc::RetryInfo> RetryInfoOf(const grpc::Status& status) {
  google::rpc::Status whole;
  if (status.error_details().empty() || !whole.ParseFromString(status.error_details())) return std::nullopt;
  for (const auto& detail : whole.details()) {
    google::rpc::RetryInfo info;
    if (detail.Is<google::rpc::RetryInfo>() && detail.UnpackTo(&info)) return info;
  }
  return std::nullopt;
}

double Random() {
  thread_local std::mt19937_64 generator(std::random_device{}());
  return std::uniform_real_distribution<double>(0, 1)(generator);
}

}  // namespace

bool IsRetryable(const grpc::Status& status) {
  if (status.ok()) return false;
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE) return true;
  if (status.error_code() == grpc::StatusCode::INTERNAL &&
      status.error_message().find("INVALID_CURSOR.DISCONNECTED") != std::string::npos) {
    return true;
  }
  return RetryInfoOf(status).has_value();
}

std::optional<std::chrono::milliseconds> ServerDelay(const grpc::Status& status) {
  const auto info = RetryInfoOf(status);
  if (!info) return std::nullopt;
  const auto& delay = info->retry_delay();
  return std::chrono::milliseconds(std::max<int64_t>(0, delay.seconds() * 1000 + delay.nanos() / 1'000'000));
}

std::optional<std::chrono::milliseconds> Retrying::Next(const grpc::Status& status) {
  if (!IsRetryable(status) || attempts_ >= policy_.max_retries) return std::nullopt;
  ++attempts_;
  Real wait = next_;
  next_ = std::min<Real>(policy_.max_backoff, next_ * policy_.multiplier);
  if (const auto asked = ServerDelay(status)) wait = std::max<Real>(wait, std::min(*asked, policy_.max_server_delay));
  if (wait >= policy_.min_jitter_threshold) {
    wait += Real(policy_.jitter) * (policy_.random ? policy_.random() : Random());
  }
  return std::chrono::duration_cast<std::chrono::milliseconds>(wait);
}

}  // namespace tinderbox::connect
