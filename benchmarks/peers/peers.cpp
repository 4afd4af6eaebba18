#include "benchmarks/peers/peers.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <utility>

namespace zbag::bench {
namespace {

bool sync_file(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  const bool ok = fd >= 0 && ::fdatasync(fd) == 0;
  if (fd >= 0) ::close(fd);
  return ok;
}

// A peer that syncs nothing by itself, and has all it wrote on the disk in the end.
Peer synced(Peer peer) {
  peer.name += ", synced";
  peer.write = [write = std::move(peer.write)](const Workload& work, const std::string& path) {
    return write(work, path).ok && sync_file(path);
  };
  peer.open = {};  // reads as it does without
  return peer;
}

}  // namespace

std::vector<Peer> peers() {
  std::vector<Peer> known;
  known.push_back(raw_append());
  known.push_back(synced(raw_append()));
#ifdef ZBAG_HAS_LCM
  known.push_back(lcm_log());
  known.push_back(synced(lcm_log()));
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
#ifdef ZBAG_HAS_MCAP
  for (Peer& peer : mcap_files()) known.push_back(std::move(peer));
#endif
  return known;
}

}  // namespace zbag::bench
