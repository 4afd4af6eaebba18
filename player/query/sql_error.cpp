#include "player/query/sql_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

namespace zbag {
namespace {

// "Did you mean" stands on a line of its own. Advice to change settings is not for who may not.
std::string one_line(std::string text) {
  text = text.substr(0, text.find("\nPossible solutions:"));
  std::replace(text.begin(), text.end(), '\n', ' ');
  const std::size_t end = text.find_last_not_of(' ');
  return text.substr(0, end == std::string::npos ? 0 : end + 1);
}

std::string member(const nlohmann::json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

std::string place_text(std::string_view text, std::size_t at) {
  const std::string_view before = text.substr(0, at);
  const std::size_t line_begin = before.rfind('\n') + 1;  // 0 where there is none
  const auto is_first_byte = [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xc0) != 0x80;
  };
  const std::string_view line = before.substr(line_begin);
  return fmt::format("line {}, column {}", 1 + std::count(before.begin(), before.end(), '\n'),
                     1 + std::count_if(line.begin(), line.end(), is_first_byte));
}

Error sql_error(std::string_view text, std::string_view sql, const UnknownTable& unknown_table) {
  const std::size_t begin = text.find('{');  // behind "Parser Error: "
  const auto parsed = begin == std::string_view::npos
                          ? nlohmann::json()
                          : nlohmann::json::parse(text.substr(begin), nullptr, false);
  if (text == "INTERRUPT Error: Interrupted!") return {ErrorCode::kClosed, "stopped"};
  if (!parsed.is_object()) return {ErrorCode::kInvalid, one_line(std::string(text))};
  const std::string type = member(parsed, "exception_type");
  if (type == "Interrupt" || type == "INTERRUPT") return {ErrorCode::kClosed, "stopped"};
  const bool is_table_missing = type == "Catalog" && member(parsed, "type") == "Table" &&
                                member(parsed, "error_subtype") == "MISSING_ENTRY";
  const std::string message = is_table_missing && unknown_table
                                  ? unknown_table(member(parsed, "name"))
                                  : one_line(member(parsed, "exception_message"));
  if (message.find("No space left on device") != std::string::npos)
    return {ErrorCode::kDiskFull, message};
  if (type == "IO") return {ErrorCode::kIo, message};
  const bool is_wording = type == "Parser" || type == "Binder" || type == "Catalog";
  const ErrorCode code = is_wording ? ErrorCode::kInvalid : ErrorCode::kUnsupported;
  const std::string position = member(parsed, "position");
  std::size_t at = 0;
  const char* const end = position.data() + position.size();
  const bool has_place = !sql.empty() && !position.empty() &&
                         std::from_chars(position.data(), end, at).ptr == end && at <= sql.size();
  if (!has_place) return {code, message};
  return {code, fmt::format("{}: {}", place_text(sql, at), message)};
}

}  // namespace zbag
