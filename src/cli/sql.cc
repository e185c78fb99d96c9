#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/interrupt.h"
#include "base/json_text.h"
#include "base/process.h"
#include "cli/cache_flags.h"
#include "cli/console.h"
#include "cli/error_text.h"
#include "cli/remote_flags.h"
#include "cli/server_flags.h"
#include "cli/sql_prompt.h"
#include "cli/sql_statements.h"
#include "cli/verbs.h"
#include "connect/deep_thread.h"
#include "engine/embedded_session.h"
#include "spark/error_classes.h"
#include "spark/ipc.h"
#include "spark/proto.h"
#include "tinderbox/row.h"

namespace tinderbox::cli {
namespace {

struct SqlFlags {
  EngineFlags engine;
  RemoteFlags remote;
  CacheFlags cache;
  std::string statement, file;
  std::string format = "table";
  int rows = 1000;
};

proto::Expression Column(const std::string& name) {
  proto::Expression out;
  out.mutable_unresolved_attribute()->set_unparsed_identifier("`" + name + "`");
  return out;
}

/// Runs statements one after the other and prints what they answer.
class SqlRunner {
 public:
  SqlRunner(std::shared_ptr<spark::Session> session, const SqlFlags& flags)
      : session_(std::move(session)), flags_(flags) {}

  spark::Session& session() { return *session_; }

  void Run(const std::string& statement) {
    connect::RunDeep([&] { RunHere(statement); });
  }

 private:
  void RunHere(const std::string& statement) {
    proto::Command command;
    command.mutable_sql_command()->mutable_input()->mutable_sql()->set_query(statement);
    const proto::ExecutePlanResponse response = session_->Execute(command, "sql");
    if (!response.has_sql_command_result()) return;
    const proto::Relation& relation = response.sql_command_result().relation();
    const StructType schema = session_->Schema(relation);
    if (schema.fields.empty()) return;  // a statement without an answer
    if (flags_.format == "csv") {
      PrintCsv(relation, schema);
    } else if (flags_.format == "json") {
      PrintJson(relation, schema);
    } else {
      PrintTable(relation);
    }
  }

  /// Calls `print` with each row of a relation of text columns.
  template <typename Print>
  void ForEachRow(const proto::Relation& relation, const Print& print) {
    const auto reader = session_->Execute(relation, "sql");
    std::string out;
    for (ArrowBatch batch; reader->Next(&batch);) {
      for (int64_t row = 0; row < batch.rows(); ++row) {
        std::vector<std::optional<std::string>> cells;
        for (size_t i = 0; i < reader->schema().fields.size(); ++i) {
          const Value value = spark::ToValue(DataType(TypeKind::kString), batch.column(i), row);
          const auto* text = std::get_if<std::string>(&value.data);
          cells.push_back(text == nullptr ? std::nullopt : std::optional<std::string>(*text));
        }
        print(cells, &out);
      }
      WriteOut(out);
      out.clear();
    }
  }

  void PrintTable(const proto::Relation& relation) {
    proto::Relation shown;
    auto* show = shown.mutable_show_string();
    *show->mutable_input() = relation;
    show->set_num_rows(flags_.rows == 0 ? std::numeric_limits<int>::max() - 1 : flags_.rows);
    ForEachRow(shown, [](const auto& cells, std::string* out) { *out += cells[0].value_or(""); });
  }

  /// The relation with columns of the names c0, c1, …: a result may have a name twice.
  static proto::Relation Numbered(const proto::Relation& relation, size_t columns) {
    proto::Relation out;
    *out.mutable_to_df()->mutable_input() = relation;
    for (size_t i = 0; i < columns; ++i) out.mutable_to_df()->add_column_names(fmt::format("c{}", i));
    return out;
  }

  void PrintCsv(const proto::Relation& relation, const StructType& schema) {
    proto::Relation texts;
    *texts.mutable_project()->mutable_input() = Numbered(relation, schema.fields.size());
    for (size_t i = 0; i < schema.fields.size(); ++i) {
      auto* text = texts.mutable_project()->add_expressions();
      *text = Column(fmt::format("c{}", i));
      if (schema.fields[i].type.kind() == TypeKind::kBinary) continue;  // Spark sends no text that is not UTF-8
      proto::Expression value;
      value.Swap(text);
      *text->mutable_cast()->mutable_expr() = std::move(value);
      text->mutable_cast()->mutable_type()->mutable_string();
    }
    const auto add = [](const std::string& text, std::string* out) {
      if (text.find_first_of(",\"\r\n") == std::string::npos && !text.empty()) {
        *out += text;
        return;
      }
      *out += '"';
      for (const char c : text) *out += c == '"' ? "\"\"" : std::string(1, c);
      *out += '"';
    };
    std::string header;
    for (size_t i = 0; i < schema.fields.size(); ++i) {
      if (i > 0) header += ',';
      add(schema.fields[i].name, &header);
    }
    WriteOut(header + "\n");
    ForEachRow(texts, [&](const auto& cells, std::string* out) {
      for (size_t i = 0; i < cells.size(); ++i) {
        if (i > 0) *out += ',';
        if (cells[i]) add(base::ReplaceInvalidUtf8(*cells[i]), out);
      }
      *out += '\n';
    });
  }

  void PrintJson(const proto::Relation& relation, const StructType& schema) {
    proto::Relation texts;
    *texts.mutable_project()->mutable_input() = Numbered(relation, schema.fields.size());
    auto* call = texts.mutable_project()->add_expressions()->mutable_unresolved_function();
    call->set_function_name("to_json");
    auto* fields = call->add_arguments()->mutable_unresolved_function();
    fields->set_function_name("named_struct");
    for (size_t i = 0; i < schema.fields.size(); ++i) {
      fields->add_arguments()->mutable_literal()->set_string(schema.fields[i].name);
      *fields->add_arguments() = Column(fmt::format("c{}", i));
    }
    auto* options = call->add_arguments()->mutable_unresolved_function();
    options->set_function_name("map");
    options->add_arguments()->mutable_literal()->set_string("ignoreNullFields");
    options->add_arguments()->mutable_literal()->set_string("false");
    ForEachRow(texts, [](const auto& cells, std::string* out) { *out += cells[0].value_or("null") + "\n"; });
  }

  std::shared_ptr<spark::Session> session_;
  const SqlFlags& flags_;
};

void PrintSqlError(const Error& error) {
  std::string message = ErrorText(error);
  if (!error.contexts().empty()) message += "\n" + spark::Summary(error.contexts().front());
  while (!message.empty() && message.back() == '\n') message.pop_back();
  PrintFailure(message, error.condition());
}

std::atomic<bool> prompt_interrupted = false;

extern "C" void OnPromptInterrupt(int) {
  prompt_interrupted = true;
}

/// At the prompt Ctrl-C ends the statement and not the program.
void Prompt(SqlRunner* runner) {
  struct sigaction action {};
  action.sa_handler = OnPromptInterrupt;
  action.sa_flags = SA_RESTART;
  ::sigemptyset(&action.sa_mask);
  struct sigaction previous {};
  ::sigaction(SIGINT, &action, &previous);
  RunPrompt(
      [&](const std::string& statement) {
        prompt_interrupted = false;
        std::jthread watch([&](const std::stop_token& stop) {
          while (!stop.stop_requested()) {
            if (prompt_interrupted) runner->session().Interrupt("sql");
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
          }
        });
        try {
          runner->Run(statement);
        } catch (const Interrupted&) {
          PrintFailure("The statement was interrupted.", "");
        } catch (const Error& error) {
          PrintSqlError(error);
        }
        prompt_interrupted = false;
      },
      [] { return prompt_interrupted.exchange(false); });
  ::sigaction(SIGINT, &previous, nullptr);
}

void RunText(SqlRunner* runner, const std::string& text) {
  const SqlStatements statements = SplitStatements(text);
  for (const std::string& statement : statements.complete) runner->Run(statement);
  if (!statements.rest.empty()) runner->Run(statements.rest);
}

/// Statements run as they come, so that another program can feed them.
void RunInput(SqlRunner* runner) {
  std::string open;
  char piece[4096];
  while (std::fgets(piece, sizeof piece, stdin) != nullptr) {
    const std::string_view line(piece);
    open += line;
    if (!line.ends_with('\n') || line.find(';') == std::string_view::npos) continue;
    const SqlStatements statements = SplitStatements(open);
    for (const std::string& statement : statements.complete) runner->Run(statement);
    open = statements.rest + "\n";
  }
  RunText(runner, open);
}

/// The session that the statements run in.
std::shared_ptr<spark::Session> OpenWhere(const SqlFlags& flags) {
  const std::string url = flags.remote.given() ? RemoteUrl(flags.remote) : "";
  const auto cache = OpenCache(flags.cache, flags.remote.cluster, url);
  if (url.empty()) return WithCache(engine::OpenSession(engine::OpenEngine(ToEmbedded(flags.engine))), cache);
  EngineFlags refused = flags.engine;
  refused.time_zone.clear();  // a setting that every session has
  RefuseEngine(refused);
  std::shared_ptr<spark::Session> session = WithCache(ConnectTo(url), cache);
  if (!flags.engine.time_zone.empty()) session->SetConf("spark.sql.session.timeZone", flags.engine.time_zone);
  return session;
}

}  // namespace

int RunSql(const Arguments& arguments) {
  SqlFlags flags;
  CLI::App app(
      "Runs Spark SQL statements and prints what they answer. Without a statement it asks for them at a prompt, or "
      "reads "
      "them from standard input.");
  app.add_option("STATEMENT", flags.statement, "One or more statements, with a semicolon between two");
  app.add_option("-f,--file", flags.file, "File with statements")->type_name("FILE")->group("Input and output");
  app.add_option("--format", flags.format,
                 "How rows are printed: table, csv (with a header), or json (an object a line); default: table")
      ->type_name("FORMAT")
      ->check(OneOf({"table", "csv", "json"}))
      ->group("Input and output");
  app.add_option("--rows", flags.rows, "Most rows of a table to show, 0 for all; default: 1000")
      ->type_name("N")
      ->check(Between(0))
      ->group("Input and output");
  AddRemoteFlags(&app, &flags.remote);
  AddEngineFlags(&app, &flags.engine);
  AddCacheFlags(&app, &flags.cache);
  app.footer(
      "For example:\n"
      "  tinderbox sql \"SELECT carrier, count(*) FROM parquet.`flights.parquet` GROUP BY 1\"\n"
      "  tinderbox sql --format csv -f report.sql > report.csv\n"
      "  tinderbox sql\n"
      "  tinderbox sql --cache 1h -f report.sql\n"
      "  tinderbox sql --on cluster \"SELECT count(*) FROM parquet.`/data/flights.parquet`\"\n"
      "\n"
      "At the prompt a statement ends with a semicolon; Ctrl-C stops it, Ctrl-D leaves.\n"
      "Exit code: 0, or 2 at the first statement that fails\n");
  if (!ParseFlags(&app, "sql", arguments)) return kSame;
  if (!flags.statement.empty() && !flags.file.empty()) throw UsageError("sql", "Give a statement or --file, not both.");
  SqlRunner runner(OpenWhere(flags), flags);
  if (flags.statement.empty() && flags.file.empty() && base::IsTerminal(STDIN_FILENO)) {
    Prompt(&runner);
    return kSame;
  }
  const base::OnInterrupt stop([&runner] { runner.session().Interrupt(""); });
  try {
    if (!flags.file.empty()) {
      RunText(&runner, ReadFile(flags.file));
    } else if (!flags.statement.empty()) {
      RunText(&runner, flags.statement);
    } else {
      RunInput(&runner);
    }
  } catch (const Interrupted&) {
    throw;
  } catch (const Error& error) {
    PrintSqlError(error);
    return kFailed;
  }
  return kSame;
}

}  // namespace tinderbox::cli
