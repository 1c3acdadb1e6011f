// Whether a crash may leave this process' memory in a file.
#pragma once

namespace memdb::client {

/// No core files of this process, and no debugger of the same user in it.
void forbid_core_files();
/// What was so before, for a program that this process is about to become.
void restore_core_files();

}  // namespace memdb::client
