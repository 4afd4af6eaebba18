#include "player/imports/json_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "schemas/field_lookup.hpp"
#include "schemas/item.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

tl::unexpected<Error> bad(std::string what) { return fail(ErrorCode::kInvalid, std::move(what)); }

// Takes the parser's events. The library's own tree would resolve what is twice there, look for
// each key among all those before it, and know nothing of our limits.
class ValueBuilder {
 public:
  explicit ValueBuilder(std::size_t values_max) : values_max_(values_max) {}

  using Integer = std::int64_t;
  using Unsigned = std::uint64_t;
  using Text = std::string;
  using Bytes = nlohmann::json::binary_t;

  bool null() { return take(Value()); }
  bool boolean(bool value) { return take(Value(value)); }
  bool number_integer(Integer value) { return take(Value(value)); }
  bool number_unsigned(Unsigned value) { return take(Value(value)); }
  bool number_float(double value, const Text& text) {
    if (text.find_first_of(".eE") != Text::npos) return take(Value(value));
    return refuse(fmt::format("the integer {} is beyond 64 bits", printable(text)));
  }
  bool string(Text& text) { return take(Value(std::move(text))); }
  bool binary(Bytes&) { return refuse("bytes, which JSON does not have"); }
  bool start_object(std::size_t) { return enter(true); }
  bool start_array(std::size_t) { return enter(false); }
  bool key(Text& name) {
    levels_.back().key = std::move(name);
    return true;
  }
  bool end_object() {
    if (Status unique = check_unique(levels_.back().fields); !unique)
      return refuse(unique.error().message);
    return leave(Value(std::move(levels_.back().fields)));
  }
  bool end_array() { return leave(Value(std::move(levels_.back().array))); }
  bool parse_error(std::size_t at, const Text& token, const nlohmann::detail::exception& error) {
    constexpr int kNumberOverflow = 406;
    if (error.id == kNumberOverflow)
      return refuse(fmt::format("the number {} is beyond float64", printable(token)));
    return refuse(fmt::format("not JSON: character {}, at '{}'", at, printable(token)));
  }

  Result<Value> result() && {
    if (why_) return bad(std::move(*why_));
    return std::move(root_);
  }

 private:
  struct Level {
    bool is_object;
    std::string key;  // of the member that comes next
    Fields fields = {};
    Array array = {};
  };

  bool refuse(std::string why) {
    why_ = std::move(why);
    return false;
  }
  bool take(Value value) {
    if (++values_ > values_max_) return refuse(fmt::format("more than {} values", values_max_));
    if (levels_.empty()) {
      root_ = std::move(value);
    } else if (levels_.back().is_object) {
      levels_.back().fields.emplace_back(std::move(levels_.back().key), std::move(value));
    } else {
      levels_.back().array.push_back(std::move(value));
    }
    return true;
  }
  bool enter(bool is_object) {
    if (levels_.size() > item::kDepthMax)  // those of a frame, and the line around it
      return refuse(fmt::format("nested deeper than {}", item::kDepthMax));
    levels_.push_back({is_object, {}});
    return true;
  }
  bool leave(Value value) {
    levels_.pop_back();
    return take(std::move(value));
  }

  std::vector<Level> levels_;
  Value root_;
  const std::size_t values_max_;
  std::size_t values_ = 0;
  std::optional<std::string> why_;
};

// What Python's json writes for numbers JSON has no words for, in those of the dialect; nullopt:
// there is none.
std::optional<std::string> without_python_words(std::string_view line) {
  static constexpr std::pair<std::string_view, std::string_view> kWords[] = {
      {"NaN", "null"}, {"-Infinity", "\"-inf\""}, {"Infinity", "\"inf\""}};
  const bool may_have =
      line.find("NaN") != std::string_view::npos || line.find("Infinity") != std::string_view::npos;
  if (!may_have) return std::nullopt;
  std::string plain;
  plain.reserve(line.size());
  bool in_text = false;
  while (!line.empty()) {
    const auto word = std::find_if(std::begin(kWords), std::end(kWords), [&](const auto& one) {
      return !in_text && line.starts_with(one.first);
    });
    if (word != std::end(kWords)) {
      plain += word->second;
      line.remove_prefix(word->first.size());
      continue;
    }
    if (line.front() == '"') in_text = !in_text;
    const std::size_t size = in_text && line.front() == '\\' ? 2 : 1;
    plain += line.substr(0, size);
    line.remove_prefix(std::min(size, line.size()));
  }
  return plain;
}

// The objects that stand for values JSON has no words for; nullopt for any other.
std::optional<Result<Value>> special(const Fields& fields, JsonDialect dialect) {
  if (fields.empty() || fields.size() > 2) return std::nullopt;
  const bool is_neutral = dialect == JsonDialect::kNeutral;
  const std::string& first = fields.front().first;
  if (is_neutral && fields.size() == 1) {
    if (first == "$nil") return Result<Value>(Value());
    const std::string* text = fields.front().second.get_if<std::string>();
    if (first == "$str" && text != nullptr) return Result<Value>(Value(*text));
    if (first == "$str_hex" && text != nullptr) {
      std::optional<std::string> bytes = unhex(*text);
      return bytes ? Result<Value>(Value(std::move(*bytes)))
                   : Result<Value>(bad("$str_hex is not hex"));
    }
  }
  const std::string* const bin = field_as<std::string>(fields, "$bin");
  if (bin == nullptr) return std::nullopt;
  const Value* const ext = find_field(fields, "$ext");
  if (fields.size() == 2 && ext == nullptr) return std::nullopt;
  std::optional<std::string> bytes = unbase64(*bin);
  if (!bytes) return Result<Value>(bad("$bin is not base64"));
  if (fields.size() == 1) {
    // What people read has base64 alone for bytes, and this for texts that are not UTF-8.
    return is_neutral ? Result<Value>(Binary{std::move(*bytes)})
                      : Result<Value>(Value(std::move(*bytes)));
  }
  const auto* negative = ext->get_if<std::int64_t>();
  const auto* positive = ext->get_if<std::uint64_t>();
  if (negative == nullptr && positive == nullptr) return std::nullopt;
  const bool fits = negative != nullptr ? *negative >= -128 : *positive <= 127;
  if (!fits) return Result<Value>(bad("$ext is outside -128 to 127"));
  const auto type = static_cast<std::int8_t>(
      negative != nullptr ? *negative : static_cast<std::int64_t>(*positive));
  return Result<Value>(Extension{type, std::move(*bytes)});
}

}  // namespace

Result<Value> parse_json_line(std::string_view line, std::size_t values_max) {
  // To the library it is the end of its input, whatever comes behind.
  if (const std::size_t nul = line.find('\0'); nul != std::string_view::npos)
    return bad(fmt::format("not JSON: character {} is a NUL byte", nul + 1));
  const std::optional<std::string> plain = without_python_words(line);
  ValueBuilder builder(values_max);
  static_cast<void>(nlohmann::json::sax_parse(plain ? std::string_view(*plain) : line, &builder));
  return std::move(builder).result();
}

Status check_unique(const Fields& fields) {
  std::vector<std::string_view> names;
  names.reserve(fields.size());
  for (const auto& field : fields) names.emplace_back(field.first);
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice == names.end()) return {};
  return bad(fmt::format("field {} is there twice", printable(*twice)));
}

Status resolve_fields(Fields& fields, JsonDialect dialect) {
  constexpr std::string_view kHex = "_hex";
  for (auto& [member, value] : fields) {
    const std::string* text = value.get_if<std::string>();
    const bool is_hex = dialect == JsonDialect::kNeutral && text != nullptr &&
                        member.ends_with(kHex) && member.size() > kHex.size();
    if (is_hex) {
      std::optional<std::string> bytes = unhex(*text);
      if (!bytes) return bad(fmt::format("field {} is not hex", printable(member)));
      value = Binary{std::move(*bytes)};
      member.resize(member.size() - kHex.size());
    } else if (Status status = resolve_words(value, dialect); !status) {
      return status;
    }
    std::optional<std::string> name = name_of_member(member, dialect);
    if (!name) return bad(fmt::format("the name {} is not hex", printable(member)));
    member = std::move(*name);
  }
  return check_unique(fields);
}

Status resolve_words(Value& value, JsonDialect dialect) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (value.is_nil()) {
    value = std::numeric_limits<double>::quiet_NaN();
  } else if (const auto* text = value.get_if<std::string>()) {
    const bool is_negative = *text == "-inf";
    if (is_negative || *text == "inf") value = is_negative ? -kInfinity : kInfinity;
  } else if (auto* array = value.get_if<Array>()) {
    for (Value& item : *array) {
      if (Status status = resolve_words(item, dialect); !status) return status;
    }
  } else if (auto* fields = value.get_if<Fields>()) {
    std::optional<Result<Value>> word = special(*fields, dialect);
    if (!word) return resolve_fields(*fields, dialect);
    if (!*word) return tl::unexpected(word->error());
    value = std::move(**word);
  }
  return {};
}

}  // namespace zbag
