// How many files and sockets this process may still open. libzmq 4.3.4 ends the process where it
// can not open what it needs: a socket of its own, or a peer's connection over ipc; over tcp it
// tries again without a pause. So whoever connects to a process that holds this code when fewer
// than kHandlesSpare are free is taken and closed at once; libzmq's monitor tells of it as ENFILE.
#pragma once

#include <cstddef>

namespace zbag {

// What is kept free of peers: for files, and for the control socket.
inline constexpr std::size_t kHandlesSpare = 32;
// What is kept free of those who connect to the control socket (NAME.ctl), too.
inline constexpr std::size_t kHandlesOfFiles = 8;
// What a recorder that hosts the bus needs to let anybody in: 27 are its own.
inline constexpr std::size_t kHandlesOfNode = kHandlesSpare + 28;

// As many as the system allows this user: the soft limit (ulimit -n) becomes the hard one. Returns
// it.
std::size_t raise_handle_limit();
std::size_t handle_limit();
// How many are free. Looks at each that is open.
std::size_t free_handles();

}  // namespace zbag
