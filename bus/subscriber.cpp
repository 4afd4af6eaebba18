#include "bus/subscriber.hpp"

#include <zmq.h>

#include <utility>

namespace zbag {

Result<Subscriber> Subscriber::connect(Context& context, const std::string& url,
                                       const std::vector<std::string>& prefixes, int frames_max,
                                       bool watch) {
  if (Status status = check_bus_url(url); !status) return tl::unexpected(status.error());
  // A SUB drops its queue when it unsubscribes, an XSUB does not.
  SocketHandle socket(zmq_socket(context.raw(), ZMQ_XSUB));
  if (!socket) return tl::unexpected(zmq_failure("socket"));
  set_option(socket.get(), ZMQ_RCVHWM, frames_max);
  set_option(socket.get(), ZMQ_SNDHWM, 0);  // libzmq drops subscriptions beyond it, without a word
  set_option(socket.get(), ZMQ_LINGER, 0);
  set_option(socket.get(), ZMQ_RECONNECT_IVL, 50);
  set_option(socket.get(), ZMQ_RECONNECT_IVL_MAX, 1000);
  zmq_setsockopt(socket.get(), ZMQ_MAXMSGSIZE, &kMessageBytesMax, sizeof kMessageBytesMax);
  Subscriber subscriber(std::move(socket));
  for (const std::string& prefix : prefixes) {
    if (Status status = subscriber.subscribe(prefix); !status)
      return tl::unexpected(status.error());
  }
  if (watch) {
    Result<LinkWatch> link = LinkWatch::of(context, subscriber.socket_.get());
    if (!link) return tl::unexpected(link.error());
    subscriber.watch_.emplace(std::move(*link));
  }
  if (zmq_connect(subscriber.socket_.get(), nearest_url(url).c_str()) != 0) {
    return tl::unexpected(zmq_failure("connect subscriber to " + url));
  }
  return subscriber;
}

bool Subscriber::wait(std::chrono::milliseconds timeout) {
  zmq_pollitem_t item{socket_.get(), 0, ZMQ_POLLIN, 0};
  return zmq_poll(&item, 1, timeout.count()) > 0;
}

Status Subscriber::subscribe(const std::string& prefix) {
  if (Status status = ask('\1', prefix); !status) return status;
  prefixes_.push_back(prefix);
  return {};
}

Status Subscriber::unsubscribe() {
  for (const std::string& prefix : std::exchange(prefixes_, {})) {
    if (Status status = ask('\0', prefix); !status) return status;
  }
  return {};
}

Status Subscriber::ask(char what, const std::string& prefix) {
  const std::string request = what + prefix;
  if (zmq_send(socket_.get(), request.data(), request.size(), 0) < 0)
    return tl::unexpected(zmq_failure("subscribe to '" + prefix + "'"));
  return {};
}

}  // namespace zbag
