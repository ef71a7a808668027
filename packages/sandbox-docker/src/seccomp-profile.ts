/** What of Docker's format for seccomp profiles is used here. */
export interface SeccompProfile {
  readonly defaultAction: "SCMP_ACT_ERRNO";
  readonly archMap: readonly { readonly architecture: string; readonly subArchitectures: readonly string[] }[];
  readonly syscalls: readonly SeccompRule[];
}

interface SeccompRule {
  readonly names: readonly string[];
  readonly action: "SCMP_ACT_ALLOW" | "SCMP_ACT_ERRNO";
  readonly errnoRet?: number;
  readonly args?: readonly SeccompArgument[];
}

interface SeccompArgument {
  readonly index: number;
  readonly value: number;
  readonly valueTwo?: number;
  readonly op: "SCMP_CMP_EQ" | "SCMP_CMP_MASKED_EQ";
}

const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== "");

/**
 * What programs may ask of the kernel; everything else is refused. Not here, among others: io_uring, ptrace, process_vm_*, kcmp,
 * pidfd_getfd, keyrings, bpf, perf events, userfaultfd, mounts, modules, clocks, file handles, fanotify, NUMA, x86's old segments.
 */
const allowed = words(`
  access chdir chmod chown close close_range copy_file_range creat dup dup2 dup3 faccessat faccessat2 fadvise64 fallocate fchdir
  fchmod fchmodat fchmodat2 fchown fchownat fcntl fdatasync fgetxattr flistxattr flock fremovexattr fsetxattr fstat fstatfs fsync
  ftruncate futimesat getcwd getdents getdents64 getxattr inotify_add_watch inotify_init inotify_init1 inotify_rm_watch ioctl
  lchown lgetxattr link linkat listxattr llistxattr lremovexattr lseek lsetxattr lstat mkdir mkdirat mknod mknodat newfstatat
  open openat openat2 pread64 preadv preadv2 pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv removexattr
  rename renameat renameat2 rmdir sendfile setxattr splice stat statfs statx symlink symlinkat sync sync_file_range syncfs tee
  truncate umask unlink unlinkat utime utimensat utimes vmsplice write writev

  brk madvise membarrier memfd_create mincore mlock mlock2 mlockall mmap mprotect mremap msync munlock munlockall munmap
  pkey_alloc pkey_free pkey_mprotect remap_file_pages

  arch_prctl capget capset execve execveat exit exit_group fork get_robust_list get_thread_area getegid geteuid getgid getgroups
  getpgid getpgrp getpid getppid getpriority getresgid getresuid getrlimit getrusage getsid gettid getuid ioprio_get ioprio_set
  landlock_add_rule landlock_create_ruleset landlock_restrict_self pidfd_open pidfd_send_signal prctl prlimit64 rseq
  sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getattr sched_getparam sched_getscheduler
  sched_rr_get_interval sched_setaffinity sched_setattr sched_setparam sched_setscheduler sched_yield seccomp set_robust_list
  set_thread_area set_tid_address setfsgid setfsuid setgid setgroups setpgid setpriority setregid setresgid setresuid setreuid
  setrlimit setsid setuid sysinfo times uname vfork wait4 waitid

  futex futex_wait futex_waitv futex_wake futex_requeue restart_syscall kill pause rt_sigaction rt_sigpending rt_sigprocmask
  rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo sigaltstack signalfd signalfd4 tgkill tkill

  alarm clock_getres clock_gettime clock_nanosleep getitimer gettimeofday nanosleep setitimer time timer_create timer_delete
  timer_getoverrun timer_gettime timer_settime timerfd_create timerfd_gettime timerfd_settime

  accept accept4 bind connect getpeername getsockname getsockopt listen recvfrom recvmmsg recvmsg sendmmsg sendmsg sendto
  setsockopt shutdown socketpair

  epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd eventfd2
  io_cancel io_destroy io_getevents io_pgetevents io_setup io_submit pipe pipe2 poll ppoll pselect6 select

  mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedsend mq_unlink msgctl msgget msgrcv msgsnd semctl semget semop
  semtimedop shmat shmctl shmdt shmget

  getcpu getrandom
`);

/** Families of sockets that programs need: local ones, IPv4, IPv6. Not packets, crypto, the hypervisor or Bluetooth. */
const socketFamilies = [1, 2, 10];
const netlink = 16;
/** What they ask netlink for: routes and interfaces, and news of devices. Not firewalls, which have a long list of holes. */
const netlinkProtocols = [0, 15];
/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. */
const namespaceFlags = 0x7e_02_00_00;
/** Plain Linux, and the same without address randomization or with an old uname; and asking what it is. */
const personalities = [0, 8, 0x2_00_00, 0x2_00_08, 0xff_ff_ff_ff];
const enosys = 38;

const allow = (names: readonly string[], args?: readonly SeccompArgument[]): SeccompRule => ({
  names,
  action: "SCMP_ACT_ALLOW",
  ...(args && { args }),
});
const equals = (index: number, value: number): SeccompArgument => ({ index, value, op: "SCMP_CMP_EQ" });

/** The seccomp profile of a box. `userNamespaces` lets Chromium build its own sandbox out of user namespaces. */
export function seccompProfile({ userNamespaces }: { readonly userNamespaces: boolean }): SeccompProfile {
  const withoutNamespaces = [{ index: 0, value: namespaceFlags, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ" }] as const;
  return {
    defaultAction: "SCMP_ACT_ERRNO",
    // Without their 32-bit sides, which are a second door to the same kernel.
    archMap: [
      { architecture: "SCMP_ARCH_X86_64", subArchitectures: [] },
      { architecture: "SCMP_ARCH_AARCH64", subArchitectures: [] },
    ],
    syscalls: [
      allow(allowed),
      ...socketFamilies.map((family) => allow(["socket"], [equals(0, family)])),
      ...netlinkProtocols.map((protocol) => allow(["socket"], [equals(0, netlink), equals(2, protocol)])),
      ...personalities.map((personality) => allow(["personality"], [equals(0, personality)])),
      userNamespaces ? allow(["clone", "unshare", "chroot"]) : allow(["clone"], withoutNamespaces),
      // Its flags are out of a filter's sight; "not there" makes programs take clone.
      { names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: enosys },
    ],
  };
}
