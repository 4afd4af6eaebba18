#include "nodes/bus_error.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstring>

#include "nodes/errors.hpp"
#include "nodes/terminal.hpp"

namespace zbag {
namespace {

struct Message {
  std::array<char, 1024> text{};
  std::size_t size = 0;
};
// Of the two the handler looks at one while the other is written.
std::array<Message, 2> messages;
std::atomic<const Message*> message{nullptr};
static_assert(std::atomic<const Message*>::is_always_lock_free);

void on_bus_error(int) {
  give_terminal_back();
  const Message* const said = message.load();
  if (said != nullptr) static_cast<void>(::write(STDERR_FILENO, said->text.data(), said->size) > 0);
  ::_exit(kExitDamaged);
}

}  // namespace

void BusError::watch(const std::string& bag) {
  const bool is_first = message.load() == nullptr;
  Message& next = message.load() == &messages[0] ? messages[1] : messages[0];
  const std::string text =
      "\nzbag record: " + bag +
      " was cut short while it was recorded, or its disk failed; zbag recover " + bag +
      " -o NEW saves what is left of it\n";
  next.size = std::min(text.size(), next.text.size());
  std::memcpy(next.text.data(), text.data(), next.size);
  message.store(&next);
  if (!is_first) return;
  struct sigaction action {};
  action.sa_handler = on_bus_error;
  sigaction(SIGBUS, &action, nullptr);
}

}  // namespace zbag
