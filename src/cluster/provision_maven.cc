#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <vector>

#include "base/digest.h"
#include "base/fail.h"
#include "base/mapped_file.h"
#include "cluster/folder.h"
#include "cluster/provision_extras.h"
#include "cluster/provision_tool.h"

namespace tinderbox::cluster {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kCondition = "TINDERBOX_PREREQUISITE";
constexpr const char* kCopy = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies";

struct Artifact {
  std::string_view group;
  std::string_view name;
  std::string_view version;
  bool alone = false;  // without what it depends on
};

/// Jars of Maven Central with all they depend on. Versions are pinned by those of the artifacts; the digest is over the
/// SHA-256 and the name of every jar, in the order of the names, as sha256sum prints them.
struct JarSet {
  const char* name;
  const char* title;
  std::vector<Artifact> artifacts;
  const char* without;  // artifacts left out, separated by commas
  const char* digest;
  double size;  // in bytes; for the progress alone
};

const JarSet& Hadoop() {
  constexpr std::string_view kGroup = "org.apache.hadoop";
  constexpr std::string_view kVersion = "3.5.0";  // that of the client inside Spark
  static const JarSet jars = {"hadoop-3.5.0",
                              "Apache Hadoop 3.5.0",
                              {{kGroup, "hadoop-common", kVersion},
                               {kGroup, "hadoop-hdfs", kVersion},
                               {kGroup, "hadoop-hdfs-client", kVersion},
                               {kGroup, "hadoop-yarn-server-resourcemanager", kVersion},
                               {kGroup, "hadoop-yarn-server-nodemanager", kVersion},
                               {kGroup, "hadoop-yarn-client", kVersion},
                               {kGroup, "hadoop-yarn-server-timelineservice", kVersion}},
                              "",
                              "3fa7e7582b8595330f3706a92a83a8e874c0f7b1ac2d7d214502d38f31a71594",
                              102e6};
  return jars;
}

/// What Hadoop's s3a calls of Amazon's library, without what Spark has itself in a newer version.
const JarSet& S3a() {
  constexpr std::string_view kAmazon = "software.amazon.awssdk";
  constexpr std::string_view kVersion = "2.35.4";
  static const JarSet jars = {"s3a-3.5.0",
                              "Hadoop's S3 client 3.5.0",
                              {{"org.apache.hadoop", "hadoop-aws", "3.5.0", true},
                               {kAmazon, "s3", kVersion},
                               {kAmazon, "s3-transfer-manager", kVersion},
                               {kAmazon, "sts", kVersion},
                               {kAmazon, "apache-client", kVersion},
                               {kAmazon, "netty-nio-client", kVersion},
                               {"software.amazon.s3.analyticsaccelerator", "analyticsaccelerator-s3", "1.3.1"}},
                              "slf4j-api,commons-codec,commons-logging,netty-buffer,netty-codec,netty-codec-http,"
                              "netty-codec-http2,netty-common,netty-handler,netty-resolver,netty-transport,"
                              "netty-transport-native-unix-common,netty-transport-classes-epoll",
                              "ef5a3f4fae0550995addf381aa8edde3b043cf93542a74e1cd4228f9f28fa17f",
                              14e6};
  return jars;
}

const JarSet& PostgresDriver() {
  static const JarSet jars = {"postgresql-jdbc-42.7.7",
                              "PostgreSQL's JDBC driver 42.7.7",
                              {{"org.postgresql", "postgresql", "42.7.7"}},
                              "",
                              "753069e470e57f2568d0b45ee194b095fa924218299e2935914c6051d9afbba9",
                              1.3e6};
  return jars;
}

std::string Pom(const JarSet& jars) {
  std::string out = fmt::format(
      "<project xmlns=\"http://maven.apache.org/POM/4.0.0\">\n  <modelVersion>4.0.0</modelVersion>\n"
      "  <groupId>tinderbox</groupId>\n  <artifactId>{}</artifactId>\n  <version>1</version>\n"
      "  <packaging>pom</packaging>\n  <dependencies>\n",
      jars.name);
  for (const Artifact& artifact : jars.artifacts) {
    const char* exclusions = artifact.alone ? "<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId>"
                                              "</exclusion></exclusions>"
                                            : "";
    out += fmt::format(
        "    <dependency><groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version>{}</dependency>\n",
        artifact.group, artifact.name, artifact.version, exclusions);
  }
  return out + "  </dependencies>\n</project>\n";
}

std::string DigestOf(const fs::path& folder) {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  std::string lines;
  for (const std::string& name : names)
    lines += fmt::format("{}  {}\n", base::Hex(base::Sha256(base::MappedFile(folder / name).bytes())), name);
  return base::Hex(base::Sha256(lines));
}

/// Writes the names of Hadoop's properties, as the jars' *-default.xml list them, into names.txt.
void ListProperties(const fs::path& work, const fs::path& result) {
  constexpr const char* kScript = R"(import glob, re, sys, zipfile
names = set()
for jar in glob.glob(sys.argv[1] + "/lib/hadoop-*.jar"):
    with zipfile.ZipFile(jar) as archive:
        for entry in archive.namelist():
            if re.fullmatch(r"(core|hdfs|yarn|mapred)-default\.xml", entry):
                names.update(re.findall(r"<name>\s*([A-Za-z0-9._-]+)\s*</name>", archive.read(entry).decode()))
with open(sys.argv[1] + "/names.txt", "w") as out:
    out.writelines(name + "\n" for name in sorted(names))
)";
  RunTool({"python3", "-c", kScript, result}, work, work / "names.log", "Listing Hadoop's properties", {});
}

fs::path ProvisionJars(const fs::path& cache, const JarSet& jars, const Progress& progress) {
  if (!progress) return cache / "dist" / jars.name;
  return InstallOnce({cache, jars.name, jars.title}, [&](const fs::path& work, const fs::path& result) {
    ReplaceFile(work / "pom.xml", Pom(jars));
    const std::string what = fmt::format("Downloading {}", jars.title);
    const fs::path lib = result / "lib";
    std::vector<std::string> command = {"mvn",
                                        "-B",
                                        "-ntp",
                                        "-C",
                                        "-f",
                                        work / "pom.xml",
                                        kCopy,
                                        "-DincludeScope=runtime",
                                        "-DoutputDirectory=" + lib.string()};
    if (*jars.without != '\0') command.push_back(fmt::format("-DexcludeArtifactIds={}", jars.without));
    RunTool(command, work, work / "mvn.log", what,
            {.while_running = [&] { progress(what, std::min(0.99, BytesIn(lib) / jars.size)); },
             .hint = " It needs Maven (Debian: apt install maven) and a network."});
    progress(fmt::format("Verifying {}", jars.title), -1);
    if (const std::string digest = DigestOf(lib); digest != jars.digest)
      base::Fail(kCondition,
                 "{} is not what it should be: the jars that Maven brought have the digest {}, and not {}. One of them "
                 "was changed on its way, or stands changed in Maven's own cache.",
                 jars.title, digest, jars.digest);
    ListProperties(work, result);
  });
}

}  // namespace

std::vector<std::string> CheckJars(const fs::path& cache) {
  std::vector<std::string> wrong;
  for (const JarSet* jars : {&Hadoop(), &S3a(), &PostgresDriver()}) {
    const fs::path lib = cache / "dist" / jars->name / "lib";
    if (!fs::exists(lib.parent_path())) continue;
    if (!fs::exists(lib) || DigestOf(lib) != jars->digest)
      wrong.push_back(
          fmt::format("{} is not as it was installed: jars in {} are missing or changed", jars->title, lib.string()));
  }
  return wrong;
}

fs::path ProvisionHadoop(const fs::path& cache, const Progress& progress) {
  return ProvisionJars(cache, Hadoop(), progress);
}

std::map<std::string, std::string> HadoopNames(const fs::path& hadoop) {
  std::map<std::string, std::string> names;
  std::ifstream in(hadoop / "names.txt");
  for (std::string name; std::getline(in, name);) {
    std::string dotted;
    for (const char c : name) dotted += c == '-' ? '.' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    names[dotted] = name;
  }
  return names;
}

fs::path ProvisionS3a(const fs::path& cache, const Progress& progress) {
  return ProvisionJars(cache, S3a(), progress);
}

fs::path ProvisionPostgresDriver(const fs::path& cache, const Progress& progress) {
  return ProvisionJars(cache, PostgresDriver(), progress);
}

}  // namespace tinderbox::cluster
