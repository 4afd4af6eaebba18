// What is said of tracks that a verb was to listen to and never heard.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bus/endpoints.hpp"
#include "bus/tap.hpp"

namespace zbag {

// Says in one line which patterns no track matched, and which track somebody may have meant: it
// listens half a second to all there are, unless `is_stopping`. Gives the exit code.
int show_unheard(const std::string& verb, Context& context, const BusUrls& urls,
                 const std::vector<std::string>& patterns, bool is_stopping);

// What is wrong with the messages of one part that passed a tap; nullopt: none did.
std::optional<std::string> one_part_text(const Tap& tap);

}  // namespace zbag
