#include <ros/serialization.h>
#include <rosbag/bag.h>
#include <rosbag/view.h>

#include <cstring>

#include "benchmarks/peers/peers.hpp"

namespace zbag::bench {

// A message that is serialized already, as `rosbag record` holds what it receives.
struct RawMessage {
  const std::string* bytes;
};

}  // namespace zbag::bench

// The library asks these of every message type.
namespace ros::message_traits {

template <>
struct MD5Sum<zbag::bench::RawMessage> {
  static const char* value() { return "00000000000000000000000000000001"; }
  static const char* value(const zbag::bench::RawMessage&) { return value(); }
};
template <>
struct DataType<zbag::bench::RawMessage> {
  static const char* value() { return "zbag/Frame"; }
  static const char* value(const zbag::bench::RawMessage&) { return value(); }
};
template <>
struct Definition<zbag::bench::RawMessage> {
  static const char* value() { return "# MessagePack"; }
  static const char* value(const zbag::bench::RawMessage&) { return value(); }
};

}  // namespace ros::message_traits

namespace ros::serialization {

template <>
struct Serializer<zbag::bench::RawMessage> {
  template <class Stream>
  static void write(Stream& stream, const zbag::bench::RawMessage& message) {
    const std::size_t bytes = message.bytes->size();
    std::memcpy(stream.advance(static_cast<std::uint32_t>(bytes)), message.bytes->data(), bytes);
  }
  // NOLINTNEXTLINE(readability-identifier-naming): the library's name
  static std::uint32_t serializedLength(const zbag::bench::RawMessage& message) {
    return static_cast<std::uint32_t>(message.bytes->size());
  }
};

}  // namespace ros::serialization

namespace zbag::bench {
namespace {

ros::Time to_ros(std::int64_t ns) {
  ros::Time time;
  return time.fromNSec(static_cast<std::uint64_t>(ns));
}

bool write_ros(const Workload& work, const std::string& path,
               rosbag::compression::CompressionType compression) {
  try {
    rosbag::Bag bag(path, rosbag::bagmode::Write);
    bag.setCompression(compression);
    for (const Workload::Frame& frame : work.frames)
      bag.write(work.tracks[frame.track], to_ros(frame.ts_ns), RawMessage{&frame.bytes});
    bag.close();
    return true;
  } catch (const rosbag::BagException&) {
    return false;
  }
}

class Reader : public PeerReader {
 public:
  Reader(const std::string& path, const Workload& work)
      : bag_(path, rosbag::bagmode::Read), work_(work) {}

  bool read(const Selection& selection, Visited& visited) override {
    try {
      // A view includes its end.
      const bool to_end = selection.limit_ns > work_.frames.back().ts_ns;
      const ros::Time start = to_ros(std::max(selection.first_ns, work_.frames.front().ts_ns));
      const ros::Time end = to_end ? ros::TIME_MAX : to_ros(selection.limit_ns - 1);
      rosbag::View view;
      if (selection.track)
        view.addQuery(bag_, rosbag::TopicQuery(work_.tracks[*selection.track]), start, end);
      else
        view.addQuery(bag_, start, end);
      for (const rosbag::MessageInstance& message : view) {
        message_.resize(message.size());
        ros::serialization::OStream stream(message_.data(),
                                           static_cast<std::uint32_t>(message_.size()));
        message.write(stream);
        visited.add(message_.data(), message_.size());
      }
      return true;
    } catch (const rosbag::BagException&) {
      return false;
    }
  }

 private:
  rosbag::Bag bag_;
  const Workload& work_;
  std::vector<std::uint8_t> message_;
};

std::unique_ptr<PeerReader> open_ros(const Workload& work, const std::string& path) {
  try {
    return std::make_unique<Reader>(path, work);
  } catch (const rosbag::BagException&) {
    return nullptr;
  }
}

Peer ros_bag(const std::string& name, rosbag::compression::CompressionType compression) {
  return {name,
          [=](const Workload& work, const std::string& path) {
            return write_ros(work, path, compression);
          },
          open_ros};
}

}  // namespace

std::vector<Peer> ros_bags() {
  return {ros_bag("ROS 1 bag", rosbag::compression::Uncompressed),
          ros_bag("ROS 1 bag lz4", rosbag::compression::LZ4)};
}

}  // namespace zbag::bench
