#include "engine/python/python_run.h"

#include <fmt/format.h>

#include "engine/python/protocol.h"
#include "spark/ipc.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

PythonRun::PythonRun(std::unique_ptr<Worker> worker, std::string_view task, std::function<void()> check)
    : worker_(std::move(worker)), check_(std::move(check)) {
  Send(task);
}

void PythonRun::Finish(std::string_view end) {
  finished_ = true;
  Send(std::string(end) + Encode(kEndOfStream));
}

void PythonRun::Take(char* bytes, size_t count) {
  if (worker_->Take(bytes, count, check_)) return;
  if (worker_->ended()) ThrowEnded();
  throw Error("INTERNAL_ERROR", "A Python worker waits for input in the middle of an answer.");
}

int32_t PythonRun::ReadNumber() {
  char bytes[4];
  Take(bytes, sizeof bytes);
  uint32_t out = 0;
  for (const char byte : bytes) out = out << 8 | static_cast<unsigned char>(byte);
  return static_cast<int32_t>(out);
}

std::string PythonRun::ReadText() {
  const int32_t length = ReadNumber();
  std::string out(static_cast<size_t>(std::max(length, 0)), '\0');
  Take(out.data(), out.size());
  return out;
}

void PythonRun::ThrowEnded() {
  throw Error("TINDERBOX_PYTHON_WORKER_EXITED",
              fmt::format("Python worker exited unexpectedly (crashed): {}. Its own output is in the standard error of "
                          "the server. Consider setting 'spark.sql.execution.pyspark.udf.faulthandler.enabled' "
                          "configuration to 'true' for the better Python traceback.",
                          worker_->HowEnded()));
}

/// What follows the last batch: times and sizes, which tell nobody anything, accumulators, and a greeting.
void PythonRun::ReadEnd() {
  char numbers[6 * 8];
  Take(numbers, sizeof numbers);
  if (ReadNumber() != kEndOfDataSection) throw Error("INTERNAL_ERROR", "A Python worker broke the protocol.");
  for (int32_t left = ReadNumber(); left > 0; --left) ReadText();
  done_ = true;
  // A function may return before it has seen all of its input; then the worker is lost in it.
  reusable_ = finished_ && worker_->Await(check_) && ReadNumber() == kEndOfStream;
}

PythonRun::Step PythonRun::Next(ArrowBatch* batch) {
  while (!done_) {
    if (!worker_->Await(check_)) {
      if (worker_->ended()) ThrowEnded();
      return Step::kNeedsInput;
    }
    if (in_stream_) {
      if (reader_->Next(batch)) return Step::kBatch;
      in_stream_ = false;
      continue;
    }
    switch (ReadNumber()) {
      case kStartArrowStream:
        reader_ = spark::ReadIpcStream([this](char* bytes, size_t count) { Take(bytes, count); });
        in_stream_ = true;
        break;
      case kTimingData:
        ReadEnd();
        break;
      case kPythonException: {
        const std::string traceback = ReadText();
        throw Error("PYTHON_EXCEPTION", "An exception was thrown from the Python worker: " + traceback,
                    {{"msg", traceback}});
      }
      case kStartFailed: {
        const std::string missing = ReadText();
        throw Error("TINDERBOX_PYTHON",
                    fmt::format("The Python \"{0}\" cannot run Python functions: {1}. Install what is missing ({0} -m "
                                "pip install pyspark-client pandas pyarrow), or name another Python with the "
                                "environment variable PYSPARK_PYTHON or the setting "
                                "spark.sql.execution.pyspark.python.",
                                worker_->options().python, missing));
      }
      default:
        throw Error("INTERNAL_ERROR", "A Python worker broke the protocol.");
    }
  }
  return Step::kDone;
}

std::unique_ptr<Worker> PythonRun::Release() {
  return reusable_ ? std::move(worker_) : nullptr;
}

}  // namespace tinderbox::engine
