// Places at which a test lets the process die, as if by SIGKILL or a power cut: MEMDB_FAILPOINT("rename").
//
// Compiled in with -DMEMDB_FAILPOINTS=ON only (preset dev); else nothing is left of it. The environment says which:
//   MEMDB_FAILPOINT=rename:3    die at the third time that a point of this name is reached, counted from the start
//   MEMDB_FAILPOINT_LOG=FILE    append the name of each point that is reached, a line each
#pragma once

#ifdef MEMDB_FAILPOINTS
namespace memdb {
/// Dies here, or notes the name, or does nothing. `name` is a literal.
void failpoint(const char* name) noexcept;
}  // namespace memdb
#define MEMDB_FAILPOINT(name) ::memdb::failpoint(name)
#else
#define MEMDB_FAILPOINT(name) static_cast<void>(0)
#endif
