// Statements that make, change, fill and drop tables, views and namespaces.
#include <fmt/format.h>

#include "sql/grammar.h"

namespace tinderbox::sql {

void Parser::ParseCreate(plan::Statement* out) {
  const size_t first = at_ - 1;
  const bool or_replace = AcceptWords("or replace");
  if (!or_replace && AcceptNamespaceWord()) return ParseCreateNamespace(out->mutable_create_namespace());
  if (Is("global") || Is("view") || ((Is("temporary") || Is("temp")) && Is("view", 1)))
    return ParseCreateView(first, or_replace, out->mutable_create_view());
  if ((Is("temporary") || Is("temp")) && Is("function", 1)) {
    return ParseCreateFunction(first, or_replace, out->mutable_create_function());
  }
  auto* table = out->mutable_create_table();
  if (Accept("external")) table->set_external(true);
  if (Is("temporary") || Is("temp")) {
    ++at_;
    if (!Is("table")) Fail();
    while (!AtEnd() && !Is(";")) ++at_;
    Refuse(first, "_LEGACY_ERROR_TEMP_0046", "CREATE TEMPORARY TABLE without a provider is not allowed.");
  }
  Expect("table");
  ParseCreateTable(first, or_replace, false, table);
}

void Parser::ParseColumnDefinition(plan::ColumnDefinition* out) {
  out->set_name(ParseIdentifier());
  ParseType(out->mutable_type());
  while (true) {
    if (AcceptWords("not null")) {
      out->set_not_null(true);
    } else if (Accept("comment")) {
      out->set_comment(ParseString());
    } else if (Accept("default")) {
      const size_t value = at_;
      *out->mutable_default_value() = ParseExpression();
      out->set_default_text(Text(value));
    } else if (Is("generated") || Is("primary") || Is("references") || Is("check") || Is("unique") ||
               Is("constraint")) {
      RefuseFeature(at_, fmt::format("the column option {}", Upper(Peek().text)));
    } else {
      return;
    }
  }
}

void Parser::ParseColumnDefinitions(google::protobuf::RepeatedPtrField<plan::ColumnDefinition>* out) {
  Expect("(");
  do {
    if ((Is("constraint") && IsName(1) && IsName(2)) || AreWords("primary key") || AreWords("foreign key") ||
        (Is("check") && Is("(", 1)) || (Is("unique") && Is("(", 1))) {
      RefuseFeature(at_, "table constraints");
    }
    ParseColumnDefinition(out->Add());
  } while (Accept(","));
  Expect(")");
}

void Parser::ParseTableClauses(plan::CreateTable* out) {
  const auto once = [&](bool seen, size_t at, const char* clause) {
    if (!seen) return;
    Refuse(at, "DUPLICATE_CLAUSES", fmt::format("Found duplicate clauses: {}. Please, remove one of them.", clause),
           {{"clauseName", clause}});
  };
  while (true) {
    const size_t at = at_;
    if (Is("options") && Is("(", 1)) {
      once(!out->options().empty(), at, "OPTIONS");
      ++at_;
      ParseProperties(out->mutable_options());
    } else if (AcceptWords("partitioned by")) {
      once(!out->partition_columns().empty(), at, "PARTITIONED BY");
      Expect("(");
      do {
        if (Is("(", 1)) RefuseFeature(at_, "partition transforms");
        if (IsName(1)) {
          // A column that is defined here.
          ParseColumnDefinition(out->add_columns());
          out->add_partition_columns(out->columns(out->columns_size() - 1).name());
        } else {
          out->add_partition_columns(ParseIdentifier());
        }
      } while (Accept(","));
      Expect(")");
    } else if (Accept("location")) {
      once(!out->location().empty(), at, "LOCATION");
      out->set_location(ParseString());
    } else if (Accept("comment")) {
      once(!out->comment().empty(), at, "COMMENT");
      out->set_comment(ParseString());
    } else if (Accept("tblproperties")) {
      once(!out->properties().empty(), at, "TBLPROPERTIES");
      ParseProperties(out->mutable_properties());
    } else if (AreWords("clustered by") || AreWords("cluster by") || AreWords("skewed by") || AreWords("row format") ||
               AreWords("stored as") || AreWords("stored by") || AreWords("default collation")) {
      const std::string words = Upper(Text(at_, at_ + 2));
      RefuseFeature(at_, fmt::format("CREATE TABLE with {}", words));
    } else {
      return;
    }
  }
}

void Parser::ParseCreateTable(size_t first, bool or_replace, bool replace, plan::CreateTable* out) {
  out->set_or_replace(or_replace);
  out->set_replace(replace);
  out->set_if_not_exists(!or_replace && !replace && AcceptIfNotExists());
  SetName(out->mutable_name());
  if (Accept("like")) {
    if (or_replace || replace) RefuseFeature(first, "REPLACE TABLE with LIKE");
    SetName(out->mutable_like());
    if (Accept("using")) out->set_provider(JoinName(ParseMultipart()));
    ParseTableClauses(out);
    return;
  }
  if (Is("(") && !QueryAhead(0)) ParseColumnDefinitions(out->mutable_columns());
  if (Accept("using")) out->set_provider(JoinName(ParseMultipart()));
  ParseTableClauses(out);
  if (!Accept("as") && !QueryStatementAhead()) return;
  *out->mutable_query() = ParseStatementQuery();
  if (out->columns().empty()) return;
  Refuse(first, "_LEGACY_ERROR_TEMP_0035",
         "Operation not allowed: Schema may not be specified in a Create Table As Select (CTAS) statement.");
}

void Parser::ParseCreateView(size_t first, bool or_replace, plan::CreateView* out) {
  out->set_or_replace(or_replace);
  out->set_global(Accept("global"));
  out->set_temporary(Accept("temporary") || Accept("temp"));
  if (out->global() && !out->temporary()) Fail();
  Expect("view");
  out->set_if_not_exists(AcceptIfNotExists());
  SetName(out->mutable_name());
  const size_t list = at_;
  if (Accept("(")) {
    do {
      auto* column = out->add_columns();
      column->set_name(ParseIdentifier());
      if (Accept("comment")) {
        column->set_comment(ParseString());
      } else if (!Is(",") && !Is(")")) {
        ParseType(column->mutable_type());
        if (Accept("comment")) column->set_comment(ParseString());
      }
    } while (Accept(","));
    Expect(")");
  }
  if (out->temporary() && Accept("using")) {
    out->set_provider(JoinName(ParseMultipart()));
    if (Accept("options")) ParseProperties(out->mutable_options());
    return;
  }
  for (const auto& column : out->columns()) {
    if (column.has_type()) FailSyntax(source_, tokens_[list + 2]);
  }
  while (true) {
    if (Accept("comment")) {
      out->set_comment(ParseString());
    } else if (Accept("tblproperties")) {
      ParseProperties(out->mutable_properties());
    } else if (AreWords("partitioned on") || AreWords("with schema") || AreWords("default collation")) {
      RefuseFeature(at_, fmt::format("CREATE VIEW with {}", Upper(Text(at_, at_ + 2))));
    } else {
      break;
    }
  }
  if (out->temporary() && out->if_not_exists()) {
    Refuse(first, "INVALID_SQL_SYNTAX.CREATE_TEMP_FUNC_WITH_IF_NOT_EXISTS",
           "Invalid SQL syntax: It is not allowed to define a TEMPORARY view with IF NOT EXISTS.");
  }
  if (or_replace && out->if_not_exists()) {
    std::string name;
    for (const std::string& part : out->name().parts()) name += (name.empty() ? "`" : ".`") + part + "`";
    while (!AtEnd() && !Is(";")) ++at_;
    Refuse(first, "CREATE_VIEW_WITH_IF_NOT_EXISTS_AND_REPLACE",
           fmt::format("CREATE VIEW {} with both IF NOT EXISTS and REPLACE is not allowed.", name),
           {{"viewName", name}});
  }
  Expect("as");
  const size_t query = at_;
  *out->mutable_query() = ParseStatementQuery();
  out->set_query_text(Text(query));
}

void Parser::ParseCreateNamespace(plan::CreateNamespace* out) {
  out->set_if_not_exists(AcceptIfNotExists());
  SetName(out->mutable_name());
  while (true) {
    if (Accept("comment")) {
      out->set_comment(ParseString());
    } else if (Accept("location")) {
      out->set_location(ParseString());
    } else if (AcceptWords("with dbproperties") || AcceptWords("with properties")) {
      ParseProperties(out->mutable_properties());
    } else {
      return;
    }
  }
}

void Parser::ParseDrop(size_t first, plan::DropObject* out) {
  const bool session_object = Is("function", 1) || Is("variable", 1);
  out->set_temporary(session_object && (Accept("temporary") || Accept("temp")));
  if (out->temporary() && Accept("variable")) {
    out->set_kind(plan::DropObject::VARIABLE);
  } else if (Accept("table")) {
    out->set_kind(plan::DropObject::TABLE);
  } else if (Accept("view")) {
    out->set_kind(plan::DropObject::VIEW);
  } else if (AcceptNamespaceWord()) {
    out->set_kind(plan::DropObject::NAMESPACE);
  } else if (Accept("function")) {
    out->set_kind(plan::DropObject::FUNCTION);
  } else {
    Fail();
  }
  out->set_if_exists(AcceptIfExists());
  SetName(out->mutable_name());
  if (out->kind() == plan::DropObject::NAMESPACE) {
    out->set_cascade(Accept("cascade"));
    if (!out->cascade()) Accept("restrict");
  }
  if (out->kind() == plan::DropObject::TABLE) out->set_purge(Accept("purge"));
  if (Is(",")) RefuseFeature(first, "DROP of several objects at once");
}

void Parser::ParsePartitionSpec(google::protobuf::RepeatedPtrField<plan::InsertInto::PartitionValue>* out) {
  if (!Accept("partition")) return;
  Expect("(");
  do {
    auto* value = out->Add();
    value->set_column(ParseIdentifier());
    if (Accept("=")) *value->mutable_value() = ParseUnary();
  } while (Accept(","));
  Expect(")");
}

void Parser::ParseInsert(plan::InsertInto* out) {
  out->set_overwrite(Accept("overwrite"));
  if (!out->overwrite()) Expect("into");
  if (out->overwrite() && (Is("directory") || AreWords("local directory"))) {
    Accept("local");
    Expect("directory");
    if (Peek().kind == TokenKind::kString) out->set_directory(ParseString());
    if (AreWords("row format") || AreWords("stored as"))
      RefuseFeature(at_, "INSERT OVERWRITE DIRECTORY in a format of Hive");
    Expect("using");
    out->set_provider(JoinName(ParseMultipart()));
    if (Accept("options")) ParseProperties(out->mutable_options());
    if (out->directory().empty()) out->set_directory(out->options().contains("path") ? out->options().at("path") : "");
  } else {
    Accept("table");
    SetName(out->mutable_table());
    if (Is("with") && Is("(", 1)) {
      ++at_;
      ParseProperties(out->mutable_options());
    }
    ParsePartitionSpec(out->mutable_partitions());
    out->set_if_not_exists(AcceptIfNotExists());
    if (AreWords("replace where")) {
      at_ += 2;
      *out->mutable_replace_where() = ParseExpression();
    } else if (AreWords("replace using") || AreWords("replace on")) {
      RefuseFeature(at_, "INSERT with REPLACE ON or REPLACE USING");
    } else if (AcceptWords("by name")) {
      out->set_by_name(true);
    } else if (Is("(") && !QueryAhead(0)) {
      for (std::string& column : ParseIdentifierList()) out->add_columns(std::move(column));
    }
  }
  *out->mutable_query() = ParseStatementQuery();
}

void Parser::ParseAlter(size_t first, plan::Statement* out) {
  const bool view = Accept("view");
  if (!view) Expect("table");
  ParseAlterTable(first, view, out->mutable_alter_table());
}

void Parser::ParseAlterTable(size_t first, bool view, plan::AlterTable* out) {
  out->set_view(view);
  SetName(out->mutable_name());
  const auto in_parentheses = [&](auto&& one) {
    const bool parentheses = Accept("(");
    do {
      one();
    } while (Accept(","));
    if (parentheses) Expect(")");
  };
  if (AcceptWords("rename to")) {
    SetName(out->mutable_rename_to());
  } else if (AcceptWords("set tblproperties")) {
    ParseProperties(out->mutable_set_properties());
  } else if (AcceptWords("unset tblproperties")) {
    out->set_if_exists(AcceptIfExists());
    Expect("(");
    do {
      out->add_unset_properties(ParsePropertyKey());
    } while (Accept(","));
    Expect(")");
  } else if (view) {
    if (AreWords("with schema") || AreWords("add") || AreWords("drop")) RefuseFeature(first, "this form of ALTER VIEW");
    Accept("as");
    const size_t query = at_;
    *out->mutable_view_query() = ParseStatementQuery();
    out->set_view_query_text(Text(query));
  } else if (AcceptWords("add columns") || AcceptWords("add column")) {
    in_parentheses([&] {
      ParseColumnDefinition(out->add_add_columns());
      if (Is("first") || Is("after")) RefuseFeature(at_, "ALTER TABLE … ADD COLUMN with a position");
    });
  } else if (AcceptWords("drop columns") || AcceptWords("drop column")) {
    out->set_if_exists(AcceptIfExists());
    in_parentheses([&] { out->add_drop_columns(JoinName(ParseMultipart())); });
  } else if (Is("rename") && !Is("column", 1)) {
    ++at_;
    Fail();
  } else if (AcceptWords("rename column")) {
    const std::string from = JoinName(ParseMultipart());
    Expect("to");
    (*out->mutable_rename_columns())[from] = ParseIdentifier();
  } else if (AcceptWords("set location")) {
    out->set_set_location(ParseString());
  } else if (AcceptWords("recover partitions")) {
    out->set_recover_partitions(true);
  } else if (Is("add") || Is("drop") || Is("set") || Is("unset") || Is("alter") || Is("change") || Is("replace") ||
             Is("partition") || Is("cluster") || Is("clustered") || Is("not") || Is("skewed") || Is("exchange") ||
             Is("archive") || Is("unarchive") || Is("touch") || Is("compact") || Is("concatenate") || Is("default")) {
    const std::string words = Upper(Text(at_, at_ + (IsName(1) ? 2 : 1)));
    while (!AtEnd() && !Is(";")) ++at_;
    RefuseFeature(first, fmt::format("ALTER TABLE … {}", words));
  } else {
    Fail();
  }
}

}  // namespace tinderbox::sql
