// bvh: tracks of a kind that has joints as Blender reads them (interop.md 7.1). Rows are a constant
// time apart: of a track that is not regular they lie between its points.

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "player/exports/exporter.hpp"
#include "player/exports/motion/even_rows.hpp"
#include "player/exports/motion/skeleton.hpp"
#include "player/exports/track_files.hpp"
#include "schemas/timestamp.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr const char* kExtension = ".bvh";
constexpr std::string_view kAxes = "XYZ";

std::string offset_of(const std::array<double, 3>& offset) {
  return fmt::format("OFFSET {:.6f} {:.6f} {:.6f}", offset[0], offset[1], offset[2]);
}

std::string channels_of(const Skeleton::Joint& joint) {
  std::string text = fmt::format("CHANNELS {}", joint.position.size() + joint.turns.size());
  for (const std::size_t axis : joint.position) text += fmt::format(" {}position", kAxes[axis]);
  for (const std::size_t axis : joint.turns) text += fmt::format(" {}rotation", kAxes[axis]);
  return text;
}

// Joints in the order of the file, a branch to its end before the next, and its text. Not by
// calling itself: a body may be a chain of a thousand joints.
struct Hierarchy {
  std::vector<std::size_t> order;
  std::string text = "HIERARCHY\n";

  explicit Hierarchy(const std::vector<Skeleton::Joint>& joints) {
    std::vector<std::pair<std::size_t, std::size_t>> path;  // joint, children done
    for (std::size_t root = 0; root < joints.size(); ++root) {
      if (joints[root].parent) continue;
      begin(joints[root], root, "ROOT", path.size());
      path.emplace_back(root, 0);
      while (!path.empty()) {
        auto& [at, done] = path.back();
        const Skeleton::Joint& joint = joints[at];
        if (done < joint.children.size()) {
          const std::size_t child = joint.children[done++];
          begin(joints[child], child, "JOINT", path.size());
          path.emplace_back(child, 0);
          continue;
        }
        if (joint.children.empty()) end_site(joint, path.size());
        path.pop_back();
        text += tabs(path.size()) + "}\n";
      }
    }
  }

 private:
  static std::string tabs(std::size_t depth) { return std::string(depth, '\t'); }
  void begin(const Skeleton::Joint& joint, std::size_t at, const char* word, std::size_t depth) {
    order.push_back(at);
    text += fmt::format("{0}{1} {2}\n{0}{{\n{0}\t{3}\n{0}\t{4}\n", tabs(depth), word, joint.label,
                        offset_of(joint.offset), channels_of(joint));
  }
  void end_site(const Skeleton::Joint& joint, std::size_t depth) {
    text += fmt::format("{0}End Site\n{0}{{\n{0}\t{1}\n{0}}}\n", tabs(depth), offset_of(joint.end));
  }
};

// Of six places at least, up to the nanoseconds of stamps.
std::string frame_time_of(double seconds) {
  std::string text = fmt::format("{:.9f}", seconds);
  const std::size_t least = text.size() - 3;
  while (text.size() > least && text.back() == '0') text.pop_back();
  return text;
}

// What a reader of the file can not know of it.
void tell(const ExportSource& source, const std::string& track, const Skeleton& skeleton,
          const EvenRows& rows, const EvenRows::Clock& clock) {
  const std::string name = printable(track);
  if (rows.points() > 0) {
    const Timestamp first = Timestamp::from_ns(rows.first());
    source.notice("a bvh file says no time; its first frame is of _ts",
                  fmt::format("{:.9f} of track {}", first.seconds(), name));
  }
  if (!clock.is_regular) {
    source.warn(
        "tracks that are not regular have frames as far apart, positions linear and rotations by "
        "slerp between the points",
        fmt::format("{:.6f} s of track {}", clock.interval, name));
  }
  if (skeleton.points_with_gaps() > 0) {
    source.warn(
        "points lack a value of a joint, which stays as it was (at first as the body at rest has "
        "it)",
        fmt::format("{} of track {}", skeleton.points_with_gaps(), name));
  }
}

class BvhExporter : public Exporter {
 public:
  explicit BvhExporter(const ExportOptions& options) : options_(options) {}

  Status write(ExportSource& source) override {
    Result<TrackFiles> files = TrackFiles::plan(source, options_, kExtension);
    if (!files) return tl::unexpected(files.error());
    if (source.tracks().empty()) return fail(ErrorCode::kUnsupported, "no skeletons are chosen");
    for (const std::string& track : source.track_names()) {
      Result<Skeleton> skeleton = Skeleton::of(source, track);
      if (!skeleton) return tl::unexpected(skeleton.error());
      const Result<OutputFile*> file = files->begin(track);
      if (!file) return tl::unexpected(file.error());
      if (Status written = write_track(source, track, *skeleton, **file); !written) return written;
    }
    return files->publish();
  }

 private:
  static Status write_track(ExportSource& source, const std::string& track, Skeleton& skeleton,
                            OutputFile& file) {
    Result<Spool> spool = Spool::create();
    if (!spool) return tl::unexpected(spool.error());
    EvenRows rows(*spool, skeleton.values());
    const auto keep = [&](std::int64_t key, std::span<const double> pose) {
      return rows.add(key, pose);
    };
    Status read = source.each_chunk_of(track, skeleton.fields(), [&](const ColumnChunk& chunk) {
      return skeleton.each_pose(chunk, keep);
    });
    if (!read) return read;
    const Result<EvenRows::Clock> clock = rows.clock(track);
    if (!clock) return tl::unexpected(clock.error());
    tell(source, track, skeleton, rows, *clock);
    return write_frames(skeleton, rows, *clock, file);
  }
  static Status write_frames(const Skeleton& skeleton, EvenRows& rows, const EvenRows::Clock& clock,
                             OutputFile& file) {
    const Hierarchy hierarchy(skeleton.joints());
    Status written =
        file.write(fmt::format("{}MOTION\nFrames: {}\nFrame Time: {}\n", hierarchy.text, clock.rows,
                               frame_time_of(clock.interval)));
    if (!written) return written;
    std::vector<Turns> turns(skeleton.joints().size());
    std::string line;
    const auto between = [&](auto a, auto b, double share, auto pose) {
      skeleton.put_between(a, b, share, pose);
    };
    return rows.each(clock, between, [&](std::uint64_t, double, std::span<const double> pose) {
      line.clear();
      for (const std::size_t at : hierarchy.order) {
        const Skeleton::Joint& joint = skeleton.joints()[at];
        Skeleton::put_turns(joint, pose, turns[at]);
        for (std::size_t n = 0; n < joint.position.size(); ++n)
          line += fmt::format("{:.6f} ", pose[joint.at + n]);
        for (std::size_t n = 0; n < joint.turns.size(); ++n)
          line += fmt::format("{:.6f} ", turns[at][n]);
      }
      if (!line.empty()) line.pop_back();
      return file.write(line += '\n');
    });
  }

  ExportOptions options_;
};

}  // namespace

Result<std::unique_ptr<Exporter>> make_bvh_exporter(const ExportOptions& options) {
  return std::unique_ptr<Exporter>(std::make_unique<BvhExporter>(options));
}

}  // namespace zbag
