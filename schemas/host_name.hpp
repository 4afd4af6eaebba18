// The name of this machine, as publishers tell it and bags keep it.
#pragma once

#include <string>

namespace zbag {

// "unknown" when the system does not say. Asks the kernel, never the network.
std::string host_name();

}  // namespace zbag
