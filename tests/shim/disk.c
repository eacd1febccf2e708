/* A disk that fails on demand, between the program and the C library. Built by tests/disk.rs, loaded with LD_PRELOAD.
 *
 * What is written to the database and the files beside it (their names hold "tremen.db") fails as the first word in the
 * file FAULTS says:
 *   full      no space left          (ENOSPC)
 *   readonly  a read-only file system (EROFS)
 *   broken    an error of the device (EIO), reading too
 *   unsynced  what is written stays, but no sync succeeds (EIO)
 *   slow N    each sync takes N milliseconds, or until the file says something else
 * An empty file, or none: all is well.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

enum fault { WELL, FULL, READONLY, BROKEN, UNSYNCED, SLOW };

static enum fault fault(long *ms) {
  char text[32] = {0}, word[16] = {0};
  const char *path = getenv("FAULTS");
  *ms = 0;
  if (!path) return WELL;
  int fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return WELL;
  ssize_t got = syscall(SYS_read, fd, text, sizeof text - 1);
  syscall(SYS_close, fd);
  if (got <= 0 || sscanf(text, "%15s %ld", word, ms) < 1) return WELL;
  if (!strcmp(word, "full")) return FULL;
  if (!strcmp(word, "readonly")) return READONLY;
  if (!strcmp(word, "broken")) return BROKEN;
  if (!strcmp(word, "unsynced")) return UNSYNCED;
  if (!strcmp(word, "slow")) return SLOW;
  return WELL;
}

static int is_ours(int fd) {
  char link[64], path[512] = {0};
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  if (readlink(link, path, sizeof path - 1) <= 0) return 0;
  return strstr(path, "tremen.db") != NULL;
}

/* What a write fails with now; 0: it goes through. */
static int write_fails(int fd) {
  long ms;
  if (!is_ours(fd)) return 0;
  switch (fault(&ms)) {
    case FULL: return ENOSPC;
    case READONLY: return EROFS;
    case BROKEN: return EIO;
    default: return 0;
  }
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define FAILS(error) do { int error_ = (error); if (error_) { errno = error_; return -1; } } while (0)

ssize_t write(int fd, const void *bytes, size_t count) {
  FAILS(write_fails(fd));
  return NEXT(write)(fd, bytes, count);
}
ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
  FAILS(write_fails(fd));
  return NEXT(pwrite)(fd, bytes, count, at);
}
ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
  FAILS(write_fails(fd));
  return NEXT(pwrite64)(fd, bytes, count, at);
}
int ftruncate(int fd, off_t length) {
  FAILS(write_fails(fd));
  return NEXT(ftruncate)(fd, length);
}
int ftruncate64(int fd, off64_t length) {
  FAILS(write_fails(fd));
  return NEXT(ftruncate64)(fd, length);
}

static int read_fails(int fd) {
  long ms;
  return is_ours(fd) && fault(&ms) == BROKEN ? EIO : 0;
}
ssize_t pread(int fd, void *bytes, size_t count, off_t at) {
  FAILS(read_fails(fd));
  return NEXT(pread)(fd, bytes, count, at);
}
ssize_t pread64(int fd, void *bytes, size_t count, off64_t at) {
  FAILS(read_fails(fd));
  return NEXT(pread64)(fd, bytes, count, at);
}

static int sync_fails(int fd) {
  long ms, waited = 0;
  if (!is_ours(fd)) return 0;
  struct timespec step = {0, 10 * 1000 * 1000};
  while (fault(&ms) == SLOW && waited < ms) {
    nanosleep(&step, NULL);
    waited += 10;
  }
  switch (fault(&ms)) {
    case READONLY: return EROFS;
    case BROKEN:
    case UNSYNCED: return EIO;
    default: return 0;
  }
}
int fsync(int fd) {
  FAILS(sync_fails(fd));
  return NEXT(fsync)(fd);
}
int fdatasync(int fd) {
  FAILS(sync_fails(fd));
  return NEXT(fdatasync)(fd);
}

/* A file that is not there yet cannot be made on a full or read-only disk. */
static int open_fails(const char *path, int flags) {
  long ms;
  if (!strstr(path, "tremen.db") || (flags & O_ACCMODE) == O_RDONLY) return 0;
  switch (fault(&ms)) {
    case READONLY: return EROFS;
    case BROKEN: return EIO;
    default: return 0;
  }
}
int open64(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = va_arg(rest, mode_t);
  va_end(rest);
  FAILS(open_fails(path, flags));
  return syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}
int open(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = va_arg(rest, mode_t);
  va_end(rest);
  FAILS(open_fails(path, flags));
  return syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}
