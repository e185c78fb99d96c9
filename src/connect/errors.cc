#include "connect/errors.h"

#include <fmt/format.h>
#include <google/protobuf/any.pb.h>

#include <new>
#include <nlohmann/json.hpp>

#include "connect/uuid.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "spark/error_classes.h"
#include "spark/error_conditions.h"
#include "tinderbox/server_error.h"

namespace tinderbox::connect {
namespace {

constexpr size_t kKept = 100;
// HTTP/2 headers carry all of this, and peers bound them at 8 KiB; the whole is in the store.
constexpr size_t kMaxText = 2048;
constexpr size_t kMaxParams = 1024;

std::string Shorten(const std::string& text) {
  if (text.size() <= kMaxText) return text;
  size_t end = kMaxText - 3;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;  // whole UTF-8 characters
  return text.substr(0, end) + "...";
}

std::string ToJson(const nlohmann::json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

struct HandleText {
  std::string_view kind;
  std::string_view text;
};

constexpr HandleText kHandleTexts[] = {
    {"FORMAT", "Handle must be an UUID string of the format '00112233-4455-6677-8899-aabbccddeeff'"},
    {"OPERATION_ABANDONED", "Operation was considered abandoned because of inactivity and removed."},
    {"OPERATION_ALREADY_EXISTS", "Operation already exists."},
    {"OPERATION_NOT_FOUND", "Operation not found."},
    {"SESSION_CHANGED", "The existing Spark server driver instance has restarted. Please reconnect."},
    {"SESSION_CLOSED", "Session was closed."},
    {"SESSION_NOT_FOUND", "Session not found."},
};

}  // namespace

std::string ErrorStore::Add(ErrorPointer error) {
  std::string id = NewUuid();
  const std::lock_guard lock(mutex_);
  errors_.emplace(id, std::move(error));
  order_.push_back(id);
  if (order_.size() > kKept) {
    errors_.erase(order_.front());
    order_.pop_front();
  }
  return id;
}

ErrorPointer ErrorStore::Take(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto found = errors_.find(id);
  if (found == errors_.end()) return nullptr;
  ErrorPointer error = std::move(found->second);
  errors_.erase(found);
  std::erase(order_, id);
  return error;
}

ErrorPointer CurrentError() {
  try {
    throw;
  } catch (const ParseError& error) {
    const ServerError* raised = ServerErrorOf(error);
    return raised != nullptr ? raised->Share() : std::make_shared<ParseError>(error);
  } catch (const Error& error) {
    const ServerError* raised = ServerErrorOf(error);
    return raised != nullptr ? raised->Share() : std::make_shared<Error>(error);
  } catch (const std::bad_alloc&) {
    return std::make_shared<Error>("TINDERBOX_OUT_OF_MEMORY", "There is not enough memory to go on.");
  } catch (const std::exception& error) {
    return std::make_shared<Error>("INTERNAL_ERROR", error.what(), Error::Params{{"message", error.what()}});
  }
}

grpc::Status ToStatus(const ErrorPointer& shared, ErrorStore* store) {
  const Error& error = *shared;
  const spark::ErrorClass error_class = spark::ClassOf(error);
  const std::string message = Shorten(spark::FullMessage(error));
  google::rpc::ErrorInfo info;
  info.set_domain("org.apache.spark");
  info.set_reason(std::string(error_class.hierarchy.front()));
  auto& metadata = *info.mutable_metadata();
  metadata["classes"] = ToJson(error_class.hierarchy);
  if (!spark::IsJavaClass(error.condition())) metadata["errorClass"] = error.condition();
  if (const std::string_view state = spark::SqlStateOf(error); !state.empty()) metadata["sqlState"] = state;
  const std::string params = ToJson(nlohmann::json(error.params()));
  metadata["messageParameters"] = params.size() <= kMaxParams ? params : "{}";
  if (store != nullptr) metadata["errorId"] = store->Add(shared);
  google::rpc::Status status;
  status.set_code(grpc::StatusCode::INTERNAL);
  status.set_message(message);
  status.add_details()->PackFrom(info);
  return {grpc::StatusCode::INTERNAL, message, status.SerializeAsString()};
}

Error InvalidHandle(const std::string& kind, const std::string& handle) {
  std::string_view text;
  for (const HandleText& row : kHandleTexts) {
    if (row.kind == kind) text = row.text;
  }
  return {"INVALID_HANDLE." + kind, fmt::format("The handle {} is invalid. {}", handle, text), {{"handle", handle}}};
}

}  // namespace tinderbox::connect
