#include "connect/service.h"

#include <fmt/format.h>
#include <grpcpp/support/method_handler.h>

#include <algorithm>
#include <functional>
#include <string_view>

#include "connect/artifacts.h"
#include "connect/deep_thread.h"
#include "connect/errors.h"
#include "connect/execute.h"
#include "connect/plan_bytes.h"
#include "connect/token.h"
#include "connect/uuid.h"
#include "spark/error_classes.h"
#include "spark/error_conditions.h"
#include "spark/proto.h"

namespace tinderbox::connect {
namespace {

template <typename Request>
std::shared_ptr<ClientSession> OpenFor(Sessions* sessions, const Request& request) {
  return sessions->Open(request.user_context().user_id(), request.session_id(),
                        request.client_observed_server_side_session_id());
}

template <typename Request>
std::shared_ptr<ClientSession> GetFor(Sessions* sessions, const Request& request) {
  return sessions->Get(request.user_context().user_id(), request.session_id(),
                       request.client_observed_server_side_session_id());
}

template <typename Response>
void SetIds(const ClientSession& session, Response* response) {
  response->set_session_id(session.session_id());
  response->set_server_side_session_id(session.server_side_session_id());
}

// Each of these answers one method.

void AnalyzePlan(Sessions* sessions, proto::AnalyzePlanRequest* request, proto::AnalyzePlanResponse* response) {
  const auto session = OpenFor(sessions, *request);
  const auto decompress = [](auto* question) {
    if (question->has_plan()) Decompress(question->mutable_plan());
  };
  switch (request->analyze_case()) {
    case proto::AnalyzePlanRequest::kSchema:
      decompress(request->mutable_schema());
      break;
    case proto::AnalyzePlanRequest::kExplain:
      decompress(request->mutable_explain());
      break;
    case proto::AnalyzePlanRequest::kTreeString:
      decompress(request->mutable_tree_string());
      break;
    case proto::AnalyzePlanRequest::kIsLocal:
      decompress(request->mutable_is_local());
      break;
    case proto::AnalyzePlanRequest::kIsStreaming:
      decompress(request->mutable_is_streaming());
      break;
    case proto::AnalyzePlanRequest::kInputFiles:
      decompress(request->mutable_input_files());
      break;
    case proto::AnalyzePlanRequest::kSemanticHash:
      decompress(request->mutable_semantic_hash());
      break;
    case proto::AnalyzePlanRequest::kSameSemantics:
      Decompress(request->mutable_same_semantics()->mutable_target_plan());
      Decompress(request->mutable_same_semantics()->mutable_other_plan());
      break;
    default:  // the other questions are not about a plan
      break;
  }
  RunDeep([&] { *response = session->session()->Analyze(*request); });
  SetIds(*session, response);
}

void Config(Sessions* sessions, proto::ConfigRequest* request, proto::ConfigResponse* response) {
  const auto session = OpenFor(sessions, *request);
  *response = session->session()->Config(request->operation());
  SetIds(*session, response);
}

void ArtifactStatus(Sessions* sessions, proto::ArtifactStatusesRequest* request,
                    proto::ArtifactStatusesResponse* response) {
  const auto session = OpenFor(sessions, *request);
  for (const std::string& name : request->names())
    (*response->mutable_statuses())[name].set_exists(session->session()->HasArtifact(name));
  SetIds(*session, response);
}

void Interrupt(Sessions* sessions, proto::InterruptRequest* request, proto::InterruptResponse* response) {
  const auto session = OpenFor(sessions, *request);
  const auto wanted = [&](const Operation& operation) {
    switch (request->interrupt_type()) {
      case proto::InterruptRequest::INTERRUPT_TYPE_ALL:
        return true;
      case proto::InterruptRequest::INTERRUPT_TYPE_TAG:
        return operation.options().tags.contains(request->operation_tag());
      case proto::InterruptRequest::INTERRUPT_TYPE_OPERATION_ID:
        return operation.options().id == request->operation_id();
      default:
        throw Error("INVALID_PARAMETER_VALUE.INTERRUPT_TYPE", "The type of the interruption is not known.");
    }
  };
  for (const auto& operation : session->Operations()) {
    if (wanted(*operation) && operation->Interrupt()) response->add_interrupted_ids(operation->options().id);
  }
  SetIds(*session, response);
}

void ReleaseExecute(Sessions* sessions, proto::ReleaseExecuteRequest* request,
                    proto::ReleaseExecuteResponse* response) {
  const auto session = GetFor(sessions, *request);
  SetIds(*session, response);
  const std::string& id = request->operation_id();
  if (request->has_release_all()) {
    if (session->Release(id)) response->set_operation_id(id);
    return;
  }
  // An operation that is not there any more has released everything.
  for (const auto& operation : session->Operations()) {
    if (operation->options().id != id) continue;
    operation->buffer().Release(request->release_until().response_id());
    response->set_operation_id(id);
  }
}

void ReleaseSession(Sessions* sessions, proto::ReleaseSessionRequest* request,
                    proto::ReleaseSessionResponse* response) {
  if (!IsUuid(request->session_id())) throw InvalidHandle("FORMAT", request->session_id());
  const auto session =
      sessions->Release(request->user_context().user_id(), request->session_id(), request->allow_reconnect());
  response->set_session_id(request->session_id());
  if (session != nullptr) response->set_server_side_session_id(session->server_side_session_id());
}

void FetchErrorDetails(Sessions* sessions, proto::FetchErrorDetailsRequest* request,
                       proto::FetchErrorDetailsResponse* response) {
  const auto session = OpenFor(sessions, *request);
  SetIds(*session, response);
  const auto error = session->errors()->Take(request->error_id());
  if (error == nullptr) return;
  response->set_root_error_idx(0);
  auto* out = response->add_errors();
  for (const std::string_view name : spark::ClassOf(*error).hierarchy) out->add_error_type_hierarchy(std::string(name));
  out->set_message(spark::FullMessage(*error));
  auto* throwable = out->mutable_spark_throwable();
  if (!spark::IsJavaClass(error->condition())) throwable->set_error_class(error->condition());
  if (const std::string state(spark::SqlStateOf(*error)); !state.empty()) throwable->set_sql_state(state);
  throwable->mutable_message_parameters()->insert(error->params().begin(), error->params().end());
  for (const QueryContext& context : error->contexts()) {
    const bool sql = context.kind == QueryContext::Kind::kSql;
    if (sql && context.start_index < 0 && !context.summary.empty()) continue;  // a place for the message alone
    auto* place = throwable->add_query_contexts();
    place->set_context_type(sql ? proto::FetchErrorDetailsResponse::QueryContext::SQL
                                : proto::FetchErrorDetailsResponse::QueryContext::DATAFRAME);
    place->set_object_type(context.object_type);
    place->set_object_name(context.object_name);
    if (sql) place->set_start_index(context.start_index);
    if (sql) place->set_stop_index(context.stop_index);
    place->set_fragment(context.fragment);
    place->set_call_site(context.call_site);
    place->set_summary(spark::Summary(context));
  }
}

void CloneSession(Sessions* sessions, proto::CloneSessionRequest* request, proto::CloneSessionResponse* response) {
  const auto session = GetFor(sessions, *request);
  const auto clone = sessions->Clone(*session, request->new_session_id());
  SetIds(*session, response);
  response->set_new_session_id(clone->session_id());
  response->set_new_server_side_session_id(clone->server_side_session_id());
}

proto::GetStatusResponse::OperationStatus::OperationState ToProto(Operation::State state) {
  using Status = proto::GetStatusResponse::OperationStatus;
  switch (state) {
    case Operation::State::kRunning:
      return Status::OPERATION_STATE_RUNNING;
    case Operation::State::kTerminating:
      return Status::OPERATION_STATE_TERMINATING;
    case Operation::State::kSucceeded:
      return Status::OPERATION_STATE_SUCCEEDED;
    case Operation::State::kFailed:
      return Status::OPERATION_STATE_FAILED;
    case Operation::State::kCancelled:
      return Status::OPERATION_STATE_CANCELLED;
  }
  return Status::OPERATION_STATE_UNKNOWN;
}

void GetStatus(Sessions* sessions, proto::GetStatusRequest* request, proto::GetStatusResponse* response) {
  const auto session = GetFor(sessions, *request);
  SetIds(*session, response);
  if (!request->has_operation_status()) return;
  const auto add = [&](const std::string& id, proto::GetStatusResponse::OperationStatus::OperationState state) {
    auto* status = response->add_operation_statuses();
    status->set_operation_id(id);
    status->set_state(state);
  };
  const auto operations = session->Operations();
  const auto& ids = request->operation_status().operation_ids();
  if (ids.empty()) {
    for (const auto& operation : operations) add(operation->options().id, ToProto(operation->state()));
  }
  for (const std::string& id : ids) {
    const auto found = std::ranges::find(operations, id, [](const auto& each) { return each->options().id; });
    if (found != operations.end()) {
      add(id, ToProto((*found)->state()));
    } else if (const auto past = session->Ended(id)) {
      add(id, ToProto(*past));
    } else {
      add(id, proto::GetStatusResponse::OperationStatus::OPERATION_STATE_UNKNOWN);
    }
  }
}

grpc::ByteBuffer ToBytes(const google::protobuf::Message& message) {
  const grpc::Slice slice(message.SerializeAsString());
  return {&slice, 1};
}

}  // namespace

struct Service::State {
  State(SessionFactory factory, ServiceOptions service_options)
      : options(std::move(service_options)), sessions(std::move(factory), options.timeouts) {}

  ServiceOptions options;
  Sessions sessions;

  /// Runs the body of a method that has parsed its request; an error goes to the store of its session.
  template <typename Request, typename Body>
  grpc::Status Answer(const Request& request, const Body& body) {
    try {
      return body();
    } catch (...) {
      const auto session = sessions.Find(request.user_context().user_id(), request.session_id());
      return ToStatus(CurrentError(), session == nullptr ? nullptr : session->errors().get());
    }
  }
};

namespace {

using Bytes = grpc::ByteBuffer;
using grpc::internal::RpcMethod;
using grpc::internal::RpcServiceMethod;

}  // namespace

Service::Service(SessionFactory factory, ServiceOptions options)
    : state_(std::make_unique<State>(std::move(factory), std::move(options))) {
  State* const state = state_.get();
  const auto name = [](std::string_view method) {
    return fmt::format("/spark.connect.SparkConnectService/{}", method);
  };
  const auto add = [&](std::string_view method, RpcMethod::RpcType type, grpc::internal::MethodHandler* handler) {
    // gRPC keeps the pointer to the name.
    static std::map<std::string, std::string, std::less<>> names;
    auto [found, fresh] = names.try_emplace(std::string(method), name(method));
    AddMethod(new RpcServiceMethod(found->second.c_str(), type, handler));
  };
  const auto add_unary = [&]<typename Request, typename Response>(std::string_view method,
                                                                  void (*answer)(Sessions*, Request*, Response*)) {
    add(method, RpcMethod::NORMAL_RPC,
        new grpc::internal::RpcMethodHandler<Service, Bytes, Bytes>(
            [state, answer](Service*, grpc::ServerContext* call, const Bytes* in, Bytes* out) -> grpc::Status {
              if (grpc::Status refused = CheckToken(state->options.token, *call); !refused.ok()) return refused;
              Request request;
              return state->Answer(request, [&] {
                ParseMessage(*in, &request);
                Response response;
                answer(&state->sessions, &request, &response);
                *out = ToBytes(response);
                return grpc::Status::OK;
              });
            },
            this));
  };
  const auto add_stream = [&]<typename Request>(std::string_view method,
                                                grpc::Status (*answer)(const StreamTerms&, Sessions*, Request*)) {
    add(method, RpcMethod::SERVER_STREAMING,
        new grpc::internal::ServerStreamingHandler<Service, Bytes, Bytes>(
            [state, answer](Service*, grpc::ServerContext* call, const Bytes* in,
                            grpc::ServerWriter<Bytes>* writer) -> grpc::Status {
              if (grpc::Status refused = CheckToken(state->options.token, *call); !refused.ok()) return refused;
              Request request;
              return state->Answer(request, [&] {
                ParseMessage(*in, &request);
                const StreamTerms terms{call, writer, in, state->options.progress_interval, state->options.buffer};
                return answer(terms, &state->sessions, &request);
              });
            },
            this));
  };
  // In the order of the protocol's service: gRPC finds methods by their place.
  add_stream("ExecutePlan", ExecutePlan);
  add_unary("AnalyzePlan", AnalyzePlan);
  add_unary("Config", Config);
  add("AddArtifacts", RpcMethod::CLIENT_STREAMING,
      new grpc::internal::ClientStreamingHandler<Service, Bytes, Bytes>(
          [state](Service*, grpc::ServerContext* call, grpc::ServerReader<Bytes>* reader, Bytes* out) -> grpc::Status {
            if (grpc::Status refused = CheckToken(state->options.token, *call); !refused.ok()) return refused;
            proto::AddArtifactsRequest request;
            return state->Answer(request, [&] {
              std::shared_ptr<ClientSession> session;
              std::unique_ptr<ArtifactUpload> upload;
              for (Bytes in; reader->Read(&in);) {
                ParseMessage(in, &request);
                if (session == nullptr) {
                  session = OpenFor(&state->sessions, request);
                  upload = std::make_unique<ArtifactUpload>(session->session().get());
                }
                upload->Add(request);
              }
              if (session == nullptr) {
                throw Error("INVALID_PARAMETER_VALUE.ARTIFACT", "The artifacts cannot be added: there are none.");
              }
              proto::AddArtifactsResponse response;
              upload->Finish(&response);
              SetIds(*session, &response);
              *out = ToBytes(response);
              return grpc::Status::OK;
            });
          },
          this));
  add_unary("ArtifactStatus", ArtifactStatus);
  add_unary("Interrupt", Interrupt);
  add_stream("ReattachExecute", ReattachExecute);
  add_unary("ReleaseExecute", ReleaseExecute);
  add_unary("ReleaseSession", ReleaseSession);
  add_unary("FetchErrorDetails", FetchErrorDetails);
  add_unary("CloneSession", CloneSession);
  add_unary("GetStatus", GetStatus);
}

Service::~Service() = default;

Sessions& Service::sessions() {
  return state_->sessions;
}

}  // namespace tinderbox::connect
