#include "connect/response_buffer.h"

#include <fmt/format.h>

#include <algorithm>

#include "tinderbox/error.h"

namespace tinderbox::connect {
namespace {

constexpr size_t kRememberedIds = 10'000;

Error PositionError(const std::string& kind, const std::string& text, const std::string& id) {
  return {"INVALID_CURSOR." + kind, fmt::format("The cursor is invalid. {}", text), {{"responseId", id}}};
}

}  // namespace

void ResponseBuffer::Add(std::string id, grpc::ByteBuffer bytes) {
  const size_t size = bytes.Length();
  waiting_bytes_ += size;
  responses_.push_back({std::move(id), std::move(bytes), size});
  readable_.notify_all();
}

bool ResponseBuffer::Push(std::string id, grpc::ByteBuffer bytes) {
  std::unique_lock lock(mutex_);
  writable_.wait(lock, [this] { return closed_ || unblocked_ || waiting_bytes_ < size_.waiting_bytes; });
  if (closed_) return false;
  Add(std::move(id), std::move(bytes));
  return true;
}

void ResponseBuffer::PushNow(std::string id, grpc::ByteBuffer bytes) {
  const std::lock_guard lock(mutex_);
  if (!closed_ && !ended_) Add(std::move(id), std::move(bytes));
}

void ResponseBuffer::End(const grpc::Status& status) {
  const std::lock_guard lock(mutex_);
  ended_ = true;
  status_ = status;
  readable_.notify_all();
}

void ResponseBuffer::Unblock() {
  const std::lock_guard lock(mutex_);
  unblocked_ = true;
  writable_.notify_all();
}

void ResponseBuffer::Close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  responses_.clear();
  readable_.notify_all();
  writable_.notify_all();
}

ResponseBuffer::Cursor ResponseBuffer::Attach(const std::string& last_response_id) {
  const std::lock_guard lock(mutex_);
  Cursor cursor;
  if (last_response_id.empty()) {
    if (first_ > 0) {
      throw PositionError("POSITION_NOT_AVAILABLE", "The cursor position id  is no longer available at index 1.", "");
    }
  } else {
    // A client releases a response as soon as it has it, and goes on behind it afterwards.
    const auto found = std::ranges::find(responses_, last_response_id, &Response::id);
    const auto dropped = std::ranges::find(dropped_, last_response_id);
    if (found != responses_.end()) {
      cursor.next = first_ + (found - responses_.begin()) + 1;
    } else if (dropped != dropped_.end()) {
      cursor.next = first_ - (dropped_.end() - dropped) + 1;
    } else {
      throw PositionError("POSITION_NOT_FOUND",
                          fmt::format("The cursor position id {} is not found.", last_response_id), last_response_id);
    }
    if (cursor.next < first_) {
      throw PositionError(
          "POSITION_NOT_AVAILABLE",
          fmt::format("The cursor position id {} is no longer available at index {}.", last_response_id, cursor.next),
          last_response_id);
    }
  }
  cursor.stream = ++streams_;
  attached_ = true;
  readable_.notify_all();
  return cursor;
}

void ResponseBuffer::DropFirst() {
  Response& response = responses_.front();
  dropped_.push_back(std::move(response.id));
  if (dropped_.size() > kRememberedIds) dropped_.pop_front();
  (first_ < sent_ ? kept_bytes_ : waiting_bytes_) -= response.size;
  responses_.pop_front();
  ++first_;
  sent_ = std::max(sent_, first_);
}

ResponseBuffer::Got ResponseBuffer::Next(Cursor* cursor, Clock::duration timeout, grpc::ByteBuffer* bytes,
                                         grpc::Status* status) {
  std::unique_lock lock(mutex_);
  const auto mine = [&] { return !closed_ && streams_ == cursor->stream; };
  const auto available = [&] { return cursor->next < first_ + static_cast<int64_t>(responses_.size()); };
  const bool woken = readable_.wait_for(lock, timeout, [&] { return !mine() || available() || ended_; });
  if (!mine()) return Got::kCut;
  if (!woken) return Got::kTimeout;
  if (!available()) {
    *status = status_;
    return Got::kEnd;
  }
  // Released before it was sent, which only a client that did not want it does.
  cursor->next = std::max(cursor->next, first_);
  const Response& response = responses_[static_cast<size_t>(cursor->next - first_)];
  *bytes = response.bytes;
  if (cursor->next >= sent_) {
    sent_ = cursor->next + 1;
    waiting_bytes_ -= response.size;
    kept_bytes_ += response.size;
    while (kept_bytes_ > size_.kept_bytes && first_ < cursor->next) DropFirst();
    writable_.notify_all();
  }
  ++cursor->next;
  return Got::kResponse;
}

void ResponseBuffer::Detach(const Cursor& cursor) {
  const std::lock_guard lock(mutex_);
  if (streams_ != cursor.stream) return;
  attached_ = false;
  detached_at_ = Clock::now();
}

void ResponseBuffer::Release(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(responses_, id, &Response::id);
  if (found == responses_.end()) return;
  for (auto count = found - responses_.begin() + 1; count > 0; --count) DropFirst();
  writable_.notify_all();
}

bool ResponseBuffer::ended() const {
  const std::lock_guard lock(mutex_);
  return ended_;
}

ResponseBuffer::Clock::time_point ResponseBuffer::idle_since() const {
  const std::lock_guard lock(mutex_);
  return attached_ ? Clock::now() : detached_at_;
}

}  // namespace tinderbox::connect
