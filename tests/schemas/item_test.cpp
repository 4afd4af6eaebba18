#include "schemas/item.hpp"

#include <gmock/gmock.h>

#include <limits>

#include "schemas/put_item.hpp"
#include "tests/support/bytes.hpp"

namespace zbag {
namespace {

using item::Type;

template <class Put>
std::string put(Put put_item) {
  std::array<std::uint8_t, item::kHeadMax> bytes;
  std::uint8_t* at = bytes.data();
  put_item(at);
  return {bytes.data(), at};
}

// Of each first byte of the specification: the type, the bytes of the head, what it holds when the
// head goes on with the bytes 1 2 3 4 5.
struct Format {
  unsigned first;
  unsigned last;
  Type type;
  std::size_t head;
  std::uint32_t held;
};
constexpr std::uint32_t kFour = 0x01020304;
const Format kFormats[] = {
    {0x00, 0x7f, Type::kInt, 1, 0},         {0xc0, 0xc0, Type::kNil, 1, 0},
    {0xc1, 0xc1, Type::kNever, 1, 0},       {0xc2, 0xc3, Type::kBool, 1, 0},
    {0xc4, 0xc4, Type::kBinary, 2, 1},      {0xc5, 0xc5, Type::kBinary, 3, 0x0102},
    {0xc6, 0xc6, Type::kBinary, 5, kFour},  {0xc7, 0xc7, Type::kExtension, 3, 1},
    {0xc8, 0xc8, Type::kExtension, 4, 258}, {0xc9, 0xc9, Type::kExtension, 6, kFour},
    {0xca, 0xca, Type::kFloat32, 1, 4},     {0xcb, 0xcb, Type::kFloat64, 1, 8},
    {0xcc, 0xcc, Type::kInt, 1, 1},         {0xcd, 0xcd, Type::kInt, 1, 2},
    {0xce, 0xce, Type::kInt, 1, 4},         {0xcf, 0xcf, Type::kInt, 1, 8},
    {0xd0, 0xd0, Type::kInt, 1, 1},         {0xd1, 0xd1, Type::kInt, 1, 2},
    {0xd2, 0xd2, Type::kInt, 1, 4},         {0xd3, 0xd3, Type::kInt, 1, 8},
    {0xd4, 0xd4, Type::kExtension, 2, 1},   {0xd5, 0xd5, Type::kExtension, 2, 2},
    {0xd6, 0xd6, Type::kExtension, 2, 4},   {0xd7, 0xd7, Type::kExtension, 2, 8},
    {0xd8, 0xd8, Type::kExtension, 2, 16},  {0xd9, 0xd9, Type::kText, 2, 1},
    {0xda, 0xda, Type::kText, 3, 0x0102},   {0xdb, 0xdb, Type::kText, 5, kFour},
    {0xdc, 0xdc, Type::kArray, 3, 0x0102},  {0xdd, 0xdd, Type::kArray, 5, kFour},
    {0xde, 0xde, Type::kMap, 3, 0x0102},    {0xdf, 0xdf, Type::kMap, 5, kFour},
    {0xe0, 0xff, Type::kInt, 1, 0},
};

TEST(ItemTest, ReadsTheHeadOfEveryFormat) {
  for (const Format& format : kFormats) {
    for (unsigned first = format.first; first <= format.last; ++first) {
      const std::array<std::uint8_t, 6> bytes = {static_cast<std::uint8_t>(first), 1, 2, 3, 4, 5};
      item::Cursor in(bytes);
      Type type = Type::kNever;
      std::uint32_t held = 0;
      ASSERT_TRUE(item::take_head(in, type, held)) << first;
      EXPECT_EQ(type, format.type) << first;
      EXPECT_EQ(in.at - bytes.data(), static_cast<std::ptrdiff_t>(format.head)) << first;
      EXPECT_EQ(held, format.held) << first;
    }
  }
}

TEST(ItemTest, ReadsTheCountsThatAFirstByteHolds) {
  for (unsigned count = 0; count < 32; ++count) {
    EXPECT_EQ(item::kLeads[0xa0 + count].held, count);
    EXPECT_EQ(item::kLeads[0x80 + count % 16].held, count % 16);
    EXPECT_EQ(item::kLeads[0x90 + count % 16].held, count % 16);
  }
}

TEST(ItemTest, ReadsNoHeadThatIsCutOff) {
  for (const Format& format : kFormats) {
    const std::array<std::uint8_t, 6> bytes = {static_cast<std::uint8_t>(format.first)};
    item::Cursor in({bytes.data(), format.head - 1});
    Type type = Type::kNever;
    std::uint32_t held = 0;
    EXPECT_FALSE(item::take_head(in, type, held)) << format.first;
  }
}

TEST(ItemTest, WritesIntegersInTheirShortestForm) {
  const auto bytes = [](std::int64_t value) {
    return put([=](std::uint8_t*& at) { item::put_signed(at, value); });
  };
  EXPECT_EQ(bytes(0), from_hex("00"));
  EXPECT_EQ(bytes(127), from_hex("7f"));
  EXPECT_EQ(bytes(128), from_hex("cc 80"));
  EXPECT_EQ(bytes(255), from_hex("cc ff"));
  EXPECT_EQ(bytes(256), from_hex("cd 01 00"));
  EXPECT_EQ(bytes(65'536), from_hex("ce 00 01 00 00"));
  EXPECT_EQ(bytes(4'294'967'296), from_hex("cf 00 00 00 01 00 00 00 00"));
  EXPECT_EQ(bytes(-1), from_hex("ff"));
  EXPECT_EQ(bytes(-32), from_hex("e0"));
  EXPECT_EQ(bytes(-33), from_hex("d0 df"));
  EXPECT_EQ(bytes(-129), from_hex("d1 ff 7f"));
  EXPECT_EQ(bytes(-32'769), from_hex("d2 ff ff 7f ff"));
  EXPECT_EQ(bytes(-2'147'483'649), from_hex("d3 ff ff ff ff 7f ff ff ff"));
}

TEST(ItemTest, WritesLengthsInTheirShortestForm) {
  const auto text = [](std::uint64_t size) {
    return put([=](std::uint8_t*& at) { item::put_text(at, size); });
  };
  const auto binary = [](std::uint64_t size) {
    return put([=](std::uint8_t*& at) { item::put_binary(at, size); });
  };
  const auto array = [](std::uint64_t count) {
    return put([=](std::uint8_t*& at) { item::put_array(at, count); });
  };
  EXPECT_EQ(text(31), from_hex("bf"));
  EXPECT_EQ(text(32), from_hex("d9 20"));
  EXPECT_EQ(text(256), from_hex("da 01 00"));
  EXPECT_EQ(text(65'536), from_hex("db 00 01 00 00"));
  EXPECT_EQ(binary(0), from_hex("c4 00"));
  EXPECT_EQ(binary(256), from_hex("c5 01 00"));
  EXPECT_EQ(binary(65'536), from_hex("c6 00 01 00 00"));
  EXPECT_EQ(array(15), from_hex("9f"));
  EXPECT_EQ(array(16), from_hex("dc 00 10"));
  EXPECT_EQ(array(65'536), from_hex("dd 00 01 00 00"));
}

TEST(ItemTest, WritesExtensionsOfAFixedLengthWithoutIt) {
  const auto extension = [](std::uint64_t size) {
    return put([=](std::uint8_t*& at) { item::put_extension(at, -1, size); });
  };
  EXPECT_EQ(extension(1), from_hex("d4 ff"));
  EXPECT_EQ(extension(2), from_hex("d5 ff"));
  EXPECT_EQ(extension(4), from_hex("d6 ff"));
  EXPECT_EQ(extension(8), from_hex("d7 ff"));
  EXPECT_EQ(extension(16), from_hex("d8 ff"));
  EXPECT_EQ(extension(0), from_hex("c7 00 ff"));
  EXPECT_EQ(extension(12), from_hex("c7 0c ff"));
  EXPECT_EQ(extension(256), from_hex("c8 01 00 ff"));
  EXPECT_EQ(extension(65'536), from_hex("c9 00 01 00 00 ff"));
}

TEST(ItemTest, ReadsAnUnsignedNumberOnlyInItsUnsignedForms) {
  const auto read = [](const std::string& bytes) {
    item::Cursor in(as_bytes(bytes));
    std::uint64_t value = 0;
    return item::take_unsigned(in, value) ? std::optional(value) : std::nullopt;
  };
  EXPECT_EQ(read(from_hex("7f")), 127u);
  EXPECT_EQ(read(from_hex("cd 01 00")), 256u);
  EXPECT_EQ(read(from_hex("cf ff ff ff ff ff ff ff ff")),
            std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(read(from_hex("d0 05")), std::nullopt);
  EXPECT_EQ(read(from_hex("ff")), std::nullopt);
  EXPECT_EQ(read(from_hex("ce 00 00 01")), std::nullopt);
}

TEST(ItemTest, PassesOverAnItemWithAllItHolds) {
  const std::string bytes = from_hex("82 a1 61 93 01 c0 a1 78 a1 62 c7 02 05 00 00 07");
  item::Cursor in(as_bytes(bytes));
  EXPECT_EQ(item::skip(in), item::Fault::kNone);
  EXPECT_EQ(in.left(), 1u);
}

// Lists of floats go sixteen at a time; one that is none may stand anywhere among them.
TEST(ItemTest, PassesOverListsOfFloatsWhateverStandsAmongThem) {
  const std::string float32 = from_hex("ca 3f 80 00 00");
  const std::string float64 = from_hex("cb ca cb ca cb ca cb ca cb");
  for (const std::string& one : {float32, float64}) {
    const std::string& other = one == float32 ? float64 : float32;
    for (const std::string& odd : {one, other, from_hex("07"), from_hex("92 01 ca 00 00 00 00")}) {
      for (const unsigned at : {0u, 1u, 15u, 16u, 17u, 31u, 32u, 38u}) {
        std::string list = from_hex("dc 00 27");
        for (unsigned i = 0; i < 0x27; ++i) list += i == at ? odd : one;
        const std::string with_more = list + one;
        item::Cursor whole(as_bytes(with_more));
        EXPECT_EQ(item::skip(whole), item::Fault::kNone);
        EXPECT_EQ(whole.left(), one.size());
        item::Cursor cut(as_bytes(list).first(list.size() - 1));
        EXPECT_EQ(item::skip(cut), item::Fault::kTruncated);
      }
    }
  }
}

TEST(ItemTest, SaysWhyAnItemCannotBePassedOver) {
  const auto fault = [](const std::string& bytes) {
    item::Cursor in(as_bytes(bytes));
    return item::skip(in);
  };
  EXPECT_EQ(fault(""), item::Fault::kTruncated);
  EXPECT_EQ(fault(from_hex("92 01")), item::Fault::kTruncated);
  EXPECT_EQ(fault(from_hex("a2 61")), item::Fault::kTruncated);
  EXPECT_EQ(fault(from_hex("c1")), item::Fault::kBadType);
  EXPECT_EQ(fault(from_hex("81 01 01")), item::Fault::kBadKey);
  EXPECT_EQ(fault(std::string(item::kDepthMax, '\x91') + '\x01'), item::Fault::kNone);
  EXPECT_EQ(fault(std::string(item::kDepthMax + 1, '\x91') + '\x01'), item::Fault::kTooDeep);
}

}  // namespace
}  // namespace zbag
