#include "schemas/quantity_text.hpp"

#include <gtest/gtest.h>

namespace zbag {
namespace {

TEST(QuantityTextTest, ASpanHasUnitsOrCountsInTheOneAskedFor) {
  EXPECT_EQ(parse_span("90", 1.0), 90.0);
  EXPECT_EQ(parse_span("90", 1e3), 90.0);
  EXPECT_EQ(parse_span("1m30s", 1.0), 90.0);
  EXPECT_EQ(parse_span("1m30s", 1e3), 90'000.0);
  EXPECT_EQ(parse_span("250ms", 1.0), 0.25);
  EXPECT_EQ(parse_span("57ms", 1e3), 57.0);
  EXPECT_EQ(parse_span("1.5h", 1.0), 5'400.0);
  EXPECT_EQ(parse_span("1d", 1.0), 86'400.0);
  EXPECT_EQ(parse_span("1e3", 1.0), 1'000.0);
  EXPECT_EQ(parse_span("2hr5min3sec", 1.0), 7'503.0);
}

TEST(QuantityTextTest, WhatIsNoSpanIsNone) {
  for (const char* text : {"", "s", "1x", "1m30", "-5", "+5", "1.2.3s", "1 s", "1S", "nan", "inf",
                           "9.3e9", "200000000m", "1GB", "1m-5s"})
    EXPECT_EQ(parse_span(text, 1.0), std::nullopt) << text;
}

TEST(QuantityTextTest, ASizeHasAUnitOrCountsMillionsOfBytes) {
  EXPECT_EQ(parse_megabytes("12.5"), 12.5);
  EXPECT_EQ(parse_megabytes("1GB"), 1'000.0);
  EXPECT_EQ(parse_megabytes("512mb"), 512.0);
  EXPECT_EQ(parse_megabytes("300kB"), 0.3);
  EXPECT_EQ(parse_megabytes("1GiB"), 1'073.741824);
  EXPECT_EQ(parse_megabytes("64KIB"), 0.065536);
  EXPECT_EQ(parse_megabytes("1.5TB"), 1.5e6);
  EXPECT_EQ(parse_megabytes("1000000B"), 1.0);
  EXPECT_EQ(parse_megabytes("2G"), 2'000.0);
  EXPECT_EQ(parse_megabytes("500k"), 0.5);
  EXPECT_EQ(parse_megabytes("1Mi"), 1.048576);
}

TEST(QuantityTextTest, WhatIsNoSizeIsNone) {
  for (const char* text : {"", "MB", "1X", "1m", "1GBs", "1 GB", "-1MB", "1GB1MB", "1m30s", "inf"})
    EXPECT_EQ(parse_megabytes(text), std::nullopt) << text;
}

}  // namespace
}  // namespace zbag
