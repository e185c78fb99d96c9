#include "cluster/spark_submit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <optional>
#include <regex>
#include <sstream>

#include "base/escapes.h"
#include "base/fail.h"
#include "cluster/spec.h"
#include "cluster/units.h"

namespace tinderbox::cluster {
namespace {

constexpr std::string_view kCondition = "TINDERBOX_CONFIG";

using enum OnEmbedded;
constexpr SparkFlag kFlags[] = {
    {"--master", "URL", "spark.master", kUnused,
     "Another master than the cluster's: spark://…, local[*], yarn, k8s://…"},
    {"--deploy-mode", "MODE", "spark.submit.deployMode", kUnused,
     "client: the driver runs here; cluster: on a worker. Default: client"},
    {"--class", "CLASS", "", kRefused, "The main class of a jar"},
    {"--name", "NAME", "spark.app.name", kTaken, "Name of the application (the cluster's is --cluster)"},
    {"--jars", "JARS", "spark.jars", kRefused, "Jars for driver and executors, with commas between"},
    {"--packages", "COORDINATES", "spark.jars.packages", kRefused, "Maven coordinates of jars, with commas between"},
    {"--exclude-packages", "COORDINATES", "spark.jars.excludes", kUnused, "What --packages leaves out"},
    {"--repositories", "URLS", "spark.jars.repositories", kUnused, "Where --packages looks, too"},
    {"--py-files", "FILES", "spark.submit.pyFiles", kTaken, "Python files (.py, .zip, .egg) that the program imports"},
    {"--files", "FILES", "spark.files", kRefused, "Files for the folder of every executor"},
    {"--archives", "FILES", "spark.archives", kRefused, "Archives to unpack in the folder of every executor"},
    {"--conf", "NAME=VALUE", "", kTaken, "A setting of Spark's; -c for short"},
    {"--properties-file", "FILE", "", kTaken, "A file of settings; the cluster's own hold where it is silent"},
    {"--extra-properties-file", "FILE", "", kTaken, "One more file of settings, read after the first"},
    {"--load-spark-defaults", "", "", kUnused, "Read the cluster's settings beside --properties-file (always done)"},
    {"--driver-memory", "SIZE", "spark.driver.memory", kUnused, "Heap of the driver, as in 2g"},
    {"--driver-cores", "N", "spark.driver.cores", kUnused, "Cores of the driver in cluster mode"},
    {"--driver-java-options", "OPTIONS", "spark.driver.extraJavaOptions", kUnused, "Options of the driver's Java"},
    {"--driver-library-path", "PATH", "spark.driver.extraLibraryPath", kUnused, "Native libraries of the driver"},
    {"--driver-class-path", "PATH", "spark.driver.extraClassPath", kRefused, "Class path of the driver"},
    {"--driver-default-class-path", "PATH", "spark.driver.defaultExtraClassPath", kUnused,
     "Class path that drivers have anyway"},
    {"--executor-memory", "SIZE", "spark.executor.memory", kUnused, "Heap of each executor, as in 2g"},
    {"--executor-cores", "N", "spark.executor.cores", kUnused, "Cores of each executor"},
    {"--total-executor-cores", "N", "spark.cores.max", kUnused, "Cores of all executors together"},
    {"--num-executors", "N", "spark.executor.instances", kUnused,
     "Number of executors; on this cluster made into --total-executor-cores"},
    {"--supervise", "", "", kUnused, "Start the driver again when it fails (cluster mode)"},
    {"--proxy-user", "NAME", "", kRefused, "The user to act for"},
    {"--principal", "NAME", "spark.kerberos.principal", kRefused, "Principal for Kerberos"},
    {"--keytab", "FILE", "spark.kerberos.keytab", kRefused, "Keytab of the principal"},
    {"--queue", "NAME", "spark.yarn.queue", kUnused, "Queue of YARN"},
    {"--remote", "URL", "spark.remote", kUnused, "Run as a client of this Spark Connect server"},
    {"--kill", "ID", "", kRefused, "Kill a driver of cluster mode"},
    {"--status", "ID", "", kRefused, "Tell the state of a driver of cluster mode"},
    {"--verbose", "", "", kUnused, "Let spark-submit say what it does; -v for short"},
    {"--version", "", "", kUnused, "Print Spark's version"},
    {"--usage-error", "", "", kUnused, "Print spark-submit's own usage"},
};

constexpr std::pair<std::string_view, std::string_view> kLetters[] = {{"-c", "--conf"}, {"-v", "--verbose"}};

/// The code unit that "uXXXX" at `at` names.
std::optional<uint32_t> CodeUnit(std::string_view text, size_t at) {
  uint32_t code = 0;
  if (at + 5 > text.size() || text[at] != 'u') return std::nullopt;
  const char* end = text.data() + at + 5;
  return std::from_chars(text.data() + at + 1, end, code, 16).ptr == end ? std::optional(code) : std::nullopt;
}

std::string UnescapeProperty(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const char c = text[++i];
    if (std::optional<uint32_t> code = CodeUnit(text, i)) {
      i += 4;
      // Java writes a character beyond U+FFFF as two.
      const auto low = text.substr(i + 1, 1) == "\\" ? CodeUnit(text, i + 2) : std::nullopt;
      if (*code >= 0xD800 && *code < 0xDC00 && low && *low >= 0xDC00 && *low < 0xE000) {
        code = 0x10000 + ((*code - 0xD800) << 10) + (*low - 0xDC00);
        i += 6;
      }
      base::AppendUtf8(&out, *code >= 0xD800 && *code < 0xE000 ? 0xFFFD : *code);
    } else {
      out += c == 't' ? '\t' : c == 'n' ? '\n' : c == 'r' ? '\r' : c == 'f' ? '\f' : c;
    }
  }
  return out;
}

std::string_view TrimLeft(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\f");
  return first == std::string_view::npos ? std::string_view() : text.substr(first);
}

std::string Trim(std::string_view text) {
  text = TrimLeft(text);
  return std::string(text.substr(0, text.find_last_not_of(" \t\f\r\n") + 1));
}

/// Whether the line goes on in the next: it ends in an odd number of backslashes.
bool GoesOn(std::string_view line) {
  const size_t last = line.find_last_not_of('\\');
  return (line.size() - (last == std::string_view::npos ? 0 : last + 1)) % 2 == 1;
}

std::string ReadSettingsFile(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (std::filesystem::is_directory(file))
    base::FailErrno("PATH_NOT_FOUND", EISDIR, fmt::format("Cannot read the settings in \"{}\"", file));
  if (!in) base::FailErrno("PATH_NOT_FOUND", errno, fmt::format("Cannot read the settings in \"{}\"", file));
  return text.str();
}

std::string Get(const Settings& settings, const std::string& name) {
  const auto found = settings.find(name);
  return found == settings.end() ? "" : found->second;
}

/// MiB of a heap's size; `bare` is what a number without a unit counts, in bytes.
int64_t Heap(const Settings& settings, const std::string& name, std::string_view who, int64_t standard, int64_t bare) {
  const std::string text = Get(settings, name);
  if (text.empty()) return standard;
  const std::optional<int64_t> number = ParseMemory(text);
  if (!number) base::Fail(kCondition, "{} is \"{}\", which is no size. Write for instance {}=1g.", name, text, name);
  const bool has_unit = text.find_first_not_of("0123456789") != std::string::npos;
  const int64_t bytes = has_unit ? *number : *number * bare;
  if (bytes < kLeastHeap) {
    base::Fail(
        kCondition, "{} of {} ({}) would not start: Spark needs at least 450 MiB of heap. Ask for 450m or more{}.", who,
        text, name, has_unit ? "" : fmt::format("; without a unit the number counts {}", bare == 1 ? "bytes" : "MiB"));
  }
  return bytes / kMiB;
}

int64_t Cores(const Settings& settings, const std::string& name, int64_t standard) {
  const std::string text = Get(settings, name);
  if (text.empty()) return standard;
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 1)
    base::Fail(kCondition, "{} is \"{}\", which is no number of at least 1.", name, text);
  return number;
}

}  // namespace

std::span<const SparkFlag> SparkFlags() {
  return kFlags;
}

const SparkFlag* FindSparkFlag(std::string_view name) {
  for (const auto& [letter, whole] : kLetters) {
    if (name == letter) name = whole;
  }
  const auto* found =
      std::find_if(std::begin(kFlags), std::end(kFlags), [&](const SparkFlag& flag) { return flag.name == name; });
  return found == std::end(kFlags) ? nullptr : found;
}

std::string SubmitLine::Get(std::string_view flag) const {
  for (auto option = options.rbegin(); option != options.rend(); ++option) {
    if (option->flag->name == flag) return option->value;
  }
  return "";
}

bool SubmitLine::Has(std::string_view flag) const {
  return std::any_of(options.begin(), options.end(), [&](const Option& option) { return option.flag->name == flag; });
}

void SubmitLine::Add(std::string_view flag, std::string value) {
  options.push_back({FindSparkFlag(flag), std::move(value)});
}

SubmitLine ParseSubmitLine(const std::vector<std::string>& words, const OwnFlags& own) {
  SubmitLine line;
  size_t at = 0;
  while (at < words.size() && words[at].starts_with("-")) {
    const std::string& word = words[at];
    const size_t equals = word.starts_with("--") ? word.find('=') : std::string::npos;
    const SparkFlag* flag = FindSparkFlag(word.substr(0, equals));
    if (flag == nullptr) {
      at += own(std::span(words).subspan(at));
      continue;
    }
    ++at;
    if (flag->value.empty()) {
      if (equals != std::string::npos) base::Fail("TINDERBOX_USAGE", "{} takes no value.", flag->name);
      line.options.push_back({flag, ""});
      continue;
    }
    if (equals != std::string::npos) {
      line.options.push_back({flag, word.substr(equals + 1)});
    } else if (at < words.size()) {
      line.options.push_back({flag, words[at++]});
    }
    if (line.options.empty() || line.options.back().flag != flag || line.options.back().value.empty())
      base::Fail("TINDERBOX_USAGE", "{} needs a value: {} {}.", flag->name, flag->name, flag->value);
  }
  line.application.assign(words.begin() + static_cast<std::ptrdiff_t>(at), words.end());
  return line;
}

std::vector<std::string> ToWords(const SubmitLine& line) {
  std::vector<std::string> words;
  for (const auto& [flag, value] : line.options) {
    words.emplace_back(flag->name);
    if (!flag->value.empty()) words.push_back(value);
  }
  words.insert(words.end(), line.application.begin(), line.application.end());
  return words;
}

Settings ParseProperties(std::string_view text) {
  Settings settings;
  std::string logical;
  bool continued = false;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find_first_of("\r\n", at), text.size());
    const std::string_view line = TrimLeft(text.substr(at, end - at));
    at = end + 1;
    if (!continued && (line.empty() || line[0] == '#' || line[0] == '!')) continue;
    logical += line;
    continued = GoesOn(line) && at < text.size();
    if (continued) {
      logical.pop_back();
      continue;
    }
    size_t name_end = 0;
    while (name_end < logical.size() && std::string_view("=: \t\f").find(logical[name_end]) == std::string_view::npos)
      name_end += logical[name_end] == '\\' ? 2 : 1;
    name_end = std::min(name_end, logical.size());
    std::string_view value = TrimLeft(std::string_view(logical).substr(name_end));
    if (!value.empty() && (value[0] == '=' || value[0] == ':')) value = TrimLeft(value.substr(1));
    settings[UnescapeProperty(logical.substr(0, name_end))] = Trim(UnescapeProperty(value));
    logical.clear();
  }
  return settings;
}

Settings EffectiveSettings(const SubmitLine& line, Settings defaults) {
  Settings settings = std::move(defaults);
  const auto read = [&](std::string_view flag) {
    for (const auto& [option, value] : line.options) {
      if (option->name != flag) continue;
      for (const auto& [name, text] : ParseProperties(ReadSettingsFile(value))) settings[name] = text;
    }
  };
  read("--properties-file");
  read("--extra-properties-file");
  for (const auto& [flag, value] : line.options) {
    if (flag->name != "--conf") continue;
    const size_t equals = value.find('=');
    if (equals == std::string::npos || equals == 0)
      base::Fail("TINDERBOX_USAGE", "--conf \"{}\" is not of the form NAME=VALUE.", value);
    settings[value.substr(0, equals)] = Trim(std::string_view(value).substr(equals + 1));
  }
  for (const auto& [flag, value] : line.options) {
    if (!flag->setting.empty()) settings[std::string(flag->setting)] = value;
  }
  return settings;
}

bool InClusterMode(const Settings& settings) {
  return Get(settings, "spark.submit.deployMode") == "cluster";
}

JobRequest RequestOf(const Settings& settings) {
  constexpr int64_t kStandard = 1024;
  JobRequest request;
  request.executor_memory = Heap(settings, "spark.executor.memory", "An executor", kStandard, kMiB);
  request.executor_cores = Cores(settings, "spark.executor.cores", 1);
  request.cores_max = Cores(settings, "spark.cores.max", 0);
  request.executors =
      Get(settings, "spark.dynamicAllocation.enabled") == "true" ? 0 : Cores(settings, "spark.executor.instances", 0);
  const int64_t driver = Heap(settings, "spark.driver.memory", "A driver", kStandard, 1);
  if (InClusterMode(settings)) {
    request.driver_memory = driver;
    request.driver_cores = Cores(settings, "spark.driver.cores", 1);
  }
  return request;
}

bool IsPython(const SubmitLine& line) {
  if (line.application.empty()) return false;
  const std::string& file = line.application[0];
  return file == "pyspark-shell" || file == "pyspark-shell-main" || file.ends_with(".py");
}

std::vector<std::string> HideSecrets(std::vector<std::string> words) {
  static const std::regex secret("secret|password|passwd|token|access[.]?key|api[.]?key",
                                 std::regex::ECMAScript | std::regex::icase);
  for (std::string& word : words) {
    const size_t equals = word.rfind("--conf=", 0) == 0 ? word.find('=', 7) : word.find('=');
    if (equals != std::string::npos &&
        std::regex_search(word.begin(), word.begin() + static_cast<std::ptrdiff_t>(equals), secret))
      word = word.substr(0, equals + 1) + "*********";
  }
  return words;
}

}  // namespace tinderbox::cluster
