#include "connect/response_stream.h"

#include <fmt/format.h>

#include "connect/server_status.h"
#include "connect/uuid.h"

namespace tinderbox::connect {
namespace {

std::set<std::string> TagsOf(const proto::ExecutePlanRequest& request) {
  return {request.tags().begin(), request.tags().end()};
}

}  // namespace

ResponseStream::ResponseStream(std::shared_ptr<Client> client, proto::ExecutePlanRequest request,
                               const std::string& name)
    : client_(std::move(client)),
      request_(std::move(request)),
      activity_(client_.get(), name, IsUuid(name) ? name : NewUuid(), TagsOf(request_)) {
  client_->Identify(&request_);
  request_.set_operation_id(activity_.id());
  request_.add_request_options()->mutable_result_chunking_options()->set_allow_arrow_batch_chunking(true);
  request_.add_request_options()->mutable_reattach_options()->set_reattachable(true);
}

ResponseStream::~ResponseStream() {
  if (reader_ != nullptr) {
    call_->TryCancel();
    Detach();
  }
  if (sent_) End();
}

void ResponseStream::End() {
  if (!complete_) client_->Release(activity_.id(), "");
  complete_ = true;
}

void ResponseStream::Attach() {
  call_ = std::make_unique<grpc::ClientContext>();
  client_->Prepare(call_.get());
  call_->set_deadline(std::chrono::system_clock::now() + client_->options().stream_limit);
  received_ = false;
  reattached_ = sent_;
  if (sent_) {
    proto::ReattachExecuteRequest request;
    client_->Identify(&request);
    request.set_operation_id(activity_.id());
    if (!last_.empty()) request.set_last_response_id(last_);
    reader_ = client_->stub().ReattachExecute(call_.get(), request);
  } else {
    sent_ = true;
    reader_ = client_->stub().ExecutePlan(call_.get(), request_);
  }
  activity_.Use(call_.get());
}

grpc::Status ResponseStream::Detach() {
  grpc::Status status = reader_->Finish();
  activity_.Use(nullptr);
  reader_.reset();
  call_.reset();
  return status;
}

bool ResponseStream::Next(proto::ExecutePlanResponse* response) {
  Retrying retrying(client_->options().retry);
  int restarts = 0;
  while (!complete_) {
    if (reader_ == nullptr) Attach();
    if (reader_->Read(response)) {
      client_->Check(*response);
      received_ = true;
      last_ = response->response_id();
      if (response->has_result_complete()) {
        End();
      } else {
        client_->Release(activity_.id(), last_);
      }
      return true;
    }
    const bool received = received_;
    const grpc::Status status = Detach();
    if (activity_.interrupted()) {
      End();
      throw Interrupted();
    }
    if (status.ok() || status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
      // There is more. A server that ends streams without a word is not asked without a pause.
      if (!received) activity_.Wait(client_->options().retry.initial_backoff);
      continue;
    }
    const std::string condition = ConditionOf(status);
    const bool unknown =
        condition == "INVALID_HANDLE.OPERATION_NOT_FOUND" || condition == "INVALID_HANDLE.SESSION_NOT_FOUND";
    if (unknown && reattached_) {
      if (!last_.empty()) {
        complete_ = true;
        throw Error("RESPONSE_ALREADY_RECEIVED",
                    fmt::format("The server {} lost the operation after a part of its result had come ({}). It was not "
                                "run again.",
                                client_->connection().url(), condition),
                    {{"error_type", condition}});
      }
      // The request never arrived. The server knows by the session's id when it is not the one that was asked first,
      // and refuses then: it cannot know what that one did.
      if (restarts++ < client_->options().retry.max_retries) {
        sent_ = false;
        continue;
      }
    }
    const auto delay = retrying.Next(status);
    if (!delay) {
      End();
      client_->Fail(status);
    }
    activity_.WaitAfter(status, *delay);
  }
  return false;
}

}  // namespace tinderbox::connect
