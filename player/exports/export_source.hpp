// What an export is made of: the chosen points of some bags, and what is known of their tracks.
//
// An exporter takes what suits its format: all points in order of time, or one track after the
// other. What is chosen, what is damaged, how far it is and whether somebody wants it to stop is
// decided here, once for all formats. Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "player/columns/column_kind.hpp"
#include "player/exports/aligned_points.hpp"
#include "player/exports/remarks.hpp"
#include "recorder/bag/read/column_reader.hpp"
#include "recorder/bag/read/intact_points.hpp"
#include "recorder/bag/read/playlist.hpp"
#include "schemas/expression/expression.hpp"
#include "schemas/kinds/fit.hpp"
#include "schemas/kinds/original_schema.hpp"
#include "schemas/timings/phase_timer.hpp"

namespace zbag {

struct ExportChoice {
  BagReader::Selection selection;
  // See is_chosen_field(); of rows on a clock TRACK.FIELD, TRACK for all of it, or FIELD of every
  // track that has it.
  std::vector<std::string> columns;
  std::optional<PointCondition> where;       // points that do not match are passed over
  std::uint64_t limit = 0;                   // points, the first in time; 0: all
  std::optional<TrackFilter> excluded = {};  // tracks that are not wanted, whatever else is
  // Rows on the clock of one track, in place of points: one track, called as that one is.
  std::optional<Alignment> align;
  bool expands_arrays = false;  // columns: lists of numbers as ExportField::element says
};

struct ExportReport {
  std::uint64_t points = 0;
  std::uint64_t left_out = 0;         // to damage in the bag
  std::uint64_t tracks_given_up = 0;  // chosen, with points, but nothing the format could write
};

// A column of a track's table.
struct ExportField {
  std::string column;  // see RowColumns
  FieldNames names;
  ColumnKind kind = ColumnKind::kJson;
  // The column has this value of each list, counted from 0.
  std::optional<std::size_t> element = {};
};

class ExportSource {
 public:
  using Take = std::function<Status(const PointView&)>;
  // Hears how many points are done; where it gives false the export stops, kClosed.
  using Progress = std::function<bool(std::uint64_t)>;

  // `playlist` is lent. `progress` and `remark` may be empty; `remark` is told of what is damaged,
  // and by exporters of what they leave out or write otherwise than it is.
  ExportSource(Playlist& playlist, ExportChoice choice, Progress progress, TakeRemark remark);

  // From now on `timer` measures: `read`, and within it `encode`, which is what takes the points.
  // Lent for as long as points are asked for.
  void measure(PhaseTimer& timer) { timer_ = &timer; }

  // As if ExportChoice::align had been that. REQUIRES: it was none, and no point was asked for.
  void align(Alignment alignment);
  // kNotFound: what is chosen has not the track whose clock is to be followed. To be asked before
  // an exporter is.
  Status check() const;

  // Leaves out those of several tracks that have no point among those chosen, as a notice says;
  // where none has any, all stay. To be asked before an exporter is. REQUIRES: rows are not
  // aligned.
  Status leave_out_without_points();

  // Those that may have points, by name. Several bags: what they know of a track together, under
  // the id of the first.
  const std::map<std::string, TrackRecord>& tracks() const { return tracks_; }
  std::vector<std::string> track_names() const;
  // Where none of those that are chosen has points in the range: the first of them, else "".
  std::string track_asked_for() const;
  const std::vector<BagSummary>& bags() const { return playlist_.summaries(); }
  // What is said of the track's fields; the first bag that says it. Errors as kind_of(reader,
  // track).
  Result<std::optional<Kind>> kind_of(const std::string& track) const;
  // What it was in the recording it was imported from; likewise.
  Result<std::optional<OriginalSchema>> original_of(const std::string& track) const;
  // As is_chosen_field() takes them.
  const std::vector<std::string>& columns() const { return columns_; }
  bool is_aligned() const { return choice_.align.has_value(); }
  // What the fields of a track mean, by the first bag that says it; nullopt: none does.
  Result<std::optional<TrackSchema>> meaning_of(const std::string& track) const;
  // Whether the track is named among those that are not wanted.
  bool excludes(const std::string& track) const {
    return choice_.excluded && choice_.excluded->matches(track);
  }
  void remark(const Remark& remark) const {
    if (remark_) remark_(remark);
  }
  void notice(std::string what, std::string which = {}) const {
    remark({Remark::Kind::kNotice, std::move(what), std::move(which)});
  }
  void warn(std::string what, std::string which = {}) const {
    remark({Remark::Kind::kWarning, std::move(what), std::move(which)});
  }
  // That a field, or what a row has of it, has another name there.
  void notice_of_name(const std::string& track, const std::string& field,
                      const std::string& name) const;

  // Every point in global order of time, with a map that was validated. Errors are those of `take`
  // and of reading, never damage: that is left out, counted and told. To be called once.
  Status each_point(const Take& take);
  // The same of one track, which is one of tracks(); once for each.
  Status each_point_of(const std::string& track, const Take& take);

  // The leaves of a track's fields, and what they were met as. kUnsupported: too many.
  Result<std::map<FieldNames, std::set<ColumnType>>> leaves_of(const std::string& track) const;
  // The chosen leaves of a track's fields, by name of column; `timestamp` is none of them.
  // kUnsupported: too many.
  Result<std::vector<ExportField>> fields_of(const std::string& track) const;
  // The same in the order in which the first point in time has them, and then by name. REQUIRES: no
  // field of the track is a map.
  Result<std::vector<ExportField>> fields_as_sent(const std::string& track) const;
  // The points of each_point_of() as columns in the order of `fields`, some thousands at a time. Of
  // one bag, and without a filter, columns that are not asked for are not decompressed.
  using TakeChunk = std::function<Status(const ColumnChunk&)>;
  Status each_chunk_of(const std::string& track, const std::vector<ExportField>& fields,
                       const TakeChunk& take);
  // The same for who must know what will come: nothing of it is counted or told of. A bag that is
  // being written may give more the second time.
  Status each_chunk_ahead_of(const std::string& track, const std::vector<ExportField>& fields,
                             const TakeChunk& take) const {
    return ahead().each_chunk_of(track, fields, take);
  }

  // The small files that lie in the bags: their names, and what they hold, valid during the call.
  // What is damaged is noted and left out.
  using TakeFile = std::function<Status(std::string_view name, std::string_view content)>;
  Status each_attachment(const TakeFile& take) const;

  // The first point of the track that the range has, of each bag that has one; what cannot be read
  // is told of by who reads all of it. With a map that was validated.
  Status each_first_point_of(const std::string& track, const Take& take) const;
  // How far apart its points usually are, in nanoseconds; 0: there are less than two, or most have
  // one and the same stamp. Looks at all of them. REQUIRES: rows are not aligned.
  Result<std::uint64_t> interval_of(const std::string& track) const;

  // From now on as if that track had not been chosen. REQUIRES: no point was asked for.
  void leave_out(const std::string& track);
  // The same of one whose points are lost to the output: counted, so that the exit code says it.
  void give_up(const std::string& track);

  const ExportReport& report() const { return report_; }

 private:
  Status read(const BagReader::Selection& selection, std::uint64_t points_max, const Take& take);
  Status read_columns_of(const BagReader& reader, ColumnCursor::Selection selection,
                         const TakeChunk& take);
  // The bag to read columns from as they lie there; null where points have to be looked at.
  const BagReader* only_reader_of(const std::string& track) const;
  TimeRange range_of(const std::string& track) const;
  bool is_wanted(const PointView& point) const;
  Status read_aligned(const Take& take);
  Status add_fields(const std::string& track, bool is_followed,
                    std::map<FieldNames, std::set<ColumnType>>& met,
                    std::map<FieldNames, FieldValues>* met_values) const;
  Result<std::map<FieldNames, std::set<ColumnType>>> leaves_of(
      const std::string& track, std::map<FieldNames, FieldValues>* met_values) const;
  ExportSource ahead() const;
  Result<std::vector<ExportField>> expanded(const std::string& track,
                                            std::vector<ExportField> fields) const;
  Status each_whole_chunk_of(const std::string& track, std::vector<FieldNames> fields,
                             const TakeChunk& take);
  Status find_shares();
  Result<bool> has_points(const std::string& track) const;
  void tell_of_damaged_tracks();
  bool tell_once(const std::string& damage);

  Playlist& playlist_;
  ExportChoice choice_;
  const Progress progress_;
  const TakeRemark remark_;
  const Warn warn_;
  PhaseTimer* timer_ = nullptr;
  std::set<std::string> told_;  // damage
  std::map<std::string, TrackRecord> tracks_;
  std::vector<std::string> aligned_;  // the tracks that are one, where rows are aligned
  std::vector<std::string> columns_;
  std::set<std::string, std::less<>> left_out_;
  // How many of the first `limit` points each track has; found when it is first asked for.
  std::optional<std::map<std::string, std::uint64_t>> shares_;
  bool has_told_of_tracks_ = false;
  ExportReport report_;
};

}  // namespace zbag
