#include "schemas/file_kind.hpp"

#include <array>

namespace zbag {
namespace {

struct Kind {
  std::size_t at;  // of its first bytes
  std::string_view begin;
  const char* text;
};

using std::string_view_literals::operator""sv;
constexpr std::array kKinds = {
    Kind{0, "#ROSBAG"sv, "a ROS 1 bag"},
    Kind{0, "\x89MCAP"sv, "an MCAP file"},
    Kind{0, "SQLite format 3\0"sv, "an SQLite database, as ROS 2 bags are"},
    Kind{16, "\xde\xc0\xef\xbe"sv, "a bag of zbag: zbag play replays it, cut and merge copy it"},
    Kind{0, "ULog\x01"sv, "a ULog of PX4"},
    Kind{0, "\x89HDF\r\n"sv, "an HDF5 file"},
    Kind{0, "PAR1"sv, "a Parquet file"},
    Kind{0, "\xed\xa1\xda\x01"sv, "an LCM log"},
    Kind{0, "\xd4\xc3\xb2\xa1"sv, "a capture of packets (pcap)"},
    Kind{0, "\x0a\x0d\x0d\x0a"sv, "a capture of packets (pcapng)"},
    Kind{0, "\x1f\x8b"sv, "gzip data: unpack it first, or pipe it in (zcat FILE | zbag import -)"},
    Kind{0, "\x28\xb5\x2f\xfd"sv, "zstd data: unpack it first, or pipe it in"},
    Kind{0, "\x04\x22\x4d\x18"sv, "lz4 data: unpack it first, or pipe it in"},
    Kind{0, "BZh"sv, "bzip2 data: unpack it first, or pipe it in"},
    Kind{0, "PK\x03\x04"sv, "a zip archive"},
    Kind{257, "ustar"sv, "a tar archive"},
    Kind{0,
         "\x7f"
         "ELF"sv,
         "a program"},
    Kind{0, "%PDF"sv, "a PDF"},
    Kind{0, "\xff\xd8\xff"sv, "a JPEG image"},
    Kind{0, "\x89PNG"sv, "a PNG image"},
    Kind{0, "\xff\xfe"sv, "text in UTF-16: write it as UTF-8"},
    Kind{0, "\xfe\xff"sv, "text in UTF-16: write it as UTF-8"},
    Kind{0, "["sv, "one JSON array: write an object a line"},
};

}  // namespace

const char* kind_of_file(std::string_view begin) {
  for (const Kind& kind : kKinds) {
    if (begin.size() > kind.at && begin.substr(kind.at).starts_with(kind.begin)) return kind.text;
  }
  return nullptr;
}

}  // namespace zbag
