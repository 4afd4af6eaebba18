// Recordings of other formats, read.
//
//   Result<std::unique_ptr<FormatReader>> reader = open_recording({"run.bag"}, options);
//   Status read = (*reader)->read(sink);
//
// A format is a file, or a folder, of this one and a line in the table of format_reader.cpp. Which
// one a file is of is told by its first bytes, where these say nothing by its name.
//
// Readers are for files of strangers: every size is bounded before memory is taken, what is nested
// has a bound too, and a message that is malformed costs that message. Memory is bounded by the
// largest chunk that the format has, as it is stored and unpacked: 256 MiB each at most.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "player/imports/import_sink.hpp"
#include "schemas/result.hpp"

namespace zbag {

// Where `_ts` comes from, in recordings that know several times of a message.
enum class StampFrom : std::uint8_t {
  kHeader,   // what it says itself; where it says nothing, as kLog
  kLog,      // when it was recorded
  kPublish,  // when it was sent
};

// What becomes of videos, in recordings that hold files of such.
enum class VideosAs : std::uint8_t {
  kReference,  // a frame says which of the file it is; the file is attached
  kDecode,     // each is a JPEG
};

struct ImportOptions {
  StampFrom stamp = StampFrom::kHeader;
  VideosAs videos = VideosAs::kReference;
  std::string time_field;              // of tables and HDF5; empty: it is found by its name
  std::size_t values_max = 1u << 20;   // of a frame
  std::function<bool()> goes_on = {};  // asked while it opens, reads and waits; default: yes
};

// Those of them that not every format has a use for.
enum class FormatOption : std::uint8_t { kStamp = 1, kVideos = 2, kTimeField = 4 };

// A file or folder to read. "-" is stdin.
struct FoundRecording {
  std::string path;
  std::optional<std::string> track = {};  // of a file that is of one track, where not it says which
  bool is_of_folder = false;              // nobody named it: it lies in a folder that was named
};

class FormatReader {
 public:
  virtual ~FormatReader() = default;

  // Hands all of it to `sink`. Called once. kDamaged: it can not be read on; the sink's errors.
  virtual Status read(ImportSink& sink) = 0;
  // What was read last, for who tells of it: "run.jsonl:17", "run.bag: message 3 of /imu".
  virtual std::string place() const = 0;
  // Whether it gives frames as they went over a bus, of which several may make a point; else what
  // it gives are points, each for itself.
  virtual bool has_frames() const { return false; }
  // How much of it is read, 0 to 1; nullopt when nobody knows how long it is.
  virtual std::optional<double> share() const = 0;
};

// Opens it, and looks at its beginning. kNotFound, kIo; kDamaged: it is of another kind, which is
// named, or not whole; kUnsupported: of a version, or with a compression, that is not known;
// kClosed: it is not to go on.
Result<std::unique_ptr<FormatReader>> open_recording(const FoundRecording& recording,
                                                     const ImportOptions& options);

// Whether a file is called as files of a format are, such as `run.mcap`; JSON is not asked after.
bool has_format_name(const std::string& path);
// Whether a folder is a recording itself.
bool is_recording_folder(const std::string& path);

// Whether a recording is of a format that has a use for the option; which ones have, as "csv,
// parquet".
bool has_use_for(FormatOption option, const std::string& path);
std::string formats_with_use_for(FormatOption option);

// Whether a file is of one format whose files are of one track each, and do not say which.
bool is_of_one_track(const std::string& path);

// What `import --help` says of each format.
struct ImportFormatHelp {
  std::string name;
  std::string what;
};
std::vector<ImportFormatHelp> import_formats();

// For the table, each in a file of its format's name.
Result<std::unique_ptr<FormatReader>> open_neutral(const FoundRecording& recording,
                                                   const ImportOptions& options);
Result<std::unique_ptr<FormatReader>> open_ros1_bag(const FoundRecording& recording,
                                                    const ImportOptions& options);
Result<std::unique_ptr<FormatReader>> open_trc(const FoundRecording& recording,
                                               const ImportOptions& options);
Result<std::unique_ptr<FormatReader>> open_bvh(const FoundRecording& recording,
                                               const ImportOptions& options);
Result<std::unique_ptr<FormatReader>> open_ulog(const FoundRecording& recording,
                                                const ImportOptions& options);
Result<std::unique_ptr<FormatReader>> open_lcm_log(const FoundRecording& recording,
                                                   const ImportOptions& options);
Result<std::unique_ptr<FormatReader>> open_mcap(const FoundRecording& recording,
                                                const ImportOptions& options);
Result<std::unique_ptr<FormatReader>> open_rosbag2(const FoundRecording& recording,
                                                   const ImportOptions& options);
// Whether a file, or a folder, is one of a ROS 2 bag; `begin` is empty of folders.
bool is_rosbag2(const std::string& path, std::string_view begin);
Result<std::unique_ptr<FormatReader>> open_lerobot(const FoundRecording& recording,
                                                   const ImportOptions& options);
// Whether a folder is a LeRobotDataset; `begin` is empty of folders.
bool is_lerobot(const std::string& path, std::string_view begin);
Result<std::unique_ptr<FormatReader>> open_parquet(const FoundRecording& recording,
                                                   const ImportOptions& options);
// Whether a file is a database that `export --format sqlite` has made.
bool is_own_sqlite(const std::string& path, std::string_view begin);
Result<std::unique_ptr<FormatReader>> open_sqlite(const FoundRecording& recording,
                                                  const ImportOptions& options);
Result<std::unique_ptr<FormatReader>> open_hdf5(const FoundRecording& recording,
                                                const ImportOptions& options);
Result<std::unique_ptr<FormatReader>> open_csv(const FoundRecording& recording,
                                               const ImportOptions& options);

}  // namespace zbag
