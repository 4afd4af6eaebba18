#include "nodes/terminal.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "nodes/live_area.hpp"
#include "nodes/terminal_size.hpp"
#include "schemas/track_name.hpp"

namespace zbag {

namespace {

std::atomic<LogLevel> log_level{LogLevel::kInfo};
std::atomic<ColourMode> colours{ColourMode::kAuto};

// Select Graphic Rendition, ECMA-48 8.3.117.
const char* sequence_of(Tone tone) {
  switch (tone) {
    case Tone::kBad:
      return "\x1b[31m";
    case Tone::kDoubtful:
      return "\x1b[33m";
    case Tone::kFaint:
      return "\x1b[2m";
    case Tone::kPlain:
      break;
  }
  return "";
}

}  // namespace

void set_log_level(LogLevel level) { log_level = level; }

bool is_said(LogLevel level) { return level <= log_level.load(); }

void say_text(std::string_view text) { live_area::write_above(stderr, harmless(text)); }

void print_text(std::string_view text) { live_area::write_above(stdout, harmless(text)); }

void print_coloured_text(std::string_view text) {
  constexpr std::string_view kBegin = "\x1b[";
  std::string shown;
  while (!text.empty()) {
    const std::size_t begin = text.find(kBegin);
    shown += harmless(text.substr(0, begin));
    if (begin == std::string_view::npos) break;
    text.remove_prefix(begin);
    const std::size_t end = text.find_first_not_of("0123456789;:", kBegin.size());
    const bool is_colour = end != std::string_view::npos && text[end] == 'm';
    const std::size_t length = is_colour ? end + 1 : kBegin.size();
    shown += is_colour ? std::string(text.substr(0, length)) : harmless(text.substr(0, length));
    text.remove_prefix(length);
  }
  live_area::write_above(stdout, shown);
}

void set_colours(ColourMode mode) { colours = mode; }

bool is_coloured(int fd) {
  const ColourMode mode = colours.load();
  if (mode != ColourMode::kAuto) return mode == ColourMode::kAlways;
  const char* const no = std::getenv("NO_COLOR");
  return knows_sequences(fd) && (no == nullptr || *no == '\0');
}

std::string painted(const Line& line, int fd) {
  const bool in_colour = is_coloured(fd);
  std::string text;
  for (const Piece& piece : line) {
    const bool has_tone = in_colour && piece.tone != Tone::kPlain;
    if (has_tone) text += sequence_of(piece.tone);
    text += harmless(piece.text);
    if (has_tone) text += "\x1b[0m";
  }
  return text;
}

void print_line(const Line& line) {
  live_area::write_above(stdout, painted(line, STDOUT_FILENO) + "\n");
}

void say_line(const Line& line) {
  if (is_said(LogLevel::kInfo)) say_line_always(line);
}

void say_line_always(const Line& line) {
  live_area::write_above(stderr, painted(line, STDERR_FILENO) + "\n");
}

namespace {

// How the terminal was before keys were read; here, for a signal handler gives it back, too.
termios terminal_before{};
std::atomic<bool> reads_keys{false};

bool is_in_foreground() { return ::tcgetpgrp(STDIN_FILENO) == ::getpgrp(); }

// While it lives, SIGTTIN and SIGTTOU do not stop this thread: between a look at it and a call the
// process may have been sent to the background, and a recording must not stand still there.
class NoStops {
 public:
  NoStops() {
    sigset_t stops;
    sigemptyset(&stops);
    sigaddset(&stops, SIGTTIN);
    sigaddset(&stops, SIGTTOU);
    ::pthread_sigmask(SIG_BLOCK, &stops, &before_);
  }
  ~NoStops() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  NoStops(const NoStops&) = delete;
  NoStops& operator=(const NoStops&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace

void give_terminal_back() {
  const NoStops no_stops;
  // In the background the terminal is another's.
  if (reads_keys.exchange(false) && is_in_foreground())
    ::tcsetattr(STDIN_FILENO, TCSANOW, &terminal_before);
}

// False: it is not ours now. The shell has it read lines again whenever it has been in between.
bool KeyReader::take_terminal() {
  termios now{};
  if (!is_terminal(STDIN_FILENO) || !is_in_foreground() || ::tcgetattr(STDIN_FILENO, &now) != 0)
    return false;
  if ((now.c_lflag & ICANON) == 0) return true;
  terminal_before = now;
  now.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  reads_keys = ::tcsetattr(STDIN_FILENO, TCSANOW, &now) == 0;
  return reads_keys;
}

std::optional<Key> KeyReader::read(std::chrono::milliseconds timeout) {
  constexpr std::chrono::milliseconds kWithinSequence{50};
  if (const std::optional<Key> key = take_key(pending_)) return key;
  const NoStops no_stops;
  if (!take_terminal()) {
    std::this_thread::sleep_for(timeout);
    return std::nullopt;
  }
  pollfd in{STDIN_FILENO, POLLIN, 0};
  if (::poll(&in, 1, static_cast<int>(timeout.count())) <= 0) {
    // The escape key itself: what would have followed has not come.
    if (timeout >= kWithinSequence) pending_.clear();
    return std::nullopt;
  }
  std::array<char, 256> bytes{};
  const ssize_t size = ::read(STDIN_FILENO, bytes.data(), bytes.size());
  if (size > 0) {
    pending_.append(bytes.data(), static_cast<std::size_t>(size));
  } else {
    std::this_thread::sleep_for(timeout);  // the terminal has gone
  }
  return take_key(pending_);
}

}  // namespace zbag
