#include "cluster/decommission.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <thread>

#include "base/fail.h"
#include "base/interrupt.h"
#include "cluster/hadoop.h"
#include "cluster/probe.h"
#include "cluster/provision_tool.h"
#include "cluster/units.h"

namespace tinderbox::cluster {
namespace {

constexpr std::chrono::milliseconds kTick(500);
constexpr int64_t kAskTime = 5000;

/// What is wanted of a cluster that has HDFS.
Desired ReadWithHdfs(const ClusterFolder& folder) {
  std::optional<Desired> desired = folder.ReadDesired();
  if (!desired || desired->Find("namenode") == nullptr)
    base::Fail("TINDERBOX_NO_SUCH", "The cluster {} has no HDFS.", folder.name());
  return *std::move(desired);
}

/// Tells the NameNode which DataNodes ("host:port" of their data) are to give their blocks away.
void Exclude(const ClusterFolder& folder, const Service& namenode, const std::set<std::string>& nodes) {
  std::string lines;
  for (const std::string& node : nodes) lines += node + "\n";
  ReplaceFile(ExcludeFile(folder.path()), lines);
  // The NameNode's own command, with another class.
  std::vector<std::string> command(std::find(namenode.command.begin(), namenode.command.end(), "--") + 1,
                                   namenode.command.end());
  command.back() = "org.apache.hadoop.hdfs.tools.DFSAdmin";
  command.push_back("-refreshNodes");
  RunTool(command, folder.path() / "scratch", folder.path() / "logs" / "dfsadmin.log",
          "Telling the NameNode of the DataNodes that are to go", {});
}

/// Those of the nodes that still have blocks which are nowhere else.
std::set<std::string> Busy(const Service& namenode, const std::set<std::string>& nodes) {
  std::string why;
  const std::optional<HttpAnswer> answer =
      HttpGet(namenode.ready.host, namenode.ready.port, "/jmx?get=Hadoop:service=NameNode,name=NameNodeInfo::LiveNodes",
              kAskTime, &why);
  const nlohmann::json bean = answer ? nlohmann::json::parse(answer->body, nullptr, false) : nlohmann::json();
  const nlohmann::json::json_pointer pointer("/beans/0/LiveNodes");
  if (!bean.contains(pointer)) return nodes;
  const nlohmann::json live = nlohmann::json::parse(bean.at(pointer).get<std::string>(), nullptr, false);
  std::set<std::string> busy;
  for (const std::string& node : nodes) {
    const auto is_done = [&](const nlohmann::json& each) {
      return each.value("xferaddr", "") == node && each.value("adminState", "") == "Decommissioned";
    };
    if (std::none_of(live.begin(), live.end(), is_done)) busy.insert(node);
  }
  return busy;
}

}  // namespace

void EmptyDataNodes(const ClusterFolder& folder, int64_t keep, int64_t timeout) {
  const Desired desired = ReadWithHdfs(folder);
  const Service& namenode = desired.Find("namenode")->service;
  std::set<std::string> going;
  int64_t number = 0;
  for (const Wanted& wanted : desired.services) {
    if (wanted.service.role == "datanode" && ++number > keep)
      going.insert(fmt::format("{}:{}", namenode.ready.host, wanted.service.ports.at("data")));
  }
  if (going.empty()) return;
  if (RunProbe(namenode.ready))
    base::Fail("TINDERBOX_PREREQUISITE",
               "HDFS is not up, so that the blocks of the DataNodes that are to go cannot be moved. Start it first: "
               "`tinderbox up`.");
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout);
  try {
    Exclude(folder, namenode, going);
    for (std::set<std::string> busy; !(busy = Busy(namenode, going)).empty();) {
      base::ThrowIfInterrupted();
      if (std::chrono::steady_clock::now() > end)
        base::Fail(
            "TINDERBOX_TIMEOUT",
            "After {} the DataNodes {} still have blocks that are nowhere else, so they stay. Files of more copies "
            "than DataNodes are left hold them back for ever: `tinderbox hdfs dfs -setrep` changes that.",
            FormatDuration(timeout), fmt::join(busy, ", "));
      std::this_thread::sleep_for(kTick);
    }
  } catch (const Error&) {
    Exclude(folder, namenode, {});
    throw;
  }
}

void AcceptDataNodes(const ClusterFolder& folder) {
  Exclude(folder, ReadWithHdfs(folder).Find("namenode")->service, {});
}

}  // namespace tinderbox::cluster
