#include "cluster/host.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

#include "base/fail.h"

namespace tinderbox::cluster {
namespace {

constexpr std::string_view kCondition = "TINDERBOX_CONFIG";

}  // namespace

bool CheckHost(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &found); error != 0)
    base::Fail(kCondition, "network.host is {}, which stands for no IPv4 address: {}.", host, ::gai_strerror(error));
  sockaddr_in address{};
  std::memcpy(&address, found->ai_addr, sizeof address);
  ::freeaddrinfo(found);
  address.sin_port = 0;
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool bound = ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  const int error = errno;
  ::close(socket);
  if (!bound)
    base::Fail(kCondition,
               "network.host is {}, and no service could listen there: {}. It has to be an address of this machine.",
               host, std::strerror(error));
  return ntohl(address.sin_addr.s_addr) >> 24 == 127;
}

bool IsHostKnown(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return false;
  ::freeaddrinfo(found);
  return true;
}

}  // namespace tinderbox::cluster
