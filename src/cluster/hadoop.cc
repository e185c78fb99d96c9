#include "cluster/hadoop.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <sstream>

namespace tinderbox::cluster {
namespace {

using Properties = std::map<std::string, std::string>;

std::string XmlText(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

Properties CoreSite(const Ground& ground) {
  Properties core = {{"hadoop.tmp.dir", ground.folder + "/scratch/hadoop"}};
  if (ground.spec.with.contains("s3")) {
    core["fs.s3a.endpoint"] = "http://" + ground.Address("s3", "api");
    core["fs.s3a.endpoint.region"] = "us-east-1";
    core["fs.s3a.path.style.access"] = "true";
    core["fs.s3a.connection.ssl.enabled"] = "false";
    core["fs.s3a.aws.credentials.provider"] = "org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider";
  }
  if (ground.spec.with.contains("hdfs")) core["fs.defaultFS"] = "hdfs://" + ground.Address("namenode", "rpc");
  return core;
}

Properties HdfsSite(const Ground& ground) {
  return {{"dfs.replication", fmt::format("{}", ground.spec.hdfs_replication)},
          {"dfs.namenode.name.dir", FileUrl(ground.Data("namenode"))},
          {"dfs.namenode.http-address", ground.Address("namenode", "ui")},
          {"dfs.namenode.rpc-bind-host", ground.spec.host},
          {"dfs.hosts.exclude", ExcludeFile(ground.folder)},
          {"dfs.namenode.decommission.interval", "3"},
          // A cluster that has all its blocks again needs no more time to find some.
          {"dfs.namenode.safemode.extension", "0"},
          // A file is whole once its DataNode has said so, some milliseconds after its last byte: a client that asks
          // before waits for this long, and twice as long each time. Hadoop's 400 ms make small files slow to write.
          {"dfs.client.block.write.locateFollowingBlock.initial.delay.ms", "10"},
          {"dfs.client.block.write.locateFollowingBlock.retries", "12"},
          // DataNodes are addresses here, without names in DNS.
          {"dfs.namenode.datanode.registration.ip-hostname-check", "false"},
          {"dfs.datanode.hostname", ground.spec.host}};
}

Properties YarnSite(const Ground& ground) {
  const auto address = [&](const char* purpose) { return ground.Address("resourcemanager", purpose); };
  const bool hdfs = ground.spec.with.contains("hdfs");
  return {{"yarn.resourcemanager.hostname", ground.spec.host},
          {"yarn.resourcemanager.bind-host", ground.spec.host},
          {"yarn.nodemanager.bind-host", ground.spec.host},
          {"yarn.resourcemanager.address", address("rpc")},
          {"yarn.resourcemanager.scheduler.address", address("scheduler")},
          {"yarn.resourcemanager.resource-tracker.address", address("tracker")},
          {"yarn.resourcemanager.admin.address", address("admin")},
          {"yarn.resourcemanager.webapp.address", address("ui")},
          // Applications go on when the ResourceManager comes back.
          {"yarn.resourcemanager.recovery.enabled", "true"},
          {"yarn.resourcemanager.store.class",
           "org.apache.hadoop.yarn.server.resourcemanager.recovery.FileSystemRMStateStore"},
          {"yarn.resourcemanager.fs.state-store.uri", "file://" + ground.Data("resourcemanager")},
          {"yarn.nodemanager.resource.memory-mb", fmt::format("{}", ground.spec.yarn_memory / kMiB)},
          {"yarn.nodemanager.resource.cpu-vcores", fmt::format("{}", ground.spec.yarn_cores)},
          {"yarn.scheduler.minimum-allocation-mb", "256"},
          {"yarn.scheduler.maximum-allocation-mb", fmt::format("{}", ground.spec.yarn_memory / kMiB)},
          {"yarn.scheduler.maximum-allocation-vcores", fmt::format("{}", ground.spec.yarn_cores)},
          {"yarn.nodemanager.vmem-check-enabled", "false"},
          {"yarn.nodemanager.pmem-check-enabled", "false"},
          // A disk that is rather full would otherwise make the node unhealthy, and every job wait.
          {"yarn.nodemanager.disk-health-checker.max-disk-utilization-per-disk-percentage", "99.5"},
          // The cluster's mark is by what `down` finds the containers.
          {"yarn.nodemanager.env-whitelist",
           fmt::format("JAVA_HOME,HADOOP_CONF_DIR,PATH,LANG,TZ,{},{}", kClusterVariable, kServiceVariable)},
          {"yarn.log-aggregation-enable", "true"},
          {"yarn.nodemanager.remote-app-log-dir",
           hdfs ? fmt::format("hdfs://{}/tmp/logs", ground.Address("namenode", "rpc"))
                : "file://" + ground.Data("yarn-logs")}};
}

/// One queue; application masters may take nearly all of it, for on a small cluster one of them is much.
Properties Queues() {
  const std::string root = "yarn.scheduler.capacity.root";
  return {{root + ".queues", "default"},
          {root + ".default.capacity", "100"},
          {"yarn.scheduler.capacity.maximum-am-resource-percent", "0.9"}};
}

/// DFS_REPLICATION or dfs.replication -> the property's real name. What Hadoop does not know stays as it is, with dots.
std::string PropertyName(const Ground& ground, const std::string& name) {
  if (name.find('.') != std::string::npos) return name;
  std::string dotted;
  for (const char c : name) dotted += c == '_' ? '.' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const auto known = ground.installation.hadoop_names.find(dotted);
  return known == ground.installation.hadoop_names.end() ? dotted : known->second;
}

/// With what the user says of the file.
Properties Overridden(Properties properties, const Ground& ground, const std::string& table) {
  const auto found = ground.spec.site_conf.find(table);
  if (found == ground.spec.site_conf.end()) return properties;
  for (const auto& [name, value] : found->second) properties[PropertyName(ground, name)] = value;
  return properties;
}

/// yarn-site.xml. Who lets NodeManagers look at the machine means what they find.
Properties YarnFile(const Ground& ground) {
  Properties file = YarnSite(ground);
  Properties said = Overridden({}, ground, "yarn_site");
  const auto detect = said.find("yarn.nodemanager.resource.detect-hardware-capabilities");
  if (detect != said.end() && detect->second == "true") {
    for (const char* name : {"yarn.nodemanager.resource.memory-mb", "yarn.nodemanager.resource.cpu-vcores",
                             "yarn.scheduler.maximum-allocation-mb", "yarn.scheduler.maximum-allocation-vcores"})
      file.erase(name);
  }
  said.merge(file);
  return said;
}

std::string Logging(const char* level) {
  return fmt::format(R"(log4j.rootLogger={},console
log4j.appender.console=org.apache.log4j.ConsoleAppender
log4j.appender.console.target=System.err
log4j.appender.console.layout=org.apache.log4j.PatternLayout
log4j.appender.console.layout.ConversionPattern=%d{{yy/MM/dd HH:mm:ss}} %p %c{{1}}: %m%n
)",
                     level);
}

std::vector<std::string> QuickJava(const std::string& java) {
  std::vector<std::string> line = {java};
  std::istringstream options(kQuickStart);
  for (std::string option; options >> option;) line.push_back(option);
  return line;
}

constexpr const char* kClientLogging = "/client-log4j.properties";

}  // namespace

std::string SiteXml(const Properties& properties, const std::string& included) {
  std::string out =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<configuration xmlns:xi=\"http://www.w3.org/2001/XInclude\">\n";
  for (const auto& [name, value] : properties)
    out += fmt::format("  <property><name>{}</name><value>{}</value></property>\n", XmlText(name), XmlText(value));
  if (!included.empty()) out += fmt::format("  <xi:include href=\"{}\"/>\n", XmlText(included));
  return out + "</configuration>\n";
}

std::string ExcludeFile(const std::string& cluster_folder) {
  return cluster_folder + "/conf/hadoop-daemons/dfs.exclude";
}

std::string HadoopConf(const Ground& ground) {
  return ground.folder + "/conf/hadoop";
}

std::map<std::string, std::string> HadoopFiles(const Ground& ground) {
  const std::string folder = HadoopConf(ground);
  const auto has = [&](const char* name) { return ground.spec.with.contains(name); };
  std::map<std::string, std::string> files = {
      {folder + "/core-site.xml",
       SiteXml(Overridden(CoreSite(ground), ground, "core_site"), has("s3") ? ground.Secret("s3a.xml") : "")}};
  if (has("hdfs")) files[folder + "/hdfs-site.xml"] = SiteXml(Overridden(HdfsSite(ground), ground, "hdfs_site"));
  if (has("yarn")) {
    files[folder + "/yarn-site.xml"] = SiteXml(YarnFile(ground));
    files[folder + "/mapred-site.xml"] = SiteXml(Overridden({}, ground, "mapred_site"));
    files[folder + "/capacity-scheduler.xml"] = SiteXml(Queues());
  }
  return files;
}

Service HadoopDaemon(const Ground& ground, const std::string& name, const std::string& role,
                     const std::string& java_class, const std::map<std::string, std::string>& settings) {
  Service service = PlainService(ground, name, role);
  service.files = HadoopFiles(ground);
  // Beside the site files, which are on the class path of Spark too, what only the daemons read.
  const std::string daemons = ground.folder + "/conf/hadoop-daemons";
  service.files[daemons + "/log4j.properties"] = Logging("INFO");
  // Hadoop is faster with a native library, which it looks for and does not come with.
  service.files[daemons + kClientLogging] =
      Logging("WARN") + "log4j.logger.org.apache.hadoop.util.NativeCodeLoader=ERROR\n";
  service.command = QuickJava(ground.installation.java_home + "/bin/java");
  const std::string class_path = fmt::format("{}:{}:{}/lib/*", daemons, HadoopConf(ground), ground.Extra("hadoop"));
  for (const std::string& word :
       {"-Xmx" + InMebibytes(ground.spec.daemon_memory), fmt::format("-Dhadoop.log.dir={}/logs", ground.folder),
        std::string("-cp"), class_path, java_class})
    service.command.push_back(word);
  for (const auto& [property, value] : settings) {
    service.command.push_back("-D");
    service.command.push_back(property + "=" + value);
  }
  return service;
}

std::vector<std::string> HadoopClient(const Service& daemon, const std::string& java_class) {
  // A daemon's line is [what prepares it --] java OPTION… -cp PATHS CLASS WORD…
  const std::vector<std::string>& words = daemon.command;
  const auto prepared = std::find(words.begin(), words.end(), "--");
  const auto java = prepared == words.end() ? words.begin() : prepared + 1;
  const auto class_path = std::find(java, words.end(), "-cp") + 1;
  const std::string daemons = class_path->substr(0, class_path->find(':'));
  std::vector<std::string> line = QuickJava(*java);
  for (const std::string& word : {fmt::format("-Dlog4j.configuration=file:{}{}", daemons, kClientLogging),
                                  std::string("-cp"), *class_path, java_class})
    line.push_back(word);
  return line;
}

}  // namespace tinderbox::cluster
