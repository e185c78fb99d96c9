#pragma once

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>

namespace tinderbox::connect {

/// How much of a result is held. The producer waits while `waiting_bytes` have not been sent; of what was sent, the
/// last `kept_bytes` can be sent again until they are released.
struct BufferSize {
  size_t waiting_bytes = size_t{16} << 20;
  size_t kept_bytes = size_t{10} << 20;
};

/// The responses of one operation between the thread that makes them and the stream that carries them to the client.
/// One stream is attached at a time; a stream that is cut can be followed by another. Thread-safe.
class ResponseBuffer {
 public:
  using Clock = std::chrono::steady_clock;

  /// A stream's place in the responses.
  struct Cursor {
    uint64_t stream = 0;
    int64_t next = 0;
  };

  enum class Got { kResponse, kEnd, kTimeout, kCut };

  explicit ResponseBuffer(BufferSize size) : size_(size) {}

  /// Adds a response, when there is room for it. Returns false when nobody will read it any more.
  bool Push(std::string id, grpc::ByteBuffer bytes);
  /// The same without waiting for room: for small responses that a stream itself adds.
  void PushNow(std::string id, grpc::ByteBuffer bytes);
  /// No response comes any more; streams end with this status.
  void End(const grpc::Status& status);
  /// The producer does not wait for room any more.
  void Unblock();
  /// Drops everything, now and to come. Streams are cut.
  void Close();

  /// Starts a stream behind the response of that id, or at the first one when it is empty. The stream before it is cut.
  /// Throws Error INVALID_CURSOR.
  Cursor Attach(const std::string& last_response_id);
  /// Waits for the next response; at its end for the status.
  Got Next(Cursor* cursor, Clock::duration timeout, grpc::ByteBuffer* bytes, grpc::Status* status);
  /// The stream ended.
  void Detach(const Cursor& cursor);

  /// Drops the responses to this one. Ids that are not there any more, or never were, drop nothing.
  void Release(const std::string& id);

  bool ended() const;
  /// Since when no stream is attached; now, while one is.
  Clock::time_point idle_since() const;

 private:
  struct Response {
    std::string id;
    grpc::ByteBuffer bytes;
    size_t size = 0;
  };

  void Add(std::string id, grpc::ByteBuffer bytes);
  void DropFirst();

  const BufferSize size_;
  mutable std::mutex mutex_;
  std::condition_variable readable_;
  std::condition_variable writable_;
  std::deque<Response> responses_;
  int64_t first_ = 0;                ///< the number of responses_[0]
  std::deque<std::string> dropped_;  ///< the ids of the last responses before that one
  int64_t sent_ = 0;                 ///< responses before this number were given to a stream
  size_t waiting_bytes_ = 0;
  size_t kept_bytes_ = 0;
  uint64_t streams_ = 0;
  bool attached_ = false;
  bool ended_ = false;
  bool closed_ = false;
  bool unblocked_ = false;
  grpc::Status status_;
  Clock::time_point detached_at_ = Clock::now();
};

}  // namespace tinderbox::connect
