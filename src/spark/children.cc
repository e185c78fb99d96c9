#include "spark/children.h"

#include <google/protobuf/message.h>

namespace tinderbox::spark {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

/// The fields of messages that are set.
std::vector<const FieldDescriptor*> MessageFields(const Message& message) {
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  std::erase_if(fields, [](const FieldDescriptor* field) {
    return field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE || field->is_map();
  });
  return fields;
}

}  // namespace

std::vector<const Message*> Children(const Message& message) {
  std::vector<const Message*> out;
  const auto* reflection = message.GetReflection();
  for (const FieldDescriptor* field : MessageFields(message)) {
    if (!field->is_repeated()) {
      out.push_back(&reflection->GetMessage(message, field));
      continue;
    }
    for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
      out.push_back(&reflection->GetRepeatedMessage(message, field, i));
    }
  }
  return out;
}

std::vector<Message*> MutableChildren(Message* message) {
  std::vector<Message*> out;
  const auto* reflection = message->GetReflection();
  for (const FieldDescriptor* field : MessageFields(*message)) {
    if (!field->is_repeated()) {
      out.push_back(reflection->MutableMessage(message, field));
      continue;
    }
    for (int i = 0; i < reflection->FieldSize(*message, field); ++i) {
      out.push_back(reflection->MutableRepeatedMessage(message, field, i));
    }
  }
  return out;
}

}  // namespace tinderbox::spark
