// Bytes that are a run of equal records (the samples of a scan, the pixels of a lidar packet) as
// planes: the first byte of all records, then the second ... (FORMAT.md, Column data), each less
// the one some records before. General compression makes little of measurements whose low bytes
// are noise; of planes it finds the high bytes, and with the differences what lies beside.
//
// What the records are nobody says: it is guessed, and tried.
#pragma once

#include <cstdint>
#include <span>

#include "recorder/bag/block/compression.hpp"
#include "schemas/byte_io.hpp"

namespace zbag {

struct RecordForm {
  static constexpr std::size_t kBytesMax = 64;
  static constexpr std::size_t kLagMax = 65'535;

  std::size_t bytes = 1;  // of a record
  std::size_t lag = 0;    // records; 0: no differences

  bool is_plain() const { return bytes == 1 && lag == 0; }
  friend bool operator==(const RecordForm&, const RecordForm&) = default;
};

// Appends as many bytes as there are. What is left of the last record stands behind the planes.
void write_record_planes(std::span<const std::uint8_t> bytes, const RecordForm& form, Bytes& out);

// Undoes it. REQUIRES: as many bytes; the form's are 1 to kBytesMax.
void read_record_planes(std::span<const std::uint8_t> planes, const RecordForm& form,
                        std::span<std::uint8_t> bytes);

// The form a sample of `bytes` becomes clearly smallest in, by that compression; `last`, where it
// still is of use, when none is clearly smaller; else plain. Costs some tens of compressed samples.
RecordForm best_record_form(std::span<const std::uint8_t> bytes, const RecordForm& last,
                            CompressionSpec compression, Compressor& compressor);

}  // namespace zbag
