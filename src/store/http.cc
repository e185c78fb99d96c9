#include "store/http.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <chrono>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>

#include "base/ascii.h"
#include "base/fail.h"
#include "base/interrupt.h"
#include "store/settings.h"

namespace tinderbox::store {
namespace {

/// A thread's handle, which keeps connections open between requests.
CURL* Handle() {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  thread_local const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> handle(curl_easy_init(), curl_easy_cleanup);
  if (started != CURLE_OK || handle == nullptr)
    base::Fail("TINDERBOX_STORE", "The system's HTTP library, libcurl, cannot be used here.");
  curl_easy_reset(handle.get());
  return handle.get();
}

struct Transfer {
  CURL* handle;
  const HttpRequest& request;
  HttpResponse& response;
  std::exception_ptr failure;
};

size_t TakeBody(char* data, size_t one, size_t size, void* user) {
  auto* transfer = static_cast<Transfer*>(user);
  const std::string_view piece(data, one * size);
  try {
    long status = 0;
    curl_easy_getinfo(transfer->handle, CURLINFO_RESPONSE_CODE, &status);
    if (transfer->request.sink && status >= 200 && status < 300) {
      transfer->request.sink(piece);
    } else {
      transfer->response.body += piece;
    }
  } catch (...) {
    transfer->failure = std::current_exception();
    return 0;
  }
  return piece.size();
}

size_t TakeHeader(char* data, size_t one, size_t size, void* user) {
  auto* transfer = static_cast<Transfer*>(user);
  std::string_view line(data, one * size);
  if (line.starts_with("HTTP/")) transfer->response.headers.clear();  // of a redirect
  const size_t colon = line.find(':');
  if (colon != std::string_view::npos) {
    std::string_view value = line.substr(colon + 1);
    while (!value.empty() && std::isspace(static_cast<unsigned char>(value.front()))) value.remove_prefix(1);
    while (!value.empty() && std::isspace(static_cast<unsigned char>(value.back()))) value.remove_suffix(1);
    transfer->response.headers[base::LowerCase(std::string(line.substr(0, colon)))] = value;
  }
  return one * size;
}

int AskToStop(void*, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return base::InterruptRequested() ? 1 : 0;
}

}  // namespace

std::string HttpResponse::Header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

HttpResponse Exchange(const HttpRequest& request) {
  base::ThrowIfInterrupted();
  HttpResponse response;
  CURL* handle = Handle();
  Transfer transfer{handle, request, response, nullptr};
  const auto set = [handle](CURLoption option, auto value) { curl_easy_setopt(handle, option, value); };
  char why[CURL_ERROR_SIZE] = "";
  set(CURLOPT_ERRORBUFFER, why);
  set(CURLOPT_URL, request.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  set(CURLOPT_PATH_AS_IS, 1L);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_PROXY, request.proxy.c_str());
  set(CURLOPT_CONNECTTIMEOUT, 15L);
  // A server that sends nothing for so long sends nothing any more.
  set(CURLOPT_LOW_SPEED_LIMIT, 1L);
  set(CURLOPT_LOW_SPEED_TIME, 60L);
  set(CURLOPT_FOLLOWLOCATION, request.follow ? 1L : 0L);
  set(CURLOPT_MAXREDIRS, 5L);
  set(CURLOPT_WRITEFUNCTION, TakeBody);
  set(CURLOPT_WRITEDATA, &transfer);
  set(CURLOPT_HEADERFUNCTION, TakeHeader);
  set(CURLOPT_HEADERDATA, &transfer);
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFOFUNCTION, AskToStop);
  set(CURLOPT_BUFFERSIZE, 256L * 1024);
  if (const std::string bundle = Environment("AWS_CA_BUNDLE"); !bundle.empty())
    curl_easy_setopt(handle, CURLOPT_CAINFO, bundle.c_str());
  if (request.method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
  } else if (request.method == "PUT" || request.method == "POST") {
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDS, request.body.empty() ? "" : request.body.data());
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  } else {
    set(CURLOPT_HTTPGET, 1L);
    set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
  curl_slist* list = curl_slist_append(nullptr, "Expect:");
  for (const std::string& header : request.headers) list = curl_slist_append(list, header.c_str());
  if (request.method == "PUT" || request.method == "POST")
    list = curl_slist_append(list, "Content-Type: application/octet-stream");
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(list, curl_slist_free_all);
  set(CURLOPT_HTTPHEADER, list);
  const CURLcode code = curl_easy_perform(handle);
  if (transfer.failure) std::rethrow_exception(transfer.failure);
  base::ThrowIfInterrupted();
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &response.status);
  if (code != CURLE_OK) response.error = why[0] != '\0' ? why : curl_easy_strerror(code);
  return response;
}

void WaitToRetry(int number) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(100) * (1 << std::min(number, 6));
  while (std::chrono::steady_clock::now() < until) {
    base::ThrowIfInterrupted();
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

std::string UrlEncode(std::string_view text, bool keep_slashes) {
  std::string out;
  for (const unsigned char c : text) {
    const bool plain = c < 0x80 && (std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_' || c == '~');
    if (plain || (c == '/' && keep_slashes)) {
      out += static_cast<char>(c);
    } else {
      out += fmt::format("%{:02X}", c);
    }
  }
  return out;
}

void ForAll(size_t count, size_t threads, const std::function<void(size_t)>& work) {
  std::atomic<size_t> next = 0;
  std::mutex mutex;
  std::exception_ptr failure;
  const auto run = [&] {
    for (size_t i = next++; i < count; i = next++) {
      try {
        work(i);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!failure) failure = std::current_exception();
        next = count;
      }
    }
  };
  std::vector<std::thread> pool;
  for (size_t i = 1; i < std::min(count, threads); ++i) pool.emplace_back(run);
  run();
  for (std::thread& thread : pool) thread.join();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace tinderbox::store
