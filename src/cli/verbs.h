#pragma once

#include <string>
#include <vector>

namespace tinderbox::cli {

using Arguments = std::vector<std::string>;

/// Each verb takes the words after it and returns the program's exit code. They throw Error.
int RunDiff(const Arguments& arguments);
int RunPatch(const Arguments& arguments);
int RunDiffit(const Arguments& arguments);
int RunPack(const Arguments& arguments);
int RunUnpack(const Arguments& arguments);
int RunLs(const Arguments& arguments);
int RunServer(const Arguments& arguments);
int RunScript(const Arguments& arguments);
int RunSql(const Arguments& arguments);
int RunUp(const Arguments& arguments);
int RunDown(const Arguments& arguments);
int RunStop(const Arguments& arguments);
int RunRestart(const Arguments& arguments);
int RunScale(const Arguments& arguments);
int RunStatus(const Arguments& arguments);
int RunList(const Arguments& arguments);
int RunLogs(const Arguments& arguments);
int RunEvents(const Arguments& arguments);
int RunTimeline(const Arguments& arguments);
int RunWhy(const Arguments& arguments);
int RunCheck(const Arguments& arguments);
int RunConfig(const Arguments& arguments);
int RunSupervise(const Arguments& arguments);
int RunProbeConnect(const Arguments& arguments);
int RunVersion(const Arguments& arguments);
int RunHelp(const Arguments& arguments);

/// "0.1.0".
std::string Version();

/// The whole program: picks the verb (diffit when called by that name), runs it, and turns what it throws into one
/// readable block on standard error and an exit code.
int Run(const std::string& program, const Arguments& arguments);

}  // namespace tinderbox::cli
