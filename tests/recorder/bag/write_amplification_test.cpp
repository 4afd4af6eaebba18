// A day of a slow track, in simulated time: what its crumbs cost (bag.md, How it is written).

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>

#include "recorder/bag/bag_check.hpp"
#include "tests/recorder/bag/rows.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

std::uint64_t kept_bytes(BagFile& file) {
  const std::unique_ptr<ReadTxn> txn = file.env().read().value();
  TableCursor cursor = TableCursor::open(*txn, file.tables().blocks).value();
  std::uint64_t bytes = 0;
  for (auto item = cursor.first().value(); item; item = cursor.next().value())
    bytes += item->value.size();
  return bytes;
}

// 86 400 commits want a disk in memory; without one an hour must do.
TEST(WriteAmplificationTest, OfADayAtOneHertzIsBounded) {
  const bool has_memory_disk = ::access("/dev/shm", W_OK) == 0;
  const int seconds = has_memory_disk ? 86'400 : 3'600;
  const TempDir dir(has_memory_disk ? "/dev/shm" : std::filesystem::temp_directory_path());
  const std::string path = dir.path("a.zbag");
  BagWriter::Options options;
  options.compression = {Compression::kNone, 0};
  BagWriter writer = BagWriter::open(path, options).value();
  std::uint64_t given = 0;
  for (int second = 0; second < seconds; ++second) {
    RowStore rows;
    Fields fields;
    for (const char* name :
         {"acc_x", "acc_y", "acc_z", "gyro_x", "gyro_y", "gyro_z", "q_w", "q_x", "q_y", "q_z"})
      fields.emplace_back(name, 0.001 * second);
    const RowPoint point = rows.make(std::int64_t{second} * 1'000'000'000, fields);
    given += writer.write(batch_of_one("robot/imu", {point})).value().block_bytes;
  }
  const std::uint64_t kept = kept_bytes(*writer.file());
  const double ratio = static_cast<double>(given) / static_cast<double>(kept);
  std::printf("%d commits: block bytes given to LMDB / kept %.2f\n", seconds, ratio);
  EXPECT_LE(ratio, 2.5);
  EXPECT_GT(ratio, 1.0);
  ASSERT_TRUE(writer.close());
  const CheckReport report = check_bag(path).value();
  EXPECT_TRUE(report.problems.empty());
  EXPECT_EQ(report.points, static_cast<std::uint64_t>(seconds));
}

}  // namespace
}  // namespace zbag
