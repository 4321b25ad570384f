/* Counts the calls with which a program changes files, and lets the n-th fail or ends the program there.
 *
 * Preloaded by tests/faults and tests/smtp_faults.rs: FAULT_AT n, FAULT_MODE once | ever | before | after, FAULT_ERROR the
 * number of the error (EIO without it), FAULT_LOG where the count goes. With FAULT_WIRE what is sent to sockets counts too.
 * FAULT_READ counts reads of files whose path contains it instead. With FAULT_TWO_STEPS no file system can rename without
 * overwriting, as on a network folder. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static long seen, at;
static int failure = EIO;
static const char *mode = "", *folder, *wire, *two_steps;

__attribute__((constructor)) static void begin(void) {
    const char *number = getenv("FAULT_AT");
    at = number ? atol(number) : 0;
    if (getenv("FAULT_ERROR")) failure = atoi(getenv("FAULT_ERROR"));
    mode = getenv("FAULT_MODE") ? getenv("FAULT_MODE") : "";
    folder = getenv("FAULT_READ");
    wire = getenv("FAULT_WIRE");
    two_steps = getenv("FAULT_TWO_STEPS");
}

__attribute__((destructor)) static void end(void) {
    const char *path = getenv("FAULT_LOG");
    FILE *log = path ? fopen(path, "w") : NULL;
    long count = seen;
    if (log) {
        fprintf(log, "%ld", count);
        fclose(log);
    }
}

/* Whether this call fails: 1 fails, 0 works, -1 works and is the last. */
static int turn(void) {
    long now = __atomic_add_fetch(&seen, 1, __ATOMIC_SEQ_CST);
    if (!at || now < at) return 0;
    if (now == at && !strcmp(mode, "before")) kill(getpid(), SIGKILL);
    if (now == at && !strcmp(mode, "after")) return -1;
    return (now == at && !strcmp(mode, "once")) || !strcmp(mode, "ever");
}

#define REAL(result, name, types, arguments)                                 \
    static result (*real) types;                                             \
    if (!real) real = (result(*) types)dlsym(RTLD_NEXT, #name);              \
    int fate = turn();                                                       \
    if (fate == 1) {                                                         \
        errno = failure;                                                     \
        return -1;                                                           \
    }                                                                        \
    result answer = real arguments;                                          \
    if (fate == -1) kill(getpid(), SIGKILL);                                 \
    return answer;

#define EFFECT(result, name, types, parameters, arguments, exempt)           \
    result name parameters {                                                 \
        static result (*plain) types;                                        \
        if (!plain) plain = (result(*) types)dlsym(RTLD_NEXT, #name);        \
        if (folder || (exempt)) return plain arguments;                      \
        REAL(result, name, types, arguments)                                 \
    }

EFFECT(int, fsync, (int), (int file), (file), 0)
EFFECT(int, fdatasync, (int), (int file), (file), 0)
EFFECT(ssize_t, write, (int, const void *, size_t), (int file, const void *data, size_t size), (file, data, size), file < 3)
EFFECT(ssize_t, pwrite, (int, const void *, size_t, off_t), (int file, const void *data, size_t size, off_t place),
       (file, data, size, place), 0)
EFFECT(ssize_t, pwrite64, (int, const void *, size_t, off64_t), (int file, const void *data, size_t size, off64_t place),
       (file, data, size, place), 0)
EFFECT(ssize_t, send, (int, const void *, size_t, int), (int file, const void *data, size_t size, int flags),
       (file, data, size, flags), !wire)
EFFECT(int, ftruncate, (int, off_t), (int file, off_t size), (file, size), 0)
EFFECT(int, ftruncate64, (int, off64_t), (int file, off64_t size), (file, size), 0)
EFFECT(int, rename, (const char *, const char *), (const char *from, const char *to), (from, to), 0)
/* Where the flag is not known there is no effect either. */
int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags) {
    static int (*plain)(int, const char *, int, const char *, unsigned);
    if (!plain) plain = (int (*)(int, const char *, int, const char *, unsigned))dlsym(RTLD_NEXT, "renameat2");
    if (two_steps && flags) {
        errno = EINVAL;
        return -1;
    }
    if (folder) return plain(from_folder, from, to_folder, to, flags);
    REAL(int, renameat2, (int, const char *, int, const char *, unsigned), (from_folder, from, to_folder, to, flags))
}
EFFECT(int, link, (const char *, const char *), (const char *from, const char *to), (from, to), 0)
EFFECT(int, linkat, (int, const char *, int, const char *, int),
       (int from_folder, const char *from, int to_folder, const char *to, int flags),
       (from_folder, from, to_folder, to, flags), 0)
EFFECT(int, unlink, (const char *), (const char *path), (path), 0)
EFFECT(int, mkdir, (const char *, mode_t), (const char *path, mode_t rights), (path, rights), 0)

/* Opening to write is an effect: it makes or empties a file. */
static int writes(const char *path, int flags) {
    return (flags & (O_WRONLY | O_RDWR | O_CREAT)) && strncmp(path, "/dev/", 5) && strncmp(path, "/proc/", 6);
}

#define OPENING(name, types, parameters, arguments)                          \
    int name parameters {                                                    \
        static int(*plain) types;                                            \
        if (!plain) plain = (int(*) types)dlsym(RTLD_NEXT, #name);           \
        va_list more;                                                        \
        va_start(more, flags);                                               \
        mode_t rights = flags & (O_CREAT | __O_TMPFILE) ? va_arg(more, mode_t) : 0; \
        va_end(more);                                                        \
        if (folder || !writes(path, flags)) return plain arguments;          \
        REAL(int, name, types, arguments)                                    \
    }

OPENING(open, (const char *, int, ...), (const char *path, int flags, ...), (path, flags, rights))
OPENING(open64, (const char *, int, ...), (const char *path, int flags, ...), (path, flags, rights))
OPENING(openat, (int, const char *, int, ...), (int below, const char *path, int flags, ...), (below, path, flags, rights))
OPENING(openat64, (int, const char *, int, ...), (int below, const char *path, int flags, ...), (below, path, flags, rights))

/* Whether a read of this file is the one that fails. */
static int read_fails(int file) {
    char link[64], path[4096];
    if (!folder) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    path[length > 0 ? length : 0] = 0;
    if (!strstr(path, folder) || turn() != 1) return 0;
    errno = failure;
    return 1;
}

#define READING(name, types, parameters, arguments)                          \
    ssize_t name parameters {                                                \
        static ssize_t(*plain) types;                                        \
        if (!plain) plain = (ssize_t(*) types)dlsym(RTLD_NEXT, #name);       \
        return read_fails(file) ? -1 : plain arguments;                      \
    }

READING(read, (int, void *, size_t), (int file, void *data, size_t size), (file, data, size))
READING(pread, (int, void *, size_t, off_t), (int file, void *data, size_t size, off_t place), (file, data, size, place))
READING(pread64, (int, void *, size_t, off64_t), (int file, void *data, size_t size, off64_t place), (file, data, size, place))
