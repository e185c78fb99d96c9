#pragma once

#include <span>
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
int RunVerify(const Arguments& arguments);
int RunSql(const Arguments& arguments);
int RunUp(const Arguments& arguments);
int RunDown(const Arguments& arguments);
int RunStop(const Arguments& arguments);
int RunRestart(const Arguments& arguments);
int RunSecret(const Arguments& arguments);
int RunPkg(const Arguments& arguments);
int RunCache(const Arguments& arguments);
int RunScale(const Arguments& arguments);
int RunSubmit(const Arguments& arguments);
int RunJobVerb(const Arguments& arguments);
int RunJobAlone(const Arguments& arguments);
int RunRepl(const Arguments& arguments);
int RunExample(const Arguments& arguments);
int RunPi(const Arguments& arguments);
int RunStatus(const Arguments& arguments);
int RunList(const Arguments& arguments);
int RunLogs(const Arguments& arguments);
int RunEvents(const Arguments& arguments);
int RunTimeline(const Arguments& arguments);
int RunWhy(const Arguments& arguments);
int RunCheck(const Arguments& arguments);
int RunConfig(const Arguments& arguments);
int RunInfo(const Arguments& arguments);
int RunShell(const Arguments& arguments);
int RunExec(const Arguments& arguments);
int RunHdfs(const Arguments& arguments);
int RunYarn(const Arguments& arguments);
int RunCleanup(const Arguments& arguments);
int RunDoctor(const Arguments& arguments);
int RunCompletion(const Arguments& arguments);
int RunComplete(const Arguments& arguments);
int RunSupervise(const Arguments& arguments);
int RunMakeArchive(const Arguments& arguments);
int RunProbeConnect(const Arguments& arguments);
int RunPrepareService(const Arguments& arguments);
int RunSeaweedfs(const Arguments& arguments);
int RunProbeS3(const Arguments& arguments);
int RunProbeNodeManager(const Arguments& arguments);
int RunProbeRedis(const Arguments& arguments);
int RunVersion(const Arguments& arguments);
int RunHelp(const Arguments& arguments);

/// A row of the program's verbs.
struct Verb {
  const char* name;
  int (*run)(const Arguments&);
  const char* group;  ///< the heading it stands under in the help; null: a verb that programs use, not people
  const char* what;   ///< null: another name of the verb above
};
std::span<const Verb> Verbs();
/// Null when there is none.
const Verb* FindVerb(const std::string& name);

/// "0.1.0".
std::string Version();

/// The whole program: picks the verb (diffit when called by that name), runs it, and turns what it throws into one
/// readable block on standard error and an exit code.
int Run(const std::string& program, const Arguments& arguments);

}  // namespace tinderbox::cli
