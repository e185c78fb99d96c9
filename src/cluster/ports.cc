#include <fmt/format.h>

#include <utility>

#include "base/fail.h"
#include "cluster/extras.h"
#include "cluster/layout.h"

namespace tinderbox::cluster {
namespace {

/// Below the range from which Linux takes the ports of outgoing connections.
constexpr int kFirstFree = 21000;
constexpr int kLastFree = 32000;

std::vector<PortRequest> RequestsOf(const ClusterSpec& spec, int64_t workers) {
  std::vector<PortRequest> requests = {{"master", "rpc", "ports.master", spec.port_master, 7077},
                                       {"master", "ui", "ports.master_ui", spec.port_master_ui, 0},
                                       {"master", "rest", "", 0, 6066}};
  if (spec.connect) {
    requests.push_back({"connect", "rpc", "ports.connect", spec.port_connect, 15002});
    requests.push_back({"connect", "ui", "", 0, 0});
  }
  if (spec.history) requests.push_back({"history", "ui", "ports.history", spec.port_history, 18080});
  if (spec.gateway) requests.push_back({"gateway", "ui", "ports.gateway", spec.port_gateway, 8080});
  for (const Extra* extra : ExtrasOf(spec)) {
    for (PortRequest& request : extra->ports(spec)) requests.push_back(std::move(request));
  }
  for (int64_t i = 0; i < workers; ++i) {
    const std::string worker = fmt::format("worker-{}", i + 1);
    requests.push_back({worker, "rpc", "", 0, 0});
    requests.push_back({worker, "ui", "ports.worker_ui", PortAfter(spec.port_worker_ui, i), 0});
  }
  for (PortRequest& request : requests) {
    if (request.pinned >= 0) continue;
    const int64_t wish = -std::exchange(request.pinned, 0);
    request.usual = wish <= 65535 ? static_cast<int>(wish) : 0;
    request.asked = request.usual != 0;
  }
  return requests;
}

std::optional<int> Find(const Ports& ports, const PortRequest& request) {
  const auto service = ports.find(request.service);
  if (service == ports.end()) return std::nullopt;
  const auto port = service->second.find(request.purpose);
  return port == service->second.end() ? std::nullopt : std::optional(port->second);
}

std::string Owner(const PortOwner& owner) {
  if (owner.pid == 0) return "another user's process";
  return fmt::format("{} (pid {})", owner.name, owner.pid);
}

}  // namespace

int64_t PortAfter(int64_t first, int64_t i) {
  return first == 0 ? 0 : first < 0 ? first - i : first + i;
}

Ports AssignPorts(const ClusterSpec& spec, int64_t workers, const Ports& running, const Ports& earlier,
                  const PortWorld& world) {
  const std::vector<PortRequest> requests = RequestsOf(spec, workers);
  Ports ports;
  std::set<int> taken = world.reserved;
  std::set<int> ours;  // busy, but by ourselves
  for (const auto& [service, purposes] : running) {
    for (const auto& [purpose, port] : purposes) ours.insert(port);
  }
  const auto is_free = [&](int port) { return !taken.contains(port) && !ours.contains(port) && !world.owner(port); };
  int next = world.first, tried = 0;
  const auto find_free = [&] {
    for (; !is_free(next); next = next == kLastFree ? kFirstFree : next + 1) {
      if (++tried > kLastFree - kFirstFree)
        base::Fail("TINDERBOX_PORT", "No port from {} to {} is free on this machine.", kFirstFree, kLastFree);
    }
    return next;
  };
  const auto assign = [&](const PortRequest& request, int port) {
    ports[request.service][request.purpose] = port;
    taken.insert(port);
  };
  // Pinned ones first and those in use next, so that no other service is given their number.
  for (const PortRequest& request : requests) {
    if (request.pinned == 0) continue;
    const int port = static_cast<int>(request.pinned);
    if (port > 65535)
      base::Fail("TINDERBOX_PORT", "{} would be given the port {}; the last one is 65535. Pin a smaller {}.",
                 request.service, port, request.key);
    for (const auto& [service, purposes] : ports) {
      for (const auto& [purpose, other] : purposes) {
        if (other == port)
          base::Fail("TINDERBOX_PORT", "{} and {} are both given the port {}. Change {}.", service, request.service,
                     port, request.key);
      }
    }
    const std::optional<PortOwner> owner = ours.contains(port) ? std::nullopt : world.owner(port);
    if (owner || world.reserved.contains(port)) {
      base::Fail("TINDERBOX_PORT", "The port {} that {} gives to {} is taken by {}. {} is free; or leave {} auto.",
                 port, request.key, request.service, owner ? Owner(*owner) : "another Tinderbox cluster", find_free(),
                 request.key);
    }
    assign(request, port);
  }
  for (const PortRequest& request : requests) {
    if (request.pinned != 0) continue;
    if (const std::optional<int> port = Find(running, request); port && !taken.contains(*port)) assign(request, *port);
  }
  for (const PortRequest& request : requests) {
    if (Find(ports, request)) continue;
    const std::optional<int> before = Find(earlier, request);
    if (request.asked && is_free(request.usual)) {
      assign(request, request.usual);
    } else if (before && is_free(*before)) {
      assign(request, *before);
    } else if (request.usual != 0 && is_free(request.usual)) {
      assign(request, request.usual);
    } else {
      assign(request, find_free());
    }
  }
  return ports;
}

std::vector<std::string> MovedPorts(const ClusterSpec& spec, int64_t workers, const Ports& ports,
                                    const PortWorld& world) {
  std::vector<std::string> moved;
  for (const PortRequest& request : RequestsOf(spec, workers)) {
    const int port = Find(ports, request).value_or(0);
    if (!request.asked || port == request.usual) continue;
    const std::optional<PortOwner> owner = world.owner(request.usual);
    const std::string why = owner                                    ? "is taken by " + Owner(*owner)
                            : world.reserved.contains(request.usual) ? "belongs to another Tinderbox cluster"
                                                                     : "was not free when it started";
    moved.push_back(fmt::format("The port {} of {} {}: it is {} instead.", request.usual, request.service, why, port));
  }
  return moved;
}

}  // namespace tinderbox::cluster
