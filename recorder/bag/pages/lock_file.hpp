// NAME.zbag-lock, LMDB's lock file beside a bag, and when it may be taken away.
//
// All who have a bag open must share one lock file: it says whose pages must not be used again. So
// it goes only while nobody has the bag open and nobody can open it. Two locks on bytes of the bag
// itself, far behind its end, say so (F_OFD_SETLK; the kernel drops them when their holder dies):
//
//   held  shared from before LMDB opens the bag until after LMDB has closed it
//   gate  shared while a bag is being opened; exclusive while its name or its lock file changes
//
// Who closes a bag lets go of it and then asks for both exclusively, without waiting: of all who
// close at once the last one gets them, and a new one who opens waits for the removal. The lock
// file is never opened here: closing it would drop LMDB's own locks on it.
//
// Guarantee: no two processes of zbag have one bag open with different lock files, however they
// open, close, compact, make and remove it, whatever is killed in between. The lock file stays,
// which costs nothing, where the last one to close may not write the bag or its folder, is killed,
// or sees readers that are not zbag's; where a bag has been removed or replaced while it was open;
// on file systems that other machines or servers share, whose locks may not be everybody's.
//
// Limits: programs that open a bag with LMDB alone (mdb_stat, python-lmdb) hold no such lock. One
// that has a transaction open when the last zbag closes is seen in LMDB's table of readers, and the
// lock file stays. One that has none then, or begins it in that instant, goes on with a lock file
// that has lost its name: while a writer comes later, it may read pages that are used again, and
// if it writes itself, it does so beside the other. FORMAT.md says how to do it right. The name and
// what it leads to are two things, too: who moves another file over a bag with mv, in the instant
// between the look at it and the removal, and opens it in that instant, has it open so. A bag that
// has two names (hard links) has two lock files, as ever; symbolic links are followed.
//
// Thread-safe. Waits are 10 s at most, for others who are in the midst of opening or removing.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <system_error>
#include <utility>

#include "schemas/result.hpp"

namespace zbag {

using FileId = std::pair<dev_t, ino_t>;

std::string lock_file_of(const std::string& bag);

// Whether `path` leads to the file that `fd` is open on.
bool is_named(int fd, const std::string& path);

// Marks the bag `fd` is open on as being opened; to be called before LMDB opens it. It is open
// until `fd` and all copies of it are closed. kBusy: somebody holds the gate and does not go on.
// kIo: the system has no locks left.
Status mark_opening(int fd);
// LMDB has it open, with the lock file of the name it has: that may change again.
void mark_open(int fd);

// Whether anybody else, of whatever process, has the bag open that `fd` is open on, or may have.
bool is_open_elsewhere(int fd);

// Removes the lock file of the bag `bag` at `path`, which this process has closed, if nobody has it
// open.
void remove_lock_file(const std::string& path, FileId bag);

// Calls `give_name`, which gives the bag at `made` the name `path`, for the first time or in
// another one's place, while nobody can open either, and removes what an earlier bag of that name
// has left for a lock file. Who has the earlier one open keeps it, with its own lock file. kBusy:
// somebody holds a gate and does not go on; nothing has been named.
Status name_bag(const std::string& made, const std::string& path,
                const std::function<Status()>& give_name);

// Removes the bag at `path` and its lock file, whoever has it open: they keep both.
std::error_code remove_bag(const std::string& path);
// The same of the bag `bag`: what else has its name by now is not touched.
std::error_code remove_bag(const std::string& path, FileId bag);

}  // namespace zbag
