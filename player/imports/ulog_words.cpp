#include "player/imports/ulog_words.hpp"

#include <fmt/format.h>

#include "player/imports/ulog_formats.hpp"
#include "schemas/text_bytes.hpp"

namespace zbag {
namespace {

tl::unexpected<Error> not_whole() {
  return fail(ErrorCode::kInvalid, "a key and its value that are not whole");
}

bool read_key(ByteInput& body, std::string_view& key, std::span<const std::uint8_t>& value) {
  std::uint8_t size = 0;
  std::span<const std::uint8_t> bytes;
  if (!body.fixed(size) || !body.take(size, bytes) || !body.take(body.left(), value)) return false;
  key = text_of(bytes);
  return true;
}

// Of memory, about.
constexpr std::size_t kAround = 128;
std::size_t bytes_of_value(const Value& value) {
  const auto* const text = value.get_if<std::string>();
  const auto* const list = value.get_if<Array>();
  return kAround + (text != nullptr ? text->size() : 0) +
         (list != nullptr ? list->size() * sizeof(Value) : 0);
}

Value as_map(const std::map<std::string, Value>& named) {
  return Fields(named.begin(), named.end());
}

}  // namespace

Result<std::pair<std::string, Value>> UlogWords::read_pair(ByteInput body) {
  std::string_view key;
  std::span<const std::uint8_t> value;
  if (!read_key(body, key, value)) return not_whole();
  return read_ulog_value(key, value);
}

bool UlogWords::has_room(std::size_t bytes) {
  is_full_ = is_full_ || bytes > room_;
  if (!is_full_) room_ -= bytes;
  return !is_full_;
}

Status UlogWords::take(char type, ByteInput body) {
  if (type == 'M') return take_part(body);
  if (type == 'Q') return take_default(body);
  Result<std::pair<std::string, Value>> pair = read_pair(body);
  if (!pair) return tl::unexpected(pair.error());
  if (has_room(bytes_of_value(pair->second)))
    (type == 'P' ? parameters_ : info_).insert_or_assign(pair->first, pair->second);
  return {};
}

// Of several parts of one name each is a value of its own, or goes on with the one before.
Status UlogWords::take_part(ByteInput body) {
  std::uint8_t goes_on = 0;
  std::string_view key;
  std::span<const std::uint8_t> bytes;
  if (!body.fixed(goes_on) || !read_key(body, key, bytes)) return not_whole();
  Result<std::pair<std::string, Value>> pair = read_ulog_value(key, bytes);
  if (!pair) return tl::unexpected(pair.error());
  auto& [name, value] = *pair;
  const bool is_file = key.starts_with("uint8_t[");
  if (!has_room(is_file ? kAround + bytes.size() : bytes_of_value(value))) return {};
  if (is_file) {
    std::vector<std::string>& files = files_[name];
    if (goes_on == 0 || files.empty()) files.emplace_back();
    files.back() += text_of(bytes);
    return {};
  }
  std::vector<Value>& list = lists_[name];
  auto* const before = list.empty() ? nullptr : list.back().get_if<std::string>();
  const auto* const more = value.get_if<std::string>();
  if (goes_on != 0 && before != nullptr && more != nullptr)
    *before += *more;
  else
    list.push_back(std::move(value));
  return {};
}

Status UlogWords::take_default(ByteInput body) {
  constexpr unsigned kOfSystem = 1;
  constexpr unsigned kOfCurrent = 2;
  std::uint8_t types = 0;
  if (!body.fixed(types)) return not_whole();
  Result<std::pair<std::string, Value>> pair = read_pair(body);
  if (!pair) return tl::unexpected(pair.error());
  if (!has_room(2 * bytes_of_value(pair->second))) return {};
  if ((types & kOfSystem) != 0) system_defaults_.insert_or_assign(pair->first, pair->second);
  if ((types & kOfCurrent) != 0) current_defaults_.insert_or_assign(pair->first, pair->second);
  return {};
}

Status UlogWords::tell(ImportSink& sink) const {
  if (is_full_) sink.leave_out("a ULog says more of itself than can be kept: the rest is left out");
  Fields info(info_.begin(), info_.end());
  for (const auto& [name, list] : lists_) info.emplace_back(name, Array(list.begin(), list.end()));
  Fields all;
  if (!info.empty()) all.emplace_back("info", std::move(info));
  if (!parameters_.empty()) all.emplace_back("parameters", as_map(parameters_));
  Fields defaults;
  if (!system_defaults_.empty()) defaults.emplace_back("system", as_map(system_defaults_));
  if (!current_defaults_.empty()) defaults.emplace_back("configuration", as_map(current_defaults_));
  if (!defaults.empty()) all.emplace_back("default_parameters", std::move(defaults));
  if (!all.empty()) sink.describe("ulog", std::move(all));
  for (const auto& [name, files] : files_) {
    for (std::size_t n = 0; n < files.size(); ++n) {
      const std::string own = n == 0 ? name : fmt::format("{}_{}", name, n + 1);
      if (Status attached = sink.attach(own, files[n]); !attached) return attached;
    }
  }
  return {};
}

}  // namespace zbag
