#include "recorder/storage/schema_storage.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schemas/kinds/known_kinds.hpp"
#include "tests/recorder/bag/rows.hpp"

namespace zbag {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Notes which tracks it was given, and fails where it is told to.
struct NotingStorage : Storage {
  NotingStorage(std::vector<std::string>& noted, int& failures)
      : tracks(noted), failures_left(failures) {}
  Result<WriteReport> write(const Batch& batch) override {
    if (batch.tracks.front().name.starts_with("_sys/") && failures_left-- > 0)
      return fail(ErrorCode::kDiskFull, "no room");
    for (const TrackBatch& track : batch.tracks) tracks.push_back(track.name);
    return WriteReport{};
  }
  Status close() override { return {}; }
  std::uint64_t size_bytes() const override { return 0; }

  std::vector<std::string>& tracks;
  int& failures_left;
};

class SchemaStorageTest : public ::testing::Test {
 protected:
  std::unique_ptr<Storage> open() {
    const OpenStorage inner = [this](const std::string&, const StorageOptions&) {
      return Result<std::unique_ptr<Storage>>(std::make_unique<NotingStorage>(tracks_, failures_));
    };
    return with_schemas(inner, {{"gps", known_kind("gps").value()}},
                        [this](const std::string& text) { told_.push_back(text); })("", {})
        .value();
  }
  Batch batch(const std::string& track, Fields fields) {
    Batch made;
    made.tracks.push_back(batch_of(track, {rows_.make(1'000'000'000, fields)}));
    return made;
  }
  Batch fix() { return batch("gps", {{"latitude", 47.0}, {"longitude", 8.5}}); }

  RowStore rows_;
  std::vector<std::string> tracks_;
  std::vector<std::string> told_;
  int failures_ = 0;
};

TEST_F(SchemaStorageTest, SaysAKindOnceBehindTheFirstPoint) {
  const std::unique_ptr<Storage> storage = open();
  ASSERT_TRUE(storage->write(batch("imu", {{"x", 1}})));
  EXPECT_FALSE(storage->prepare(fix()).value());  // it goes through write()
  ASSERT_TRUE(storage->write(fix()));
  ASSERT_TRUE(storage->write(fix()));
  EXPECT_THAT(tracks_, ElementsAre("imu", "gps", "_sys/schema/gps", "gps"));
  EXPECT_TRUE(storage->prepare(fix()).value());
  EXPECT_THAT(told_, IsEmpty());
}

TEST_F(SchemaStorageTest, OfEveryFurtherStorageToo) {
  for (int n = 0; n < 2; ++n) ASSERT_TRUE(open()->write(fix()));
  EXPECT_THAT(tracks_, ElementsAre("gps", "_sys/schema/gps", "gps", "_sys/schema/gps"));
}

TEST_F(SchemaStorageTest, WhatCanNotBeSaidCostsNoPointAndIsTriedAgain) {
  failures_ = 1;
  const std::unique_ptr<Storage> storage = open();
  ASSERT_TRUE(storage->write(fix()));
  ASSERT_TRUE(storage->write(fix()));
  EXPECT_THAT(tracks_, ElementsAre("gps", "gps", "_sys/schema/gps"));
}

TEST_F(SchemaStorageTest, ATrackThatDoesNotFitIsToldOfOnce) {
  const std::unique_ptr<Storage> storage = open();
  for (int n = 0; n < 2; ++n) ASSERT_TRUE(storage->write(batch("gps", {{"latitude", "north"}})));
  EXPECT_THAT(tracks_, ElementsAre("gps", "gps"));
  EXPECT_THAT(told_, ElementsAre(HasSubstr(
                         "track gps is no gps: its field latitude is text, and float is wanted")));
}

}  // namespace
}  // namespace zbag
