// Any bytes as the meta/info.json of a LeRobotDataset: what its templates make lies below a folder.
#include <cstdint>
#include <string>

#include "player/imports/lerobot/set_info.hpp"
#include "schemas/check.hpp"
#include "schemas/text_bytes.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const zbag::Result<zbag::SetInfo> info = zbag::parse_set_info(zbag::text_of({data, size}));
  if (!info) {
    ZBAG_CHECK(!info.error().message.empty());
    return 0;
  }
  ZBAG_CHECK(info->fps > 0.0 && info->chunk_episodes > 0 && info->data_path);
  for (const zbag::SetFeature& feature : info->features) {
    for (const auto& path : {info->data_path, info->video_path}) {
      if (!path) continue;
      const zbag::Result<std::string> made = path->path({.video_key = feature.key});
      ZBAG_CHECK(!made || (!made->empty() && made->front() != '/' &&
                           ("/" + *made + "/").find("/../") == std::string::npos));
    }
  }
  return 0;
}
