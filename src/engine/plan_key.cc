#include "engine/plan_key.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <map>
#include <set>

#include "spark/children.h"
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
    if (const FieldDescriptor* id = PlanId(message)) used_.insert(message.GetReflection()->GetInt64(message, id));
    for (const Message* child : spark::Children(message)) Collect(*child, depth + 1);
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
    if (const FieldDescriptor* id = PlanId(*message)) {
      const auto* reflection = message->GetReflection();
      const auto next = static_cast<int64_t>(ids_.size());
      reflection->SetInt64(message, id, ids_.try_emplace(reflection->GetInt64(*message, id), next).first->second);
    }
    for (Message* child : spark::MutableChildren(message)) Normalise(child, depth + 1);
  }

 private:
  /// The field of the message that holds the id of a plan; nullptr when there is none or it is not set.
  static const FieldDescriptor* PlanId(const Message& message) {
    const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName("plan_id");
    if (field == nullptr || field->cpp_type() != FieldDescriptor::CPPTYPE_INT64) return nullptr;
    return message.GetReflection()->HasField(message, field) ? field : nullptr;
  }

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
  for (const Message* child : spark::Children(message)) CheckDepth(*child, depth + 1);
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
