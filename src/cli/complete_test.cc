#include "cli/complete.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace tinderbox::cli {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;
using testing::Not;

CompletionWorld World() {
  CompletionWorld world;
  world.facts = [](const Verb& verb) { return FactsOf(verb.run); };
  world.clusters = [] { return std::vector<std::string>{"default", "test"}; };
  world.services = [](const std::string& cluster) {
    return cluster == "test" ? std::vector<std::string>{"master"}
                             : std::vector<std::string>{"master", "worker-1", "worker-2", "worker"};
  };
  world.applications = [](const std::string&) { return std::vector<std::string>{"app-1", "driver-1"}; };
  return world;
}

std::vector<std::string> Texts(const Arguments& words) {
  std::vector<std::string> texts;
  for (const Candidate& candidate : Complete(words, World()).candidates) texts.push_back(candidate.text);
  return texts;
}

TEST(Complete, KnowsVerbsWithWhatTheyDo) {
  EXPECT_THAT(Texts({"sta"}), ElementsAre("start", "status"));
  EXPECT_THAT(Texts({""}), Contains("diff"));
  for (const char* not_for_people : {"complete", "supervise", "probe-connect"})
    EXPECT_THAT(Texts({""}), Not(Contains(not_for_people)));
  const Completion completion = Complete({"start"}, World());
  ASSERT_EQ(completion.candidates.size(), 1U);
  EXPECT_EQ(completion.candidates[0].what, "Bring up an Apache Spark cluster on this machine") << "another name of up";
  EXPECT_THAT(Texts({"help", "statu"}), ElementsAre("status"));
  EXPECT_THAT(Texts({"nothing", ""}), IsEmpty());
}

TEST(Complete, KnowsTheFlagsOfEveryVerb) {
  for (const Verb& verb : Verbs()) {
    if (verb.group == nullptr || std::string(verb.name) == "help") continue;
    const std::vector<std::string> flags = Texts({verb.name, "--"});
    EXPECT_THAT(flags, Contains("--help")) << verb.name;
    EXPECT_EQ(std::set<std::string>(flags.begin(), flags.end()).size(), flags.size()) << verb.name;
  }
  EXPECT_THAT(Texts({"status", "--wa"}), ElementsAre("--watch"));
  EXPECT_THAT(Texts({"diffit", "row", "--csv"}), ElementsAre("--csv-separator", "--csv-header", "--csv-data"));
}

TEST(Complete, KnowsNamesThatThereAre) {
  EXPECT_THAT(Texts({"why", "worker-"}), ElementsAre("worker-1", "worker-2"));
  EXPECT_THAT(Texts({"why", "--name", "test", ""}), ElementsAre("master"));
  EXPECT_THAT(Texts({"why", "--name=test", ""}), ElementsAre("master"));
  EXPECT_THAT(Texts({"why", "worker-1", ""}), IsEmpty()) << "it takes one";
  EXPECT_THAT(Texts({"logs", "worker-1", "w"}), ElementsAre("worker-1", "worker-2", "worker")) << "it takes many";
  EXPECT_THAT(Texts({"down", "--name", "t"}), ElementsAre("test"));
  EXPECT_THAT(Texts({"down", "--name=t"}), ElementsAre("--name=test"));
  EXPECT_THAT(Texts({"logs", "--app", "app"}), ElementsAre("app-1"));
}

TEST(Complete, KnowsWordsThatAnOptionTakes) {
  EXPECT_THAT(Texts({"completion", ""}), ElementsAre("bash", "zsh", "fish"));
  EXPECT_THAT(Texts({"sql", "--format", ""}), testing::UnorderedElementsAre("table", "csv", "json"));
  EXPECT_THAT(Texts({"config", "s"}), ElementsAre("show", "schema"));
  EXPECT_THAT(Texts({"up", "--set", "worker.c"}), ElementsAre("worker.count=", "worker.cores="));
  EXPECT_THAT(Texts({"up", "--set=worker.c"}), ElementsAre("--set=worker.count=", "--set=worker.cores="));
  EXPECT_THAT(Texts({"up", "--workers", ""}), IsEmpty());
}

TEST(Complete, LeavesFilesToTheShell) {
  EXPECT_EQ(Complete({"diff", ""}, World()).files, Takes::kFile);
  EXPECT_EQ(Complete({"up", "-f", ""}, World()).files, Takes::kFile);
  EXPECT_EQ(Complete({"patch", "--output", ""}, World()).files, Takes::kFolder);
  EXPECT_EQ(Complete({"up", "--"}, World()).files, Takes::kNothing);
  EXPECT_THAT(Texts({"diff", "--", "-"}), IsEmpty()) << "after -- there are no options";
}

}  // namespace
}  // namespace tinderbox::cli
