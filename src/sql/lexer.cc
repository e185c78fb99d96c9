#include "sql/lexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "base/ascii.h"
#include "base/escapes.h"
#include "tinderbox/error.h"

namespace tinderbox::sql {

namespace {

bool IsHex(char c) {
  return base::IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool IsIdentifierStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool IsIdentifierPart(char c) {
  return IsIdentifierStart(c) || base::IsDigit(c);
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}

  std::vector<Token> Run() {
    std::vector<Token> out;
    while (true) {
      SkipBlank();
      if (at_ >= source_.size()) break;
      out.push_back(Next());
    }
    out.push_back({TokenKind::kEnd, "", source_.size(), source_.size()});
    Place(&out);
    return out;
  }

 private:
  /// Counts lines and characters for all tokens in one pass.
  void Place(std::vector<Token>* tokens) const {
    int character = 0;
    int line = 1;
    int line_start = 0;
    size_t byte = 0;
    const auto advance = [&](size_t to) {
      for (; byte < to; ++byte) {
        if ((static_cast<unsigned char>(source_[byte]) & 0xC0) == 0x80) continue;
        ++character;
        if (source_[byte] == '\n') {
          ++line;
          line_start = character;
        }
      }
    };
    for (Token& token : *tokens) {
      advance(token.begin);
      token.first = character;
      token.line = line;
      token.column = character - line_start;
      advance(token.end);
      token.last = character - 1;
    }
  }

  /// For an error at a place that is no token yet.
  [[noreturn]] void Fail(size_t begin, std::string_view near, std::string_view hint = "") const {
    std::vector<Token> token{{TokenKind::kOperator, std::string(near), begin, begin}};
    Place(&token);
    FailSyntax(source_, token[0], hint);
  }

  char Peek(size_t ahead = 0) const { return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0'; }
  bool Has(size_t ahead = 0) const { return at_ + ahead < source_.size(); }

  void SkipBlank() {
    while (Has()) {
      if (Peek() == ' ' || Peek() == '\t' || Peek() == '\n' || Peek() == '\r' || Peek() == '\f') {
        ++at_;
      } else if (source_.substr(at_).starts_with("\xC2\xA0")) {
        at_ += 2;
      } else if (Peek() == '-' && Peek(1) == '-') {
        // A backslash before the line's end continues the comment.
        while (Has() && Peek() != '\n') at_ += Peek() == '\\' && Peek(1) == '\n' ? 2 : 1;
      } else if (Peek() == '/' && Peek(1) == '*' && (Peek(2) != '+' || hint_)) {
        SkipBlockComment();
      } else {
        return;
      }
    }
  }

  void SkipBlockComment() {
    int depth = 0;
    do {
      if (!Has()) {
        QueryContext context;
        context.summary = fmt::format("== SQL ==\n{}", source_);
        throw ParseError("UNCLOSED_BRACKETED_COMMENT",
                         "Found an unclosed bracketed comment. Please, append */ at the end of the comment.", {},
                         {context});
      }
      if (Peek() == '/' && Peek(1) == '*') {
        ++depth;
        at_ += 2;
      } else if (Peek() == '*' && Peek(1) == '/') {
        --depth;
        at_ += 2;
      } else {
        ++at_;
      }
    } while (depth > 0);
  }

  Token Next() {
    const size_t begin = at_;
    const char c = Peek();
    if (c == '/' && Peek(1) == '*') {
      at_ += 3;
      hint_ = true;
      return Make(TokenKind::kHintStart, begin);
    }
    if (hint_ && c == '*' && Peek(1) == '/') {
      at_ += 2;
      hint_ = false;
      return Make(TokenKind::kOperator, begin);
    }
    if ((c == 'r' || c == 'R') && (Peek(1) == '\'' || Peek(1) == '"')) return RawString(begin);
    if (IsIdentifierStart(c)) {
      while (Has() && IsIdentifierPart(Peek())) ++at_;
      return Make(TokenKind::kIdentifier, begin);
    }
    if (c == '`') return Quoted(begin);
    if (c == '\'' || c == '"') return String(begin);
    if (base::IsDigit(c) || (c == '.' && base::IsDigit(Peek(1)))) return Number(begin);
    static constexpr std::array<std::string_view, 29> kOperators = {
        "<=>", ">>>", "!<", "!>", "||", "<=", ">=", "<>", "!=", "==", "->", "=>", "::", "<<", ">>",
        "|>",  "+",   "-",  "*",  "/",  "%",  "=",  "<",  ">",  "!",  "&",  "|",  "^",  "~"};
    static constexpr std::string_view kSingles = "()[],.;:?{}@";
    for (std::string_view symbol : kOperators) {
      if (source_.substr(at_).starts_with(symbol)) {
        at_ += symbol.size();
        return Make(TokenKind::kOperator, begin);
      }
    }
    if (kSingles.find(c) != std::string_view::npos) {
      ++at_;
      return Make(TokenKind::kOperator, begin);
    }
    ++at_;
    return Make(TokenKind::kOperator, begin);
  }

  Token Make(TokenKind kind, size_t begin) const {
    return {kind, std::string(source_.substr(begin, at_ - begin)), begin, at_};
  }

  Token Quoted(size_t begin) {
    std::string text;
    ++at_;
    while (true) {
      if (!Has()) Fail(begin, "`");
      if (Peek() == '`') {
        if (Peek(1) != '`') break;
        ++at_;
      }
      text += source_[at_++];
    }
    ++at_;
    return {TokenKind::kQuotedIdentifier, text, begin, at_};
  }

  Token RawString(size_t begin) {
    const char quote = Peek(1);
    at_ += 2;
    const size_t from = at_;
    while (Has() && Peek() != quote) ++at_;
    if (!Has()) Fail(begin, source_.substr(begin, 2));
    std::string text(source_.substr(from, at_ - from));
    ++at_;
    return {TokenKind::kString, text, begin, at_};
  }

  Token String(size_t begin) {
    const char quote = Peek();
    ++at_;
    std::string text;
    while (true) {
      if (!Has()) Fail(begin, std::string(1, quote));
      const char c = source_[at_++];
      if (c == quote) {
        if (Peek() != quote || !Has()) break;
        text += quote;
        ++at_;
      } else if (c == '\\') {
        Escape(&text, begin);
      } else {
        text += c;
      }
    }
    return {TokenKind::kString, text, begin, at_};
  }

  bool HexPoint(size_t digits, uint32_t* point) {
    *point = 0;
    for (size_t i = 0; i < digits; ++i) {
      const char c = Peek(1 + i);
      if (!IsHex(c)) return false;
      *point = *point * 16 + static_cast<uint32_t>(base::IsDigit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return true;
  }

  /// After a backslash.
  void Escape(std::string* out, size_t begin) {
    if (!Has()) Fail(begin, source_.substr(begin, 1));
    const char c = Peek();
    uint32_t point = 0;
    if (c == 'u' && HexPoint(4, &point)) {
      at_ += 5;
      uint32_t low = 0;
      if (point >= 0xD800 && point < 0xDC00 && Peek() == '\\' && Peek(1) == 'u') {
        ++at_;
        if (HexPoint(4, &low) && low >= 0xDC00 && low < 0xE000) {
          at_ += 5;
          point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
        } else {
          --at_;
        }
      }
      base::AppendUtf8(out, point >= 0xD800 && point < 0xE000 ? '?' : point);
      return;
    }
    if (c == 'U' && HexPoint(8, &point) && point <= 0x10FFFF) {
      at_ += 9;
      base::AppendUtf8(out, point);
      return;
    }
    const auto octal = [&](size_t i, char high) { return Peek(i) >= '0' && Peek(i) <= high; };
    if (octal(0, '1') && octal(1, '7') && octal(2, '7')) {
      base::AppendUtf8(out, static_cast<uint32_t>((Peek() - '0') * 64 + (Peek(1) - '0') * 8 + (Peek(2) - '0')));
      at_ += 3;
      return;
    }
    ++at_;
    switch (c) {
      case '0':
        *out += '\0';
        return;
      case 'b':
        *out += '\b';
        return;
      case 'n':
        *out += '\n';
        return;
      case 'r':
        *out += '\r';
        return;
      case 't':
        *out += '\t';
        return;
      case 'Z':
        *out += '\x1A';
        return;
      case '%':
      case '_':
        // Kept for LIKE, which reads them again.
        *out += '\\';
        *out += c;
        return;
      default:
        *out += c;
    }
  }

  Token Number(size_t begin) {
    while (base::IsDigit(Peek())) ++at_;
    if (Peek() == '.' && !(IsIdentifierStart(Peek(1)) && !ExponentAt(1) && !SuffixAt(1))) {
      ++at_;
      while (base::IsDigit(Peek())) ++at_;
    }
    if (ExponentAt(0)) {
      ++at_;
      if (Peek() == '+' || Peek() == '-') ++at_;
      while (base::IsDigit(Peek())) ++at_;
    }
    if (const size_t suffix = SuffixAt(0)) at_ += suffix;
    if (Has() && IsIdentifierPart(Peek())) {
      while (Has() && IsIdentifierPart(Peek())) ++at_;
      // "1abc" is a name; "1.5abc" is nothing.
      if (source_.substr(begin, at_ - begin).find('.') != std::string_view::npos)
        Fail(begin, source_.substr(begin, at_ - begin));
      return Make(TokenKind::kIdentifier, begin);
    }
    return Make(TokenKind::kNumber, begin);
  }

  bool ExponentAt(size_t ahead) const {
    if (Peek(ahead) != 'e' && Peek(ahead) != 'E') return false;
    const char next = Peek(ahead + 1);
    return base::IsDigit(next) || ((next == '+' || next == '-') && base::IsDigit(Peek(ahead + 2)));
  }

  size_t SuffixAt(size_t ahead) const {
    const auto upper = [&](size_t i) { return static_cast<char>(Peek(ahead + i) & ~0x20); };
    const auto ends = [&](size_t i) { return !Has(ahead + i) || !IsIdentifierPart(Peek(ahead + i)); };
    if (Has(ahead + 1) && upper(0) == 'B' && upper(1) == 'D' && ends(2)) return 2;
    if (Has(ahead) && std::string_view("LSYDF").find(upper(0)) != std::string_view::npos && ends(1)) return 1;
    return 0;
  }

  std::string_view source_;
  size_t at_ = 0;
  bool hint_ = false;  ///< between /*+ and */
};

}  // namespace

bool Token::Is(std::string_view word) const {
  if (kind != TokenKind::kIdentifier) return kind == TokenKind::kOperator && text == word;
  return base::EqualIgnoringCase(text, word);
}

std::vector<Token> Tokenize(std::string_view source) {
  return Lexer(source).Run();
}

void FailAt(std::string_view source, const Token& token, std::string_view condition, const std::string& message,
            std::map<std::string, std::string> params) {
  // The text up to the token's line, a line of dashes up to its column, the rest of the text.
  size_t stop = source.find('\n', token.begin);
  if (stop == std::string_view::npos) stop = source.size();
  std::string_view rest = source.substr(stop);
  QueryContext context;
  context.summary =
      fmt::format(" (line {}, pos {})\n\n== SQL ==\n{}\n{}^^^\n{}", token.line, token.column, source.substr(0, stop),
                  std::string(static_cast<size_t>(token.column), '-'), rest.empty() ? rest : rest.substr(1));
  throw ParseError(condition, message, std::move(params), {context});
}

void FailSyntax(std::string_view source, const Token& token, std::string_view hint) {
  const std::string near = token.kind == TokenKind::kEnd ? "end of input"
                           : token.end > token.begin
                               ? fmt::format("'{}'", source.substr(token.begin, token.end - token.begin))
                               : fmt::format("'{}'", token.text);
  FailAt(source, token, "PARSE_SYNTAX_ERROR", fmt::format("Syntax error at or near {}{}.", near, hint),
         {{"error", near}, {"hint", std::string(hint)}});
}

}  // namespace tinderbox::sql
