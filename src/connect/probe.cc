#include "connect/probe.h"

#include <grpcpp/grpcpp.h>

#include "connect/uuid.h"
#include "spark/connect/base.grpc.pb.h"
#include "spark/proto.h"

namespace tinderbox::connect {

bool AnswersQuery(const std::string& address, std::chrono::milliseconds within) {
  // A proxy for the way out of the company is not asked for a server of this machine.
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  const auto stub = ::spark::connect::SparkConnectService::NewStub(
      grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
  const auto deadline = std::chrono::system_clock::now() + within;
  const std::string session = NewUuid();
  proto::ExecutePlanRequest request;
  request.set_session_id(session);
  request.mutable_user_context()->set_user_id("tinderbox");
  request.set_client_type("tinderbox");
  // Rows that stand in the query itself need no executor, which may have to wait for others.
  request.mutable_plan()->mutable_root()->mutable_sql()->set_query("SELECT * FROM VALUES (1)");
  bool rows = false;
  bool done = false;
  {
    grpc::ClientContext call;
    call.set_deadline(deadline);
    const auto reader = stub->ExecutePlan(&call, request);
    for (proto::ExecutePlanResponse response; reader->Read(&response);)
      rows = rows || (response.has_arrow_batch() && response.arrow_batch().row_count() == 1);
    done = reader->Finish().ok();
  }
  proto::ReleaseSessionRequest release;
  release.set_session_id(session);
  release.mutable_user_context()->set_user_id("tinderbox");
  proto::ReleaseSessionResponse released;
  grpc::ClientContext call;
  call.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(2));
  if (done) stub->ReleaseSession(&call, release, &released);
  return rows && done;
}

}  // namespace tinderbox::connect
