#include "connect/server_status.h"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <vector>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "spark/proto.h"
#include "tinderbox/server_error.h"

namespace tinderbox::connect {
namespace {

using Details = proto::FetchErrorDetailsResponse;

constexpr std::string_view kParseException = "org.apache.spark.sql.catalyst.parser.ParseException";

/// An error of ours and what the server told of it besides.
template <typename Base>
class Raised : public Base, public ServerError {
 public:
  Raised(const std::string& condition, const std::string& message, Error::Params params,
         std::vector<QueryContext> contexts, const ServerError& more)
      : Base(condition, message, std::move(params), std::move(contexts)), ServerError(more) {}
  std::shared_ptr<const Error> Share() const override { return std::make_shared<Raised>(*this); }
};

/// The parts that all kinds have, on their way into one.
struct Parts : ServerError {
  std::shared_ptr<const Error> Share() const override { return nullptr; }
  std::string condition;
  std::string message;
  Error::Params params;
  std::vector<QueryContext> contexts;
};

std::optional<google::rpc::ErrorInfo> InfoOf(const grpc::Status& status) {
  google::rpc::Status whole;
  if (status.error_details().empty() || !whole.ParseFromString(status.error_details())) return std::nullopt;
  for (const auto& detail : whole.details()) {
    google::rpc::ErrorInfo info;
    if (detail.Is<google::rpc::ErrorInfo>() && detail.UnpackTo(&info)) return info;
  }
  return std::nullopt;
}

std::string Metadata(const google::rpc::ErrorInfo& info, const std::string& key) {
  const auto found = info.metadata().find(key);
  return found == info.metadata().end() ? "" : found->second;
}

void ReadInfo(const google::rpc::ErrorInfo& info, Parts* out) {
  out->condition = Metadata(info, "errorClass");
  out->sql_state = Metadata(info, "sqlState");
  out->stack_trace = Metadata(info, "stackTrace");
  const auto classes = nlohmann::json::parse(Metadata(info, "classes"), nullptr, false);
  if (classes.is_array()) {
    for (const auto& name : classes) {
      if (name.is_string()) out->classes.push_back(name.get<std::string>());
    }
  }
  if (out->classes.empty() && !info.reason().empty()) out->classes.push_back(info.reason());
  const auto params = nlohmann::json::parse(Metadata(info, "messageParameters"), nullptr, false);
  if (params.is_object()) {
    for (const auto& [key, value] : params.items()) {
      if (value.is_string()) out->params[key] = value.get<std::string>();
    }
  }
}

QueryContext ToContext(const Details::QueryContext& context) {
  QueryContext out;
  const bool sql = context.context_type() == Details::QueryContext::SQL;
  out.kind = sql ? QueryContext::Kind::kSql : QueryContext::Kind::kDataFrame;
  out.object_type = context.object_type();
  out.object_name = context.object_name();
  if (sql) {
    out.start_index = context.start_index();
    out.stop_index = context.stop_index();
  }
  out.fragment = context.fragment();
  out.call_site = context.call_site();
  out.summary = context.summary();
  return out;
}

std::string StackTrace(const Details::Error& error) {
  std::string out;
  for (const auto& at : error.stack_trace()) {
    out += fmt::format("\tat {}.{}({}:{})\n", at.declaring_class(), at.method_name(), at.file_name(), at.line_number());
  }
  return out;
}

void ReadDetails(const Details& details, Parts* out) {
  if (!details.has_root_error_idx()) return;
  const auto at = [&](int i) { return i >= 0 && i < details.errors_size() ? &details.errors(i) : nullptr; };
  const Details::Error* error = at(details.root_error_idx());
  if (error == nullptr) return;
  out->full_message = error->message();
  if (error->error_type_hierarchy_size() > 0)
    out->classes.assign(error->error_type_hierarchy().begin(), error->error_type_hierarchy().end());
  if (error->has_spark_throwable()) {
    const Details::SparkThrowable& throwable = error->spark_throwable();
    if (throwable.has_error_class()) out->condition = throwable.error_class();
    if (throwable.has_sql_state()) out->sql_state = throwable.sql_state();
    out->params = Error::Params(throwable.message_parameters().begin(), throwable.message_parameters().end());
    for (const auto& context : throwable.query_contexts()) out->contexts.push_back(ToContext(context));
  }
  if (const std::string trace = StackTrace(*error); !trace.empty()) out->stack_trace = trace;
  std::set<int> seen = {details.root_error_idx()};
  while (error->has_cause_idx() && seen.insert(error->cause_idx()).second) {
    error = at(error->cause_idx());
    if (error == nullptr) break;
    const bool named = error->error_type_hierarchy_size() > 0;
    out->causes.push_back({named ? error->error_type_hierarchy(0) : "", error->message()});
  }
}

/// Takes the condition, the SQLSTATE and the place out of the text: an Error has them beside it.
void ReadMessage(Parts* out) {
  std::string_view text = out->full_message;
  while (text.starts_with('\n')) text.remove_prefix(1);
  const std::string begin = "[" + out->condition + "] ";
  if (out->condition.empty() || !text.starts_with(begin)) {
    out->message = out->full_message;
    return;
  }
  text.remove_prefix(begin.size());
  const std::string end = " SQLSTATE: " + out->sql_state;
  const size_t at = out->sql_state.empty() ? std::string_view::npos : text.find(end);
  out->message = text.substr(0, at);
  if (at == std::string_view::npos) return;
  const std::string_view place = text.substr(at + end.size());
  if (out->contexts.empty() && place.starts_with(" (line ")) {
    out->contexts.emplace_back();
    out->contexts.back().summary = place;
  }
}

[[noreturn]] void ThrowParts(Parts parts) {
  if (parts.condition == "OPERATION_CANCELED") throw Interrupted();
  if (parts.condition.empty()) parts.condition = parts.classes.empty() ? "INTERNAL_ERROR" : parts.classes.front();
  for (const std::string& name : parts.classes) {
    if (name == kParseException)
      throw Raised<ParseError>(parts.condition, parts.message, parts.params, parts.contexts, parts);
  }
  throw Raised<Error>(parts.condition, parts.message, parts.params, parts.contexts, parts);
}

[[noreturn]] void ThrowTransport(const grpc::Status& status, const std::string& server) {
  const std::string& said = status.error_message();
  const Error::Params params = {{"server", server}, {"message", said}};
  switch (status.error_code()) {
    case grpc::StatusCode::UNAVAILABLE:
      throw Error("TINDERBOX_CONNECT_UNAVAILABLE",
                  fmt::format("The Spark Connect server {} cannot be reached: {}. Is it running, is the address right, "
                              "and does it want TLS (use_ssl=true)?",
                              server, said),
                  params);
    case grpc::StatusCode::UNAUTHENTICATED:
    case grpc::StatusCode::PERMISSION_DENIED:
      throw Error("TINDERBOX_CONNECT_UNAUTHENTICATED",
                  fmt::format("The Spark Connect server {} refuses this client: {} Its token belongs into "
                              "SPARK_CONNECT_AUTHENTICATE_TOKEN, or behind the address: {}/;token=TOKEN.",
                              server, said, server),
                  params);
    default:
      throw Error("TINDERBOX_CONNECT_FAILED",
                  fmt::format("The Spark Connect server {} did not answer as it should (gRPC status {}): {}", server,
                              static_cast<int>(status.error_code()), said),
                  params);
  }
}

}  // namespace

std::string ConditionOf(const grpc::Status& status) {
  const auto info = InfoOf(status);
  return info ? Metadata(*info, "errorClass") : "";
}

std::string ErrorIdOf(const grpc::Status& status) {
  const auto info = InfoOf(status);
  return info ? Metadata(*info, "errorId") : "";
}

void ThrowStatus(const grpc::Status& status, const Details& details, const std::string& server) {
  const auto info = InfoOf(status);
  if (!info) ThrowTransport(status, server);
  Parts parts;
  parts.full_message = status.error_message();
  ReadInfo(*info, &parts);
  ReadDetails(details, &parts);
  ReadMessage(&parts);
  ThrowParts(std::move(parts));
}

}  // namespace tinderbox::connect
