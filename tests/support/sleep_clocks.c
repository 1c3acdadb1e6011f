/* For LD_PRELOAD: a machine whose calendar clock and CLOCK_BOOTTIME are what a test says, while CLOCK_MONOTONIC stays the
 * kernel's. That is what a sleep does to them; a step of the wall clock moves the first alone.
 *
 * SLEEP_CLOCKS: a file of two int64: nanoseconds to add to CLOCK_REALTIME, and to CLOCK_BOOTTIME.
 * SLEEP_CLOCK_SET (optional): a FIFO that stands for a timerfd on CLOCK_REALTIME; the test writes a byte where the kernel
 * would cancel that timer. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *offsets;
static int clock_set_fd = -1;

__attribute__((constructor)) static void find(void) {
    const char *path = getenv("SLEEP_CLOCKS");
    if (path == NULL) return;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    void *mapped = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (mapped != MAP_FAILED) offsets = mapped;
}

int clock_gettime(clockid_t id, struct timespec *out) {
    if (syscall(SYS_clock_gettime, id, out) != 0) return -1;
    int64_t add = 0;
    if (offsets != NULL && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) add = offsets[0];
    if (offsets != NULL && id == CLOCK_BOOTTIME) add = offsets[1];
    int64_t nanoseconds = out->tv_nsec + add % 1000000000;
    out->tv_sec += add / 1000000000 + (nanoseconds >= 1000000000) - (nanoseconds < 0);
    out->tv_nsec = (nanoseconds + 1000000000) % 1000000000;
    return 0;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone) {
    (void)zone;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    out->tv_sec = now.tv_sec;
    out->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *out) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out != NULL) *out = now.tv_sec;
    return now.tv_sec;
}

int timerfd_create(int id, int flags) {
    const char *path = getenv("SLEEP_CLOCK_SET");
    if (id != CLOCK_REALTIME || path == NULL) return (int)syscall(SYS_timerfd_create, id, flags);
    clock_set_fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    return clock_set_fd;
}

int timerfd_settime(int fd, int flags, const struct itimerspec *new_value, struct itimerspec *old_value) {
    if (fd == clock_set_fd && fd >= 0) return 0;
    return (int)syscall(SYS_timerfd_settime, fd, flags, new_value, old_value);
}
