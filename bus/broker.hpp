// The middle of the bus: publishers connect to its XSUB, subscribers to its XPUB.
//
// Forwards frames one way and subscriptions the other. A recorder that hosts the broker looks at
// every frame as it passes (`observe`), so it needs no second hop. Frames are forwarded with their
// bytes shared, not copied.
//
// A subscriber whose queue is full misses the newest frames; the bus never waits for one. Nor does
// what one subscriber sends change what another receives: libzmq 4.3.4 passes on as unsubscribing
// what never subscribed, so publishers are told of that only when a subscriber has gone. What one
// unsubscribed from while it stays, and nobody else wants, is dropped here.
//
// With few file handles left nobody is let in until there are more: `warn` hears of both.
// While an ipc socket is bound, the umask of the whole process is 0177: a file another
// thread makes in that instant is its user's alone.
// Not thread-safe: one thread binds and pumps.
#pragma once

#include <chrono>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "bus/context.hpp"
#include "bus/endpoints.hpp"
#include "bus/peer_watch.hpp"

namespace zbag {

class Broker {
 public:
  struct Options {
    BusUrls urls;           // ports may be `*`
    bool insecure = false;  // allow tcp addresses that are not loopback: anyone there can publish
    bool twins = true;      // bind ipc twins beside loopback tcp ports
    bool receive_all = false;  // subscribe to everything upstream, for an observer
    int frames_max = kSocketFramesMax;
    std::string name = "broker";  // shown to whoever finds the ports taken
    std::function<void(const std::string&)> warn = {};
  };
  using Observer = std::function<void(Parts&)>;

  // kBusy: a port, path or twin is taken (the message names it and the remedy); kInvalid: a
  // malformed or non-loopback URL, none of tcp, ipc and inproc, an abstract ipc socket, or the path
  // of a file that is no socket.
  static Result<Broker> bind(Context& context, const Options& options);

  // The URLs with the ports that were bound.
  const BusUrls& urls() const { return urls_; }

  // One round: waits up to `timeout` for traffic and forwards what is there, at most a few thousand
  // messages. `observe` may share() parts but leaves them as they are. Returns the frames
  // forwarded.
  Result<std::size_t> pump(std::chrono::milliseconds timeout, const Observer& observe = {});

  // Ends `receive_all`: from now on publishers send only what others have subscribed to. What they
  // had sent still comes.
  Status receive_all_no_more();
  bool has_subscribers() const { return !wanted_.empty(); }

 private:
  // What one kind of peer connects to.
  struct Side {
    SocketHandle socket;
    PeerWatch watch;
  };

  Broker() = default;
  Status open_side(Context& context, Side& side, int type, const std::string& url,
                   std::string& bound);
  Status hold_path(const std::string& url);
  Status bind_twin(void* socket, const std::string& bound);
  Result<std::size_t> forward_frames(const Observer& observe);
  Status forward_subscriptions();
  Status forward_subscription(Message& request);
  void turn_out(int subscriber);
  Status receive_all();
  Status look_at_peers();
  Status forget_subscriptions();
  void tell_of_room();
  Status send(Parts& parts);

  Options options_;
  Side publishers_;   // XSUB
  Side subscribers_;  // XPUB
  std::vector<FileLock> locks_;
  BusUrls urls_;
  Parts parts_;
  std::set<std::string, std::less<>> wanted_;  // prefixes somebody subscribes to
  bool receives_all_ = false;                  // of the publishers, whatever is wanted
  bool wants_all_ = false;                     // so many prefixes that none is looked at any more
  bool wanted_within_ = false;                 // by a subscriber of this process, which is no peer
  bool has_turned_out_ = false;                // a subscriber that asked for too much
  bool is_full_ = false;                       // told of
  std::uint64_t turned_away_ = 0;              // peers, when last looked at
  std::chrono::steady_clock::time_point turned_away_at_;
  std::chrono::steady_clock::time_point room_looked_at_;
};

}  // namespace zbag
