#include "cluster/hadoop.h"

#include <fmt/format.h>

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

std::string SiteXml(const Properties& properties, const std::string& included = "") {
  std::string out =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<configuration xmlns:xi=\"http://www.w3.org/2001/XInclude\">\n";
  for (const auto& [name, value] : properties)
    out += fmt::format("  <property><name>{}</name><value>{}</value></property>\n", XmlText(name), XmlText(value));
  if (!included.empty()) out += fmt::format("  <xi:include href=\"{}\"/>\n", XmlText(included));
  return out + "</configuration>\n";
}

Properties CoreSite(const Ground& ground) {
  Properties core = {{"hadoop.tmp.dir", ground.folder + "/scratch/hadoop"}};
  if (ground.spec.with.contains("hdfs")) core["fs.defaultFS"] = "hdfs://" + ground.Address("namenode", "rpc");
  return core;
}

Properties HdfsSite(const Ground& ground) {
  return {{"dfs.replication", fmt::format("{}", ground.spec.hdfs_replication)},
          {"dfs.namenode.name.dir", FileUrl(ground.Data("namenode"))},
          {"dfs.namenode.http-address", ground.Address("namenode", "ui")},
          {"dfs.namenode.rpc-bind-host", ground.spec.host},
          // A cluster that has all its blocks again needs no more time to find some.
          {"dfs.namenode.safemode.extension", "0"},
          // DataNodes are addresses here, without names in DNS.
          {"dfs.namenode.datanode.registration.ip-hostname-check", "false"},
          {"dfs.datanode.hostname", ground.spec.host}};
}

constexpr const char* kLogging = R"(log4j.rootLogger=INFO,console
log4j.appender.console=org.apache.log4j.ConsoleAppender
log4j.appender.console.target=System.err
log4j.appender.console.layout=org.apache.log4j.PatternLayout
log4j.appender.console.layout.ConversionPattern=%d{yy/MM/dd HH:mm:ss} %p %c{1}: %m%n
)";

}  // namespace

std::string FileUrl(const std::string& path) {
  return "file://" + path;
}

std::string HadoopConf(const Ground& ground) {
  return ground.folder + "/conf/hadoop";
}

std::map<std::string, std::string> HadoopFiles(const Ground& ground) {
  const std::string folder = HadoopConf(ground);
  std::map<std::string, std::string> files = {{folder + "/core-site.xml", SiteXml(CoreSite(ground))}};
  if (ground.spec.with.contains("hdfs")) files[folder + "/hdfs-site.xml"] = SiteXml(HdfsSite(ground));
  return files;
}

Service HadoopDaemon(const Ground& ground, const std::string& name, const std::string& role,
                     const std::string& java_class, const std::map<std::string, std::string>& settings) {
  Service service = PlainService(ground, name, role);
  service.files = HadoopFiles(ground);
  // Beside the site files, which are on the class path of Spark too, what only the daemons read.
  const std::string daemons = ground.folder + "/conf/hadoop-daemons";
  service.files[daemons + "/log4j.properties"] = kLogging;
  service.command = {ground.installation.java_home + "/bin/java"};
  std::istringstream options(kDaemonOptions);
  for (std::string option; options >> option;) service.command.push_back(option);
  const std::string class_path = fmt::format("{}:{}:{}/lib/*", daemons, HadoopConf(ground), ground.Extra("hadoop"));
  for (const std::string& word :
       {"-Xmx" + InMebibytes(ground.spec.daemon_memory), std::string("-cp"), class_path, java_class})
    service.command.push_back(word);
  for (const auto& [property, value] : settings) {
    service.command.push_back("-D");
    service.command.push_back(property + "=" + value);
  }
  return service;
}

}  // namespace tinderbox::cluster
