// Neutral recordings: JSON lines, plain or xz, one frame a line (cli.md, pub):
//
//   {"track":"imu/0","_ts":1403715273.262142976,"fields":{...}}
//
// null is a float64 NaN, "inf" and "-inf" are infinities, X_hex is a bin field X, and data_file
// (with data_offset, data_len) becomes a bin field `data` read from beside the file. What zbag
// itself wrote: {"$nil":true} is nil, {"$bin":base64} bin, {"$ext":n,"$bin":base64} ext,
// {"$str":"inf"} a text that would mean something else, {"$str_hex":h} one that is not UTF-8; a
// field name that begins with "$" is written with one "$" more.
//
// Read as well: what `cat` prints ({"_ts":..., "track":..., fields}; in any order where none is
// called `fields`) and rows of `export`
// ({"timestamp":..., fields}, of the track the file is named after), in the document that
// `--format json` makes of them, too (rows_document.hpp); as exactly as those are. A time may be
// what --human prints.
//
// Reads as it goes: memory is bounded by a line (64 MiB) and the file it names. Errors name file
// and line: kNotFound, kIo, kDamaged (of another kind, which is named; not xz, or cut off),
// kInvalid (a line breaks the form), kUnsupported (rows of export, whose track nothing says),
// kClosed (it is not to go on).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "schemas/frame.hpp"
#include "schemas/json_text.hpp"
#include "schemas/timestamp.hpp"

namespace zbag {

struct NeutralFrame {
  std::string track;  // a valid name
  Timestamp stamp;
  Fields fields;
  std::string ignored;  // a member that the line has beside them, the first
};

// The same, its fields as a MessagePack map.
struct EncodedFrame {
  std::string track;
  Timestamp stamp;
  std::string map;
  std::string ignored;
};

struct NeutralOptions {
  std::optional<std::string> track_of_rows = {};  // of a file of rows, where its name is not it
  std::size_t values_max = 1u << 20;              // of a line
  std::function<bool()> goes_on = {};             // asked while it reads and waits; default: yes
};

class NeutralReader {
 public:
  using Options = NeutralOptions;
  // "-" is stdin.
  static Result<NeutralReader> open(const std::string& path, Options options = {});
  NeutralReader(NeutralReader&&) noexcept;
  NeutralReader& operator=(NeutralReader&&) noexcept;
  ~NeutralReader();

  // nullopt at the end of the file. After an error of one line the next call goes on behind it.
  Result<std::optional<NeutralFrame>> next();
  // The same, encoded, for those who want many of them soon; false at the end. `frame` may be
  // anything then, and after an error.
  Result<bool> next(EncodedFrame& frame);
  const std::string& path() const;
  std::size_t line() const;  // of the frame read last, from 1; in a document: its row
  // How much of the file is read, 0 to 1; nullopt when nobody knows how long it is.
  std::optional<double> share() const;

 private:
  struct State;
  explicit NeutralReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// The track of a file of rows, by what `export` calls it in its folder: "b/imu" of "b/imu.jsonl",
// "b/imu.jsonl.xz" and "b/imu.json". nullopt: it is called otherwise.
std::optional<std::string> track_of_rows_file(std::string name);

// One line without its end, as NeutralReader reads it; see write_json_item().
void write_neutral_line(std::string_view track, Timestamp stamp, MapBytes fields, std::string& out,
                        const JsonDrain& drain);

}  // namespace zbag
