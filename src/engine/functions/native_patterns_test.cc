// Java's regular expressions, against answers recorded from Spark 4.2.
#include "engine/functions/recorded_fixture.h"

namespace tinderbox::engine {

namespace {

class PatternsTest : public RecordedTest {};

constexpr ExpressionCase kCases[] = {
    {R"~(regexp_extract('foo123bar', '(?<=foo)\\d+(?=bar)', 0))~", R"~(123 : string)~"},
    {R"~(regexp_replace('aaa', 'a*+', 'x'))~", R"~(xx : string)~"},
    {R"~(regexp_replace('Héllo', '\\p{L}', 'x'))~", R"~(xxxxx : string)~"},
    {R"~(regexp_replace('Hello', '\\p{Lower}+', '_'))~", R"~(H_ : string)~"},
    {R"~(regexp_replace('a-b', '[[a-c]-]', 'x'))~", R"~(xxx : string)~"},
    {R"~(regexp_replace('x1y22', '(\\d)(\\d)?', '<$1$2>'))~", R"~(x<1>y<22> : string)~"},
    {R"~(regexp_replace('abc', '(?i)B', '\\$'))~", R"~(a$c : string)~"},
    {R"~(regexp_replace('a.b', '\\Q.\\E', '-'))~", R"~(a-b : string)~"},
    {R"~(regexp_replace('tab\there', '\\u0009', ' '))~", R"~(tab here : string)~"},
    {R"~(regexp_replace('line1\nline2', '(?m)^', '> '))~", R"~(> line1
> line2 : string)~"},
    {R"~('abc\n' rlike 'c$')~", R"~(true : boolean)~"},
    {R"~('ABC' rlike '(?i)abc')~", R"~(true : boolean)~"},
    {R"~('x' rlike '\\p{Alpha}')~", R"~(true : boolean)~"},
    {R"~('é' rlike '\\w')~", R"~(false : boolean)~"},
    {R"~('é' rlike '\\p{IsAlphabetic}')~", R"~(true : boolean)~"},
    {R"~('α' rlike '\\p{IsGreek}')~", R"~(true : boolean)~"},
    {R"~(regexp_replace('aXbX', '(?<n>X)', '[$0]'))~", R"~(a[X]b[X] : string)~"},
    {R"~(regexp_replace('abc', '', '-'))~", R"~(-a-b-c- : string)~"},
    {R"~(regexp_replace('ab', 'x*', '-'))~", R"~(-a-b- : string)~"},
    {R"~(split('a1b2', '(?=\\d)'))~", R"~([a, 1b, 2] : array<string>)~"},
    {R"~(split('a,b,,', ','))~", R"~([a, b, , ] : array<string>)~"},
    {R"~(split('a,b,,', ',', -1))~", R"~([a, b, , ] : array<string>)~"},
    {R"~(split(',a', ','))~", R"~([, a] : array<string>)~"},
    {R"~(split('abc', '', 2))~", R"~([a, bc] : array<string>)~"},
    {R"~(split('boo:and:foo', 'o', 2))~", R"~([b, o:and:foo] : array<string>)~"},
    {R"~(split('🦆x🦆', 'x'))~", R"~([🦆, 🦆] : array<string>)~"},
    {R"~(regexp_count('aaa', 'aa'))~", R"~(1 : int)~"},
    {R"~(regexp_count('abc', ''))~", R"~(4 : int)~"},
    {R"~(regexp_extract_all('a1b22', '\\d+', 0))~", R"~([1, 22] : array<string>)~"},
    {R"~(regexp_instr('🦆abc', 'b'))~", R"~(4 : int)~"},
    {R"~(regexp_substr('a1', '\\d*'))~", R"~(NULL : string nullable)~"},
    {R"~(regexp_count('Steven Jones and Stephen Smith', 'Ste(v|ph)en'))~", R"~(2 : int)~"},
    {R"~(regexp_extract_all('100-200, 300-400', '(\\d+)-(\\d+)', 1))~", R"~([100, 300] : array<string>)~"},
    {R"~(regexp_extract_all('100-200, 300-400', '(\\d+)-(\\d+)'))~", R"~([100, 300] : array<string>)~"},
    {R"~(regexp_extract_all('100-200', '(\\d+)', 5))~",
     R"~(E INVALID_PARAMETER_VALUE.REGEX_GROUP_INDEX | functionName=`regexp_extract_all` | groupCount=1 | groupIndex=5 | parameter=`idx`)~"},
    {R"~(regexp_extract_all('a1b', '(x)?\\d', 1))~", R"~([] : array<string>)~"},
    {R"~(regexp_instr('user@spark.apache.org', '@[^.]*'))~", R"~(5 : int)~"},
    {R"~(regexp_instr('abc', 'z'))~", R"~(0 : int)~"},
    {R"~(regexp_instr(r"\abc", r"^\\abc$", 1))~", R"~(1 : int)~"},
    {R"~(regexp_instr('aab', '(a)(b)', 7))~", R"~(2 : int)~"},
    {R"~(regexp_substr('Steven Jones', 'Ste(v|ph)en'))~", R"~(Steven : string nullable)~"},
    {R"~(regexp_substr('a', 'b'))~", R"~(NULL : string nullable)~"},
    {R"~(regexp_replace('100-200', '(\\d+)', 'num', 4))~", R"~(100-num : string)~"},
    {R"~(regexp_replace('100-200', '(\\d+)', 'num', 0))~",
     R"~(E DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE | currentValue=0 | exprName=position | sqlExpr="regexp_replace(100-200, (\d+), num, 0)" | valueRange=(0, 2147483647])~"},
    {R"~(regexp_replace('abc', 'b', '$1'))~",
     R"~(E INVALID_REGEXP_REPLACE | pattern=b | position=1 | replacement=$1 | source=abc)~"},
    {R"~(regexp_replace('abc', 'b', '$'))~",
     R"~(E INVALID_REGEXP_REPLACE | pattern=b | position=1 | replacement=$ | source=abc)~"},
    {R"~(regexp_extract('abc', '(b', 1))~",
     R"~(E INVALID_PARAMETER_VALUE.PATTERN | functionName=`regexp_extract` | parameter=`regexp` | value='(b')~"},
    {R"~(regexp_extract('abc', 'b', 3))~",
     R"~(E INVALID_PARAMETER_VALUE.REGEX_GROUP_INDEX | functionName=`regexp_extract` | groupCount=0 | groupIndex=3 | parameter=`idx`)~"},
    {R"~(regexp_extract('abc', '(b)', -1))~",
     R"~(E INVALID_PARAMETER_VALUE.REGEX_GROUP_INDEX | functionName=`regexp_extract` | groupCount=1 | groupIndex=-1 | parameter=`idx`)~"},
    {R"~('abc' rlike '(b')~",
     R"~(E INVALID_PARAMETER_VALUE.PATTERN | functionName=`rlike` | parameter=`regexp` | value='(b')~"},
    {R"~(regexp_like('%SystemDrive%\\Users\\John', '%SystemDrive%\\\\Users.*'))~", R"~(true : boolean)~"},
    {R"~(split('a,b,c', ',', 2))~", R"~([a, b,c] : array<string>)~"},
    {R"~(split('', ','))~", R"~([] : array<string>)~"},
    {R"~(split('abc', ''))~", R"~([a, b, c] : array<string>)~"},
    {R"~(split('aXbX', 'X', 0))~", R"~([a, b, ] : array<string>)~"},
};

TEST_F(PatternsTest, AnswerAsSparkDoes) {
  Check(kCases);
}

}  // namespace

}  // namespace tinderbox::engine
