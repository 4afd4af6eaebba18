// Records the bus into a bag: sockets in front of a Recording.
//
// Either subscribes to a broker, or hosts it: then it takes every frame as it passes, with no
// second hop. run() is the socket thread's loop; it reads without a pause and leaves the disk to
// the recording's writer thread.
//
// stop(), pause() and the queries may be called from any thread while run() runs; stop() also from
// a signal handler.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "bus/broker.hpp"
#include "bus/publisher.hpp"
#include "bus/subscriber.hpp"
#include "recorder/recording.hpp"
#include "recorder/storage/lmdb_storage.hpp"
#include "recorder/system_talk.hpp"
#include "schemas/mutex.hpp"

namespace zbag {

class Recorder {
 public:
  struct Options {
    Recording::Options recording;
    OpenStorage open_storage = lmdb_storage();
    BusUrls urls;  // ports may be `*` with a broker of its own
    std::vector<std::string> subscriptions{""};
    bool with_broker = false;
    bool insecure = false;
    bool start_paused = false;
    std::optional<std::chrono::duration<double>> duration;
    std::string name = "record";
    // What people should know, in one line, from any thread; the bus is told, too (_sys/log).
    std::function<void(const std::string&)> warn;
  };

  // Binds or connects, then opens the bag: a port in use leaves no bag behind.
  static Result<std::unique_ptr<Recorder>> open(Context& context, const std::string& path,
                                                Options options);

  // Records until stop(), the duration's end or a failure of the disk; then reads what had been
  // sent (0.3 s where there is no backlog, 10 s at most), writes everything and closes. `ready` is
  // called once frames are sure to be seen. The error is the disk's.
  Status run(const std::function<void(const BusUrls&)>& ready);

  void stop() { stopping_.store(true); }
  // A second stop: nothing more is read.
  void hurry() { hurrying_.store(true); }
  void pause(bool paused);
  bool is_paused() const { return paused_.load(); }
  // Writes everything received so far; returns when it is durable. From any other thread than
  // run()'s, one asker at a time: also of split().
  Result<FlushResult> flush();
  // Goes on in a new bag; returns when the present one is complete. Otherwise as flush().
  // kNotFound: it holds no points yet.
  Result<FlushResult> split();

  const Recording& recording() const { return *recording_; }
  const BusUrls& urls() const { return urls_; }
  double seconds() const;

 private:
  explicit Recorder(Options options);
  Status await_broker();
  Status pump(std::chrono::milliseconds timeout, bool* silent);
  PhaseTimer* receiving() const;  // nullptr: nothing is measured
  void take(Parts& parts);
  void drain();
  bool read_backlog(std::chrono::steady_clock::time_point deadline);
  void read_rest(std::chrono::steady_clock::time_point deadline);
  // What has been taken of sensors' frames.
  struct Taken {
    std::uint64_t frames = 0;
    std::uint64_t large = 0;
    std::uint64_t bytes = 0;
  };
  bool is_at_leisure(const Taken& before, std::chrono::duration<double> waited,
                     std::chrono::duration<double> elapsed) const;
  void read_until(std::chrono::steady_clock::time_point until,
                  std::chrono::duration<double>& waited);
  bool read_until_probe(std::chrono::duration<double>& waited);
  bool read_some(std::chrono::duration<double>& waited);
  Status send_probe();
  enum class Wish : std::uint8_t { kFlush, kSplit };
  Result<FlushResult> ask(Wish wish);
  void serve_wish();
  void look_around();
  void speak();
  void warn(const std::string& text);

  Options options_;
  BusUrls urls_;
  std::optional<Broker> broker_;
  std::optional<Subscriber> subscriber_;
  std::optional<Publisher> publisher_;  // of _sys topics
  SystemTalk talk_;
  std::unique_ptr<Recording> recording_;  // goes first: its threads have something to say
  std::string probe_topic_;
  bool probe_seen_ = false;
  std::uint64_t before_probe_ = 0;  // frames taken when it came back
  Parts parts_;
  ArrivalTime arrival_;
  std::uint32_t since_clock_ = 0;
  Taken taken_;
  std::atomic<std::chrono::steady_clock::time_point> started_{};  // others ask how long ago
  std::chrono::steady_clock::time_point handed_over_;
  std::chrono::steady_clock::time_point looked_around_;
  bool had_broker_ = false;
  bool is_broker_gone_ = false;
  std::string bag_said_;            // of _sys/bag, the newest
  std::uint64_t rescued_said_ = 0;  // bags that were removed or replaced, whose copy is another bag

  std::atomic<bool> stopping_{false};
  std::atomic<bool> hurrying_{false};
  std::atomic<bool> paused_{false};
  Mutex wish_mutex_;  // a wish is handed over from another thread to the socket's
  Condition wish_ready_;
  std::optional<Wish> wish_ ZBAG_GUARDED_BY(wish_mutex_);
  bool running_ ZBAG_GUARDED_BY(wish_mutex_) = false;
  std::optional<std::uint64_t> wish_ticket_ ZBAG_GUARDED_BY(wish_mutex_);
};

}  // namespace zbag
