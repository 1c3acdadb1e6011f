// toml++'s own implementation, compiled into memdbctl and memdbd; see linked_fmt.cpp.
#define TOML_IMPLEMENTATION
#include <toml++/toml.h>
