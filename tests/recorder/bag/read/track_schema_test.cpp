#include "recorder/bag/read/track_schema.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recorder/bag/upkeep/set_schema.hpp"
#include "schemas/kinds/known_kinds.hpp"
#include "tests/recorder/bag/rows.hpp"
#include "tests/support/small_bag.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

using ::testing::HasSubstr;

class TrackSchemaTest : public ::testing::Test {
 protected:
  static Fields fix(const Value& altitude = 400.0) {
    return {{"latitude", 47.0}, {"longitude", 8.5}, {"altitude", altitude}};
  }
  std::string write(const std::vector<BagPoint>& points) {
    return write_bag(dir_.path("a.zbag"), points);
  }

  // With a point of `_sys/schema/gps`, as it may come from the bus.
  std::string write_with(const std::string& name, const Fields& schema) {
    const std::string path = write_bag(dir_.path(name), {{"gps", 1.0, fix()}});
    RowStore rows;
    Batch batch;
    batch.tracks.push_back(batch_of("_sys/schema/gps", {rows.make(500'000'000, schema)}));
    BagWriter writer = BagWriter::open(path, {}).value();
    EXPECT_TRUE(writer.write(batch));
    EXPECT_TRUE(writer.close());
    return path;
  }

  TempDir dir_;
};

TEST_F(TrackSchemaTest, ATrackHasNoneUntilItIsSet) {
  const std::string path = write({{"gps", 1.0, fix()}, {"gps", 2.0, fix()}});
  EXPECT_FALSE(schema_of(BagReader::open(path).value(), "gps").value());
  EXPECT_FALSE(schema_of(BagReader::open(path).value(), "nowhere").value());
  ASSERT_TRUE(set_schema(path, "gps", known_kind("gps").value()));
  const BagReader reader = BagReader::open(path).value();
  EXPECT_EQ(kind_of(reader, "gps").value(), known_kind("gps").value());
  const TrackSchema schema = schema_of(reader, "gps").value().value();
  EXPECT_EQ(schema.find("latitude")->unit, "deg");
  EXPECT_EQ(schema.find("speed"), nullptr);
}

TEST_F(TrackSchemaTest, EveryPointHasToFitNotTheFirstAlone) {
  const std::string path = write({{"gps", 1.0, fix()}, {"gps", 2.0, fix("high")}});
  const Error error = set_schema(path, "gps", known_kind("gps").value()).error();
  EXPECT_EQ(error.code, ErrorCode::kUnsupported);
  EXPECT_EQ(error.message, "track gps is no gps: its field altitude is text, and float is wanted");
  EXPECT_EQ(BagReader::open(path)->summary()->runs.size(), 1u);
}

TEST_F(TrackSchemaTest, WhatCameFromTheBusMayBeANameAlone) {
  const std::string path = write_with("a.zbag", {{"kind", "gps"}});
  EXPECT_EQ(schema_of(BagReader::open(path).value(), "gps").value()->kind.name, "gps");
}

TEST_F(TrackSchemaTest, WhatIsThereAndIsNoKindIsAnError) {
  const auto error_of = [&](const std::string& name, const Fields& schema) {
    const BagReader reader = BagReader::open(write_with(name, schema)).value();
    return schema_of(reader, "gps").error().message;
  };
  EXPECT_EQ(error_of("a", {{"kind", "sonar\n"}}), "_sys/schema/gps: there is no kind sonar\\x0a");
  EXPECT_THAT(error_of("b", {{"kind", "gps"}, {"fields", 3}}), HasSubstr("a map of fields"));
  EXPECT_THAT(error_of("c", {{"kind", "imu"}}), HasSubstr("track gps is no imu: it has no field"));
}

TEST_F(TrackSchemaTest, OfATrackThatIsNowhereNothingIsSet) {
  const std::string path = write({{"gps", 1.0, fix()}});
  EXPECT_EQ(set_schema(path, "gpa", known_kind("gps").value()).error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace zbag
