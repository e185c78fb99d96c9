#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/fail.h"
#include "cli/console.h"
#include "cli/submit.h"
#include "cli/verbs.h"
#include "cli/words.h"
#include "cluster/jar.h"

namespace tinderbox::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPackage = "org.apache.spark.examples.";

/// Spark's own examples, as far as the installation carries them.
struct Examples {
  std::map<std::string, fs::path> scripts;  ///< "ml/kmeans_example"
  fs::path jar;                             ///< empty: this Spark has none
  std::set<std::string> classes;            ///< "ml.KMeansExample"
};

Examples FindExamples(const fs::path& spark_home) {
  Examples examples;
  const fs::path python = spark_home / "examples/src/main/python";
  std::error_code error;
  for (fs::recursive_directory_iterator entry(python, error), end; !error && entry != end; entry.increment(error)) {
    const fs::path& file = entry->path();
    if (file.extension() != ".py" || file.filename() == "__init__.py") continue;
    examples.scripts[fs::path(fs::relative(file, python)).replace_extension().string()] = file;
  }
  for (fs::directory_iterator entry(spark_home / "examples/jars", error), end; !error && entry != end;
       entry.increment(error)) {
    if (!entry->path().filename().string().starts_with("spark-examples")) continue;
    examples.jar = entry->path();
    for (const std::string& name : cluster::ClassesIn(examples.jar)) {
      if (name.starts_with(kPackage) && name.find('$') == std::string::npos)
        examples.classes.insert(name.substr(kPackage.size()));
    }
  }
  return examples;
}

std::vector<std::string> Names(const Examples& examples) {
  std::vector<std::string> names(examples.classes.begin(), examples.classes.end());
  for (const auto& [name, file] : examples.scripts) names.push_back(name);
  return names;
}

/// The script of that name, with or without its folder and ".py".
fs::path FindScript(const Examples& examples, std::string name) {
  if (name.ends_with(".py")) name.resize(name.size() - 3);
  if (const auto found = examples.scripts.find(name); found != examples.scripts.end()) return found->second;
  for (const auto& [path, file] : examples.scripts) {
    if (file.stem() == name) return file;
  }
  return {};
}

/// An example for the JVM and the one in Python that does the same with the same arguments.
constexpr std::pair<std::string_view, std::string_view> kPi = {"SparkPi", "pi"};
std::string TwinOf(const std::string& name) {
  return std::string(name == kPi.first ? kPi.second : name);
}

/// Examples run in Spark's folder, where their data are; files of the user's keep their meaning.
void KeepPaths(std::vector<std::string>* arguments, const fs::path& spark_home) {
  for (std::string& argument : *arguments) {
    std::error_code error;
    if (fs::exists(argument, error) && !fs::exists(spark_home / argument, error)) argument = fs::absolute(argument);
  }
}

int RunIt(cluster::SubmitLine line, const SubmitFlags& flags) {
  const JobCluster where = FindJobCluster(flags.cluster);
  const fs::path spark_home = where.spark_home();
  const Examples examples = FindExamples(spark_home);
  if (line.application.empty()) {
    std::string text;
    for (const std::string& name : Names(examples)) text += name + "\n";
    WriteOut(text);
    return kClusterOk;
  }
  const std::string name = line.application[0];
  line.application.erase(line.application.begin());
  KeepPaths(&line.application, spark_home);
  std::string plain = name.starts_with(kPackage) ? name.substr(kPackage.size()) : name;
  if (examples.classes.contains(plain)) {
    line.Add("--class", std::string(kPackage) + plain);
    line.application.insert(line.application.begin(), examples.jar);
  } else if (const fs::path script = FindScript(examples, TwinOf(plain)); !script.empty()) {
    if (plain == kPi.first && !flags.quiet)
      PrintWarning("The Spark of PyPI carries no example for the JVM: this is SparkPi's twin in Python.");
    line.application.insert(line.application.begin(), script);
  } else {
    const bool is_class = !plain.empty() && std::isupper(static_cast<unsigned char>(plain[plain.rfind('.') + 1]));
    if (is_class && examples.jar.empty())
      base::Fail("TINDERBOX_PREREQUISITE",
                 "{} is an example for the JVM, and the Spark of PyPI carries those for Python alone. `tinderbox "
                 "run-example` lists them. Give a whole Apache Spark as spark.home for the others.",
                 name);
    base::Fail("TINDERBOX_NO_SUCH", "Spark has no example \"{}\".{} `tinderbox run-example` lists them.", name,
               DidYouMean(name, Names(examples)));
  }
  return RunPrepared(where, PrepareJob(where, std::move(line)), flags, spark_home);
}

int RunExampleNamed(const std::string& verb, const std::string& example, const Arguments& arguments) {
  SubmitFlags flags;
  std::vector<std::string> unused;
  CLI::App app(example.empty() ? "Runs one of Spark's own examples on a cluster, or lists them."
                               : "Computes pi on a cluster with Spark's own example: a quick test that jobs run.");
  AddSubmitFlags(&app, &flags);
  AddSparkFlags(&app, &unused);
  app.footer(
      fmt::format("Options stand before the {}: tinderbox {} [options]{} [ARGUMENT...]\n"
                  "Examples run in Spark's own folder, where their data are.\n"
                  "\n"
                  "For example:\n"
                  "  tinderbox {}\n\n"
                  "Exit code: as of submit\n",
                  example.empty() ? "example's name" : "arguments", verb, example.empty() ? " NAME" : "",
                  example.empty() ? "run-example ml/kmeans_example" : "pi 100"));
  std::optional<cluster::SubmitLine> line = ParseJobLine(&app, verb, arguments);
  if (!line) return kClusterOk;
  if (!example.empty()) line->application.insert(line->application.begin(), example);
  return RunClusterVerb(verb, [&] {
    if (flags.on == "embedded")
      base::Fail("TINDERBOX_USAGE",
                 "Spark's examples are run on a cluster; `tinderbox run` runs a script on the "
                 "embedded engine.");
    return RunIt(std::move(*line), flags);
  });
}

}  // namespace

int RunExample(const Arguments& arguments) {
  return RunExampleNamed("run-example", "", arguments);
}

int RunPi(const Arguments& arguments) {
  return RunExampleNamed("pi", "pi", arguments);
}

}  // namespace tinderbox::cli
