#include "nodes/terminal.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <thread>
#include <utility>

#include "schemas/track_name.hpp"

namespace zbag {

namespace {

std::atomic<LogLevel> log_level{LogLevel::kInfo};

// Our own escape sequences pass, so nothing of a stranger may be in it.
void write(std::FILE* file, std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), file);
}

}  // namespace

void set_log_level(LogLevel level) { log_level = level; }

bool is_said(LogLevel level) { return level <= log_level.load(); }

bool is_terminal(int fd) { return ::isatty(fd) == 1; }

std::optional<std::size_t> terminal_columns(int fd) {
  winsize size{};
  if (!is_terminal(fd) || ::ioctl(fd, TIOCGWINSZ, &size) != 0) return std::nullopt;
  // A terminal that does not say has eighty.
  return size.ws_col >= 2 ? size.ws_col : std::size_t{80};
}

void say_text(std::string_view text) { write(stderr, harmless(text)); }

void print_text(std::string_view text) { write(stdout, harmless(text)); }

ProgressBar::ProgressBar(std::string label, bool quiet)
    : label_(std::move(label)),
      enabled_(!quiet && is_said(LogLevel::kInfo) && is_terminal(STDERR_FILENO)) {}

ProgressBar::~ProgressBar() { clear(); }

void ProgressBar::clear() {
  if (std::exchange(drawn_, false)) write(stderr, "\r\x1b[K");
}

void ProgressBar::show(double share) {
  if (!enabled_) return;
  const auto now = std::chrono::steady_clock::now();
  if (now - last_ < std::chrono::milliseconds(100)) return;
  last_ = now;
  drawn_ = true;
  constexpr int kWidth = 32;
  share = std::clamp(share, 0.0, 1.0);
  const int done = static_cast<int>(share * kWidth);
  write(stderr,
        fmt::format("\r{} [{}{}] {:3.0f} %", harmless(label_),
                    std::string(static_cast<std::size_t>(done), '#'),
                    std::string(static_cast<std::size_t>(kWidth - done), '.'), share * 100.0));
}

void LiveScreen::draw(const std::vector<std::string>& lines) {
  const bool in_place = is_terminal(STDERR_FILENO);
  std::string out;
  if (in_place && drawn_ > 0) out += fmt::format("\x1b[{}A", drawn_);
  for (const std::string& line : lines) {
    out += harmless(line);
    out += in_place ? "\x1b[K\n" : "\n";
  }
  if (in_place && drawn_ > lines.size()) out += "\x1b[J";
  drawn_ = lines.size();
  write(stderr, out);
}

void StatusLine::clear() {
  if (std::exchange(drawn_, false)) write(stderr, "\r\x1b[K");
}

void StatusLine::show(const std::string& text) {
  if (!enabled_) return;
  const auto now = std::chrono::steady_clock::now();
  if (now - last_ < std::chrono::milliseconds(100)) return;
  last_ = now;
  drawn_ = true;
  // The last column stays free: a terminal may begin a line behind it.
  const std::size_t columns = terminal_columns(STDERR_FILENO).value_or(80);
  std::string line = fit(text, columns - 1);
  line.erase(line.find_last_not_of(' ') + 1);
  write(stderr, "\r" + harmless(line) + "\x1b[K");
}

struct KeyReader::Saved {
  termios before;
};

KeyReader::KeyReader() : saved_(nullptr) {
  // In the background a change of the terminal would stop the process.
  if (!is_terminal(STDIN_FILENO) || ::tcgetpgrp(STDIN_FILENO) != ::getpgrp()) return;
  termios now{};
  if (::tcgetattr(STDIN_FILENO, &now) != 0) return;
  saved_ = new Saved{now};
  now.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  ::tcsetattr(STDIN_FILENO, TCSANOW, &now);
}

KeyReader::~KeyReader() {
  if (saved_ == nullptr) return;
  ::tcsetattr(STDIN_FILENO, TCSANOW, &saved_->before);
  delete saved_;
}

std::optional<Key> KeyReader::read(std::chrono::milliseconds timeout) {
  if (const std::optional<Key> key = take_key(pending_)) return key;
  if (saved_ == nullptr) {
    std::this_thread::sleep_for(timeout);
    return std::nullopt;
  }
  pollfd in{STDIN_FILENO, POLLIN, 0};
  if (::poll(&in, 1, static_cast<int>(timeout.count())) <= 0) {
    pending_.clear();  // the escape key itself: what would have followed has not come
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
