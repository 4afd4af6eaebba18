// The process's ZeroMQ context, and the messages that travel through it.
//
// One context per process: more cost I/O threads, and CURVE contexts ending beside each other crash
// libzmq 4.3.4 (interop.md, 5.1). Sockets made from a context must be gone before it is: its
// destructor waits for them and for what they linger over.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/mutex.hpp"
#include "schemas/result.hpp"

namespace zbag {

class SharedPublisher;

class Context {
 public:
  Context();
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  static std::string library_version();

  // The zmq context, for the files of bus/ alone.
  void* raw() const { return raw_; }

  // The publisher that sessions share under that key, made where there is none; its owners are the
  // sessions. Thread-safe.
  using MakePublisher = std::function<Result<std::shared_ptr<SharedPublisher>>()>;
  Result<std::shared_ptr<SharedPublisher>> shared_publisher(const std::string& key,
                                                            const MakePublisher& make);

 private:
  void* raw_;
  Mutex mutex_;
  std::map<std::string, std::weak_ptr<SharedPublisher>> publishers_ ZBAG_GUARDED_BY(mutex_);
};

// One message part: owns its bytes, or shares them with other copies made by share(). Move-only.
// Not thread-safe; may be moved to another thread, and shared copies may live on different ones.
class Message {
 public:
  Message() noexcept;
  ~Message();
  Message(Message&& other) noexcept;
  Message& operator=(Message&& other) noexcept;

  // Valid until the message is moved from, received into or destroyed.
  std::span<const std::uint8_t> bytes() const;
  std::string_view text() const;
  // A second owner of the same bytes (a copy below 30 bytes). The bytes must not be changed.
  Message share();

  // The zmq_msg_t inside, for the files of bus/ alone.
  void* raw() { return storage_.data(); }

 private:
  alignas(8) mutable std::array<std::byte, 64> storage_;
};

// A whole multipart message. Reused from receive to receive, so that nothing is allocated.
struct Parts {
  Message topic;
  Message frame;
  std::vector<Message> more;  // beyond two
  std::size_t count = 0;      // parts that came; 1 means a malformed message without a frame
};

// Sockets are closed by this; linger is set before.
struct SocketCloser {
  void operator()(void* socket) const;
};
using SocketHandle = std::unique_ptr<void, SocketCloser>;

// For the files of bus/: sets an integer option; the current errno as an Error.
void set_option(void* socket, int option, int value);
Error zmq_failure(const std::string& what);
// Receives one whole message without waiting; false when there is none, or not wholly.
Result<bool> receive_parts(void* socket, Parts& parts);
// Receives one part without waiting; false when there is none.
Result<bool> receive_part(void* socket, Message& part);
// Whether a part that an XPUB has received asks for a prefix or gives it up: a byte that says
// which, then the prefix. An XPUB is read part by part: of a message of several, which an XSUB may
// send, libzmq 4.3.4 keeps those to itself that look like a request it knows, the last one, too.
bool is_request(Message& part);
inline constexpr std::size_t kPrefixBytesMax = 255;  // more than any topic has
// Lets an XPUB close the connection of whoever sends more than a request has. REQUIRES: it is not
// bound or connected yet. libzmq's search tree calls itself for every byte of a prefix, so that one
// of 200,000 bytes ends the process.
void limit_requests(void* xpub);

}  // namespace zbag
