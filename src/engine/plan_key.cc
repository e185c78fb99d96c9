#include "engine/plan_key.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <map>
#include <set>

#include "spark/proto.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

/// A relation takes two levels of messages, an expression as much; 1,000 relations of the translation fit well.
constexpr int kMaxDepth = 6000;

class Normaliser {
 public:
  explicit Normaliser(const std::function<void(proto::Relation*)>& expand) : expand_(expand) {}

  /// Notes the plan ids that expressions refer to; no other matters.
  void Collect(const Message& message, int depth) {
    if (depth > kMaxDepth || dynamic_cast<const proto::RelationCommon*>(&message) != nullptr) return;
    const auto* reflection = message.GetReflection();
    std::vector<const FieldDescriptor*> fields;
    reflection->ListFields(message, &fields);
    for (const FieldDescriptor* field : fields) {
      if (field->name() == "plan_id" && field->cpp_type() == FieldDescriptor::CPPTYPE_INT64) {
        used_.insert(reflection->GetInt64(message, field));
      }
      if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE || field->is_map()) continue;
      for (int i = 0; i < (field->is_repeated() ? reflection->FieldSize(message, field) : 1); ++i) {
        Collect(field->is_repeated() ? reflection->GetRepeatedMessage(message, field, i)
                                     : reflection->GetMessage(message, field),
                depth + 1);
      }
    }
  }

  void Normalise(Message* message, int depth) {
    if (depth > kMaxDepth) {
      throw Error("TINDERBOX_PLAN_TOO_DEEP",
                  "The query nests too deeply. Persist a step in the middle, or combine steps.");
    }
    if (auto* relation = dynamic_cast<proto::Relation*>(message); relation != nullptr && expand_) {
      const auto before = relation->rel_type_case();
      expand_(relation);
      if (relation->rel_type_case() != before) Collect(*relation, depth);
    }
    if (auto* relation = dynamic_cast<proto::Relation*>(message)) {
      const bool used = relation->common().has_plan_id() && used_.contains(relation->common().plan_id());
      const int64_t plan_id = relation->common().plan_id();
      relation->clear_common();
      if (used) relation->mutable_common()->set_plan_id(plan_id);
    }
    if (auto* expression = dynamic_cast<proto::Expression*>(message)) expression->clear_common();
    const auto* reflection = message->GetReflection();
    std::vector<const FieldDescriptor*> fields;
    reflection->ListFields(*message, &fields);
    for (const FieldDescriptor* field : fields) {
      if (field->name() == "plan_id" && field->cpp_type() == FieldDescriptor::CPPTYPE_INT64) {
        int64_t id = reflection->GetInt64(*message, field);
        reflection->SetInt64(message, field, ids_.try_emplace(id, static_cast<int64_t>(ids_.size())).first->second);
      }
      if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE || field->is_map()) continue;
      if (!field->is_repeated()) {
        Normalise(reflection->MutableMessage(message, field), depth + 1);
        continue;
      }
      for (int i = 0; i < reflection->FieldSize(*message, field); ++i) {
        Normalise(reflection->MutableRepeatedMessage(message, field, i), depth + 1);
      }
    }
  }

 private:
  const std::function<void(proto::Relation*)>& expand_;
  std::map<int64_t, int64_t> ids_;
  std::set<int64_t> used_;
};

/// The depth of a plan, bounded, before anything recurses without a bound.
void CheckDepth(const Message& message, int depth) {
  if (depth > kMaxDepth) {
    throw Error("TINDERBOX_PLAN_TOO_DEEP",
                "The query nests too deeply. Persist a step in the middle, or combine steps.");
  }
  const auto* reflection = message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE || field->is_map()) continue;
    for (int i = 0; i < (field->is_repeated() ? reflection->FieldSize(message, field) : 1); ++i) {
      CheckDepth(field->is_repeated() ? reflection->GetRepeatedMessage(message, field, i)
                                      : reflection->GetMessage(message, field),
                 depth + 1);
    }
  }
}

}  // namespace

std::string PlanKey(const proto::Relation& relation, const std::function<void(proto::Relation*)>& expand) {
  CheckDepth(relation, 0);
  proto::Relation copy = relation;
  Normaliser normaliser(expand);
  normaliser.Collect(copy, 0);
  normaliser.Normalise(&copy, 0);
  std::string out;
  {
    google::protobuf::io::StringOutputStream stream(&out);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    copy.SerializeToCodedStream(&coded);
  }
  return out;
}

}  // namespace tinderbox::engine
