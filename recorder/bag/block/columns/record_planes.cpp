#include "recorder/bag/block/columns/record_planes.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace zbag {
namespace {

constexpr std::size_t kSampleBytes = 16u << 10;
constexpr std::size_t kReachMax = 2'048;  // bytes back that a like record is looked for
// Planes, and others than the last ones, are worth their while from a sixteenth on.
constexpr std::size_t kGain = 16;

// How many places of the sample hold the byte that stands `reach` bytes before, for every reach.
std::vector<std::uint32_t> repeats_by_reach(std::span<const std::uint8_t> sample) {
  constexpr std::size_t kStep = 53;  // shares no factor with the sizes of records
  std::vector<std::uint32_t> repeats(std::min(kReachMax, sample.size() / 2) + 1);
  for (std::size_t i = repeats.size() - 1; i < sample.size(); i += kStep) {
    for (std::size_t reach = 1; reach < repeats.size(); ++reach)
      repeats[reach] += sample[i] == sample[i - reach] ? 1 : 0;
  }
  return repeats;
}

}  // namespace

void write_record_planes(std::span<const std::uint8_t> bytes, const RecordForm& form, Bytes& out) {
  const std::size_t records = bytes.size() / form.bytes;
  const std::size_t begin = out.size();
  out.resize(begin + bytes.size());
  std::uint8_t* to = out.data() + begin;
  const std::size_t heads = form.lag == 0 ? records : std::min(form.lag, records);
  const std::size_t back = form.lag * form.bytes;
  for (std::size_t plane = 0; records > 0 && plane < form.bytes; ++plane) {
    const std::uint8_t* from = bytes.data() + plane;
    for (std::size_t i = 0; i < heads; ++i) *to++ = from[i * form.bytes];
    for (std::size_t at = heads * form.bytes; at < records * form.bytes; at += form.bytes)
      *to++ = static_cast<std::uint8_t>(from[at] - from[at - back]);
  }
  std::copy(bytes.begin() + static_cast<std::ptrdiff_t>(records * form.bytes), bytes.end(), to);
}

void read_record_planes(std::span<const std::uint8_t> planes, const RecordForm& form,
                        std::span<std::uint8_t> bytes) {
  const std::size_t records = bytes.size() / form.bytes;
  const std::uint8_t* from = planes.data();
  const std::size_t heads = form.lag == 0 ? records : std::min(form.lag, records);
  const std::size_t back = form.lag * form.bytes;
  for (std::size_t plane = 0; records > 0 && plane < form.bytes; ++plane) {
    std::uint8_t* const to = bytes.data() + plane;
    if (form.lag == 1) {
      // The sum stays in a register: a round through memory for each byte takes thrice the time.
      std::uint8_t sum = 0;
      for (std::size_t i = 0; i < records; ++i)
        to[i * form.bytes] = sum = static_cast<std::uint8_t>(sum + *from++);
      continue;
    }
    for (std::size_t i = 0; i < heads; ++i) to[i * form.bytes] = *from++;
    for (std::size_t at = heads * form.bytes; at < records * form.bytes; at += form.bytes)
      to[at] = static_cast<std::uint8_t>(*from++ + to[at - back]);
  }
  const auto done = static_cast<std::ptrdiff_t>(records * form.bytes);
  std::copy(planes.begin() + done, planes.end(), bytes.begin() + done);
}

RecordForm best_record_form(std::span<const std::uint8_t> bytes, const RecordForm& last,
                            CompressionSpec compression, Compressor& compressor) {
  constexpr std::array<std::size_t, 8> kRecords = {1, 2, 3, 4, 6, 8, 12, 16};
  const auto sample = bytes.first(std::min(bytes.size(), kSampleBytes));
  Bytes planes;
  Bytes packed;
  const auto size_as = [&](const RecordForm& form) {
    planes.clear();
    packed.clear();
    write_record_planes(sample, form, planes);
    const std::size_t size = compressor.append(planes, compression, packed);
    return size == 0 ? sample.size() : size;
  };
  const std::vector<std::uint32_t> repeats = repeats_by_reach(sample);
  const std::size_t plain = size_as(RecordForm{});
  const std::size_t held = last.is_plain() ? plain : size_as(last);
  RecordForm best = held < plain - plain / kGain ? last : RecordForm{};
  std::size_t least = std::min(held, plain);
  least -= least / kGain;
  for (const std::size_t record : kRecords) {
    std::size_t reach = record;
    for (std::size_t at = record; at < repeats.size(); at += record) {
      if (repeats[at] > repeats[reach]) reach = at;
    }
    for (const std::size_t lag : {std::size_t{0}, std::size_t{1}, reach / record}) {
      const RecordForm form{record, lag};
      if (form.is_plain() || form == last) continue;
      const std::size_t size = size_as(form);
      if (size >= least) continue;
      least = size;
      best = form;
    }
  }
  return best;
}

}  // namespace zbag
