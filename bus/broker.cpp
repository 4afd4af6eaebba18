#include "bus/broker.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <zmq.h>

#include <array>
#include <cerrno>
#include <utility>

#include "bus/file_handles.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr std::size_t kFramesPerRound = 4096;
constexpr std::size_t kRequestsPerRound = 1024;
// libzmq reads requests for as long as there are any: with a short queue there soon are none.
constexpr int kRequestsQueued = 64;
// Prefixes of all subscribers together; beyond it everything is received.
constexpr std::size_t kPrefixesMax = 10'000;
// What one subscriber may ask for: 50,000 tracks by name. libzmq keeps some 60 bytes for each of
// these, and hears nothing else while it forgets them.
constexpr std::size_t kRequestBytesOfPeerMax = 2u << 20;
// Who was turned away tries again sooner: there is room when nobody was for so long.
constexpr std::chrono::seconds kFullAtLeast{2};
constexpr std::chrono::seconds kRoomEvery{1};

// An ipc socket must not be for others even for an instant. The umask is the whole process's.
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

Status check_reach(const std::string& url, bool insecure) {
  if (Status status = check_bus_url(url); !status) return status;
  if (url.starts_with("ipc://@")) {
    return fail(ErrorCode::kInvalid,
                fmt::format("{}: an abstract socket is nobody's own; give the path of a file, such "
                            "as ipc:///tmp/bus.ipc",
                            printable(url)));
  }
  const std::optional<HostPort> address = split_tcp(url);
  if (!address || insecure || is_loopback(address->host)) return {};
  return fail(ErrorCode::kInvalid,
              fmt::format("{} is open to the network: anyone there could publish; bind 127.0.0.1, "
                          "or give --insecure",
                          url));
}

// libzmq binds addresses and names of interfaces; of hosts it knows none, not even this one.
std::string bindable(const std::string& url) {
  const std::optional<HostPort> address = split_tcp(url);
  return address && address->host == "localhost" ? "tcp://127.0.0.1:" + address->port : url;
}

Status bind_socket(void* socket, const std::string& url) {
  const PrivateFiles guard;
  if (zmq_bind(socket, bindable(url).c_str()) == 0) return {};
  const int code = zmq_errno();
  Error error = zmq_failure("bind " + url);
  if (code == EADDRINUSE)
    error.message += "; is a broker running already? give other ports, or '*'";
  if (code == ENODEV)
    error.message += "; write an address of this host, such as 127.0.0.1, or an interface of it";
  return tl::unexpected(std::move(error));
}

SocketHandle make_socket(Context& context, int type, int frames_max) {
  SocketHandle socket(zmq_socket(context.raw(), type));
  if (!socket) return socket;
  set_option(socket.get(), ZMQ_SNDHWM, frames_max);
  set_option(socket.get(), ZMQ_LINGER, 200);
  if (type == ZMQ_XPUB) {
    set_option(socket.get(), ZMQ_RCVHWM, kRequestsQueued);
    limit_requests(socket.get());
  } else {
    set_option(socket.get(), ZMQ_RCVHWM, frames_max);
    zmq_setsockopt(socket.get(), ZMQ_MAXMSGSIZE, &kMessageBytesMax, sizeof kMessageBytesMax);
  }
  return socket;
}

Status send_message(void* socket, Message& message, bool more) {
  auto* const msg = static_cast<zmq_msg_t*>(message.raw());
  while (zmq_msg_send(msg, socket, more ? ZMQ_SNDMORE : 0) < 0) {
    if (zmq_errno() != EINTR) return tl::unexpected(zmq_failure("forward"));
  }
  return {};
}

// The file handle of the peer that sent a request. There is none of an unsubscription that libzmq
// makes because a subscriber has gone, and was the last of its prefix; one the peer has sent itself
// may not be true.
std::optional<int> sender_of(Message& request) {
  const int handle = zmq_msg_get(static_cast<zmq_msg_t*>(request.raw()), ZMQ_SRCFD);
  return handle < 0 ? std::nullopt : std::optional(handle);
}

}  // namespace

Result<Broker> Broker::bind(Context& context, const Options& options) {
  Broker broker;
  broker.options_ = options;
  const BusUrls& urls = options.urls;
  Status status = broker.open_side(context, broker.publishers_, ZMQ_XSUB, urls.publish_to,
                                   broker.urls_.publish_to);
  if (status) {
    status = broker.open_side(context, broker.subscribers_, ZMQ_XPUB, urls.subscribe_to,
                              broker.urls_.subscribe_to);
  }
  if (status && options.receive_all) status = broker.receive_all();
  if (!status) return tl::unexpected(status.error());
  return broker;
}

Status Broker::open_side(Context& context, Side& side, int type, const std::string& url,
                         std::string& bound) {
  if (Status status = check_reach(url, options_.insecure); !status) return status;
  side.socket = make_socket(context, type, options_.frames_max);
  if (!side.socket) return tl::unexpected(zmq_failure("socket"));
  Result<PeerWatch> watch = PeerWatch::open(context, side.socket.get());
  if (!watch) return tl::unexpected(watch.error());
  side.watch = std::move(*watch);
  if (Status status = hold_path(url); !status) return status;
  if (Status status = bind_socket(side.socket.get(), url); !status) return status;
  bound = last_endpoint(side.socket.get());
  return options_.twins ? bind_twin(side.socket.get(), bound) : Status();
}

// Takes the lock of an ipc URL's path, and sees that nothing is there which is not ours: libzmq
// removes whatever is in the way of a socket it binds, be it one that somebody listens on.
Status Broker::hold_path(const std::string& url) {
  constexpr std::string_view kScheme = "ipc://";
  if (!url.starts_with(kScheme) || url == "ipc://*") return {};  // for `*`, libzmq makes a path
  const std::string path = url.substr(kScheme.size());
  const std::string lock_path = path + ".lock";
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0 && !S_ISSOCK(status.st_mode)) {
    return fail(ErrorCode::kInvalid,
                fmt::format("{} is there and no socket; give another path", printable(path)));
  }
  if (::lstat(lock_path.c_str(), &status) != 0 && is_listening(path)) {
    return fail(ErrorCode::kBusy,
                fmt::format("{}: somebody listens there; give another path", printable(path)));
  }
  Result<FileLock> lock = FileLock::hold(lock_path, options_.name);
  if (!lock) return tl::unexpected(lock.error());
  locks_.push_back(std::move(*lock));
  return {};
}

// Binds the ipc twin of a loopback tcp URL.
Status Broker::bind_twin(void* socket, const std::string& bound) {
  const std::optional<HostPort> address = split_tcp(bound);
  if (!address || !is_loopback(address->host)) return {};
  const Result<std::string> directory = runtime_directory();
  if (!directory) return tl::unexpected(directory.error());
  const std::string url = "ipc://" + twin_path(*directory, address->port);
  if (Status status = hold_path(url); !status) return status;
  return bind_socket(socket, url);
}

Result<std::size_t> Broker::pump(std::chrono::milliseconds timeout, const Observer& observe) {
  const auto readable = [](void* socket) { return zmq_pollitem_t{socket, 0, ZMQ_POLLIN, 0}; };
  std::array<zmq_pollitem_t, 4> items{
      readable(publishers_.socket.get()), readable(subscribers_.socket.get()),
      readable(publishers_.watch.raw()), readable(subscribers_.watch.raw())};
  if (zmq_poll(items.data(), static_cast<int>(items.size()), timeout.count()) < 0) {
    if (zmq_errno() == EINTR) return std::size_t{0};
    return tl::unexpected(zmq_failure("poll"));
  }
  const bool has_news =
      (items[2].revents & ZMQ_POLLIN) != 0 || (items[3].revents & ZMQ_POLLIN) != 0;
  if (has_news) {
    if (Status status = look_at_peers(); !status) return tl::unexpected(status.error());
  }
  if (std::chrono::steady_clock::now() - room_looked_at_ >= kRoomEvery) tell_of_room();
  if ((items[1].revents & ZMQ_POLLIN) != 0) {
    if (Status status = forward_subscriptions(); !status) return tl::unexpected(status.error());
  }
  if ((items[0].revents & ZMQ_POLLIN) == 0) return std::size_t{0};
  return forward_frames(observe);
}

Status Broker::receive_all_no_more() {
  options_.receive_all = false;
  if (!receives_all_ || wants_all_ || wanted_.contains("")) return {};  // somebody else wants all
  receives_all_ = false;
  if (zmq_send(publishers_.socket.get(), "\0", 1, 0) < 0)
    return tl::unexpected(zmq_failure("unsubscribe from everything"));
  return {};
}

Result<std::size_t> Broker::forward_frames(const Observer& observe) {
  std::size_t count = 0;
  while (count < kFramesPerRound) {
    const Result<bool> received = receive_parts(publishers_.socket.get(), parts_);
    if (!received) return tl::unexpected(received.error());
    if (!*received) break;
    ++count;
    if (observe) observe(parts_);
    if (wanted_.empty()) continue;
    if (Status status = send(parts_); !status) return tl::unexpected(status.error());
  }
  return count;
}

Status Broker::send(Parts& parts) {
  const std::size_t last = parts.count - 1;
  Status status = send_message(subscribers_.socket.get(), parts.topic, last > 0);
  if (status && last > 0) status = send_message(subscribers_.socket.get(), parts.frame, last > 1);
  for (std::size_t i = 0; status && i < parts.more.size(); ++i) {
    status = send_message(subscribers_.socket.get(), parts.more[i], i + 1 < parts.more.size());
  }
  return status;
}

// As many as a round has room for: whoever asks without end must not keep frames waiting.
Status Broker::forward_subscriptions() {
  Message part;
  for (std::size_t n = 0; n < kRequestsPerRound; ++n) {
    const Result<bool> received = receive_part(subscribers_.socket.get(), part);
    if (!received) return tl::unexpected(received.error());
    if (!*received) return {};
    // What is no request goes nowhere.
    if (!is_request(part)) continue;
    if (Status status = forward_subscription(part); !status) return status;
  }
  return {};
}

Status Broker::forward_subscription(Message& request) {
  const bool subscribes = request.bytes()[0] == 1;
  const std::string_view prefix = request.text().substr(1);
  const std::optional<int> sender = sender_of(request);
  if (!subscribes && sender) return {};
  if (subscribes && !sender) wanted_within_ = true;
  if (sender && subscribers_.watch.charge(*sender, request.bytes().size(), kRequestBytesOfPeerMax))
    turn_out(*sender);
  if (wants_all_) return {};
  const auto known = wanted_.find(prefix);
  if (subscribes == (known != wanted_.end())) return {};
  if (subscribes) {
    wanted_.emplace(prefix);
  } else {
    wanted_.erase(known);
  }
  wants_all_ = wanted_.size() > kPrefixesMax;
  if (wants_all_) return receive_all();
  if (receives_all_ && prefix.empty()) return {};
  return send_message(publishers_.socket.get(), request, false);
}

void Broker::turn_out(int subscriber) {
  ::shutdown(subscriber, SHUT_RDWR);
  if (std::exchange(has_turned_out_, true) || !options_.warn) return;
  options_.warn(
      fmt::format("a subscriber names more than {} MiB of tracks and is disconnected, now and "
                  "whenever one does; let it subscribe to a prefix they share",
                  kRequestBytesOfPeerMax >> 20));
}

Status Broker::receive_all() {
  if (receives_all_) return {};
  receives_all_ = true;
  if (zmq_send(publishers_.socket.get(), "\x01", 1, 0) < 0)
    return tl::unexpected(zmq_failure("subscribe to everything"));
  return {};
}

Status Broker::look_at_peers() {
  for (Side* const side : {&publishers_, &subscribers_}) side->watch.read();
  const bool is_listened_to = subscribers_.watch.peers() > 0 || wanted_within_;
  return is_listened_to || wanted_.empty() ? Status() : forget_subscriptions();
}

// With the last subscriber goes all that was wanted.
Status Broker::forget_subscriptions() {
  const auto unsubscribe = [&](const std::string& prefix) {
    const std::string request = '\0' + prefix;
    return zmq_send(publishers_.socket.get(), request.data(), request.size(), 0) >= 0;
  };
  bool is_sent = true;
  for (const std::string& prefix : wanted_) {
    if (!receives_all_ || !prefix.empty()) is_sent = unsubscribe(prefix) && is_sent;
  }
  if (receives_all_ && !options_.receive_all) is_sent = unsubscribe("") && is_sent;
  receives_all_ = options_.receive_all;
  wants_all_ = false;
  wanted_.clear();
  return is_sent ? Status() : tl::unexpected(zmq_failure("unsubscribe"));
}

void Broker::tell_of_room() {
  const auto now = std::chrono::steady_clock::now();
  room_looked_at_ = now;
  const std::uint64_t turned_away =
      publishers_.watch.turned_away() + subscribers_.watch.turned_away();
  const bool is_somebody = std::exchange(turned_away_, turned_away) != turned_away;
  if (is_somebody) turned_away_at_ = now;
  if (is_somebody == is_full_) return;
  if (is_full_ && (now - turned_away_at_ < kFullAtLeast || free_handles() <= kHandlesSpare)) return;
  is_full_ = is_somebody;
  if (!options_.warn) return;
  options_.warn(is_full_ ? fmt::format("{} file handles are left (ulimit -n is {}): nobody is let "
                                       "in until there are more; start it with a higher limit, or "
                                       "fewer peers",
                                       free_handles(), handle_limit())
                         : "there are file handles again: peers are let in");
}

}  // namespace zbag
