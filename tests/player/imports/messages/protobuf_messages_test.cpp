#include "player/imports/messages/protobuf_messages.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schemas/frame.hpp"
#include "schemas/text_bytes.hpp"

namespace zbag {
namespace {

using testing::HasSubstr;

// The encoding, by hand: tags and lengths below 2^14.
std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80u);
  return bytes + static_cast<char>(value);
}
std::string number(unsigned field, std::uint64_t value) {
  return varint(field << 3) + varint(value);
}
std::string bytes(unsigned field, const std::string& content) {
  return varint(field << 3 | 2u) + varint(content.size()) + content;
}

constexpr unsigned kMessage = 11;
constexpr unsigned kInt32 = 5;

std::string field(const std::string& name, unsigned at, unsigned type, const std::string& of = {},
                  bool is_list = false) {
  return bytes(2, bytes(1, name) + number(3, at) + number(4, is_list ? 3 : 1) + number(5, type) +
                      (of.empty() ? "" : bytes(6, of)));
}
std::string message(const std::string& name, const std::string& content) {
  return bytes(4, bytes(1, name) + content);
}
std::string set_of(const std::string& messages) {
  return bytes(1, bytes(2, "a") + messages + bytes(12, "proto3"));
}

Result<std::unique_ptr<PayloadDecoder>> decoder_of(const std::string& set,
                                                   std::size_t values_max = 1'000) {
  return protobuf_decoder({"a.T", "protobuf", set, "protobuf"}, values_max);
}

std::string refusal(const std::string& set, const std::string& data) {
  const auto decoder = decoder_of(set);
  if (!decoder) return decoder.error().message;
  std::string map;
  std::optional<std::int64_t> stamp_ns;
  const Status decoded = (*decoder)->decode(bytes_of(data), map, stamp_ns);
  return decoded ? "" : decoded.error().message;
}

Fields decoded(const std::string& set, const std::string& data) {
  std::string map;
  std::optional<std::int64_t> stamp_ns;
  EXPECT_TRUE(decoder_of(set).value()->decode(bytes_of(data), map, stamp_ns));
  return decode_fields(bytes_of(map)).value();
}

const std::string kRing =
    set_of(message("T", field("t", 1, kMessage, ".a.T") + field("ts", 2, kMessage, ".a.T", true) +
                            field("x", 3, kInt32)));

TEST(ProtobufMessagesTest, ReadsTypesThatAreMadeOfThemselves) {
  EXPECT_EQ(decoded(kRing, bytes(1, number(3, 5))),
            (Fields{{"t", Fields{{"ts", Array{}}, {"x", 5}}}, {"ts", Array{}}, {"x", 0}}));
}

TEST(ProtobufMessagesTest, RefusesWhatIsNestedDeeperThanAFrame) {
  std::string deep;
  for (int i = 0; i < 100; ++i) deep = bytes(1, deep);
  EXPECT_THAT(refusal(kRing, deep), HasSubstr("nested deeper"));
}

// Two bytes in a list stand for a map of all fields.
TEST(ProtobufMessagesTest, CountsTheFieldsThatAreNotWritten) {
  std::string fields = field("ts", 9'999, kMessage, ".a.T", true);
  for (unsigned i = 1; i < 400; ++i) fields += field("x" + std::to_string(i), i, kInt32);
  const std::string set = set_of(message("T", fields));
  EXPECT_EQ(refusal(set, bytes(9'999, "")), "");
  EXPECT_THAT(refusal(set, bytes(9'999, "") + bytes(9'999, "")), HasSubstr("more values"));
}

TEST(ProtobufMessagesTest, CountsNumbersBehindEachOther) {
  const std::string set = set_of(message("T", field("x", 1, kInt32, {}, true)));
  EXPECT_EQ(refusal(set, bytes(1, std::string(900, '\1'))), "");
  EXPECT_THAT(refusal(set, bytes(1, std::string(1'100, '\1'))), HasSubstr("more values"));
}

TEST(ProtobufMessagesTest, ReadsOverWhatIsOfALaterVersion) {
  const std::string group = varint(7 << 3 | 3u) + number(1, 2) + varint(7 << 3 | 4u);
  EXPECT_EQ(decoded(set_of(message("T", field("x", 3, kInt32))),
                    group + number(8, 1) + bytes(3, "text") + number(3, 6)),
            (Fields{{"x", 6}}));
}

TEST(ProtobufMessagesTest, FindsTypesByTheScopeTheyAreNamedIn) {
  const std::string inner = bytes(3, bytes(1, "In") + field("x", 1, kInt32));
  EXPECT_EQ(decoded(set_of(message("T", field("in", 1, kMessage, "In") + inner)), bytes(1, "")),
            (Fields{{"in", Fields{{"x", 0}}}}));
}

TEST(ProtobufMessagesTest, RefusesSchemasThatAreNone) {
  EXPECT_THAT(refusal("\xff", ""), HasSubstr("no FileDescriptorSet"));
  EXPECT_THAT(refusal("", ""), HasSubstr("does not say what a.T is"));
  EXPECT_THAT(refusal(set_of(message("T", field("b", 1, kMessage, ".a.B"))), ""),
              HasSubstr("does not say what .a.B is"));
  std::string deep;
  for (int i = 0; i < 40; ++i) deep = bytes(3, bytes(1, "N") + deep);
  EXPECT_THAT(refusal(set_of(message("T", deep)), ""), HasSubstr("too deep"));
  EXPECT_THAT(refusal(set_of(message(std::string(2'000, 'n'), "")), ""), HasSubstr("too many"));
  EXPECT_THAT(refusal(set_of(message("T", bytes(2, bytes(1, "x") + number(3, 1) + number(5, 5) +
                                                       number(9, 1'000'000)))),
                      ""),
              HasSubstr("no FileDescriptorSet"));
}

}  // namespace
}  // namespace zbag
