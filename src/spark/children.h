#pragma once

#include <vector>

namespace google::protobuf {
class Message;
}

namespace tinderbox::spark {

/// The messages that stand directly in one of a plan, in the order of their fields: what a walk over a plan visits
/// next. Maps are left out; the protocol keeps no relation and no expression in one that a walk would look for.
std::vector<const google::protobuf::Message*> Children(const google::protobuf::Message& message);
std::vector<google::protobuf::Message*> MutableChildren(google::protobuf::Message* message);

}  // namespace tinderbox::spark
