#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tinderbox::store {

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  std::vector<std::string> headers;  ///< "Name: value"
  std::string_view body;             ///< sent with PUT and POST
  bool follow = false;               ///< follow redirects
  /// Takes the body of an answer of 2xx in pieces; without it the body is in the answer.
  std::function<void(std::string_view)> sink;
  std::string proxy;  ///< host:port; the environment's proxies are not asked
};

struct HttpResponse {
  long status = 0;    ///< 0: no answer
  std::string error;  ///< why there is none, or why it is not whole
  std::string body;
  std::map<std::string, std::string> headers;  ///< names in lower case

  /// A whole answer of 2xx.
  bool ok() const { return error.empty() && status >= 200 && status < 300; }
  /// Worth another try: no answer, half an answer, or a server that is busy.
  bool passing() const { return !error.empty() || status == 429 || status >= 500; }
  std::string Header(const std::string& name) const;
};

/// One request on this thread's connection. Throws Interrupted when the process is; everything else is in the answer.
HttpResponse Exchange(const HttpRequest& request);

/// Waits before the try of that number (1: the first again), longer each time. Throws Interrupted.
void WaitToRetry(int number);
/// How often what may pass is tried.
inline constexpr int kTries = 5;

/// The text with what a URL cannot hold as %XX; '/' stays when `keep_slashes`.
std::string UrlEncode(std::string_view text, bool keep_slashes);

/// Runs `work(i)` for 0 to count - 1 on up to `threads` threads. The first exception ends it and is thrown here.
void ForAll(size_t count, size_t threads, const std::function<void(size_t)>& work);

}  // namespace tinderbox::store
