// Makes the n-th change of files below a folder fail, in every process that loads this library.
//
// FAULT_FOLDER  the folder, as an absolute path without links
// FAULT_COUNTER a file of 8 bytes in which changes are counted, shared by all processes
// FAULT_AT      the number of the change that fails, from 1; 0 only counts
// FAULT_ERROR   ENOSPC: from then on nothing is written (a full disk; the first write stops half way)
//               EIO: this one change fails, and later ones succeed
//
// Changes are open with O_CREAT of a new file, mkdir, write, pwrite, writev, ftruncate, fsync and,
// for EIO, rename. A full disk still removes and renames.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static char folder[4096];
static size_t length;
static uint64_t *counter, at;
static int error;

static void *next(const char *name) { return dlsym(RTLD_NEXT, name); }

__attribute__((constructor)) void fault_reload(void) {
  const char *where = getenv("FAULT_FOLDER"), *file = getenv("FAULT_COUNTER");
  length = 0;
  if (!where || !file) return;
  int (*real)(const char *, int, ...) = next("open");
  int fd = real(file, O_RDWR);
  if (fd < 0) return;
  void *page = mmap(NULL, 8, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (page == MAP_FAILED) return;
  counter = page;
  at = getenv("FAULT_AT") ? strtoull(getenv("FAULT_AT"), NULL, 10) : 0;
  error = getenv("FAULT_ERROR") && !strcmp(getenv("FAULT_ERROR"), "EIO") ? EIO : ENOSPC;
  snprintf(folder, sizeof folder, "%s", where);
  length = strlen(folder);
}

static int below(const char *path) {
  return length && !strncmp(path, folder, length) && (path[length] == '/' || !path[length]);
}

static int path_below(int dir, const char *path) {
  char whole[8192], link[64];
  if (!length || !path) return 0;
  if (path[0] == '/') return below(path);
  ssize_t n = 0;
  if (dir == AT_FDCWD) {
    if (!getcwd(whole, 4096)) return 0;
    n = (ssize_t)strlen(whole);
  } else {
    snprintf(link, sizeof link, "/proc/self/fd/%d", dir);
    if ((n = readlink(link, whole, 4095)) < 0) return 0;
  }
  snprintf(whole + n, sizeof whole - (size_t)n, "/%s", path);
  return below(whole);
}

static int fd_below(int fd) {
  if (!length || fd < 3) return 0;
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, path, sizeof path - 1);
  if (n <= 0) return 0;
  path[n] = 0;
  return below(path);
}

// 0: goes on; 1: fails; 2: the first failure of a full disk.
static int fails(void) {
  int before = errno;
  uint64_t n = __atomic_add_fetch(counter, 1, __ATOMIC_SEQ_CST);
  errno = before;
  if (!at || n < at) return 0;
  if (error == EIO) return n == at;
  return n == at ? 2 : 1;
}

#define FAIL_IF(condition)      \
  if ((condition) && fails()) { \
    errno = error;              \
    return -1;                  \
  }

#define OPEN(name)                                                                     \
  int name(const char *path, int flags, ...) {                                         \
    mode_t mode = 0;                                                                   \
    if (flags & (O_CREAT | O_TMPFILE)) {                                               \
      va_list rest;                                                                    \
      va_start(rest, flags);                                                           \
      mode = va_arg(rest, mode_t);                                                     \
      va_end(rest);                                                                    \
    }                                                                                  \
    FAIL_IF((flags & O_CREAT) && path_below(AT_FDCWD, path) && access(path, F_OK) < 0) \
    int (*real)(const char *, int, ...) = next(#name);                                 \
    return real(path, flags, mode);                                                    \
  }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                                    \
  int name(int dir, const char *path, int flags, ...) {                                 \
    mode_t mode = 0;                                                                    \
    if (flags & (O_CREAT | O_TMPFILE)) {                                                \
      va_list rest;                                                                     \
      va_start(rest, flags);                                                            \
      mode = va_arg(rest, mode_t);                                                      \
      va_end(rest);                                                                     \
    }                                                                                   \
    FAIL_IF((flags & O_CREAT) && path_below(dir, path) && faccessat(dir, path, F_OK, 0) < 0) \
    int (*real)(int, const char *, int, ...) = next(#name);                             \
    return real(dir, path, flags, mode);                                                \
  }
OPENAT(openat)
OPENAT(openat64)

// Of the C library's own files: opening counts; what it then writes cannot be seen from here.
#define FOPEN(name)                                                                          \
  FILE *name(const char *path, const char *mode) {                                           \
    if (strpbrk(mode, "wa") && path_below(AT_FDCWD, path) && access(path, F_OK) < 0 && fails()) { \
      errno = error;                                                                         \
      return NULL;                                                                           \
    }                                                                                        \
    FILE *(*real)(const char *, const char *) = next(#name);                                 \
    return real(path, mode);                                                                 \
  }
FOPEN(fopen)
FOPEN(fopen64)

int mkdir(const char *path, mode_t mode) {
  FAIL_IF(path_below(AT_FDCWD, path) && access(path, F_OK) < 0)
  int (*real)(const char *, mode_t) = next("mkdir");
  return real(path, mode);
}

ssize_t write(int fd, const void *data, size_t size) {
  ssize_t (*real)(int, const void *, size_t) = next("write");
  if (fd_below(fd)) {
    int how = fails();
    if (how == 2 && size > 1) return real(fd, data, size / 2);
    if (how) {
      errno = error;
      return -1;
    }
  }
  return real(fd, data, size);
}

#define PWRITE(name, offset_type)                                                \
  ssize_t name(int fd, const void *data, size_t size, offset_type offset) {      \
    FAIL_IF(fd_below(fd))                                                        \
    ssize_t (*real)(int, const void *, size_t, offset_type) = next(#name);       \
    return real(fd, data, size, offset);                                         \
  }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

ssize_t writev(int fd, const struct iovec *parts, int count) {
  FAIL_IF(fd_below(fd))
  ssize_t (*real)(int, const struct iovec *, int) = next("writev");
  return real(fd, parts, count);
}

#define FTRUNCATE(name, offset_type)                \
  int name(int fd, offset_type size) {              \
    FAIL_IF(size > 0 && fd_below(fd))               \
    int (*real)(int, offset_type) = next(#name);    \
    return real(fd, size);                          \
  }
FTRUNCATE(ftruncate, off_t)
FTRUNCATE(ftruncate64, off64_t)

#define FSYNC(name)                  \
  int name(int fd) {                 \
    FAIL_IF(fd_below(fd))            \
    int (*real)(int) = next(#name);  \
    return real(fd);                 \
  }
FSYNC(fsync)
FSYNC(fdatasync)

int rename(const char *from, const char *to) {
  FAIL_IF(error == EIO && path_below(AT_FDCWD, to))
  int (*real)(const char *, const char *) = next("rename");
  return real(from, to);
}

int renameat(int from_dir, const char *from, int to_dir, const char *to) {
  FAIL_IF(error == EIO && path_below(to_dir, to))
  int (*real)(int, const char *, int, const char *) = next("renameat");
  return real(from_dir, from, to_dir, to);
}
