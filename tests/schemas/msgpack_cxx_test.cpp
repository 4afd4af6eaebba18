// Frames as the reference library for C++ reads and writes them: a second implementation of the
// grammar of schemas/item.hpp.
#include <gtest/gtest.h>

#include <cmath>
#include <msgpack.hpp>
#include <string>
#include <string_view>

#include "schemas/frame.hpp"
#include "tests/support/bytes.hpp"
#include "tests/support/random_fields.hpp"

namespace zbag {
namespace {

bool is_same(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

bool is_same(const msgpack::object& read, const Value& value);

bool is_same(const msgpack::object_map& read, const Fields& fields) {
  if (read.size != fields.size()) return false;
  for (std::uint32_t i = 0; i < read.size; ++i) {
    const msgpack::object_kv& pair = read.ptr[i];
    const bool is_named =
        pair.key.type == msgpack::type::STR && pair.key.as<std::string_view>() == fields[i].first;
    if (!is_named || !is_same(pair.val, fields[i].second)) return false;
  }
  return true;
}

bool is_same(const msgpack::object_array& read, const Array& array) {
  if (read.size != array.size()) return false;
  for (std::uint32_t i = 0; i < read.size; ++i) {
    if (!is_same(read.ptr[i], array[i])) return false;
  }
  return true;
}

bool is_same(const msgpack::object& read, const Value& value) {
  const auto& via = read.via;
  switch (read.type) {
    case msgpack::type::NIL:
      return value.is_nil();
    case msgpack::type::BOOLEAN:
      return value == Value(via.boolean);
    case msgpack::type::POSITIVE_INTEGER:
      return value == Value(via.u64);
    case msgpack::type::NEGATIVE_INTEGER:
      return value == Value(via.i64);
    case msgpack::type::FLOAT32:
      return value.get_if<float>() != nullptr && is_same(via.f64, *value.get_if<float>());
    case msgpack::type::FLOAT64:
      return value.get_if<double>() != nullptr && is_same(via.f64, *value.get_if<double>());
    case msgpack::type::STR:
      return value == Value(std::string(via.str.ptr, via.str.size));
    case msgpack::type::BIN:
      return value == Value(Binary{std::string(via.bin.ptr, via.bin.size)});
    case msgpack::type::EXT:
      return value == Value(Extension{via.ext.type(), std::string(via.ext.data(), via.ext.size)});
    case msgpack::type::ARRAY:
      return value.get_if<Array>() != nullptr && is_same(via.array, *value.get_if<Array>());
    case msgpack::type::MAP:
      return value.get_if<Fields>() != nullptr && is_same(via.map, *value.get_if<Fields>());
  }
  return false;
}

// Whether msgpack-cxx reads these fields, and nothing behind them, in `bytes`.
bool reads(std::string_view bytes, const Fields& fields) {
  try {
    std::size_t end = 0;
    const msgpack::object_handle read = msgpack::unpack(bytes.data(), bytes.size(), end);
    return end == bytes.size() && is_same(read.get(), Value(fields));
  } catch (const msgpack::unpack_error&) {
    return false;
  }
}

TEST(MsgpackCxxTest, ReadsWhatIsEncoded) {
  RandomFields random(11);
  for (int round = 0; round < 2'000; ++round) {
    const Fields fields = random.fields(20);
    ASSERT_TRUE(reads(encoded(fields), fields)) << round;
  }
}

// Whatever a damaged frame says, as far as it is not refused.
TEST(MsgpackCxxTest, ReadsWhateverIsDecodedAsTheSameFields) {
  RandomFields random(12);
  int accepted = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = encoded(random.fields(6));
    for (std::uint64_t i = random.below(3); i > 0; --i)
      bytes[random.below(bytes.size())] = static_cast<char>(random.below(256));
    const Result<Fields> fields = decode_fields(as_bytes(bytes));
    if (!fields) continue;
    ++accepted;
    ASSERT_TRUE(reads(bytes, *fields)) << round;
  }
  EXPECT_GT(accepted, 5'000);
}

}  // namespace
}  // namespace zbag
