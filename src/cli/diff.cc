#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "base/interrupt.h"
#include "cli/console.h"
#include "cli/diff_flags.h"
#include "cli/progress.h"
#include "cli/verbs.h"
#include "cli/words.h"
#include "diff/report.h"

namespace tinderbox::cli {
namespace {

ProgressDisplay::Mode ProgressMode(const DiffPlan& plan, const Console& console) {
  if (plan.quiet) return ProgressDisplay::Mode::kNone;
  if (console.err_terminal) return ProgressDisplay::Mode::kBar;
  return plan.json ? ProgressDisplay::Mode::kNone : ProgressDisplay::Mode::kLines;
}

diff::ReportHeading Heading(const DiffPlan& plan, const Arguments& arguments) {
  diff::ReportHeading heading;
  heading.left = plan.left_path;
  heading.right = plan.right_path;
  heading.version = Version();
  heading.command = "tinderbox diff";
  for (const std::string& argument : arguments) heading.command += " " + ShellWord(argument);
  heading.created = fmt::format("{:%Y-%m-%d %H:%M} UTC", fmt::gmtime(std::time(nullptr)));
  return heading;
}

void PrintPhases(const ProgressDisplay& progress) {
  std::string out;
  for (const auto& [phase, seconds] : progress.Phases()) {
    out += fmt::format("  {:<12} {:8.3f} s\n", phase, seconds);
  }
  WriteError(fmt::format("Time\n{}  {:<12} {:8.3f} s\n", out, "together", progress.Total()));
}

Session OpenWhere(const DiffPlan& plan) {
  if (!plan.remote.given()) return OpenSession(plan.resources);
  const Session session(ConnectTo(RemoteUrl(plan.remote)));
  PrepareForDiff(session);
  return session;
}

int Answer(const DiffPlan& plan, const DiffSummary& summary) {
  if (plan.allowance) return Exceeds(*plan.allowance, summary) ? kDifferent : kSame;
  return summary.same() ? kSame : kDifferent;
}

}  // namespace

int RunDiff(const Arguments& arguments) {
  const std::optional<DiffPlan> plan = ParseDiff(arguments);
  if (!plan) return kSame;
  const Console console = Console::Inspect();
  ProgressDisplay progress(ProgressMode(*plan, console), console);
  const Session session = OpenWhere(*plan);
  const base::OnInterrupt stop([&session] { session.Interrupt(); });
  const DiffResult result = Diff(session, plan->left, plan->right, plan->options,
                                 [&progress](const DiffProgress& now) { progress.Show(now); });
  base::ThrowIfInterrupted();
  const DiffSummary& summary = result.summary();
  const size_t sample = plan->quiet && !plan->json ? 0 : plan->limit;
  const size_t wanted = std::max(sample, plan->report.empty() ? size_t{0} : plan->report_rows);
  std::vector<DiffRow> rows;
  if (wanted > 0) rows = result.Rows(wanted);
  if (plan->output) result.Write(*plan->output);
  base::ThrowIfInterrupted();
  const diff::ReportHeading heading = Heading(*plan, arguments);
  const auto first = [&rows](size_t count) {
    return std::vector<DiffRow>(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(std::min(count, rows.size())));
  };
  if (!plan->report.empty())
    WriteFile(plan->report, diff::RenderHtml(summary, heading, first(plan->report_rows)), plan->overwrite);
  progress.Finish();
  if (plan->json) {
    WriteOut(diff::RenderJson(summary, heading, first(sample)));
  } else if (!plan->quiet) {
    diff::TextStyle style;
    style.color = plan->color.value_or(console.out_terminal && !console.no_color);
    style.width = console.width;
    style.sample = sample;
    std::string text = diff::RenderText(summary, heading, first(sample), style);
    if (plan->output || !plan->report.empty()) text += "\n";
    if (plan->output) text += fmt::format("Differing rows written to {}\n", plan->output->path);
    if (!plan->report.empty()) text += fmt::format("Report written to {}\n", plan->report);
    WriteOut(text);
  }
  if (plan->verbose) PrintPhases(progress);
  return Answer(*plan, summary);
}

}  // namespace tinderbox::cli
