// What is said of patterns on the command line that no track matches.
#pragma once

#include <string>
#include <vector>

namespace zbag {

// "no track matches robot1/imo; did you mean robot1/imu?", or nothing where one does.
std::string unmatched_text(const std::string& pattern, const std::vector<std::string>& tracks);

// The same of a name: "there is no track imu; did you mean robot1/imu?". REQUIRES: none is called
// so.
std::string no_track_text(const std::string& name, const std::vector<std::string>& tracks);

// A pattern of --exclude that matches none of `tracks` leaves everything as it was asked for: of
// every verb that knows all tracks there are it is a warning.
void warn_of_idle_exclusions(const std::string& verb, const std::vector<std::string>& excluded,
                             const std::vector<std::string>& tracks);

}  // namespace zbag
