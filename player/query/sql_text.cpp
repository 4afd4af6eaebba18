#include "player/query/sql_text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "player/columns/column_names.hpp"

namespace zbag {
namespace {

constexpr std::size_t kNone = std::string_view::npos;

std::string quoted(std::string_view text, char quote) {
  std::string whole(1, quote);
  for (const char byte : text) whole.append(byte == quote ? 2 : 1, byte);
  return whole + quote;
}

// Behind the text or name in quotes that begins at `at`; doubled quotes are part of it.
std::size_t behind_quoted(std::string_view sql, std::size_t at, bool has_escapes) {
  const char quote = sql[at];
  for (++at; at < sql.size(); ++at) {
    if (has_escapes && sql[at] == '\\') {
      ++at;
    } else if (sql[at] == quote) {
      return at + 1;
    }
  }
  return sql.size();
}

// Behind what lies between `close` and the place that comes first; the end where it never comes.
std::size_t behind(std::string_view sql, std::size_t at, std::string_view close) {
  const std::size_t found = sql.find(close, at);
  return found == kNone ? sql.size() : found + close.size();
}

bool is_word(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || letter == '_' ||
         (letter >= '0' && letter <= '9') || (static_cast<unsigned char>(letter) & 0x80) != 0;
}

// Behind a text like $tag$...$tag$; `at` where there is none.
std::size_t behind_dollars(std::string_view sql, std::size_t at) {
  std::size_t end = at + 1;
  while (end < sql.size() && is_word(sql[end])) ++end;
  const bool is_tag = end < sql.size() && sql[end] == '$' &&
                      (end == at + 1 || sql[at + 1] < '0' || sql[at + 1] > '9');
  return is_tag ? behind(sql, end + 1, sql.substr(at, end + 1 - at)) : at;
}

// Behind the one thing that begins at `at`, be it a letter; whether it says anything.
std::size_t behind_token(std::string_view sql, std::size_t at, bool& says) {
  const std::string_view rest = sql.substr(at);
  says = false;
  if (rest.starts_with("--")) return std::min(sql.find('\n', at), sql.size());
  if (rest.starts_with("/*")) return behind(sql, at + 2, "*/");
  if (rest[0] == ' ' || rest[0] == '\t' || rest[0] == '\n' || rest[0] == '\r') return at + 1;
  says = true;
  if (rest[0] == '\'' || rest[0] == '"') {
    const bool is_marked =
        at > 0 && (sql[at - 1] == 'e' || sql[at - 1] == 'E') && (at == 1 || !is_word(sql[at - 2]));
    return behind_quoted(sql, at, rest[0] == '\'' && is_marked);
  }
  if (rest[0] == '$' && (at == 0 || !is_word(sql[at - 1]))) {
    const std::size_t end = behind_dollars(sql, at);
    if (end > at) return end;
  }
  return at + 1;
}

// The column number `at`, as a text.
std::string cell_of(std::size_t at, ResultKind kind, ShownAs shown) {
  constexpr int kTableLetters = 200;
  const std::string value = fmt::format("#{}", at);
  if (kind == ResultKind::kBlob && shown == ShownAs::kTable)
    return fmt::format("'<bin ' || format('{{:,}}', octet_length({0})) || ' B>'", value);
  if (kind == ResultKind::kBlob) return fmt::format("to_base64({})", value);
  const bool is_nested = kind == ResultKind::kNested && shown != ShownAs::kTable;
  const std::string text =
      fmt::format("CAST({} AS VARCHAR)", is_nested ? fmt::format("to_json({})", value) : value);
  return shown == ShownAs::kTable ? fmt::format("left({}, {})", text, kTableLetters) : text;
}

}  // namespace

std::string sql_text(std::string_view text) { return quoted(text, '\''); }
std::string sql_name(std::string_view name) { return quoted(name, '"'); }

SqlStatements split_statements(std::string_view sql) {
  SqlStatements statements;
  std::size_t begin = 0;
  bool says_any = false;
  for (std::size_t at = 0; at < sql.size();) {
    const bool is_end = sql[at] == ';';
    bool says = false;
    const std::size_t next = is_end ? at + 1 : behind_token(sql, at, says);
    says_any = says_any || says;
    if (is_end) {
      if (says_any) statements.whole.emplace_back(sql.substr(begin, at - begin));
      says_any = false;
      begin = next;
    }
    at = next;
  }
  if (says_any) statements.rest = sql.substr(begin);
  return statements;
}

std::vector<std::string> words_of(std::string_view sql) {
  std::vector<std::string> words(1);
  bool says = false;
  for (std::size_t at = 0, next = 0; at < sql.size(); at = next) {
    next = behind_token(sql, at, says);
    if (says) words.back() += without_case(sql.substr(at, next - at));
    if (!says && !words.back().empty()) words.emplace_back();
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

std::vector<std::string> texts_of(std::string_view sql) {
  std::vector<std::string> texts;
  bool says = false;
  bool goes_on = false;
  for (std::size_t at = 0, next = 0; at < sql.size(); at = next) {
    next = behind_token(sql, at, says);
    const bool is_text = sql[at] == '\'' && next - at >= 2;
    // 'it''s' is two in a row.
    if (is_text && goes_on) texts.back() += '\'';
    if (is_text && !goes_on) texts.emplace_back();
    if (is_text) texts.back() += sql.substr(at + 1, next - at - 2);
    goes_on = is_text;
  }
  return texts;
}

std::optional<Execution> execution_of(std::string_view sql) {
  bool says = false;
  std::size_t at = 0;
  const auto pass_blanks = [&] {
    for (std::size_t next = 0; at < sql.size(); at = next) {
      next = behind_token(sql, at, says);
      if (says) return;
    }
  };
  const auto take_word = [&] {
    const std::size_t begin = at;
    while (at < sql.size() && is_word(sql[at])) ++at;
    return sql.substr(begin, at - begin);
  };
  pass_blanks();
  if (without_case(take_word()) != "execute") return std::nullopt;
  pass_blanks();
  if (at == sql.size()) return std::nullopt;
  if (sql[at] != '"') {
    std::string name(take_word());
    return Execution{std::move(name), std::string(sql.substr(at))};
  }
  std::string name;
  for (const std::size_t begin = at; at < sql.size() && sql[at] == '"';) {
    const std::size_t end = behind_quoted(sql, at, false);
    if (at > begin) name += '"';  // a doubled one
    name += sql.substr(at + 1, end - at - 2);
    at = end;
  }
  return Execution{std::move(name), std::string(sql.substr(at))};
}

std::string shown_query(std::string_view sql, const std::vector<ResultColumn>& columns,
                        ShownAs shown) {
  std::string cells;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) cells += ", ";
    cells += cell_of(i + 1, columns[i].kind, shown);
  }
  return fmt::format("SELECT {} FROM (\n{}\n)", cells, sql);
}

}  // namespace zbag
