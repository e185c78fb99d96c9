#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/cluster_flags.h"
#include "cluster/job_runner.h"
#include "cluster/spark_submit.h"

namespace tinderbox::cli {

/// A cluster that jobs can be given to.
struct JobCluster {
  cluster::ClusterFolder folder;
  cluster::Desired desired;
  std::optional<cluster::State> state;

  const cluster::Service& master() const;
  std::string spark_home() const { return master().environment.at("SPARK_HOME"); }
  std::string conf() const { return folder.path() / "conf"; }
};
/// Throws Error TINDERBOX_NO_SUCH when there is none, or none that has been brought up.
JobCluster FindJobCluster(const std::string& name);

/// Paths on the job's command line as the folders of the cluster have them.
void MapFolders(const cluster::ClusterFolder& folder, cluster::SubmitLine* line);

/// A job that has passed every check and has its ports, but does not run yet.
struct JobStart {
  cluster::SubmitLine line;  ///< as it goes to spark-submit
  cluster::Settings settings;
  bool own = true;    ///< it runs on the cluster's own master
  bool here = false;  ///< not that, but with the cluster's configuration: a local master, or the cluster's own YARN
  bool in_cluster = false;
  cluster::JobRequest request;
  std::map<std::string, std::string> environment;  ///< whole
  std::vector<std::string> notes;                  ///< what the user should know; none is an error
};
/// Fills in master, defaults and ports and looks whether the job can start. `program` is Spark's ("spark-submit").
/// Throws Error that names the cause and a value that fits.
JobStart PrepareJob(const JobCluster& where, cluster::SubmitLine line);

/// Makes the job's folder and gives it ports (--conf before the user's own); what is left is to run it.
struct PlacedJob {
  cluster::JobFolder folder;
  cluster::Job job;
  cluster::JobLaunch launch;
};
PlacedJob PlaceJob(const JobCluster& where, JobStart* start, const std::string& program);

/// The folder in which jobs and their workers keep what executors of the application wrote.
std::vector<std::string> ExecutorLogs(const cluster::ClusterFolder& folder, const cluster::Job& job);

}  // namespace tinderbox::cli
