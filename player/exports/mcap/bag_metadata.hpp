// What bags say of themselves, in an MCAP file: a record `run_metadata` a run, a record
// `run_statistics` a bag with what became of every frame, and what was attached to them.
#pragma once

#include "player/exports/export_source.hpp"
#include "player/exports/mcap/mcap_writer.hpp"
#include "schemas/result.hpp"

namespace zbag {

Status add_bag_metadata(const ExportSource& source, McapWriter& mcap);

}  // namespace zbag
