#include "player/imports/messages/message_decoder.hpp"

#include <gmock/gmock.h>

#include "schemas/frame.hpp"
#include "schemas/text_bytes.hpp"

namespace zbag {
namespace {

using testing::HasSubstr;

// Appends numbers as they lie in memory.
template <class T>
void put(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

struct Decoded {
  Fields fields;
  std::optional<std::int64_t> stamp_ns;
};

class MessageDecoderTest : public testing::Test {
 protected:
  Result<Decoded> decode(const std::string& definition, const std::string& message,
                         MessageEncoding encoding = MessageEncoding::kRos1) {
    MessageDecoder decoder(parse_definition("a/T", definition).value(), encoding, values_max_);
    std::string map;
    Decoded decoded;
    if (Status status = decoder.decode(bytes_of(message), map, decoded.stamp_ns); !status)
      return tl::unexpected(status.error());
    decoded.fields = decode_fields(bytes_of(map)).value();
    return decoded;
  }
  Fields fields(const std::string& definition, const std::string& message,
                MessageEncoding encoding = MessageEncoding::kRos1) {
    return decode(definition, message, encoding).value().fields;
  }
  std::string refusal(const std::string& definition, const std::string& message,
                      MessageEncoding encoding = MessageEncoding::kRos1) {
    const Result<Decoded> decoded = decode(definition, message, encoding);
    return decoded ? "" : decoded.error().message;
  }

  std::size_t values_max_ = 1'000;
};

constexpr const char* kAll =
    "bool b\nint8 i\nuint16 u\nint64 n\nfloat32 f\nfloat64 d\nstring s\nint16[] list\n"
    "uint8[] data\nfloat64[2] pair\n";

// Of values behind each other; `align` puts zeros before a number of that size.
template <class Align>
std::string all_of(Align align) {
  std::string out;
  const auto number = [&](auto value) {
    align(out, sizeof value);
    put(out, value);
  };
  number(std::uint8_t{1});
  number(std::int8_t{-5});
  number(std::uint16_t{65'535});
  number(std::int64_t{-1});
  number(1.5f);
  number(0.1);
  return out;
}

const Fields& all_fields() {
  static const Fields kFields{{"b", true},
                              {"i", -5},
                              {"u", 65'535},
                              {"n", -1},
                              {"f", 1.5f},
                              {"d", 0.1},
                              {"s", "abc"},
                              {"list", Array{-1, 2}},
                              {"data", Binary{"\x01\x02\x03"}},
                              {"pair", Array{1.0, 2.0}}};
  return kFields;
}

TEST_F(MessageDecoderTest, ReadsRos1WhereNumbersLieBehindEachOther) {
  std::string message = all_of([](std::string&, std::size_t) {});
  put(message, std::uint32_t{3});
  message += "abc";
  put(message, std::uint32_t{2});
  put(message, std::int16_t{-1});
  put(message, std::int16_t{2});
  put(message, std::uint32_t{3});
  message += "\x01\x02\x03";
  put(message, 1.0);
  put(message, 2.0);
  EXPECT_EQ(fields(kAll, message), all_fields());
}

// In plain CDR a number lies at a multiple of its size, of version 2 at one of 4 at most.
std::string cdr_of(char form, std::size_t align_max) {
  const auto align = [align_max](std::string& out, std::size_t size) {
    const std::size_t to = std::min(size, align_max);
    while (out.size() % to != 0) out += '\0';
  };
  std::string body = all_of(align);
  align(body, 4);
  put(body, std::uint32_t{4});
  body.append("abc", 4);  // with its zero
  put(body, std::uint32_t{2});
  put(body, std::int16_t{-1});
  put(body, std::int16_t{2});
  put(body, std::uint32_t{3});
  body += "\x01\x02\x03";
  align(body, 8);
  put(body, 1.0);
  put(body, 2.0);
  return std::string({'\0', form, '\0', '\0'}) + body;
}

TEST_F(MessageDecoderTest, ReadsCdrOfBothVersions) {
  EXPECT_EQ(fields(kAll, cdr_of(1, 8), MessageEncoding::kCdr), all_fields());
  EXPECT_EQ(fields(kAll, cdr_of(7, 4), MessageEncoding::kCdr), all_fields());
}

TEST_F(MessageDecoderTest, ReadsCdrOfTheOtherByteOrder) {
  const std::string message("\0\0\0\0\0\0\1\2\x3f\x80\0\0\0\0\0\2a\0", 18);
  EXPECT_EQ(fields("uint32 n\nfloat32 f\nstring s\n", message, MessageEncoding::kCdr),
            (Fields{{"n", 258}, {"f", 1.0f}, {"s", "a"}}));
}

TEST_F(MessageDecoderTest, RefusesFormsOfCdrThatItDoesNotRead) {
  EXPECT_THAT(refusal("int8 x\n", std::string("\0\x02\0\0\1", 5), MessageEncoding::kCdr),
              HasSubstr("0x0002"));
  EXPECT_THAT(refusal("int8 x\n", std::string("\0\1", 2), MessageEncoding::kCdr),
              HasSubstr("shorter"));
}

TEST_F(MessageDecoderTest, TakesTimesAsNanosecondsAndTheHeadersAsTheMessages) {
  const std::string definition =
      "Header header\nduration d\n===\nMSG: std_msgs/Header\nuint32 seq\ntime stamp\nstring "
      "frame_id\n";
  std::string message;
  put(message, std::uint32_t{7});
  put(message, std::uint32_t{3'000'000'000});  // behind 2038
  put(message, std::uint32_t{5});
  put(message, std::uint32_t{1});
  message += "f";
  put(message, std::int32_t{-1});
  put(message, std::int32_t{-500});
  const Decoded decoded = decode(definition, message).value();
  EXPECT_EQ(decoded.stamp_ns, 3'000'000'000'000'000'005);
  EXPECT_EQ(decoded.fields,
            (Fields{{"header",
                     Fields{{"seq", 7}, {"stamp", 3'000'000'000'000'000'005}, {"frame_id", "f"}}},
                    {"d", -1'000'000'500}}));
}

TEST_F(MessageDecoderTest, NamesWhereAMessageDoesNotFit) {
  EXPECT_THAT(refusal("int8 x\nfloat64 y\n", "abc"), HasSubstr("a/T.y"));
  EXPECT_THAT(refusal("P p\n===\nMSG: a/P\nstring s\n", std::string("\xff\xff\xff\xff", 4)),
              HasSubstr("a/P.s"));
}

TEST_F(MessageDecoderTest, BoundsWhatLengthsSpeakOf) {
  const std::string many("\xff\xff\xff\x7f", 4);
  EXPECT_NE(refusal("float64[] x\n", many), "");
  EXPECT_NE(refusal("uint8[] x\n", many), "");
  EXPECT_THAT(refusal("E[] x\n===\nMSG: a/E\n", many), HasSubstr("more than 1000 values"));
  EXPECT_THAT(refusal("A[1000000000] x\n===\nMSG: a/A\nE[1000000000] e\n===\nMSG: a/E\n", ""),
              HasSubstr("more than 1000 values"));
}

TEST_F(MessageDecoderTest, BoundsWhatNamesOfNothingTake) {
  const std::string name(200'000, 'n');
  EXPECT_THAT(refusal("E[] x\n===\nMSG: a/E\nuint8[0] " + name + "\n", {"\xc2\1\0\0", 4}),
              HasSubstr("than a frame holds"));
}

}  // namespace
}  // namespace zbag
