// How a run of BagWriter begins and ends.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "recorder/bag/pages/each_entry.hpp"
#include "recorder/bag/records/record_checksum.hpp"
#include "recorder/bag/squeeze.hpp"
#include "recorder/bag/write/bag_writer.hpp"
#include "recorder/bag/write/resumable.hpp"
#include "recorder/bag/write/written_track.hpp"
#include "schemas/check.hpp"
#include "schemas/host_name.hpp"
#include "schemas/wall_clock.hpp"

namespace zbag {
namespace {

// Of every track, as the tables have them without the journal.
Status check_all_in_blocks(BagFile& file) {
  const Result<std::unique_ptr<ReadTxn>> txn = file.env().read();
  if (!txn) return tl::unexpected(txn.error());
  const BagTables& tables = file.tables();
  return each_entry(**txn, tables.tracks, {}, [&](const TableCursor::Item& item) -> Status {
    const Result<TrackRecord> record = TrackRecord::decode(item.key, item.value);
    if (!record) return tl::unexpected(record.error());
    return check_in_blocks(**txn, tables.blocks, *record);
  });
}

}  // namespace

// Puts what a kill or a failed store has left in the journal where it belongs.
Status BagWriter::apply_journal() {
  const BagTables& tables = file_->tables();
  std::shared_ptr<const Overlay> overlay;
  std::vector<std::string> numbers;
  {
    Result<std::unique_ptr<ReadTxn>> txn = file_->read();
    if (!txn) return tl::unexpected(txn.error());
    overlay = (*txn)->overlay();
    Status listed =
        each_entry(**txn, tables.journal, {}, [&](const TableCursor::Item& item) -> Status {
          numbers.emplace_back(item.key);
          return {};
        });
    if (!listed) return fail(listed.error(), file_->path());
  }
  // Else it is that of tails which are known here.
  ZBAG_CHECK(tracks_.empty());
  if (!overlay) {
    has_stale_journal_ = false;
    return {};
  }
  if (Status fits = check_all_in_blocks(*file_); !fits) return fail(fits.error(), file_->path());
  if (!overlay->damage().empty())
    return fail(ErrorCode::kDamaged,
                fmt::format("{}: {}; zbag recover makes a bag that can be written", file_->path(),
                            overlay->damage().front()));
  std::size_t bytes = 0;
  for (const auto& [table, entries] : overlay->tables())
    for (const auto& [key, value] : entries) bytes += key.size() + value.size();
  if (Status space = file_->env().make_room(bytes); !space) return space;
  Result<std::unique_ptr<WriteTxn>> txn = file_->env().write();
  if (!txn) return tl::unexpected(txn.error());
  Status status;
  for (const auto& [table, entries] : overlay->tables()) {
    for (const auto& [key, value] : entries)
      if (status) status = (*txn)->put(table, key, value);
  }
  for (const std::string& number : numbers)
    if (status) status = (*txn)->erase(tables.journal, number);
  if (status) status = (*txn)->commit();
  if (!status) return fail(status.error(), file_->path());
  has_stale_journal_ = false;
  return {};
}

Status BagWriter::put_journal_away() { return has_stale_journal_ ? apply_journal() : Status(); }

Status BagWriter::begin_run() {
  if (Status applied = apply_journal(); !applied) return applied;
  Result<std::unique_ptr<WriteTxn>> txn = file_->env().write();
  if (!txn) return tl::unexpected(txn.error());
  const BagTables& tables = file_->tables();
  std::uint64_t journal = 0;
  std::uint32_t runs = 0;
  Status known = each_entry(**txn, tables.meta, {}, [&](const TableCursor::Item& item) -> Status {
    runs += item.key.starts_with(kRunPrefix) ? 1 : 0;
    return verify_record(kMetaTable, item.key, item.value);
  });
  if (known) {
    known = each_entry(**txn, tables.tracks, {}, [&](const TableCursor::Item& item) -> Status {
      const Result<TrackRecord> record = TrackRecord::decode(item.key, item.value);
      if (!record) return tl::unexpected(record.error());
      next_track_ = std::max(next_track_, record->id + 1);
      journal = std::max(journal, record->journal);
      return check_resumable(**txn, tables.blocks, *record);
    });
  }
  if (!known) return fail(known.error(), file_->path());
  // A commit that a kill has cut off may have left its pages, and the next number on them.
  ledger_.begin(journal + 2);
  const auto unnamed = (*txn)->get(tables.meta, kUnnamedFateKey);
  if (unnamed && *unnamed) {
    const Result<Fate> fate = decode_unnamed_fate(**unnamed);
    if (!fate) return fail(fate.error(), file_->path());
    unnamed_ = *fate;
  }
  run_ = {.id = runs + 1,
          .start = wall_seconds(),
          .end = {},
          .closed = false,
          .host = host_name(),
          .version = kZbagVersion,
          .config = options_.config,
          .metadata = options_.metadata};
  const WriterRecord writer{static_cast<std::uint64_t>(::getpid()), host_name(), options_.node,
                            run_.start};
  Status status = (*txn)->put(tables.meta, run_key(run_.id), run_.encode());
  if (status) status = (*txn)->put(tables.meta, kWriterKey, writer.encode());
  if (status) status = (*txn)->commit();
  return status;
}

Status BagWriter::attach(std::string_view name, std::string_view content) {
  if (name.empty() || name.size() > kAttachmentNameMax)
    return fail(ErrorCode::kInvalid, fmt::format("a name has 1 to {} bytes", kAttachmentNameMax));
  if (content.size() > kAttachmentMax)
    return fail(ErrorCode::kInvalid, fmt::format("more than {} MiB", kAttachmentMax >> 20));
  std::string value(content);
  seal_record(kAttachmentsTable, name, value);
  if (Status room = file_->env().make_room(2 * value.size() + kAttachmentNameMax); !room)
    return room;
  Result<std::unique_ptr<WriteTxn>> txn = file_->env().write();
  if (!txn) return tl::unexpected(txn.error());
  Status status = (*txn)->put(file_->tables().attachments, name, value);
  if (status) status = (*txn)->commit();
  return status ? status : fail(status.error(), fmt::format("{}: attachment", file_->path()));
}

void BagWriter::describe(const Fields& more) { merge_fields(run_.metadata, more, false); }

Status BagWriter::close() {
  if (std::exchange(closed_, true)) return close_status_;
  close_status_ = end_run();
  if (close_status_) squeeze();
  return close_status_;
}

// Best effort: all is stored.
void BagWriter::squeeze() {
  if (file_.use_count() > 1) return;  // of this process somebody reads it
  const Result<std::optional<FileId>> squeezed = squeeze_bag(*file_);
  if (squeezed && *squeezed) file_id_ = **squeezed;
}

Status BagWriter::end_run() {
  if (Status status = put_journal_away(); !status) return status;
  std::size_t bytes = 0;
  for (const auto& [name, track] : tracks_) {
    bytes += 2 * track->writer.block_bytes() + track->writer.order_bytes();
  }
  if (Status space = file_->env().make_room(bytes); !space) return space;
  Result<std::unique_ptr<WriteTxn>> txn = file_->env().write();
  if (!txn) return tl::unexpected(txn.error());
  PreparedBatch rest;
  for (auto& [name, track] : tracks_) {
    const std::uint32_t id = track->writer.record().id;
    if (track->writer.is_open()) track->writer.seal(rest.blocks);
    if (track->writer.record_is_due() || ledger_.is_needed_by(id)) put_record(*track, rest);
    ledger_.release(id);
  }
  rest.unneeded = ledger_.take_unneeded(SIZE_MAX);
  Status status = store_blocks(**txn, rest);
  if (status) status = store_records(**txn, rest);
  drop(rest);
  run_.end = wall_seconds();
  run_.closed = true;
  if (status) status = (*txn)->put(file_->tables().meta, run_key(run_.id), run_.encode());
  if (status) status = (*txn)->erase(file_->tables().meta, kWriterKey);
  if (status) status = (*txn)->commit();
  if (!status) return fail(status.error(), fmt::format("close {}", file_->path()));
  space_.give_back_reserve();
  return {};
}

}  // namespace zbag
