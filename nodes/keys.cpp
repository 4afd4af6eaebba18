#include "nodes/keys.hpp"

#include <array>
#include <string_view>
#include <utility>

namespace zbag {
namespace {

constexpr std::array<std::pair<std::string_view, Key>, 20> kKeys = {{
    {" ", Key::kSpace},
    {"\x1b[C", Key::kRight},
    {"\x1b[D", Key::kLeft},
    {"\x1b[A", Key::kUp},
    {"\x1b[B", Key::kDown},
    {"\x1b[5~", Key::kPageUp},
    {"\x1b[6~", Key::kPageDown},
    {"\x1b[H", Key::kHome},
    {"\x1b[F", Key::kEnd},
    {"\x1b[1~", Key::kHome},
    {"\x1b[4~", Key::kEnd},
    {"q", Key::kQuit},
    {"s", Key::kSort},
    {"r", Key::kReverse},
    // The same of terminals in application mode.
    {"\x1bOC", Key::kRight},
    {"\x1bOD", Key::kLeft},
    {"\x1bOA", Key::kUp},
    {"\x1bOB", Key::kDown},
    {"\x1bOH", Key::kHome},
    {"\x1bOF", Key::kEnd},
}};

// The bytes of the sequence `text` begins with; nullopt: it has not come whole.
std::optional<std::size_t> sequence_bytes(std::string_view text) {
  if (text.front() != '\x1b') return 1;
  if (text.size() < 2) return std::nullopt;
  if (text[1] != '[' && text[1] != 'O') return 1;
  for (std::size_t at = 2; at < text.size(); ++at) {
    const bool is_last = text[at] >= '@' && text[at] <= '~';
    if (is_last) return at + 1;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Key> take_key(std::string& pending) {
  while (!pending.empty()) {
    const std::optional<std::size_t> bytes = sequence_bytes(pending);
    if (!bytes) return std::nullopt;
    const std::string sequence = pending.substr(0, *bytes);
    pending.erase(0, *bytes);
    for (const auto& [known, key] : kKeys) {
      if (sequence == known) return key;
    }
  }
  return std::nullopt;
}

}  // namespace zbag
