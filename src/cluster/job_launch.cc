#include "cluster/job_launch.h"

namespace tinderbox::cluster {

void to_json(nlohmann::json& out, const JobLaunch& launch) {
  const JobRequest& request = launch.request;
  out = {{"command", launch.command},
         {"folder", launch.folder},
         {"work", launch.work},
         {"scratch", launch.scratch},
         {"mark", launch.mark},
         {"host", launch.host},
         {"master_ui", launch.master_ui},
         {"driver_ui", launch.driver_ui},
         {"request",
          {request.executor_memory, request.executor_cores, request.driver_memory, request.driver_cores,
           request.cores_max, request.executors}},
         {"log_size", launch.log_size},
         {"log_files", launch.log_files}};
}

void from_json(const nlohmann::json& in, JobLaunch& launch) {
  in.at("command").get_to(launch.command);
  in.at("folder").get_to(launch.folder);
  in.at("work").get_to(launch.work);
  in.at("scratch").get_to(launch.scratch);
  in.at("mark").get_to(launch.mark);
  in.at("host").get_to(launch.host);
  in.at("master_ui").get_to(launch.master_ui);
  in.at("driver_ui").get_to(launch.driver_ui);
  const auto request = in.at("request").get<std::vector<int64_t>>();
  launch.request = {request.at(0), request.at(1), request.at(2), request.at(3), request.at(4), request.at(5)};
  in.at("log_size").get_to(launch.log_size);
  in.at("log_files").get_to(launch.log_files);
}

}  // namespace tinderbox::cluster
