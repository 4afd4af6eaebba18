#include "bus/publisher.hpp"

#include <zmq.h>

#include <cerrno>

namespace zbag {
namespace {

constexpr std::chrono::milliseconds kSettleTime{50};
constexpr std::chrono::milliseconds kSettleTimeMax{500};
constexpr int kRequestsPerLook = 4096;  // whoever sends must not read for ever

// One part; EINTR is retried, EAGAIN reported as false.
Result<bool> send_part(void* socket, const void* data, std::size_t size, int flags) {
  while (zmq_send(socket, data, size, flags) < 0) {
    if (zmq_errno() == EINTR) continue;
    if (zmq_errno() == EAGAIN) return false;
    return tl::unexpected(zmq_failure("send"));
  }
  return true;
}

}  // namespace

Result<Publisher> Publisher::connect(Context& context, const std::string& url, Options options) {
  if (Status status = check_bus_url(url); !status) return tl::unexpected(status.error());
  // XPUB rather than PUB: it tells when somebody subscribes.
  SocketHandle socket(zmq_socket(context.raw(), ZMQ_XPUB));
  if (!socket) return tl::unexpected(zmq_failure("socket"));
  limit_requests(socket.get());
  set_option(socket.get(), ZMQ_SNDHWM, options.frames_max);
  set_option(socket.get(), ZMQ_LINGER, static_cast<int>(options.linger.count()));
  set_option(socket.get(), ZMQ_XPUB_NODROP, options.wait_when_full ? 1 : 0);
  set_option(socket.get(), ZMQ_SNDTIMEO, options.wait_when_full ? 100 : 0);
  set_option(socket.get(), ZMQ_RECONNECT_IVL, 50);
  set_option(socket.get(), ZMQ_RECONNECT_IVL_MAX, 1000);
  Publisher publisher(std::move(socket));
  if (options.watch) {
    Result<LinkWatch> watch = LinkWatch::of(context, publisher.socket_.get());
    if (!watch) return tl::unexpected(watch.error());
    publisher.watch_.emplace(std::move(*watch));
  }
  if (zmq_connect(publisher.socket_.get(), nearest_url(url).c_str()) != 0) {
    return tl::unexpected(zmq_failure("connect publisher to " + url));
  }
  return publisher;
}

Status Publisher::send(std::string_view topic, std::span<const std::uint8_t> frame,
                       std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (true) {
    const Result<bool> sent = send_part(socket_.get(), topic.data(), topic.size(), ZMQ_SNDMORE);
    if (!sent) return tl::unexpected(sent.error());
    if (*sent) break;
    if (std::chrono::steady_clock::now() >= deadline) {
      return fail(ErrorCode::kTimeout, "send: the bus takes nothing (a subscriber is slow)");
    }
  }
  // Whoever took the first part takes the second: libzmq never splits a message.
  const Result<bool> sent = send_part(socket_.get(), frame.data(), frame.size(), 0);
  if (!sent) return tl::unexpected(sent.error());
  return {};
}

int Publisher::read_subscriptions() {
  Message part;
  int news = 0;
  for (int n = 0; n < kRequestsPerLook && receive_part(socket_.get(), part).value_or(false); ++n) {
    if (!is_request(part)) continue;
    if (part.bytes()[0] == 1) {
      newest_subscription_ = std::chrono::steady_clock::now();
      if (subscriptions_ == 0) first_subscription_ = newest_subscription_;
      ++subscriptions_;
      ++news;
    } else if (subscriptions_ > 0) {
      --subscriptions_;
    }
  }
  return news;
}

bool Publisher::is_settled() const {
  if (!has_subscribers()) return false;
  const auto now = std::chrono::steady_clock::now();
  return now - newest_subscription_ >= kSettleTime || now - first_subscription_ >= kSettleTimeMax;
}

bool Publisher::wait_for_subscriber(std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  read_subscriptions();
  while (!is_settled()) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (!has_subscribers() && left.count() <= 0) return false;
    zmq_pollitem_t item{socket_.get(), 0, ZMQ_POLLIN, 0};
    zmq_poll(&item, 1, has_subscribers() ? kSettleTime.count() : left.count());
    read_subscriptions();
  }
  return true;
}

}  // namespace zbag
