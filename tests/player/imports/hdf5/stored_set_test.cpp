#include "player/imports/hdf5/stored_set.hpp"

#include <gmock/gmock.h>

#include "player/imports/hdf5/picture_set.hpp"
#include "player/imports/hdf5/set_times.hpp"

namespace zbag::hdf5::reading {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

StoredSet set_of(const std::string& name, std::vector<std::size_t> dims,
                 StoredType::Form form = StoredType::Form::kFloat) {
  StoredSet set{.path = "a/" + name, .name = name, .dims = std::move(dims)};
  set.type = {.form = form, .bytes = 8};
  set.stored_bytes = 8'000;
  return set;
}

TEST(StoredSetTest, HasItsRowsInItsFirstDimension) {
  const RowShape shape = rows_of(set_of("x", {5, 2, 3}), 5).value();
  EXPECT_EQ(shape.time_axis, 0u);
  EXPECT_THAT(shape.axes, ElementsAre(1, 2));
  EXPECT_EQ(row_bytes_of(set_of("x", {5, 2, 3}), shape), 48.0);
  EXPECT_FALSE(rows_of(set_of("x", {5, 2, 3}), 3).has_value());
  EXPECT_FALSE(rows_of(set_of("x", {}), 1).has_value());
}

TEST(StoredSetTest, OfMatlabHasItsRowsInItsLastDimension) {
  StoredSet matrix = set_of("x", {3, 5});
  matrix.is_of_matlab = true;
  EXPECT_EQ(rows_of(matrix, 5)->time_axis, 1u);
  EXPECT_THAT(rows_of(matrix, 5)->axes, ElementsAre(0));
  StoredSet vector = set_of("x", {1, 5});
  vector.is_of_matlab = true;
  EXPECT_THAT(rows_of(vector, 5)->axes, IsEmpty());
  EXPECT_EQ(length_of(vector), 5u);
  EXPECT_EQ(length_of(set_of("x", {5, 1})), 5u);
  EXPECT_FALSE(length_of(set_of("x", {1, 5})).has_value());
}

TEST(StoredSetTest, HoldsWhatItsBytesCanBe) {
  StoredSet set = set_of("x", {1'000});
  EXPECT_TRUE(has_times(set));
  set.dims = {1'000'000'000};
  EXPECT_FALSE(has_times(set));
  set.stored_bytes = 0;
  set.dims = {1};
  EXPECT_FALSE(has_values(set));
  set.dims = {0};
  EXPECT_TRUE(has_values(set));
}

TEST(SetTimesTest, AreNumbersOrTextsOfOneDimension) {
  const std::vector<StoredSet> sets = {set_of("time", {5, 3}), set_of("t", {5}),
                                       set_of("ts", {5}, StoredType::Form::kMap)};
  EXPECT_EQ(times_among(sets, "")->time.set.name, "t");
  EXPECT_EQ(times_among(sets, "/a/t")->rows, 5u);
  EXPECT_FALSE(times_among(sets, "time").has_value());
  EXPECT_FALSE(times_among({}, "").has_value());
}

TEST(PictureSetTest, IsOfBytesOrOfManyNumbers) {
  StoredSet bytes = set_of("x", {5, 4, 6, 3}, StoredType::Form::kUnsigned);
  bytes.type.bytes = 1;
  bytes.type.is_byte = true;
  EXPECT_TRUE(picture_fields(bytes, {0, {1, 2, 3}}).has_value());
  bytes.dims = {5, 7, 6, 5};
  EXPECT_FALSE(picture_fields(bytes, {0, {1, 2, 3}}).has_value());
  StoredSet depth = set_of("x", {5, 31, 40}, StoredType::Form::kUnsigned);
  depth.type.bytes = 2;
  EXPECT_FALSE(picture_fields(depth, {0, {1, 2}}).has_value());
  depth.dims[1] = 32;
  EXPECT_TRUE(picture_fields(depth, {0, {1, 2}}).has_value());
}

}  // namespace
}  // namespace zbag::hdf5::reading
