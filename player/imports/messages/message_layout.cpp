#include "player/imports/messages/message_layout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>
#include <utility>

#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr std::size_t kTextMax = 4u << 20;
constexpr std::size_t kMembersMax = 65'536;
constexpr std::size_t kTypesMax = 4'096;
constexpr std::size_t kDepthMax = 64;

constexpr std::array<std::pair<std::string_view, MemberType>, 20> kTypes{{
    {"bool", MemberType::kBool},
    {"int8", MemberType::kInt8},
    {"uint8", MemberType::kUint8},
    {"byte", MemberType::kByte},
    {"char", MemberType::kUint8},
    {"int16", MemberType::kInt16},
    {"uint16", MemberType::kUint16},
    {"int32", MemberType::kInt32},
    {"uint32", MemberType::kUint32},
    {"int64", MemberType::kInt64},
    {"uint64", MemberType::kUint64},
    {"float", MemberType::kFloat32},
    {"float32", MemberType::kFloat32},
    {"double", MemberType::kFloat64},
    {"float64", MemberType::kFloat64},
    {"string", MemberType::kText},
    {"time", MemberType::kTime},
    {"duration", MemberType::kDuration},
    {"builtin_interfaces/Time", MemberType::kTime},
    {"builtin_interfaces/Duration", MemberType::kDuration},
}};

std::optional<MemberType> plain_type(std::string_view name) {
  const auto* const found =
      std::ranges::find(kTypes, name, &std::pair<std::string_view, MemberType>::first);
  return found == kTypes.end() ? std::nullopt : std::optional(found->second);
}

// "package/msg/Type" is "package/Type".
std::string plain_name(std::string_view name) {
  constexpr std::string_view kMsg = "/msg/";
  const std::size_t at = name.find(kMsg);
  if (at == std::string_view::npos) return std::string(name);
  return std::string(name.substr(0, at)).append(name.substr(at + kMsg.size() - 1));
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  const std::size_t begin = std::min(text.find_first_not_of(kBlank), text.size());
  text.remove_prefix(begin);
  return text.substr(0, text.find_last_not_of(kBlank) + 1);
}

std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

struct Section {
  std::string name;
  std::string_view text;
};

// The message itself, then what stands under each `MSG:`.
std::vector<Section> sections_of(std::string_view name, std::string_view text) {
  std::vector<Section> sections{{plain_name(name), text}};
  const char* begin = text.data();
  while (!text.empty()) {
    const char* const at = text.data();
    const std::string_view line = trimmed(take_line(text));
    constexpr std::string_view kName = "MSG:";
    const bool is_border = line.size() >= 3 && line.find_first_not_of('=') == line.npos;
    if (!is_border && !line.starts_with(kName)) continue;
    if (begin != nullptr) {
      sections.back().text = {begin, static_cast<std::size_t>(at - begin)};
      begin = nullptr;
    }
    if (line.starts_with(kName)) {
      sections.push_back({plain_name(trimmed(line.substr(kName.size()))), {}});
      begin = text.data();
    }
  }
  if (begin != nullptr)
    sections.back().text = {begin, static_cast<std::size_t>(text.data() - begin)};
  return sections;
}

class Parser {
 public:
  explicit Parser(std::vector<Section> sections) {
    for (Section& section : sections) {
      if (sections_.empty()) root_ = section.name;
      sections_.try_emplace(std::move(section.name), section.text);
    }
  }

  Result<MessageLayout> parse() {
    const Result<std::size_t> root = type_of(root_, 0);
    if (!root) return tl::unexpected(root.error());
    return std::move(layout_);
  }

 private:
  // The position of a type, which is parsed when it is met first.
  Result<std::size_t> type_of(const std::string& name, std::size_t depth) {
    const auto known = known_.find(name);
    if (known != known_.end() && known->second) return *known->second;
    const auto section = sections_.find(name);
    if (section == sections_.end()) {
      return fail(ErrorCode::kUnsupported, fmt::format("type {} is not defined", printable(name)));
    }
    if (known != known_.end() || depth > kDepthMax || layout_.types.size() == kTypesMax) {
      return fail(ErrorCode::kInvalid,
                  fmt::format("type {} is made of itself, or of too many", printable(name)));
    }
    known_.emplace(name, std::nullopt);
    const std::size_t at = layout_.types.size();
    layout_.types.push_back({name, {}});
    if (Status parsed = parse_members(at, section->second, depth); !parsed)
      return tl::unexpected(parsed.error());
    known_[name] = at;
    return at;
  }

  Status parse_members(std::size_t type, std::string_view text, std::size_t depth) {
    while (!text.empty()) {
      const std::string_view line = take_line(text);
      const std::string_view code = trimmed(line.substr(0, line.find('#')));
      if (code.empty()) continue;
      if (Status parsed = parse_member(type, code, depth); !parsed) return parsed;
    }
    std::vector<std::string_view> names;
    for (const LayoutMember& member : layout_.types[type].members) names.push_back(member.name);
    std::ranges::sort(names);
    const auto twice = std::ranges::adjacent_find(names);
    if (twice == names.end()) return {};
    return fail(ErrorCode::kInvalid,
                fmt::format("{} has the member {} twice", printable(layout_.types[type].name),
                            printable(std::string(*twice))));
  }

  // TYPE NAME [DEFAULT], or TYPE NAME=VALUE, which is a constant.
  Status parse_member(std::size_t type, std::string_view line, std::size_t depth) {
    const std::size_t blank = line.find_first_of(" \t");
    if (blank == std::string_view::npos) return bad_line(type, line);
    std::string_view of = line.substr(0, blank);
    const std::string_view rest = trimmed(line.substr(blank));
    const std::size_t end = rest.find_first_of(" \t=");
    const std::string_view name = rest.substr(0, end);
    if (end != std::string_view::npos && trimmed(rest.substr(end)).starts_with('=')) return {};
    LayoutMember member{.name = std::string(name)};
    if (name.empty() || !take_count(of, member.count)) return bad_line(type, line);
    of = of.substr(0, of.find("<="));  // of texts
    if (Status named = take_type(type, of, depth, member); !named) return named;
    if (++members_ > kMembersMax) return fail(ErrorCode::kInvalid, "more than 65,536 members");
    layout_.types[type].members.push_back(std::move(member));
    return {};
  }

  // Takes "[]", "[9]" or "[<=9]" off the end of `of`.
  static bool take_count(std::string_view& of, std::size_t& count) {
    const std::size_t at = of.find('[');
    if (at == std::string_view::npos) return true;
    const std::string_view inner = of.substr(at + 1);
    of = of.substr(0, at);
    if (!inner.ends_with(']')) return false;
    count = LayoutMember::kMany;
    if (inner == "]" || inner.starts_with("<=")) return true;
    const auto [stop, error] = std::from_chars(inner.begin(), inner.end(), count);
    return error == std::errc() && stop == inner.end() - 1 && count < LayoutMember::kMany;
  }

  Status take_type(std::size_t type, std::string_view of, std::size_t depth, LayoutMember& member) {
    const std::string name = plain_name(of);
    if (const std::optional<MemberType> plain = plain_type(name)) {
      member.type = *plain;
      return {};
    }
    if (name == "wstring") return fail(ErrorCode::kUnsupported, "wstring is not read");
    const Result<std::size_t> message = type_of(full_name(type, name), depth + 1);
    if (!message) return tl::unexpected(message.error());
    member.message = *message;
    return {};
  }

  std::string full_name(std::size_t type, const std::string& name) const {
    if (name == "Header") return "std_msgs/Header";
    if (name.find('/') != std::string::npos) return name;
    const std::string& around = layout_.types[type].name;
    const std::size_t slash = around.find('/');
    return slash == std::string::npos ? name : around.substr(0, slash + 1) + name;
  }

  tl::unexpected<Error> bad_line(std::size_t type, std::string_view line) const {
    constexpr std::size_t kShown = 80;
    return fail(ErrorCode::kInvalid,
                fmt::format("{}: no member: {}", printable(layout_.types[type].name),
                            printable(std::string(line.substr(0, kShown)))));
  }

  std::string root_;
  std::map<std::string, std::string_view> sections_;
  std::map<std::string, std::optional<std::size_t>> known_;  // nullopt: it is being parsed
  MessageLayout layout_;
  std::size_t members_ = 0;
};

}  // namespace

Result<MessageLayout> parse_definition(std::string_view name, std::string_view text) {
  if (text.size() > kTextMax) return fail(ErrorCode::kInvalid, "a definition of more than 4 MiB");
  return Parser(sections_of(name, text)).parse();
}

}  // namespace zbag
