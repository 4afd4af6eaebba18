// The merge buffer alone: what gathering costs, without and with frames of equal stamps.
//
//   merge_bench [--rounds N] [--scale S] [--json FILE]

#include <fmt/format.h>

#include "benchmarks/report.hpp"
#include "benchmarks/workloads.hpp"
#include "recorder/merge_buffer.hpp"

namespace zbag::bench {
namespace {

// The workload through intake and merge buffer, taken every 30 000 frames as a commit would.
// Every `repeat`-th frame is fed twice, so that it merges into the point before it; 0: none.
void gather(const Workload& work, std::size_t repeat) {
  Intake intake({});
  MergeBuffer buffer{MergeRules()};
  const ArrivalTime arrival = ArrivalTime::now();
  std::size_t points = 0;
  const auto feed = [&](const Workload::Frame& frame) {
    intake.accept(work.tracks[frame.track],
                  {reinterpret_cast<const std::uint8_t*>(frame.bytes.data()), frame.bytes.size()},
                  arrival);
    if (intake.is_full()) buffer.add(intake.take(), MergeBuffer::SteadyTime());
  };
  // The copy has no _seq of its own: with it, it would be skipped as a duplicate.
  for (std::size_t i = 0; i < work.frames.size(); ++i) {
    feed(work.frames[i]);
    if (repeat > 0 && i % repeat == 0) {
      Workload::Frame again = work.frames[i];
      again.bytes.replace(again.bytes.find("_seq"), 4, "seq2");
      feed(again);
    }
    if (i % 30'000 == 29'999) points += buffer.take().points;
  }
  buffer.add(intake.take(), MergeBuffer::SteadyTime());
  points += buffer.take().points;
  if (points != work.frames.size())
    stop(fmt::format("{} points of {}", points, work.frames.size()));
}

}  // namespace
}  // namespace zbag::bench

int main(int argc, char** argv) {
  using namespace zbag::bench;
  const Arguments arguments = begin(argc, argv, "The merge buffer alone.");
  Report report(arguments);
  const Workload work = w1_small(arguments.scaled(kW1Frames));
  report.compare("merge buffer, " + work.name,
                 {{"no equal stamps", [&] { return timed([&] { gather(work, 0); }); }},
                  {"10 % merged", [&] { return timed([&] { gather(work, 10); }); }}},
                 work.frames.size(), work.bytes());
  return report.finish();
}
