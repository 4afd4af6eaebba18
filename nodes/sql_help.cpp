#include "nodes/sql_help.hpp"

namespace zbag {

void explain_sql(OptionTable& options) {
  options.explain(
      {"Tables",
       {{"\"robot/imu\"",
         "A track: _ts (seconds), _ts_ns, of several bags bag, and its fields, nested ones as "
         "\"pose.x\"; names that differ in case alone get _2"},
        {"points tracks runs losses episodes",
         "What the bags hold and say of themselves; zbag.points where a track is called points"},
        {"zbag('day.zbag', 'robot/imu', since := 1795216430, until := 1795216440)",
         "A track of one bag, or of ['a.zbag', 'b.zbag'], in a span of time. A condition on _ts "
         "filters what was read: this, and --start and --end, read no more than is asked for"}}});
  options.explain({"Values",
                   {{"\"linear.x\"", "A nested field: one name, in double quotes"},
                    {"ranges[1]", "The first of a list: they count from 1"},
                    {"to_timestamp(_ts)", "The time as a TIMESTAMP (WITH TIME ZONE)"},
                    {"NaN",
                     "Greater than every number, and makes avg NaN; AND NOT isnan(x) leaves such "
                     "rows out"}}});
  options.explain({"Two tracks, each row with the last one before it of the other",
                   {{"SELECT s.steer, i.ax FROM drive s ASOF JOIN imu i ON s._ts >= i._ts", ""}}});
}

}  // namespace zbag
