#include "spark/extension.h"

#include <google/protobuf/any.pb.h>
#include <google/protobuf/io/coded_stream.h>

namespace tinderbox::spark {

bool UnpackExtension(const google::protobuf::Any& extension, google::protobuf::Message* out) {
  constexpr int kMaxNesting = 3000;
  const std::string& url = extension.type_url();
  if (url.substr(url.rfind('/') + 1) != out->GetDescriptor()->full_name()) return false;
  google::protobuf::io::CodedInputStream coded(reinterpret_cast<const uint8_t*>(extension.value().data()),
                                               static_cast<int>(extension.value().size()));
  coded.SetRecursionLimit(kMaxNesting);
  return out->ParseFromCodedStream(&coded) && coded.ConsumedEntireMessage();
}

}  // namespace tinderbox::spark
