// The bus: cost of an append, recording end to end beside bare ZeroMQ, timing of a replay.
//
//   bus_bench [--rounds N] [--dir FOLDER] [--scale S] [--only W1] [--json FILE]

#include <fmt/format.h>
#include <zmq.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "benchmarks/child.hpp"
#include "benchmarks/report.hpp"
#include "benchmarks/workloads.hpp"
#include "bus/broker.hpp"
#include "bus/session/session.hpp"
#include "player/player.hpp"
#include "recorder/bag_session.hpp"
#include "recorder/recorder.hpp"
#include "schemas/text_bytes.hpp"

namespace zbag::bench {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

// Nanoseconds of one call, each the mean of a short run, so that the clock's own cost is small.
template <class Call>
Spread nanoseconds(Call call) {
  constexpr int kRuns = 2'000;
  constexpr int kCalls = 50;
  std::vector<double> values;
  for (int run = 0; run < kRuns; ++run) {
    const auto start = Clock::now();
    for (int i = 0; i < kCalls; ++i) call(run * kCalls + i);
    values.push_back(std::chrono::duration<double, std::nano>(Clock::now() - start).count() /
                     kCalls);
  }
  return spread_of(std::move(values));
}

template <class T>
void append_ten(T& track, int i) {
  const double x = 0.001 * i;
  static_cast<void>(track.append({{"ax", x},
                                  {"ay", x},
                                  {"az", x},
                                  {"gx", x},
                                  {"gy", x},
                                  {"gz", x},
                                  {"qw", x},
                                  {"qx", x},
                                  {"qy", x},
                                  {"qz", x}}));
}

void show_append(Report& report) {
  Child broker([](const Child::Say& say) {
    Context context;
    Result<Broker> bound = Broker::bind(
        context, {.urls = {"tcp://127.0.0.1:*", "tcp://127.0.0.1:*"}, .receive_all = true});
    if (!bound) stop(bound.error().message);
    say(bound->urls().publish_to);
    while (bound->pump(std::chrono::milliseconds(100), [](Parts&) {})) {
    }
  });
  BusUrls urls;
  urls.publish_to = broker.hear();
  Context context;
  Result<std::unique_ptr<Session>> session = Session::on_bus(context, urls, {}, {});
  if (!session || !(*session)->wait_for_listener(std::chrono::seconds(5))) stop("no broker");
  Track on = (*session)->track("robot/imu").value();
  const Spread enabled = nanoseconds([&](int i) { append_ten(on, i); });
  const std::unique_ptr<Session> nowhere = Session::disabled();
  Track off = nowhere->track("robot/imu").value();
  const Spread disabled = nanoseconds([&](int i) { append_ten(off, i); });
  fmt::print("\nappend of 10 fields through a bus session: median {:.0f} ns [{:.0f} - {:.0f}]\n",
             enabled.median, enabled.low, enabled.high);
  fmt::print("the same, session disabled:                median {:.1f} ns [{:.1f} - {:.1f}]\n",
             disabled.median, disabled.low, disabled.high);
  report.claim("0.5 us / append", 500.0 / enabled.median, 1.0);
  report.claim("10 ns / disabled append", 10.0 / std::max(0.01, disabled.median), 1.0);
}

// Sends the whole workload through one blocking socket.
void publish(Context& context, const std::string& url, const Workload& work) {
  Result<Publisher> publisher = Publisher::connect(
      context, url, {.wait_when_full = true, .linger = std::chrono::milliseconds(-1)});
  if (!publisher || !publisher->wait_for_subscriber(std::chrono::seconds(10)))
    stop("no subscriber at " + url);
  for (const Workload::Frame& frame : work.frames) {
    while (!publisher->send(work.tracks[frame.track], bytes_of(frame.bytes))) {
    }
  }
}

// A bare SUB that counts: what the transport alone can do.
void bare_subscriber(const std::string& url, std::size_t frames, const Child::Say& say) {
  void* const context = zmq_ctx_new();
  void* const socket = zmq_socket(context, ZMQ_XSUB);
  const int frames_max = kSocketFramesMax;
  zmq_setsockopt(socket, ZMQ_RCVHWM, &frames_max, sizeof frames_max);
  if (zmq_bind(socket, url.c_str()) != 0) stop("bare bind");
  zmq_send(socket, "\x01", 1, 0);
  say("ready");
  zmq_msg_t part;
  zmq_msg_init(&part);
  for (std::size_t i = 0; i < frames; ++i) {
    do {
      zmq_msg_recv(&part, socket, 0);
    } while (zmq_msg_more(&part) != 0);
  }
  say("done");
  ::pause();
}

Sample run_bare(const Workload& work, const std::string& folder) {
  const std::string url = "ipc://" + folder + "/bus_bench.ipc";
  Child child([&](const Child::Say& say) { bare_subscriber(url, work.frames.size(), say); });
  child.hear();
  Context context;
  return timed([&] {
    publish(context, url, work);
    child.hear();
  });
}

void recorder_node(const std::string& path, std::size_t frames, const Child::Say& say) {
  Context context;
  Recorder::Options options;
  options.urls = {"tcp://127.0.0.1:*", "tcp://127.0.0.1:*"};
  options.with_broker = true;
  options.open_storage = lmdb_storage({.compression = {Compression::kNone, 0}});
  options.recording.overflow =
      Overflow::kBlock;  // the publisher waits, as it does for the bare subscriber
  Result<std::unique_ptr<Recorder>> recorder = Recorder::open(context, path, std::move(options));
  if (!recorder) stop(recorder.error().message);
  std::jthread watcher([&](const std::stop_token& stopping) {
    while (!stopping.stop_requested() && (*recorder)->recording().totals().fate.received < frames) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    const RecordingTotals totals = (*recorder)->recording().totals();
    say(fmt::format("{} {}", totals.fate.points, totals.lost().value_or(0)));
    (*recorder)->stop();
  });
  static_cast<void>((*recorder)->run([&](const BusUrls& urls) { say(urls.publish_to); }));
}

Sample run_recorder(const Workload& work, const std::string& folder) {
  const std::string path = folder + "/bus_bench.zbag";
  fs::remove(path);
  fs::remove(path + "-lock");
  Child child([&](const Child::Say& say) { recorder_node(path, work.frames.size(), say); });
  const std::string url = child.hear();
  Context context;
  Sample sample = timed([&] {
    publish(context, url, work);
    const std::string counts = child.hear();
    if (counts != fmt::format("{} 0", work.frames.size())) stop("points and lost: " + counts);
  });
  sample.disk_bytes = static_cast<double>(fs::file_size(path));
  child.wait();
  fs::remove(path);
  fs::remove(path + "-lock");
  return sample;
}

void compare_end_to_end(const Workload& work, Report& report, std::optional<double> wanted,
                        double goal) {
  const std::string& folder = report.arguments().folder;
  const std::vector<Case> cases = {
      {"bare ZeroMQ, ipc", [&] { return run_bare(work, folder); }},
      {"recorded, durable", [&] { return run_recorder(work, folder); }}};
  const Table table = report.compare("end to end, two processes, " + work.name, cases,
                                     work.frames.size(), work.bytes());
  report.claim(work.name + ": recorded without loss / bare ZeroMQ", table.ratio(table.rows[1]),
               wanted, goal);
}

// Takes frames and forgets them.
class NullSink : public FrameSink {
 public:
  Status write(const TrackName&, std::span<const std::uint8_t>) override { return {}; }
  Result<FlushResult> flush(const TrackName*) override { return FlushResult{}; }
  Status tick() override { return {}; }
  Status close() override { return {}; }
};

void show_replay(const std::string& folder) {
  const std::string path = folder + "/bus_bench.zbag";
  fs::remove(path);
  {
    Result<std::unique_ptr<Session>> bag = open_bag_session(path, {});
    if (!bag) stop(bag.error().message);
    Track imu = (*bag)->track("robot/imu").value();
    for (int i = 0; i < 1000; ++i)
      static_cast<void>(imu.append({{"x", 0.1 * i}}, 1'795'202'544.0 + 0.005 * i));
  }
  Result<Playlist> playlist = Playlist::open({path});
  Result<std::unique_ptr<Session>> session =
      Session::into(std::make_unique<NullSink>(), nullptr, {});
  std::vector<double> late;
  Player::Options options;
  options.on_sent = [&](std::int64_t ns) { late.push_back(static_cast<double>(ns) / 1e3); };
  Result<std::unique_ptr<Player>> player = Player::open(*playlist, **session, options);
  if (!player || !(*player)->run()) stop("replay failed");
  std::sort(late.begin(), late.end());
  fmt::print(
      "\nreplay of 200 Hz at rate 1: frames leave p50 {:.0f} us, p99 {:.0f} us, max {:.0f} us "
      "late\n",
      late[late.size() / 2], late[late.size() * 99 / 100], late.back());
  fs::remove(path);
  fs::remove(path + "-lock");
}

}  // namespace
}  // namespace zbag::bench

int main(int argc, char** argv) {
  using namespace zbag::bench;
  const Arguments arguments = begin(argc, argv, "Appends, recording end to end, replay timing.");
  Report report(arguments);
  if (arguments.only.empty()) {
    show_append(report);
    show_replay(arguments.folder);
  }
  if (arguments.wants("W1"))
    compare_end_to_end(w1_small(arguments.scaled(kW1Frames)), report, 0.6, 0.9);
  if (arguments.wants("W2"))
    compare_end_to_end(w2_medium(arguments.scaled(kW2Frames)), report, 0.5, 0.8);
  if (arguments.wants("W3"))
    compare_end_to_end(w3_large(arguments.scaled(kW3Frames)), report, {}, 0.8);
  return report.finish();
}
