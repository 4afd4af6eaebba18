#include "bus/broker.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <zmq.h>

#include <array>
#include <cerrno>

namespace zbag {
namespace {

constexpr std::size_t kFramesPerRound = 4096;

// Restores the process's umask: an ipc socket must not be for others even for an instant.
class PrivateFiles {
 public:
  PrivateFiles() : before_(::umask(0177)) {}
  ~PrivateFiles() { ::umask(before_); }
  PrivateFiles(const PrivateFiles&) = delete;
  PrivateFiles& operator=(const PrivateFiles&) = delete;

 private:
  mode_t before_;
};

std::string last_endpoint(void* socket) {
  std::array<char, 256> text{};
  std::size_t size = text.size();
  if (zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, text.data(), &size) != 0) return {};
  return text.data();
}

Status bind_tcp(void* socket, const std::string& url, bool insecure, std::string& bound) {
  if (const std::optional<HostPort> address = split_tcp(url); address) {
    if (!insecure && !is_loopback(address->host)) {
      return fail(
          ErrorCode::kInvalid,
          fmt::format("{} is open to the network: anyone there could publish; bind 127.0.0.1, or "
                      "give --insecure",
                      url));
    }
  }
  if (zmq_bind(socket, url.c_str()) != 0) {
    const bool taken = zmq_errno() == EADDRINUSE;
    Error error = zmq_failure("bind " + url);
    if (taken) error.message += "; is a broker running already? give other ports, or '*'";
    return tl::unexpected(std::move(error));
  }
  bound = last_endpoint(socket);
  return {};
}

// Binds the ipc twin of a loopback tcp URL, under its lock: libzmq would let a second bind steal
// it.
Status bind_twin(void* socket, const std::string& bound, const std::string& name,
                 std::vector<FileLock>& locks) {
  const std::optional<HostPort> address = split_tcp(bound);
  if (!address || !is_loopback(address->host)) return {};
  const Result<std::string> directory = runtime_directory();
  if (!directory) return tl::unexpected(directory.error());
  const std::string path = twin_path(*directory, address->port);
  Result<FileLock> lock = FileLock::hold(path + ".lock", name);
  if (!lock) return tl::unexpected(lock.error());
  locks.push_back(std::move(*lock));
  const PrivateFiles guard;
  if (zmq_bind(socket, ("ipc://" + path).c_str()) != 0)
    return tl::unexpected(zmq_failure("bind " + path));
  return {};
}

SocketHandle make_socket(Context& context, int type, int frames_max) {
  SocketHandle socket(zmq_socket(context.raw(), type));
  if (!socket) return socket;
  set_option(socket.get(), ZMQ_SNDHWM, frames_max);
  set_option(socket.get(), ZMQ_RCVHWM, frames_max);
  set_option(socket.get(), ZMQ_LINGER, 200);
  zmq_setsockopt(socket.get(), ZMQ_MAXMSGSIZE, &kMessageBytesMax, sizeof kMessageBytesMax);
  return socket;
}

Status send_message(void* socket, Message& message, bool more) {
  auto* const msg = static_cast<zmq_msg_t*>(message.raw());
  while (zmq_msg_send(msg, socket, more ? ZMQ_SNDMORE : 0) < 0) {
    if (zmq_errno() != EINTR) return tl::unexpected(zmq_failure("forward"));
  }
  return {};
}

}  // namespace

Result<Broker> Broker::bind(Context& context, const Options& options) {
  Broker broker;
  broker.publishers_ = make_socket(context, ZMQ_XSUB, options.frames_max);
  broker.subscribers_ = make_socket(context, ZMQ_XPUB, options.frames_max);
  if (!broker.publishers_ || !broker.subscribers_) return tl::unexpected(zmq_failure("socket"));
  struct Side {
    void* socket;
    const std::string& url;
    std::string& bound;
  };
  for (const Side& side :
       {Side{broker.publishers_.get(), options.urls.publish_to, broker.urls_.publish_to},
        Side{broker.subscribers_.get(), options.urls.subscribe_to, broker.urls_.subscribe_to}}) {
    Status status = bind_tcp(side.socket, side.url, options.insecure, side.bound);
    if (status && options.twins) {
      status = bind_twin(side.socket, side.bound, options.name, broker.locks_);
    }
    if (!status) return tl::unexpected(status.error());
  }
  if (options.receive_all && zmq_send(broker.publishers_.get(), "\x01", 1, 0) < 0) {
    return tl::unexpected(zmq_failure("subscribe to everything"));
  }
  return broker;
}

Result<std::size_t> Broker::pump(std::chrono::milliseconds timeout, const Observer& observe) {
  std::array<zmq_pollitem_t, 2> items{zmq_pollitem_t{publishers_.get(), 0, ZMQ_POLLIN, 0},
                                      zmq_pollitem_t{subscribers_.get(), 0, ZMQ_POLLIN, 0}};
  if (zmq_poll(items.data(), 2, timeout.count()) < 0) {
    if (zmq_errno() == EINTR) return std::size_t{0};
    return tl::unexpected(zmq_failure("poll"));
  }
  if ((items[1].revents & ZMQ_POLLIN) != 0) {
    if (Status status = forward_subscriptions(); !status) return tl::unexpected(status.error());
  }
  if ((items[0].revents & ZMQ_POLLIN) == 0) return std::size_t{0};
  return forward_frames(observe);
}

Status Broker::receive_all_no_more() {
  if (zmq_send(publishers_.get(), "\0", 1, 0) < 0)
    return tl::unexpected(zmq_failure("unsubscribe from everything"));
  return {};
}

Result<std::size_t> Broker::forward_frames(const Observer& observe) {
  std::size_t count = 0;
  while (count < kFramesPerRound) {
    const Result<bool> received = receive_parts(publishers_.get(), parts_);
    if (!received) return tl::unexpected(received.error());
    if (!*received) break;
    ++count;
    if (observe) observe(parts_);
    if (subscriptions_ == 0) continue;
    if (Status status = send(parts_); !status) return tl::unexpected(status.error());
  }
  return count;
}

Status Broker::send(Parts& parts) {
  const std::size_t last = parts.count - 1;
  Status status = send_message(subscribers_.get(), parts.topic, last > 0);
  if (status && last > 0) status = send_message(subscribers_.get(), parts.frame, last > 1);
  for (std::size_t i = 0; status && i < parts.more.size(); ++i) {
    status = send_message(subscribers_.get(), parts.more[i], i + 1 < parts.more.size());
  }
  return status;
}

Status Broker::forward_subscriptions() {
  Parts request;
  while (true) {
    const Result<bool> received = receive_parts(subscribers_.get(), request);
    if (!received) return tl::unexpected(received.error());
    if (!*received) return {};
    const auto bytes = request.topic.bytes();
    if (bytes.empty()) continue;
    subscriptions_ += bytes[0] == 1 ? 1 : -1;
    if (Status status = send_message(publishers_.get(), request.topic, false); !status)
      return status;
  }
}

}  // namespace zbag
