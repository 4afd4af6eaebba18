// How many files and sockets this process may still open. libzmq 4.3.4 ends the process where it
// can not open what it needs: a socket of its own, or a peer's connection over ipc.
#pragma once

#include <cstddef>

namespace zbag {

// What the process should keep free: below it nobody is let in over ipc any more.
inline constexpr std::size_t kHandlesSpare = 32;
// What a node of the bus needs before anybody has connected to it.
inline constexpr std::size_t kHandlesOfNode = 48;

// As many as the system allows this user: the soft limit (ulimit -n) becomes the hard one. Returns
// it.
std::size_t raise_handle_limit();
std::size_t handle_limit();
// How many are free. Looks at each that is open.
std::size_t free_handles();

}  // namespace zbag
