// LD_PRELOAD for a stock openvpn: prints every directive with its exact tokens as openvpn sees them, acts on none.
//
// add_option() begins with strcmp(p[0], "help"). Our strcmp finds p[] through the caller's saved registers and stack, which depends
// on the build (tokens.py has a self-check for that), and prints "@D [token] [token] ..." to stderr. Then it makes openvpn take the
// directive for "echo", whatever its name is: so nothing is opened, loaded or refused for its meaning, and the whole file is read.
// Inline blocks and what nests (config, connection) stay what they are. Names of up to 3 characters are compared inline by
// the compiler, so those act: hence the read-only namespace.
// With FZ_NAMES=1 it prints "@N NAME" instead for every name that openvpn compares a directive with: the list of all it knows.
#define _GNU_SOURCE
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#if !defined(__x86_64__)
#error "written for amd64 only"
#endif

static char text[8 << 20];
static size_t used;
static const char *current;  // p[0] of the directive that is to become an echo
static const char *compared; // p[0] of the latest directive

static int readable(uintptr_t from, void *to, size_t size) {
    struct iovec local = {to, size}, remote = {(void *)from, size};
    return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == (ssize_t)size;
}

static int same(const char *a, const char *b) {
    while (*a && *a == *b) a++, b++;
    return *a == *b;
}

static void put(char c) {
    if (used < sizeof text) text[used++] = c;
}

static void put_token(const char *token) {
    static const char hex[] = "0123456789abcdef";
    put(' ');
    put('[');
    for (; *token; token++) {
        unsigned char c = (unsigned char)*token;
        if (c < 33 || c > 126 || c == '[' || c == ']' || c == '%') {
            put('%');
            put(hex[c >> 4]);
            put(hex[c & 15]);
        } else {
            put(*token);
        }
    }
    put(']');
}

static void flush(void) {
    put('\n');
    for (size_t done = 0; done < used;) {
        ssize_t now = write(2, text + done, used - done);
        if (now <= 0) _exit(99);
        done += (size_t)now;
    }
    used = 0;
}

static int stays(char **p) {
    static const char *const names[] = {"config", "connection", "remote", "proto", "fz-end", 0};
    for (int i = 0; names[i]; i++)
        if (same(p[0], names[i])) return 1;
    if (!p[1] || p[2]) return 0;
    if (*p[1]) return strchr(p[1], '\n') != 0; // an inline block
    static const char *const blocks[] = {"ca", "cert", "key", "extra-certs", "tls-auth", "tls-crypt", "auth-user-pass", 0};
    for (int i = 0; blocks[i]; i++)
        if (same(p[0], blocks[i])) return 1; // may be an empty one
    return 0;
}

static void directive(const char *name, const uintptr_t *frame) {
    compared = name;
    current = 0;
    for (int i = 0; i < 6 + 64; i++) { // 6 saved registers, the return address, the caller's frame
        uintptr_t value;
        if (frame[i] < 4096 || (frame[i] & 7) || !readable(frame[i], &value, 8) || value != (uintptr_t)name) continue;
        char **p = (char **)frame[i];
        put('@');
        put('D');
        for (int k = 0; k < 17 && p[k]; k++) put_token(p[k]);
        flush();
        if (!stays(p)) current = name;
        return;
    }
    put('@');
    put('?');
    put_token(name);
    flush();
}

int hooked_strcmp(const char *a, const char *b, const uintptr_t *frame) {
    static int names = -1;
    if (names < 0) names = getenv("FZ_NAMES") != 0;
    if (same(b, "help")) directive(a, frame);
    if (names && a == compared) {
        put('@');
        put('N');
        put_token(b);
        flush();
    } else if (!names && current && a == current && !same(b, "setenv")) {
        if (!same(b, "echo")) return 1;
        current = 0;
        return 0;
    }
    while (*a && *a == *b) a++, b++;
    return (unsigned char)*a - (unsigned char)*b;
}

__attribute__((naked)) int strcmp(const char *a, const char *b) {
    __asm__("push %rbx\npush %rbp\npush %r12\npush %r13\npush %r14\npush %r15\nmov %rsp,%rdx\nsub $8,%rsp\n"
            "call hooked_strcmp@PLT\nadd $56,%rsp\nret");
}
