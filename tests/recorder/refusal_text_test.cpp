// What newcomers send first, and what they are told.
#include "recorder/refusal_text.hpp"

#include <gmock/gmock.h>

#include "tests/support/bytes.hpp"

namespace zbag {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// What is said of a frame that a scan refuses.
std::string said_of(const std::string& frame, const std::string& topic = "imu") {
  const ScanOutcome outcome = scan_frame(as_bytes(frame), kItemsMax);
  return outcome.refusal ? refusal_text(*outcome.refusal, topic, as_bytes(frame)) : "passed";
}

std::string said_of_stamp(const Value& stamp) { return said_of(encoded({{"_ts", stamp}})); }

TEST(RefusalTextTest, NamesTheTrackAndTheReason) {
  EXPECT_THAT(said_of_stamp("x"), AllOf(HasSubstr("track imu"), HasSubstr("bad_timestamp")));
}

TEST(RefusalTextTest, KnowsStampsInFinerUnits) {
  EXPECT_THAT(said_of_stamp(1'700'000'000'000'000'000),
              AllOf(HasSubstr("1700000000000000000"), HasSubstr("nanoseconds"), HasSubstr("1e9")));
  EXPECT_THAT(said_of_stamp(1.7e15), AllOf(HasSubstr("microseconds"), HasSubstr("1e6")));
  EXPECT_THAT(said_of_stamp(1'700'000'000'123),
              AllOf(HasSubstr("1700000000123"), HasSubstr("milliseconds"), HasSubstr("1e3")));
  EXPECT_THAT(said_of_stamp(1e300), AllOf(HasSubstr("no time"), Not(HasSubstr("milli"))));
}

TEST(RefusalTextTest, KnowsIsoText) {
  EXPECT_THAT(said_of_stamp("2026-11-28T22:10:00Z"),
              AllOf(HasSubstr("2026-11-28T22:10:00Z"), HasSubstr("ISO 8601"),
                    HasSubstr("datetime.timestamp()")));
  EXPECT_THAT(said_of_stamp("noon"), AllOf(HasSubstr("noon"), Not(HasSubstr("ISO"))));
}

TEST(RefusalTextTest, KnowsTimesOfRos) {
  EXPECT_THAT(said_of_stamp(Fields{{"sec", 5}, {"nanosec", 6}}),
              AllOf(HasSubstr("ROS"), HasSubstr("sec + nanosec * 1e-9")));
  EXPECT_THAT(said_of_stamp(Fields{{"secs", 5}, {"nsecs", 6}}), HasSubstr("ROS"));
}

TEST(RefusalTextTest, KnowsTimesOfRosInAnyOrderAndAsLists) {
  EXPECT_THAT(said_of_stamp(Fields{{"nanosec", 6}, {"sec", 5}}),
              AllOf(HasSubstr("a map"), HasSubstr("ROS")));
  EXPECT_THAT(said_of_stamp(Array{5, 6}),
              AllOf(HasSubstr("an array"), HasSubstr("sec + nanosec * 1e-9")));
  EXPECT_THAT(said_of_stamp(Array{5.5, 6}), AllOf(HasSubstr("an array"), Not(HasSubstr("ROS"))));
  EXPECT_THAT(said_of_stamp(Fields{{"second", 6}}), Not(HasSubstr("ROS")));
}

TEST(RefusalTextTest, SaysWhatElseAStampIs) {
  EXPECT_THAT(said_of_stamp(nullptr), HasSubstr("_ts is nil"));
  EXPECT_THAT(said_of_stamp(true), HasSubstr("_ts is a bool"));
  EXPECT_THAT(said_of_stamp(0.0 / 0.0), HasSubstr("no time"));
}

TEST(RefusalTextTest, NamesAKeyThatIsAnInt) {
  EXPECT_THAT(said_of(from_hex("81 03 01")), AllOf(HasSubstr("int 3"), HasSubstr("\"3\"")));
  EXPECT_THAT(said_of(from_hex("81 a161 92 01 81 ff 01")), HasSubstr("int -1"));
}

// {b'nd': True, b'type': '<f8', ...} somewhere in the frame.
TEST(RefusalTextTest, KnowsArraysOfMsgpackNumpy) {
  EXPECT_THAT(said_of(from_hex("81 a161 82 c402 6e64 c3 c404 74797065 a1 66")),
              AllOf(HasSubstr("numpy"), HasSubstr("tolist()")));
}

TEST(RefusalTextTest, KnowsKeysThatAreBytes) {
  EXPECT_THAT(said_of(from_hex("81 c401 61 01")), AllOf(HasSubstr("'a'"), HasSubstr("bin")));
}

TEST(RefusalTextTest, KnowsJsonTextAndOtherText) {
  EXPECT_THAT(said_of("{\"_ts\": 1.5, \"x\": 3}"),
              AllOf(HasSubstr("JSON"), HasSubstr("msgpack instead of json")));
  EXPECT_THAT(said_of("[1, 2]"), HasSubstr("JSON"));
  EXPECT_THAT(said_of("hello world"), AllOf(HasSubstr("hello world"), HasSubstr("plain text")));
}

TEST(RefusalTextTest, KnowsTextOfAllLanguages) {
  EXPECT_THAT(said_of("\xef\xbb\xbf{\"x\": 1}"), HasSubstr("JSON"));  // a byte order mark
  EXPECT_THAT(said_of("{\"ort\": \"K\xc3\xb6ln\"}"), HasSubstr("JSON"));
  EXPECT_THAT(said_of("\xc3\xbc"
                      "ber"),
              HasSubstr("plain text"));
  EXPECT_THAT(said_of("\xd9\xb0" + std::string(0xb0, 'x')), HasSubstr("a str"));
}

TEST(RefusalTextTest, KnowsPickles) {
  EXPECT_THAT(said_of(from_hex("80 04 95 0a00000000000000 7d 94 8c01 78 94 4b01 73 2e")),
              AllOf(HasSubstr("pickle"), HasSubstr("msgpack")));
}

TEST(RefusalTextTest, KnowsBareImages) {
  EXPECT_THAT(said_of("\xff\xd8\xff\xe0"), AllOf(HasSubstr("image"), HasSubstr("bin")));
}

TEST(RefusalTextTest, SaysWhatIsThereInsteadOfAMap) {
  EXPECT_THAT(said_of(from_hex("93 01 02 03")), HasSubstr("an array"));
  EXPECT_THAT(said_of(from_hex("c0")), HasSubstr("nil"));
}

TEST(RefusalTextTest, TellsWhoeverSendsOnePartOfTwo) {
  EXPECT_THAT(refusal_text(Refusal::kOnePart, "imu {\"x\": 1}", {}),
              AllOf(HasSubstr("imu {"), HasSubstr("one_part"), HasSubstr("two parts")));
}

TEST(RefusalTextTest, SaysWhatIsWrongWithAName) {
  EXPECT_THAT(refusal_text(Refusal::kBadName, "a//b", {}),
              AllOf(HasSubstr("a//b"), HasSubstr("empty segment"), HasSubstr("robot/arm/imu")));
}

TEST(RefusalTextTest, SaysTheSizeOfAllPartsOfWhatIsTooLarge) {
  const std::string frame = encoded({{"_ts", 1.0}});
  EXPECT_THAT(refusal_text(Refusal::kTooLarge, "t", as_bytes(frame), 70'000'000),
              HasSubstr(std::to_string(70'000'000 + frame.size()) + " bytes in all its parts;"));
}

TEST(RefusalTextTest, IsOneShortLineWithoutControlBytesWhateverCame) {
  const std::string odd = "\x1b[2J\n\r\xc2\x9b" + std::string(100'000, 'x');
  for (std::size_t i = 0; i < kRefusalCount; ++i) {
    const auto refusal = static_cast<Refusal>(i);
    for (const std::string& frame : {encoded({{"_ts", odd}}), encoded({{odd, 1}}), encoded({})}) {
      const std::string text = refusal_text(refusal, odd, as_bytes(frame));
      EXPECT_LT(text.size(), 500u) << text;
      for (const char c : text) EXPECT_FALSE(static_cast<unsigned char>(c) < 0x20) << text;
    }
  }
}

TEST(RefusalTextTest, TellsHowCoarseAFloat32Is) {
  EXPECT_THAT(float32_text("imu", 1.7e9f), AllOf(HasSubstr("128 s"), HasSubstr("float64")));
}

}  // namespace
}  // namespace zbag
