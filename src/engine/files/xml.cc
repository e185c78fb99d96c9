#include "engine/files/xml.h"

#include <fmt/format.h>

#include <algorithm>

#include "csv/input.h"
#include "engine/files/text.h"
#include "engine/functions/family.h"
#include "engine/functions/text_case.h"
#include "engine/functions/xml_records.h"
#include "engine/translate/relation_translator.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

using Options = std::map<std::string, std::string>;

Options LowerNames(const Options& options) {
  Options out;
  for (const auto& [name, value] : options) out[LowerOf(name)] = value;
  return out;
}

void RequireRowTag(const Options& options) {
  const auto tag = options.find("rowtag");
  if (tag != options.end() && !tag->second.empty()) return;
  throw Error("XML_ROW_TAG_MISSING", "`rowTag` option is required for reading/writing files in XML format.",
              {{"rowTag", "`rowTag`"}});
}

std::string TextOf(const std::string& file) {
  const auto stream = csv::OpenText(file, csv::Encoding::kUtf8);
  std::string out;
  while (true) {
    constexpr size_t kBytes = 1 << 18;
    const size_t before = out.size();
    out.resize(before + kBytes);
    const size_t read = stream->Read(out.data() + before, kBytes);
    out.resize(before + read);
    if (read == 0) return out;
  }
}

}  // namespace

FileTable ReadXml(const FileRead& request) {
  const Options options = LowerNames(request.options);
  RequireRowTag(options);
  FileRead whole = request;
  whole.schema.reset();
  whole.options = {{"wholetext", "true"}};
  for (const char* name :
       {"recursivefilelookup", "pathglobfilter", "basepath", "modifiedbefore", "modifiedafter", "encoding"}) {
    if (const auto found = options.find(name); found != options.end()) whole.options[name] = found->second;
  }
  FileTable out = ReadTextLines(whole);

  StructType schema;
  if (request.schema) {
    schema = *request.schema;
  } else {
    std::vector<std::string> texts;
    for (const std::string& path : out.paths) texts.push_back(TextOf(path));
    schema.fields = InferXmlFiles(texts, options).fields();
  }
  // The text comes first, then what the folders' names and the files tell.
  const std::vector<OutputColumn> given = out.relation.columns;
  std::erase_if(schema.fields, [&](const StructField& field) {
    return std::any_of(given.begin() + 1, given.end(),
                       [&](const OutputColumn& column) { return SameName(column.name, field.name, false); });
  });
  if (schema.fields.empty()) {
    throw Error("UNABLE_TO_INFER_SCHEMA", "Unable to infer schema for XML. It must be specified manually.",
                {{"format", "XML"}});
  }
  const FamilyMember member{AsNullable(schema.ToType()), options, request.time_zone};
  const XmlReading checked(member.type, member.options, member.time_zone, true);
  StructType all{member.type.fields()};
  for (size_t i = 1; i < given.size(); ++i)
    all.fields.push_back({given[i].name, given[i].type, given[i].nullable, "{}"});
  const std::vector<OutputColumn> columns = NewColumns(all);

  const Sql record = Ident("xml record");
  std::vector<Sql> inner{
      Template("unnest($1) AS $2", {CallMember("spark_read_xml", member, Ident(given[0].id)), record})};
  std::vector<SelectItem> items;
  for (size_t i = 0; i < schema.fields.size(); ++i) {
    items.push_back({Call("struct_extract", {record, StringLiteral(schema.fields[i].name)}), columns[i]});
  }
  for (size_t i = 1; i < given.size(); ++i) {
    inner.push_back(Ident(given[i].id));
    items.push_back({Ident(given[i].id), columns[schema.fields.size() + i - 1]});
    items.back().column.metadata_json = given[i].metadata_json;
  }
  out.relation =
      Select(std::move(items),
             Concat({Token("(SELECT "), Join(inner, ", "), Token("\nFROM ("), out.relation.sql, Token("))")}));
  return out;
}

XmlOutput MakeXmlOutput(const StructType& schema, const std::vector<Sql>& values, const Options& given,
                        const std::string& time_zone) {
  Options options = LowerNames(given);
  RequireRowTag(options);
  const auto take = [&](const char* name, const char* otherwise) {
    auto node = options.extract(name);
    return node.empty() ? std::string(otherwise) : node.mapped();
  };
  const std::string root = take("roottag", "ROWS");
  const std::string declaration = take("declaration", R"(version="1.0" encoding="UTF-8" standalone="yes")");
  for (const char* elsewhere : {"path", "compression", "codec", "encoding"}) options.erase(elsewhere);
  options["tb_in_file"] = "true";
  const FamilyMember member{schema.ToType(), options, time_zone};
  const XmlWriter checked(member.type, member.options, member.time_zone);
  std::vector<Sql> fields;
  for (size_t i = 0; i < values.size(); ++i) {
    fields.push_back(Template("$1 := $2", {Ident(schema.fields[i].name), values[i]}));
  }
  XmlOutput out;
  out.row = CallMember("spark_to_xml", member, Call("struct_pack", fields));
  if (!declaration.empty()) out.before = "<?xml " + declaration + "?>\n";
  out.before += "<" + root + ">\n";
  out.behind = "\n</" + root.substr(0, root.find(' ')) + ">";
  return out;
}

}  // namespace tinderbox::engine
