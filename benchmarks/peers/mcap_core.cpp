#include "benchmarks/peers/mcap_core.hpp"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <sstream>
#include <utility>

#include "benchmarks/peers/peers.hpp"

extern char** environ;

namespace zbag::bench {
namespace {

// A node that runs mcap_core.cjs; its stdin and stdout are a socket to here. Ends with the object.
class Node {
 public:
  explicit Node(const std::vector<std::string>& arguments) {
    std::vector<std::string> words{ZBAG_NODE, ZBAG_MCAP_PROGRAM, ZBAG_MCAP_PACKAGES};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv(words.size() + 1, nullptr);  // ends with a null
    std::transform(words.begin(), words.end(), argv.begin(),
                   [](std::string& word) { return word.data(); });

    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) return;
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    if (::posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ) != 0) pid_ = -1;
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    fd_ = ends[0];
  }
  ~Node() {
    if (fd_ >= 0) ::close(fd_);  // the end of its stdin, which is its end
    if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
  }
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  bool say(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  // Its next line; empty when it has ended.
  std::string hear() const {
    std::string line;
    char c = 0;
    while (::read(fd_, &c, 1) == 1 && c != '\n') line += c;
    return line;
  }

 private:
  pid_t pid_ = -1;
  int fd_ = -1;
};

// A number of the stream, little-endian as this machine is.
template <class Number>
void put(std::string& bytes, Number number) {
  bytes.append(reinterpret_cast<const char*>(&number), sizeof number);
}

std::string track_names(const Workload& work) {
  std::string bytes;
  put(bytes, static_cast<std::uint32_t>(work.tracks.size()));
  for (const std::string& track : work.tracks) {
    put(bytes, static_cast<std::uint32_t>(track.size()));
    bytes += track;
  }
  return bytes;
}

bool send(const Workload& work, const Node& node) {
  constexpr std::size_t kBufferBytes = 1u << 20;
  constexpr std::uint64_t kHeadBytes = 16;
  const std::string names = track_names(work);
  std::uint64_t total = names.size() + kHeadBytes * work.frames.size();
  for (const Workload::Frame& frame : work.frames) total += frame.bytes.size();

  std::string buffer;
  put(buffer, total);
  buffer += names;
  for (const Workload::Frame& frame : work.frames) {
    put(buffer, frame.track);
    put(buffer, frame.ts_ns);
    put(buffer, static_cast<std::uint32_t>(frame.bytes.size()));
    buffer += frame.bytes;
    if (buffer.size() < kBufferBytes) continue;
    if (!node.say(buffer)) return false;
    buffer.clear();
  }
  return node.say(buffer);
}

class Reader : public PeerReader {
 public:
  Reader(const Workload& work, const std::string& path) : node_({"read", path}), work_(work) {
    ok_ = node_.hear() == "ready";
  }

  bool ok() const { return ok_; }

  bool read(const Selection& selection, Visited& visited) override {
    const auto stamp = [](std::int64_t ns, std::int64_t none) {
      return ns == none ? "-" : std::to_string(ns);
    };
    const Selection all;
    if (!node_.say(fmt::format("{} {} {}\n", selection.track ? work_.tracks[*selection.track] : "-",
                               stamp(selection.first_ns, all.first_ns),
                               stamp(selection.limit_ns, all.limit_ns))))
      return false;
    std::istringstream answer(node_.hear());
    Visited met;
    Sample took;
    if (!(answer >> met.messages >> met.last_bytes >> took.seconds >> took.cpu_seconds))
      return false;
    visited.messages += met.messages;
    visited.last_bytes += met.last_bytes;
    own_.seconds += took.seconds;
    own_.cpu_seconds += took.cpu_seconds;
    return true;
  }

  std::optional<Sample> take_own() override { return std::exchange(own_, {}); }

 private:
  Node node_;
  const Workload& work_;
  bool ok_ = false;
  Sample own_;
};

Peer mcap_peer(const std::string& name, McapOptions options) {
  return {name,
          [=](const Workload& work, const std::string& path) -> Written {
            const std::optional<Sample> took = write_mcap(work, path, options);
            return {took.has_value(), took};
          },
          [](const Workload& work, const std::string& path) -> std::unique_ptr<PeerReader> {
            auto reader = std::make_unique<Reader>(work, path);
            if (!reader->ok()) return nullptr;
            return reader;
          }};
}

}  // namespace

std::optional<Sample> write_mcap(const Workload& work, const std::string& path,
                                 McapOptions options) {
  const Node node({"write", path, options.zstd_level ? "zstd" : "none",
                   std::to_string(options.zstd_level.value_or(0)),
                   std::to_string(options.chunk_bytes)});
  if (!send(work, node)) return {};
  std::istringstream answer(node.hear());
  Sample took;
  if (!(answer >> took.seconds >> took.cpu_seconds)) return {};
  return took;
}

std::vector<Peer> mcap_files() {
  return {mcap_peer("MCAP (@mcap/core, JavaScript)", {}),
          mcap_peer("MCAP zstd (@mcap/core, JavaScript)", {.zstd_level = 3})};
}

}  // namespace zbag::bench
