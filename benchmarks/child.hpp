// A child process for benchmarks that need two: a publisher here, a subscriber there.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <string>

namespace zbag::bench {

// Runs `work` in a forked child. What it writes to `say` is read by hear(). Fork before any thread
// or context exists.
class Child {
 public:
  using Say = std::function<void(const std::string& line)>;

  explicit Child(const std::function<void(const Say&)>& work) {
    std::array<int, 2> fds{};
    if (::pipe(fds.data()) != 0) std::abort();
    pid_ = ::fork();
    if (pid_ == 0) {
      ::close(fds[0]);
      work([fd = fds[1]](const std::string& line) {
        const std::string text = line + "\n";
        if (::write(fd, text.data(), text.size()) < 0) ::_exit(1);
      });
      ::_exit(0);
    }
    ::close(fds[1]);
    fd_ = fds[0];
  }
  ~Child() {
    if (pid_ > 0) ::kill(pid_, SIGKILL);
    wait();
    ::close(fd_);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // The child's next line; empty when it has ended.
  std::string hear() const {
    std::string line;
    char c = 0;
    while (::read(fd_, &c, 1) == 1 && c != '\n') line += c;
    return line;
  }
  void wait() {
    if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  pid_t pid_ = -1;
  int fd_ = -1;
};

}  // namespace zbag::bench
