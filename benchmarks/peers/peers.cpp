#include "benchmarks/peers/peers.hpp"

#include <utility>

namespace zbag::bench {

std::vector<Peer> peers() {
  std::vector<Peer> known;
  known.push_back(raw_append());
#ifdef ZBAG_HAS_LCM
  known.push_back(lcm_log());
#endif
#ifdef ZBAG_HAS_SQLITE
  for (Peer& peer : sqlite_logs()) known.push_back(std::move(peer));
#endif
#ifdef ZBAG_HAS_ROSBAG
  for (Peer& peer : ros_bags()) known.push_back(std::move(peer));
#endif
#ifdef ZBAG_HAS_ROCKSDB
  known.push_back(rocksdb_store());
#endif
#ifdef ZBAG_HAS_DUCKDB
  known.push_back(duckdb_table());
#endif
  return known;
}

}  // namespace zbag::bench
