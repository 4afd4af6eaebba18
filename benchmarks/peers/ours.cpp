#include <zmq.h>

#include "benchmarks/peers/peers.hpp"
#include "benchmarks/program.hpp"
#include "recorder/bag/read/bag_reader.hpp"
#include "recorder/recording.hpp"
#include "recorder/storage/lmdb_storage.hpp"

namespace zbag::bench {
namespace {

// A large frame as the bus gives it, as a message that can be kept.
Message message_of(const std::string& bytes) {
  Message message;
  const auto keep = [](void*, void*) {};
  if (zmq_msg_init_data(static_cast<zmq_msg_t*>(message.raw()), const_cast<char*>(bytes.data()),
                        bytes.size(), keep, nullptr) != 0)
    stop("no message");
  return message;
}

bool write_zbag(const Workload& work, const std::string& path, CompressionSpec compression) {
  Recording::Options options;
  options.overflow = Overflow::kBlock;
  Result<std::unique_ptr<Recording>> recording =
      Recording::open(path, std::move(options), lmdb_storage({.compression = compression}));
  if (!recording) stop(recording.error().message);
  ArrivalTime arrival = ArrivalTime::now();
  std::size_t count = 0;
  for (const Workload::Frame& frame : work.frames) {
    if (++count % 32 == 0) arrival = ArrivalTime::now();
    Intake& intake = (*recording)->intake();
    const std::string& track = work.tracks[frame.track];
    if (frame.bytes.size() >= kKeepBytes) {
      Message message = message_of(frame.bytes);
      intake.accept(track, message, {}, arrival);
    } else {
      intake.accept(track,
                    {reinterpret_cast<const std::uint8_t*>(frame.bytes.data()), frame.bytes.size()},
                    arrival);
    }
    (*recording)->hand_over(false);
  }
  if (Status closed = (*recording)->close(); !closed) stop(closed.error().message);
  return (*recording)->totals().fate.points == work.frames.size();
}

class Reader : public PeerReader {
 public:
  Reader(BagReader reader, const Workload& work) : reader_(std::move(reader)), work_(work) {}

  bool read(const Selection& selection, Visited& visited) override {
    BagReader::Selection wanted;
    if (selection.track) wanted.track = work_.tracks[*selection.track];
    wanted.range = {selection.first_ns, selection.limit_ns - 1};
    Result<BagCursor> cursor = reader_.cursor(wanted);
    if (!cursor) stop(cursor.error().message);
    while (true) {
      const Result<std::optional<PointView>> point = cursor->next();
      if (!point) stop(point.error().message);
      if (!*point) return true;
      visited.add((*point)->map.data(), (*point)->map.size());
    }
  }

 private:
  BagReader reader_;
  const Workload& work_;
};

Peer zbag_bag(const std::string& name, CompressionSpec compression) {
  return {name,
          [=](const Workload& work, const std::string& path) {
            return write_zbag(work, path, compression);
          },
          [](const Workload& work, const std::string& path) {
            Result<BagReader> reader = BagReader::open(path);
            if (!reader) stop(reader.error().message);
            return std::make_unique<Reader>(std::move(*reader), work);
          }};
}

}  // namespace

std::vector<Peer> ours() {
  return {zbag_bag("zbag", {Compression::kNone, 0}), zbag_bag("zbag lz4", {Compression::kLz4, 0}),
          zbag_bag("zbag zstd", {Compression::kZstd, 1})};
}

}  // namespace zbag::bench
