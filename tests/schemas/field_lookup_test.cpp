#include "schemas/field_lookup.hpp"

#include <gtest/gtest.h>

namespace zbag {
namespace {

const Fields kFields{{"uint", 7},   {"int", -7},   {"float64", 0.5},         {"float32", 0.25f},
                     {"yes", true}, {"text", "x"}, {"map", Fields{{"a", 1}}}};

TEST(FieldLookupTest, GivesWhatIsOfTheType) {
  EXPECT_EQ(uint_field(kFields, "uint"), 7u);
  EXPECT_EQ(int_field(kFields, "int"), -7);
  EXPECT_EQ(int_field(kFields, "uint"), 7);
  EXPECT_EQ(float_field(kFields, "float64"), 0.5);
  EXPECT_TRUE(bool_field(kFields, "yes"));
  EXPECT_EQ(text_field(kFields, "text"), "x");
  EXPECT_EQ(map_field(kFields, "map"), (Fields{{"a", 1}}));
}

TEST(FieldLookupTest, GivesTheFallbackForWhatIsMissingOrOfAnotherType) {
  EXPECT_EQ(uint_field(kFields, "none", 3), 3u);
  EXPECT_EQ(uint_field(kFields, "int", 3), 3u);
  EXPECT_EQ(int_field(kFields, "text"), std::nullopt);
  EXPECT_EQ(float_field(kFields, "uint", 1.5), 1.5);
  EXPECT_FALSE(bool_field(kFields, "uint"));
  EXPECT_EQ(text_field(kFields, "uint"), "");
  EXPECT_TRUE(map_field(kFields, "text").empty());
  EXPECT_EQ(field_as<double>(kFields, "float32"), nullptr);
}

TEST(FieldLookupTest, GivesAnyNumberAsADouble) {
  EXPECT_EQ(number_field(kFields, "uint", 0.0), 7.0);
  EXPECT_EQ(number_field(kFields, "int", 0.0), -7.0);
  EXPECT_EQ(number_field(kFields, "float32", 0.0), 0.25);
  EXPECT_EQ(number_field(kFields, "float64", 0.0), 0.5);
  EXPECT_EQ(number_field(kFields, "yes", 9.0), 9.0);
  EXPECT_EQ(number_field(kFields, "none", 9.0), 9.0);
}

}  // namespace
}  // namespace zbag
