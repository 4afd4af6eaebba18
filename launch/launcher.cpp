#include "launch/launcher.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>
#include <sstream>
#include <utility>

#include "schemas/track_name.hpp"

namespace zbag {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kTick{50};
constexpr std::array<int, 6> kColours = {36, 33, 32, 35, 34, 31};

constexpr int kLossy = 3;  // what a node of ours exits with that is done, but has lost something

bool is_program(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_regular_file(path, error) && ::access(path.c_str(), X_OK) == 0;
}

// The program's path: in the folders given, then in PATH, as execvp() looks. Empty: there is none.
std::string find_program(const std::string& name, const std::vector<std::string>& folders) {
  if (name.find('/') != std::string::npos) return is_program(name) ? name : "";
  for (const std::string& folder : folders) {
    std::string path = fmt::format("{}/{}", folder, name);
    if (is_program(path)) return path;
  }
  const char* const set = std::getenv("PATH");
  std::istringstream places(std::string(set == nullptr ? "/bin:/usr/bin" : set) + ":");
  for (std::string folder; std::getline(places, folder, ':');) {
    std::string path = fmt::format("{}/{}", folder.empty() ? "." : folder, name);
    if (is_program(path)) return path;
  }
  return "";
}

std::string exit_text(int status) {
  if (WIFEXITED(status)) return fmt::format("exited with {}", WEXITSTATUS(status));
  if (WIFSIGNALED(status)) return fmt::format("was ended by signal {}", WTERMSIG(status));
  return "ended";
}

// In the child, between fork and exec, where nothing may allocate.
[[noreturn]] void become(const char* program, char* const* argv, char* const* envp, int output) {
  ::setpgid(0, 0);
  // We stop nodes by SIGINT, which a shell that started us in the background has us ignore, and
  // ignore SIGPIPE and SIGXFSZ ourselves, by which other programs end.
  for (const int number : {SIGINT, SIGPIPE, SIGXFSZ}) ::signal(number, SIG_DFL);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  const int null = ::open("/dev/null", O_RDONLY);
  if (null > STDIN_FILENO) {
    ::dup2(null, STDIN_FILENO);
    ::close(null);
  }
  ::execvpe(program, argv, envp);
  // Its program was there: gone since, or what a script names behind #! is not there.
  constexpr std::string_view kText = "cannot be started: no such program or interpreter\n";
  static_cast<void>(::write(STDERR_FILENO, kText.data(), kText.size()) < 0);
  ::_exit(127);
}

// How a program ends that was told to.
bool is_stop(int status) { return !WIFEXITED(status) || WEXITSTATUS(status) >= 128; }

}  // namespace

struct Launcher::Process {
  explicit Process(LaunchNode launch_node, int tint) : node(std::move(launch_node)), colour(tint) {}
  ~Process() {
    if (output >= 0) ::close(output);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  LaunchNode node;
  int colour;
  pid_t pid = -1;  // and its group's; -1: not running
  int output = -1;
  std::string partial;  // a line that has not ended yet
  bool is_ready = false;
  int restarts = 0;
  std::optional<Clock::time_point> restart_at;
  std::string end;      // how it ended for good
  bool is_bad = false;  // that was no good end
};

Launcher::Launcher(LaunchPlan plan, Options options)
    : plan_(std::move(plan)), options_(std::move(options)) {
  for (std::size_t i = 0; i < plan_.nodes.size(); ++i) {
    name_width_ = std::max(name_width_, plan_.nodes[i].name.size());
    processes_.push_back(std::make_unique<Process>(plan_.nodes[i], kColours[i % kColours.size()]));
  }
}

Launcher::~Launcher() {
  for (const auto& process : processes_) {
    if (process->pid <= 0) continue;
    ::kill(-process->pid, SIGKILL);
    ::waitpid(process->pid, nullptr, 0);
  }
}

// What it has begun a line with, and does not end.
void Launcher::say_partial(Process& process) {
  say(process, process.partial);
  process.partial.clear();
}

void Launcher::say(const Process& process, const std::string& line) {
  const std::string prefix = fmt::format("{:<{}} | ", printable(process.node.name), name_width_);
  options_.print(options_.coloured
                     ? fmt::format("\x1b[{}m{}\x1b[0m{}", process.colour, prefix, line)
                     : prefix + line);
}

Status Launcher::start(Process& process) {
  std::array<int, 2> pipe_fds{};
  if (::pipe2(pipe_fds.data(), O_CLOEXEC) != 0)
    return fail(ErrorCode::kIo, fmt::format("pipe: {}", std::strerror(errno)));
  // Everything the child needs is made before fork().
  const std::string program = find_program(process.node.command.front(), options_.search);
  std::vector<char*> argv;
  for (std::string& word : process.node.command) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::vector<std::string> pairs;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view pair(*entry);
    if (!process.node.environment.contains(std::string(pair.substr(0, pair.find('=')))))
      pairs.emplace_back(pair);
  }
  for (const auto& [name, value] : process.node.environment)
    pairs.push_back(fmt::format("{}={}", name, value));
  std::vector<char*> envp;
  envp.reserve(pairs.size() + 1);
  for (std::string& pair : pairs) envp.push_back(pair.data());
  envp.push_back(nullptr);

  const pid_t pid = ::fork();
  if (pid < 0) {
    const int error = errno;
    for (const int end : pipe_fds) ::close(end);
    return fail(ErrorCode::kIo, fmt::format("fork: {}", std::strerror(error)));
  }
  if (pid == 0) become(program.c_str(), argv.data(), envp.data(), pipe_fds[1]);
  ::setpgid(pid, pid);  // here too, whoever is first
  ::close(pipe_fds[1]);
  process.pid = pid;
  process.output = pipe_fds[0];
  ::fcntl(process.output, F_SETFL, O_NONBLOCK);
  process.is_ready = process.node.wait_for.empty();
  process.restart_at.reset();
  return {};
}

void Launcher::read_output(Process& process) {
  std::array<char, 4096> bytes;
  while (process.output >= 0) {
    const ssize_t size = ::read(process.output, bytes.data(), bytes.size());
    if (size < 0) return;
    if (size == 0) {
      ::close(std::exchange(process.output, -1));
      if (!process.partial.empty()) say_partial(process);
      return;
    }
    process.partial.append(bytes.data(), static_cast<std::size_t>(size));
    for (std::size_t end = process.partial.find('\n'); end != std::string::npos;
         end = process.partial.find('\n')) {
      const std::string line = process.partial.substr(0, end);
      process.partial.erase(0, end + 1);
      if (!process.node.wait_for.empty() && line.starts_with(process.node.wait_for))
        process.is_ready = true;
      say(process, line);
    }
    constexpr std::size_t kLineMax = 64u << 10;
    if (process.partial.size() > kLineMax) say_partial(process);
  }
}

void Launcher::pump(std::chrono::milliseconds timeout) {
  std::vector<pollfd> fds;
  for (const auto& process : processes_)
    fds.push_back({process->output, POLLIN, 0});  // poll() passes over -1
  ::poll(fds.data(), fds.size(), static_cast<int>(timeout.count()));
  for (const auto& process : processes_) read_output(*process);
  reap();
  start_due();
}

void Launcher::reap() {
  for (const auto& process : processes_) {
    if (process->pid <= 0) continue;
    siginfo_t ended{};
    constexpr int kLook = WEXITED | WNOHANG | WNOWAIT;
    if (::waitid(P_PID, static_cast<id_t>(process->pid), &ended, kLook) != 0 || ended.si_pid == 0)
      continue;
    // What the node itself had started and left behind goes with it, before the number of its group
    // is free to become somebody else's.
    ::kill(-process->pid, SIGKILL);
    int status = 0;
    ::waitpid(std::exchange(process->pid, -1), &status, 0);
    read_output(*process);
    on_exit(*process, status);
  }
}

void Launcher::start_due() {
  for (const auto& process : processes_) {
    if (stopping_ || !result_ || !process->restart_at || Clock::now() < *process->restart_at)
      continue;
    result_ = start(*process);
  }
}

void Launcher::on_exit(Process& process, int status) {
  const bool is_failure = status != 0 && !(stopping_ && is_stop(status));
  if (!stopping_) say(process, exit_text(status));
  const LaunchNode& node = process.node;
  const bool restarts = !stopping_ && (node.restart == Restart::kAlways ||
                                       (node.restart == Restart::kOnFailure && is_failure));
  if (restarts && process.restarts < node.restarts_max) {
    ++process.restarts;
    process.restart_at = Clock::now() + node.restart_delay;
    say(process, fmt::format("starts again in {} ms ({} of {})", node.restart_delay.count(),
                             process.restarts, node.restarts_max));
    return;
  }
  ended_ = ended_ || node.stops_launch;
  process.end = exit_text(status);
  if (restarts) process.end += fmt::format(", and has used up its {} restarts", node.restarts_max);
  // Who should have been started again and can not be any more is as good as failed.
  process.is_bad = is_failure || restarts;
  const bool is_lossy = node.stops_launch && WIFEXITED(status) && WEXITSTATUS(status) == kLossy;
  if (is_lossy && !restarts) {
    end_ = LaunchEnd::kLossy;
  } else if (process.is_bad && node.required && result_) {
    result_ =
        fail(ErrorCode::kIo, fmt::format("required node {} {}", printable(node.name), process.end));
  }
}

Status Launcher::await_ready(Process& process) {
  const auto deadline = Clock::now() + process.node.wait_timeout;
  while (!process.is_ready && result_ && !options_.stop_wanted()) {
    pump(kTick);
    if (process.pid <= 0 && !process.restart_at && !process.is_ready) {
      return fail(ErrorCode::kIo, fmt::format("node {} ended before it was ready: {}",
                                              process.node.name, process.end));
    }
    if (Clock::now() > deadline && !process.is_ready) {
      return fail(ErrorCode::kTimeout,
                  fmt::format("node {} did not say '{}' within {} ms", process.node.name,
                              process.node.wait_for, process.node.wait_timeout.count()));
    }
  }
  return {};
}

bool Launcher::any_alive() const {
  return std::any_of(processes_.begin(), processes_.end(),
                     [](const auto& process) { return process->pid > 0 || process->restart_at; });
}

Status Launcher::check_programs() const {
  for (const LaunchNode& node : plan_.nodes) {
    const std::string& name = node.command.front();
    if (!find_program(name, options_.search).empty()) continue;
    return fail(
        ErrorCode::kNotFound,
        fmt::format("node {}: there is no program {}{}", printable(node.name), printable(name),
                    name.find('/') == std::string::npos
                        ? " in PATH; install it, or write its whole path"
                        : "; correct its path, or make it executable"));
  }
  return {};
}

Result<LaunchEnd> Launcher::run() {
  Status status = check_programs();
  if (!status) return tl::unexpected(status.error());
  for (const auto& process : processes_) {
    if (options_.stop_wanted() || !result_) break;
    status = start(*process);
    if (status) status = await_ready(*process);
    if (!status) break;
  }
  while (status && result_ && !ended_ && any_alive() && !options_.stop_wanted()) pump(kTick);
  stop_all();
  // Once more, where it is seen: much may have been said since.
  for (const auto& process : processes_) {
    if (process->is_bad) say(*process, "in the end: " + process->end);
  }
  if (status) status = result_;
  if (!status) return tl::unexpected(status.error());
  return end_;
}

void Launcher::stop_all() {
  stopping_ = true;
  for (auto it = processes_.rbegin(); it != processes_.rend(); ++it) {
    Process& process = **it;
    process.restart_at.reset();
    if (process.pid > 0) {
      ::kill(-process.pid, SIGINT);
      const auto deadline = Clock::now() + options_.stop_timeout;
      while (process.pid > 0 && Clock::now() < deadline) pump(kTick);
    }
    if (process.pid > 0) {
      say(process, "does not stop: killed");
      ::kill(-process.pid, SIGKILL);
      while (process.pid > 0) pump(kTick);
    }
  }
}

}  // namespace zbag
