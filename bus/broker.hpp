// The middle of the bus: publishers connect to its XSUB, subscribers to its XPUB.
//
// Forwards frames one way and subscriptions the other. A recorder that hosts the broker looks at
// every frame as it passes (`observe`), so it needs no second hop. Frames are forwarded with their
// bytes shared, not copied.
//
// A subscriber whose queue is full misses the newest frames; the bus never waits for one.
// Not thread-safe: one thread binds and pumps.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "bus/context.hpp"
#include "bus/endpoints.hpp"

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
  };
  using Observer = std::function<void(Parts&)>;

  // kBusy: a port or twin is taken (the message names it and the remedy); kInvalid: a malformed or
  // non-loopback URL.
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
  bool has_subscribers() const { return subscriptions_ > 0; }

 private:
  Broker() = default;
  Result<std::size_t> forward_frames(const Observer& observe);
  Status forward_subscriptions();
  Status send(Parts& parts);

  SocketHandle publishers_;   // XSUB
  SocketHandle subscribers_;  // XPUB
  std::vector<FileLock> locks_;
  BusUrls urls_;
  Parts parts_;
  long subscriptions_ = 0;
};

}  // namespace zbag
