#pragma once

#include <map>
#include <string>
#include <vector>

#include "cluster/extras.h"

namespace tinderbox::cluster {

// What HDFS, YARN and S3 share: Hadoop's configuration and its daemons.

/// The folder with the site files of all that speaks Hadoop's interfaces.
std::string HadoopConf(const Ground& ground);
/// A site file of these properties.
std::string SiteXml(const std::map<std::string, std::string>& properties, const std::string& included = "");
/// Path and content of Hadoop's configuration.
std::map<std::string, std::string> HadoopFiles(const Ground& ground);

/// A Java daemon of Hadoop; `settings` are properties of its own, beside those of the site files.
Service HadoopDaemon(const Ground& ground, const std::string& name, const std::string& role,
                     const std::string& java_class, const std::map<std::string, std::string>& settings);

/// The command of one of Hadoop's client programs, with the class path and the configuration of a Java daemon of
/// Hadoop; its words follow. It says on standard error what goes wrong, and nothing else.
std::vector<std::string> HadoopClient(const Service& daemon, const std::string& java_class);

/// The file with the DataNodes that are to give their blocks away.
std::string ExcludeFile(const std::string& cluster_folder);

/// The files index.html of the NameNode and of a DataNode.
std::string NameNodePage();
std::string DataNodePage();

}  // namespace tinderbox::cluster
