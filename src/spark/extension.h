#pragma once

namespace google::protobuf {
class Any;
class Message;
}  // namespace google::protobuf

namespace tinderbox::spark {

/// Reads what an extension field holds; false when it is of another type, or damaged. Plans nest deeper than protobuf's
/// own limit lets messages be read; the parser that wrote them has bounded them.
bool UnpackExtension(const google::protobuf::Any& extension, google::protobuf::Message* out);

}  // namespace tinderbox::spark
