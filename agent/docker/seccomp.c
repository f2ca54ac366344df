/* SPDX-License-Identifier: Apache-2.0 */
#include "docker/seccomp.h"

#include <limits.h>
#include <stdio.h>

#include "base/fd.h"

#define PROFILE_MAX 32768

/* What a program may ask of the kernel that has no capability and makes no namespace: Docker's and
 * Podman's own lists, less mounts, namespaces, keyrings, the kernel's log, other processes'
 * descriptors, bpf, perf, userfaultfd and io_uring. What is not here answers EPERM. */
static const char allowed[] =
    "accept accept4 access adjtimex alarm arch_prctl bind brk cacheflush cachestat capget "
    "capset chdir chmod chown clock_getres clock_gettime clock_gettime64 clock_nanosleep "
    "close close_range connect copy_file_range creat dup dup2 dup3 epoll_create epoll_create1 "
    "epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd "
    "eventfd2 execve execveat exit exit_group faccessat faccessat2 fadvise64 fadvise64_64 "
    "fallocate fchdir fchmod fchmodat fchmodat2 fchown fchownat fcntl fcntl64 fdatasync "
    "fgetxattr flistxattr flock fork fremovexattr fsetxattr fstat fstat64 fstatat64 fstatfs "
    "fstatfs64 fsync ftruncate ftruncate64 futex futex_requeue futex_wait futex_waitv "
    "futex_wake futimesat get_mempolicy get_robust_list get_thread_area getcpu getcwd "
    "getdents getdents64 getegid geteuid getgid getgroups getitimer getpeername getpgid "
    "getpgrp getpid getppid getpriority getrandom getresgid getresuid getrlimit getrusage "
    "getsid getsockname getsockopt gettid gettimeofday getuid getxattr inotify_add_watch "
    "inotify_init inotify_init1 inotify_rm_watch io_cancel io_destroy io_getevents "
    "io_pgetevents io_setup io_submit ioctl ioprio_get ioprio_set kill landlock_add_rule "
    "landlock_create_ruleset landlock_restrict_self lchown lgetxattr link linkat listen "
    "listxattr llistxattr lremovexattr lseek lsetxattr lstat lstat64 madvise map_shadow_stack "
    "mbind membarrier memfd_create memfd_secret mincore mkdir mkdirat mknod mknodat mlock "
    "mlock2 mlockall mmap mmap2 mprotect mq_getsetattr mq_notify mq_open mq_timedreceive "
    "mq_timedsend mq_unlink mremap msgctl msgget msgrcv msgsnd msync munlock munlockall "
    "munmap name_to_handle_at nanosleep newfstatat open openat openat2 pause pidfd_open "
    "pidfd_send_signal pipe pipe2 pkey_alloc pkey_free pkey_mprotect poll ppoll prctl pread64 "
    "preadv preadv2 prlimit64 process_vm_readv process_vm_writev pselect6 ptrace pwrite64 "
    "pwritev pwritev2 read readahead readdir readlink readlinkat readv recv recvfrom recvmmsg "
    "recvmsg remap_file_pages removexattr rename renameat renameat2 restart_syscall rmdir "
    "rseq rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn "
    "rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo sched_get_priority_max "
    "sched_get_priority_min sched_getaffinity sched_getattr sched_getparam sched_getscheduler "
    "sched_rr_get_interval sched_setaffinity sched_setattr sched_setparam sched_setscheduler "
    "sched_yield seccomp select semctl semget semop semtimedop send sendfile sendfile64 "
    "sendmmsg sendmsg sendto set_mempolicy set_mempolicy_home_node set_robust_list "
    "set_thread_area set_tid_address set_tls setfsgid setfsuid setgid setgroups setitimer "
    "setpgid setpriority setregid setresgid setresuid setreuid setrlimit setsid setsockopt "
    "setuid setxattr shmat shmctl shmdt shmget shutdown sigaction sigaltstack signal signalfd "
    "signalfd4 sigpending sigprocmask sigreturn sigsuspend socketpair splice stat stat64 "
    "statfs statfs64 statx symlink symlinkat sync sync_file_range sync_file_range2 syncfs "
    "sysinfo tee tgkill time timer_create timer_delete timer_getoverrun timer_gettime "
    "timer_gettime64 timer_settime timer_settime64 timerfd timerfd_create timerfd_gettime "
    "timerfd_gettime64 timerfd_settime timerfd_settime64 times tkill truncate truncate64 "
    "ugetrlimit umask uname unlink unlinkat utime utimensat utimes vfork wait4 waitid waitpid "
    "write writev";

#define NAMESPACES 0x7e020000 /* CLONE_NEW…: cgroup, uts, ipc, user, pid, net, and mount */
#define AF_ALG     38
#define AF_VSOCK   40

static json_t *names(const char *list)
{
    json_t *a = json_array();
    struct str name, rest = str_of(list);
    while (str_cut(rest, ' ', &name, &rest))
        json_array_append_new(a, json_text(name));
    json_array_append_new(a, json_text(rest));
    return a;
}

static void allow(json_t *rules, const char *list, json_t *args)
{
    json_array_append_new(rules, json_pack("{s:o, s:s, s:o}", "names", names(list), "action",
                                           "SCMP_ACT_ALLOW", "args", args ? args : json_array()));
}

static json_t *arg(int index, int64_t value, int64_t two, const char *op)
{
    return json_pack("{s:i, s:I, s:I, s:s}", "index", index, "value", (json_int_t)value, "valueTwo",
                     (json_int_t)two, "op", op);
}

/* The usual ones: Linux, 32 bits, without randomised addresses, and asking which it is. */
static void allow_personalities(json_t *rules)
{
    static const int64_t usual[] = { 0, 8, 0x20000, 0x20008, 0xffffffff };
    for (size_t i = 0; i < ARRAY_LEN(usual); i++)
        allow(rules, "personality", json_pack("[o]", arg(0, usual[i], 0, "SCMP_CMP_EQ")));
}

/* A rule's conditions hold together, so that of two families neither may be asked for. */
static void allow_sockets(json_t *rules)
{
    allow(rules, "socket", json_pack("[o]", arg(0, AF_ALG, 0, "SCMP_CMP_LT")));
    allow(rules, "socket", json_pack("[o]", arg(0, AF_ALG + 1, 0, "SCMP_CMP_EQ")));
    allow(rules, "socket", json_pack("[o]", arg(0, AF_VSOCK, 0, "SCMP_CMP_GT")));
}

json_t *seccomp_profile(void)
{
    json_t *rules = json_array();
    allow(rules, allowed, NULL);
    allow(rules, "clone unshare", json_pack("[o]", arg(0, NAMESPACES, 0, "SCMP_CMP_MASKED_EQ")));
    allow_personalities(rules);
    allow_sockets(rules);
    /* Its flags lie in memory, where no filter sees them; ENOSYS has libraries take clone instead.
     */
    json_array_append_new(rules, json_pack("{s:[s], s:s, s:i, s:[]}", "names", "clone3", "action",
                                           "SCMP_ACT_ERRNO", "errnoRet", 38, "args"));
    return json_pack("{s:s, s:[{s:s, s:[]}, {s:s, s:[]}], s:o}", "defaultAction", "SCMP_ACT_ERRNO",
                     "archMap", "architecture", "SCMP_ARCH_X86_64", "subArchitectures",
                     "architecture", "SCMP_ARCH_AARCH64", "subArchitectures", "syscalls", rules);
}

bool seccomp_option(bool podman, const char *out_dir, struct buf *option, struct err *err)
{
    char path[PATH_MAX];
    auto_buf struct buf text = { .max = PROFILE_MAX };
    auto_json json_t *profile = seccomp_profile();
    if (profile) json_canonical(profile, &text);
    if (!profile || text.failed)
        return FAIL(err, ERR_NO_MEMORY, "No memory was left for a system call filter.");
    buf_c(option, "seccomp=");
    if (podman) {
        const int n = snprintf(path, sizeof(path), "%s.seccomp", out_dir);
        if (n < 0 || n >= PATH_MAX)
            return FAIL(err, ERR_IO, "The path of a lease's folder is too long.");
        if (!file_write(path, buf_view(&text), 0600, err)) return false;
        buf_c(option, path);
    } else {
        buf_str(option, buf_view(&text));
    }
    return !option->failed ||
           FAIL(err, ERR_NO_MEMORY, "No memory was left for a system call filter.");
}
