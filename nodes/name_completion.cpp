#include "nodes/name_completion.hpp"

#include <algorithm>

namespace zbag {
namespace {

constexpr std::size_t kNone = std::string_view::npos;

std::string_view without_quote(std::string_view text) {
  return text.substr(text.starts_with('"') ? 1 : 0);
}

// Where the name in double quotes begins that is not closed yet.
std::size_t open_quote(std::string_view before) {
  char quote = 0;
  std::size_t at = 0;
  for (std::size_t i = 0; i < before.size(); ++i) {
    const bool is_quote = before[i] == '"' || before[i] == '\'';
    if (quote == 0 && is_quote) {
      quote = before[i];
      at = i;
    } else if (quote == before[i]) {
      quote = 0;
    }
  }
  return quote == '"' ? at : kNone;
}

std::string common_start(const std::vector<std::string_view>& words) {
  std::string start(words.front());
  for (const std::string_view word : words) {
    const auto end = std::mismatch(start.begin(), start.end(), word.begin(), word.end()).first;
    start.erase(end, start.end());
  }
  return start;
}

NameCompletion complete_from(std::size_t begin, std::string_view before,
                             const std::vector<std::string>& names) {
  NameCompletion found{begin, std::string(before.substr(begin)), {}};
  const std::string_view word = before.substr(begin);
  const bool has_quote = word.starts_with('"');
  std::vector<std::string_view> plain;
  bool needs_quote = true;
  for (const std::string& name : names) {
    // A name that needs no quotes is not what begins with one.
    const bool may_be = !has_quote || name.starts_with('"');
    if (!may_be || !without_quote(name).starts_with(without_quote(word))) continue;
    found.names.push_back(name);
    needs_quote = needs_quote && name.starts_with('"');
  }
  if (found.names.empty()) return found;
  for (const std::string& name : found.names) plain.push_back(without_quote(name));
  found.text = (needs_quote ? "\"" : "") + common_start(plain);
  return found;
}

}  // namespace

NameCompletion complete_name(std::string_view before, const std::vector<std::string>& names) {
  const std::size_t quote = open_quote(before);
  if (quote != kNone) return complete_from(quote, before, names);
  NameCompletion whole = complete_from(before.find_last_of(" \t(,=<>;") + 1, before, names);
  const std::size_t dot = before.find_last_of('.');
  if (!whole.names.empty() || dot == kNone || dot < whole.begin) return whole;
  return complete_from(dot + 1, before, names);
}

}  // namespace zbag
