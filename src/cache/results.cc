#include "cache/results.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <map>
#include <set>

namespace tinderbox::cache {
namespace {

constexpr std::string_view kPrefix = "tinderbox:cache:result:";
constexpr std::string_view kCounts = "tinderbox:cache:counts";

// Scripts run as one step: a result cannot expire between its being read and its being counted, which would make a
// hash that lives for ever.
constexpr std::string_view kGet = R"(
local rows = redis.call('HGET', KEYS[1], 'rows')
if rows then
  redis.call('HINCRBY', KEYS[1], 'hits', 1)
  redis.call('HINCRBY', KEYS[2], 'hits', 1)
else
  redis.call('HINCRBY', KEYS[2], 'misses', 1)
end
return rows)";
constexpr std::string_view kPut = R"(
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'rows', ARGV[1], 'what', ARGV[2], 'kept', ARGV[3], 'hits', 0)
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('HINCRBY', KEYS[2], 'kept', 1)
return 1)";
constexpr std::string_view kLook = R"(
local about = redis.call('HMGET', KEYS[1], 'what', 'kept', 'hits')
return {about[1], about[2], about[3], redis.call('HSTRLEN', KEYS[1], 'rows'), redis.call('PTTL', KEYS[1])})";

int64_t Number(const std::string& text) {
  int64_t out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

std::string NameOf(const std::string& key) {
  return std::string(kPrefix) + key;
}

}  // namespace

std::optional<std::string> Results::Get(const std::string& key) {
  RedisReply reply = redis_.Run({"EVAL", kGet, "2", NameOf(key), kCounts});
  if (reply.nil) return std::nullopt;
  return std::move(reply.text);
}

void Results::Put(const std::string& key, const std::string& bytes, const std::string& what, int64_t ttl_ms) {
  using std::chrono::system_clock;
  const int64_t now =
      std::chrono::duration_cast<std::chrono::milliseconds>(system_clock::now().time_since_epoch()).count();
  redis_.Run({"EVAL", kPut, "2", NameOf(key), kCounts, bytes, what, fmt::format("{}", now),
              fmt::format("{}", std::max<int64_t>(ttl_ms, 1))});
}

std::vector<std::string> Results::Keys() {
  std::set<std::string> names;  // a scan may give one twice
  std::string cursor = "0";
  const std::string pattern = std::string(kPrefix) + "*";
  do {
    const RedisReply reply = redis_.Run({"SCAN", cursor, "MATCH", pattern, "COUNT", "1000"});
    if (reply.items.size() != 2) break;
    cursor = reply.items[0].text;
    for (const RedisReply& name : reply.items[1].items) names.insert(name.text.substr(kPrefix.size()));
  } while (cursor != "0");
  return {names.begin(), names.end()};
}

std::vector<Results::Entry> Results::List() {
  std::vector<Entry> out;
  for (const std::string& key : Keys()) {
    const RedisReply about = redis_.Run({"EVAL", kLook, "1", NameOf(key)});
    if (about.items.size() != 5 || about.items[4].number <= 0) continue;  // it expired meanwhile
    out.push_back({key, about.items[0].text, about.items[3].number, Number(about.items[2].text),
                   Number(about.items[1].text), about.items[4].number});
  }
  std::ranges::stable_sort(out, std::greater<>(), &Entry::kept_ms);
  return out;
}

Results::Counts Results::Count() {
  const RedisReply reply = redis_.Run({"HMGET", kCounts, "hits", "misses", "kept"});
  if (reply.items.size() != 3) return {};
  return {Number(reply.items[0].text), Number(reply.items[1].text), Number(reply.items[2].text)};
}

bool Results::Remove(const std::string& key) {
  return redis_.Run({"UNLINK", NameOf(key)}).number > 0;
}

int64_t Results::Clear() {
  int64_t removed = 0;
  for (const std::string& key : Keys()) removed += Remove(key) ? 1 : 0;
  redis_.Run({"UNLINK", kCounts});
  return removed;
}

}  // namespace tinderbox::cache
