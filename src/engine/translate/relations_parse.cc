// spark.read.json(df) and spark.read.xml(df): a column of texts, each of which is a record.
#include <fmt/format.h>

#include "engine/files/json_infer_text.h"
#include "engine/functions/family.h"
#include "engine/functions/json_reader.h"
#include "engine/functions/json_text.h"
#include "engine/functions/text_case.h"
#include "engine/functions/xml_records.h"
#include "engine/translate/refusals.h"
#include "engine/translate/relation_translator.h"
#include "spark/proto_types.h"

namespace tinderbox::engine {

namespace {

using Options = std::map<std::string, std::string>;

/// The type that holds all records; with a column for those that are no JSON when there are such.
DataType InferJsonRecords(const std::vector<std::string>& texts, const Options& options) {
  std::string all;
  bool corrupt = false;
  for (const std::string& text : texts) {
    if (text.find_first_not_of(" \t\r\n") == std::string::npos) continue;
    const auto value = FirstJsonValue(text);
    if (!value || (*value)[0] != '{') {
      corrupt = true;
      continue;
    }
    all += all.empty() ? "[" : ",";
    all += *value;
  }
  std::vector<StructField> fields;
  if (!all.empty()) fields = InferJsonText(all + "]", options).element().fields();
  if (corrupt) {
    const auto named = options.find("columnnameofcorruptrecord");
    fields.insert(fields.begin(), {named == options.end() ? "_corrupt_record" : named->second,
                                   DataType(TypeKind::kString), true, "{}"});
  }
  return DataType::Struct(std::move(fields));
}

}  // namespace

TranslatedRelation RelationTranslator::Parse(const proto::Parse& parse) {
  const bool json = parse.format() == proto::Parse::PARSE_FORMAT_JSON;
  if (!json && parse.format() != proto::Parse::PARSE_FORMAT_XML) {
    RefuseFeature(fmt::format("parsing a data frame of text as {}", proto::Parse::ParseFormat_Name(parse.format())));
  }
  const TranslatedRelation input = Translate(parse.input());
  if (input.columns.size() != 1 || input.columns[0].type.kind() != TypeKind::kString) {
    RefuseFeature("parsing a data frame of anything but one column of text");
  }
  Options options;
  for (const auto& [name, value] : parse.options()) options[LowerOf(name)] = value;
  options.erase("rowtag");  // every text is one record
  const Sql text = Ident(input.columns[0].id);
  const Sql from = Derived(input.sql);

  DataType type;
  if (parse.has_schema()) {
    type = spark::FromProto(parse.schema());
  } else {
    std::vector<std::string> texts;
    for (auto& found : leaves_.Texts(Concat({Token("SELECT "), text, Token("\nFROM "), from}))) {
      if (found) texts.push_back(std::move(*found));
    }
    type = json ? InferJsonRecords(texts, options) : InferXmlFiles(texts, options);
  }
  if (type.kind() != TypeKind::kStruct || type.fields().empty()) {
    RefuseFeature("parsing texts into no columns");
  }
  const FamilyMember member{AsNullable(type), options, options_.time_zone};
  if (json) {
    const JsonReading checked(member.options, member.time_zone);
  } else {
    const XmlReading checked(member.type, member.options, member.time_zone);
  }
  const Sql record = Ident("parsed record");
  std::vector<SelectItem> items;
  for (const StructField& field : member.type.fields()) {
    items.push_back(
        {Call("struct_extract", {record, StringLiteral(field.name)}), NewColumn(field.name, field.type, true)});
  }
  // A text that is NULL, and JSON that is blank, is no record.
  return Select(std::move(items),
                Template("(SELECT $1 AS $2\nFROM $3)",
                         {CallMember(json ? "spark_from_json" : "spark_from_xml", member, text), record, from}),
                Template("WHERE $1 IS NOT NULL", {record}));
}

}  // namespace tinderbox::engine
