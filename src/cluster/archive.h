#pragma once

#include <map>
#include <string>

#include "cluster/folder.h"
#include "cluster/service.h"

namespace tinderbox::cluster {

/// A class-data archive holds Spark's classes as the JVM wants them in memory: what starts from one needs less than
/// half the processor time. One is made for each pair of a Spark and a Java, after a cluster has started without it,
/// from what its services recorded; it is only ever an aid, and everything starts without one, too.

/// The archive's file for this Spark and this Java, whether it is there or not; a change of either changes the name.
std::string ArchiveFile(const std::filesystem::path& cache, const std::string& spark_home,
                        const std::string& java_home);

/// The service as it is to be started now: from its archive when that is there, and so that jobs' executors start from
/// it; else so that it records the classes it loads. A class path that the user has set is left alone, and then there
/// is no archive.
Service WithArchive(Service service);

/// Settings with which a driver of the cluster's own Spark and Java starts from the archive; empty when it is not
/// there. They must yield to the user's of the same names, all of them together.
std::map<std::string, std::string> DriverArchiveConf(const Service& service);

/// Whether MakeArchive has something to do: the services recorded, and nothing was made of it, nor tried.
bool LacksArchive(const Desired& desired);

/// Makes the archive of the cluster's services, which takes a processor most of a minute.
/// Returns at once when somebody else does so. What goes wrong is kept beside the archive and not tried again.
void MakeArchive(const ClusterFolder& folder);

}  // namespace tinderbox::cluster
