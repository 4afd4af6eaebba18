// MCAP files through the npm package @mcap/core: JavaScript, so each write and each open file is a
// node of its own (mcap_core.cjs), fed through a socket.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "benchmarks/measure.hpp"
#include "benchmarks/workloads.hpp"

namespace zbag::bench {

struct McapOptions {
  std::optional<int> zstd_level;       // nullopt: chunks are not compressed
  std::size_t chunk_bytes = 1u << 20;  // the package's default
};

// What the writing took by node's own clocks; nullopt when it failed, its reason on stderr.
std::optional<Sample> write_mcap(const Workload& work, const std::string& path,
                                 McapOptions options);

}  // namespace zbag::bench
