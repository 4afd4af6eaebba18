#include "benchmarks/imu_bag.hpp"

#include <filesystem>
#include <memory>
#include <utility>

#include "benchmarks/program.hpp"
#include "recorder/recording.hpp"
#include "recorder/storage/lmdb_storage.hpp"
#include "schemas/frame.hpp"

namespace zbag::bench {

const std::vector<const char*>& ImuBag::fields() {
  static const std::vector<const char*> kFields{"ax", "ay", "az", "gx", "gy",
                                                "gz", "qw", "qx", "qy", "qz"};
  return kFields;
}

void make_bag(const std::string& path, const ImuBag& bag) {
  std::filesystem::remove(path);
  Recording::Options options;
  options.overflow = Overflow::kBlock;
  Result<std::unique_ptr<Recording>> recording =
      Recording::open(path, std::move(options), lmdb_storage(bag.storage));
  if (!recording) stop(recording.error().message);
  std::vector<FieldView> fields;
  std::string frame;
  double noise = 0.5;
  for (std::size_t i = 0; i < bag.points; ++i) {
    const auto ns = 1'700'000'000'000'000'000 + static_cast<std::int64_t>(i) * 1'000'000;
    fields.clear();
    for (const char* const name : ImuBag::fields()) {
      noise = 3.99 * noise * (1.0 - noise);
      fields.push_back({name, fields.empty() ? noise + bag.offset : noise});
    }
    encode_frame({Timestamp::from_ns(ns), i, 1}, fields, frame);
    const std::int64_t arrival = ns + bag.arrives_behind_ns;
    (*recording)
        ->intake()
        .accept(ImuBag::kTrack, {reinterpret_cast<const std::uint8_t*>(frame.data()), frame.size()},
                {arrival, arrival});
    (*recording)->hand_over(false);
  }
  if (Status closed = (*recording)->close(); !closed) stop(closed.error().message);
}

}  // namespace zbag::bench
