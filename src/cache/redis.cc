#include "cache/redis.h"

#include <fmt/format.h>
#include <hiredis/hiredis.h>
#include <pthread.h>
#include <signal.h>

#include <charconv>
#include <ctime>

#include "base/fail.h"

namespace tinderbox::cache {
namespace {

constexpr char kRefused[] = "TINDERBOX_CACHE";
constexpr char kUnavailable[] = "TINDERBOX_CACHE_UNAVAILABLE";
constexpr timeval kConnectTime{2, 0};
constexpr timeval kAnswerTime{5, 0};
constexpr std::string_view kScheme = "redis://";

/// Keeps the signal that writing to a lost connection raises away from this thread.
class NoPipeSignal {
 public:
  NoPipeSignal() {
    ::sigemptyset(&pipe_);
    ::sigaddset(&pipe_, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  NoPipeSignal(const NoPipeSignal&) = delete;
  NoPipeSignal& operator=(const NoPipeSignal&) = delete;
  ~NoPipeSignal() {
    if (::sigismember(&before_, SIGPIPE) == 1) return;
    constexpr timespec kNow{0, 0};
    while (::sigtimedwait(&pipe_, nullptr, &kNow) == SIGPIPE) {
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  sigset_t pipe_{}, before_{};
};

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

[[noreturn]] void FailUrl(const char* why) {
  base::Fail(kRefused,
             "The address of the Redis (TINDERBOX_REDIS_URL) cannot be used: {}. Write it as "
             "redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE], with %XX for other letters in the password.",
             why);
}

std::string Decode(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? HexDigit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? HexDigit(text[i + 2]) : -1;
    if (high < 0 || low < 0) FailUrl("% is not followed by two hexadecimal digits");
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

int ParseNumber(std::string_view text, int most, const char* why) {
  int out = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size() || out < 0 || out > most) FailUrl(why);
  return out;
}

RedisReply Copy(const redisReply& reply) {
  RedisReply out;
  out.nil = reply.type == REDIS_REPLY_NIL;
  out.number = reply.integer;
  if (reply.str != nullptr) out.text.assign(reply.str, reply.len);
  for (size_t i = 0; i < reply.elements; ++i) out.items.push_back(Copy(*reply.element[i]));
  return out;
}

}  // namespace

std::string RedisAddress::Shown() const {
  const std::string shown_host = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return fmt::format("{}{}:{}{}", kScheme, shown_host, port, database == 0 ? "" : fmt::format("/{}", database));
}

RedisAddress ParseRedisUrl(const std::string& url) {
  if (url.starts_with("rediss://")) FailUrl("TLS is not supported");
  if (!url.starts_with(kScheme)) FailUrl("it does not begin with redis://");
  RedisAddress out;
  std::string_view rest = std::string_view(url).substr(kScheme.size());
  if (rest.find_first_of("?#") != std::string_view::npos) FailUrl("it has a ? or #");
  const size_t slash = rest.find('/');
  if (slash != std::string_view::npos) {
    const std::string_view database = rest.substr(slash + 1);
    if (!database.empty()) out.database = ParseNumber(database, 1 << 20, "what follows the / is no number");
    rest = rest.substr(0, slash);
  }
  const size_t at = rest.rfind('@');
  if (at != std::string_view::npos) {
    const std::string_view who = rest.substr(0, at);
    const size_t colon = who.find(':');
    if (colon == std::string_view::npos) FailUrl("there is no : before the password");
    out.user = Decode(who.substr(0, colon));
    out.password = Decode(who.substr(colon + 1));
    rest = rest.substr(at + 1);
  }
  size_t colon = rest.rfind(':');
  if (rest.starts_with('[')) {
    const size_t end = rest.find(']');
    if (end == std::string_view::npos) FailUrl("a [ is not closed");
    out.host = rest.substr(1, end - 1);
    colon = end + 1 < rest.size() ? end + 1 : std::string_view::npos;
    if (colon != std::string_view::npos && rest[colon] != ':') FailUrl("what follows the ] is no port");
  } else {
    out.host = rest.substr(0, colon);
  }
  if (colon != std::string_view::npos) out.port = ParseNumber(rest.substr(colon + 1), 65535, "the port is no number");
  if (out.host.empty()) FailUrl("it names no host");
  return out;
}

void Redis::Close::operator()(redisContext* context) const {
  const NoPipeSignal quiet;
  ::redisFree(context);
}

Redis::Redis(RedisAddress address) : address_(std::move(address)) {}
Redis::~Redis() = default;

void Redis::FailLost() {
  const std::string why = connection_ == nullptr ? "there is not enough memory" : connection_->errstr;
  connection_.reset();
  base::Fail(kUnavailable, "The Redis at {} does not answer: {}.", address_.Shown(), why);
}

RedisReply Redis::Send(const std::vector<std::string_view>& words) {
  std::vector<const char*> texts;
  std::vector<size_t> sizes;
  for (const std::string_view word : words) {
    texts.push_back(word.data());
    sizes.push_back(word.size());
  }
  const std::unique_ptr<redisReply, decltype(&::freeReplyObject)> reply(
      static_cast<redisReply*>(
          ::redisCommandArgv(connection_.get(), static_cast<int>(words.size()), texts.data(), sizes.data())),
      ::freeReplyObject);
  if (reply == nullptr) FailLost();
  if (reply->type == REDIS_REPLY_ERROR) {
    const std::string said(reply->str, reply->len);
    if (said.starts_with("NOAUTH") || said.starts_with("WRONGPASS") || said.starts_with("ERR invalid password") ||
        said.starts_with("ERR AUTH")) {
      connection_.reset();
      base::Fail(kRefused,
                 "The Redis at {} does not take the password{}. It stands in the variable TINDERBOX_REDIS_URL "
                 "(redis://:PASSWORD@HOST:PORT), or in the secrets of the cluster that --name means.",
                 address_.Shown(), address_.password.empty() ? ": none was given" : "");
    }
    if (said.starts_with("LOADING")) base::Fail(kUnavailable, "The Redis at {} is still starting.", address_.Shown());
    base::Fail(kRefused, "The Redis at {} refuses {}: {}.", address_.Shown(), words[0], said);
  }
  return Copy(*reply);
}

void Redis::Connect() {
  connection_.reset(::redisConnectWithTimeout(address_.host.c_str(), address_.port, kConnectTime));
  if (connection_ == nullptr || connection_->err != 0) FailLost();
  ::redisSetTimeout(connection_.get(), kAnswerTime);
  ::redisEnableKeepAlive(connection_.get());
  try {
    if (!address_.user.empty()) {
      Send({"AUTH", address_.user, address_.password});
    } else if (!address_.password.empty()) {
      Send({"AUTH", address_.password});
    }
    if (address_.database != 0) Send({"SELECT", fmt::format("{}", address_.database)});
  } catch (...) {
    connection_.reset();
    throw;
  }
}

RedisReply Redis::Run(const std::vector<std::string_view>& words) {
  const std::lock_guard lock(mutex_);
  const NoPipeSignal quiet;
  const bool kept = connection_ != nullptr;
  if (!kept) Connect();
  try {
    return Send(words);
  } catch (const Error& error) {
    // A Redis that was started anew has cut a connection that was idle.
    if (!kept || error.condition() != kUnavailable || connection_ != nullptr) throw;
  }
  Connect();
  return Send(words);
}

}  // namespace tinderbox::cache
