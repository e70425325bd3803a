#include "base/err.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

struct err_row {
    int code; /* from enum err, or an errno for which we can say what to do */
    const char *text;
};

static const struct err_row rows[] = {
    {E_SHORT, "the data ends too early"},
    {E_LIMIT, "a limit of the program was exceeded"},
    {E_FORMAT, "the data is malformed"},
    {E_TIME, "it took too long, and cprof gave up"},
    {E_NO_PROCESS, "no process has this pid; see `cprof --nodes`"},
    {E_GONE, "the process has ended"},
    {E_NOT_BEAM, "this process is not an Erlang VM; see `cprof --nodes`"},
    {E_NOT_JIT, "this Erlang VM runs without the JIT (the emu flavor), so it "
                "has no symbol list; start it with `erl -emu_flavor jit`"},
    {E_NO_ACCESS, "reading the process's memory is not permitted; run as the "
                  "same user or as root (see `cprof doctor`)"},
    {E_TORN, "the node kept changing while it was read; try again"},
    {E_NOT_FOUND, "not found"},
    {E_LAYOUT, "the VM's layout was not recognised"},
    {E_STARTING, "this Erlang VM is still starting and has no code yet; try "
                 "again in a few seconds"},
    {E_CODE_LIST, "the process's code list does not end within the limits "
                  "(200,000 modules, 256 MB of symbols)"},
    {E_COLLECTOR, "the garbage collector of this VM was not recognised, so "
                  "--event alloc cannot record it"},
    {E_UNRESOLVED, "no symbol for this address"},
    {E_AMBIGUOUS, "the code was replaced around the time of the sample"},
    {E_NO_ENGINE,
     "this kernel has no such perf event; `--clock cycles` needs hardware "
     "counters, which most virtual machines lack; leave the option out there"},
    {E_PERF_DENIED,
     "perf_event_open is not permitted on this process; run as the node's "
     "user or as root (`sudo cprof ...`)"},
    {E_MEMLOCK, "not enough locked memory for the sample rings; raise "
                "`ulimit -l` or run as root"},
    {E_UNKNOWN_ENGINE, "no such engine"},
    {E_BPF_DENIED,
     "loading BPF programs is not permitted; run as root (`sudo cprof ...`), "
     "or run `sudo setcap cap_bpf,cap_perfmon,cap_sys_ptrace+ep FILE` once, "
     "where FILE is the program: priv/cprof in the folder of cprof"},
    {E_BPF_MISSING, "BPF is not available; it needs Linux 5.15 or later, /sys "
                    "mounted, and a build with clang and libbpf-dev"},
    {E_PERF_PARANOID,
     "the kernel does not allow ordinary users to use perf events; run as "
     "root, or "
     "run `sudo sysctl kernel.perf_event_paranoid=2`"},
    {E_SECCOMP,
     "a seccomp filter, such as that of a container, forbids it; run cprof on "
     "the host, or start the container with `--cap-add BPF --cap-add PERFMON "
     "--cap-add SYS_PTRACE --security-opt seccomp=unconfined`"},
    {E_YAMA,
     "Yama forbids reading processes that cprof did not start; run as "
     "root, start the node with `cprof record -- COMMAND`, or run `sudo "
     "sysctl kernel.yama.ptrace_scope=0`"},
    {E_RATE, "engine ptrace takes at most 99 samples per second; use --rate 99 "
             "or less"},
    {E_SATURATED,
     "this machine has more work than CPUs, so threads stopped by engine "
     "ptrace could wait a long time before they continue; try again later, or "
     "use --force"},
    {E_TRACED, "another program, such as a debugger or strace, is tracing this "
               "process; end it first"},
    {E_NO_BREAKPOINTS, "this machine, or its kernel, has no breakpoints in "
                       "hardware, which --event alloc needs"},
    {E_BREAKPOINTS_USED,
     "all breakpoints of the CPUs are in use; end other recordings with "
     "--event alloc, or the debugger that has them, and try again"},
    {E_PATTERN, "not a regular expression (POSIX extended)"},
    {E_NO_FUNCTION, "no such function in this recording; give its name as the "
                    "report shows it, with or without the arity"},
    {E_NO_TIMELINE,
     "this recording has no timeline for --from and --to; record "
     "with --timeline"},
    {E_NO_MATCH, "no process in the recording matches --process; without it "
                 "the report names the processes that were sampled"},
    {E_VALUES, "the recordings measured different things and cannot be "
               "compared or merged; of recordings of several events, `cprof "
               "diff --event` compares one"},
    {E_WALL, "recordings of --event block or --event wall cannot be compared, "
             "only those of cpu and alloc; compare their reports"},
    {E_NO_EVENT, "this recording is not of the event in --event; its report "
                 "without that option says of which it is"},
    {E_EVENTS, "this format shows one event, and the recording has several; "
               "choose one with `cprof report FILE --event EVENT`"},
    {E_NO_SPAN, "the recording has no span of the name in --span; its report "
                "without that option names the spans"},
    {E_EMPTY, "one side has no samples of work to compare; record for longer "
              "while the node is busy, or filter less"},
    {E_UNKNOWN_FORMAT, "this cannot be written in that format"},
    {E_NOT_A_PROFILE,
     "not a recording, or a damaged one; `cprof report` reads the .pb.gz files "
     "that `cprof record -o` writes"},
    {E_UNPACKED, "it unpacks to more than 16 MB plus 256 times its size, or to "
                 "more than 256 MB, which no recording does"},
    {E_WORK, "reading its stacks and texts takes more than 2,000,000 steps "
             "plus 2 per unpacked byte, which no recording needs"},
    {E_PROTOCOL, "the request does not follow the port protocol"},
    {E_EPMD, "no epmd answers on this machine, so the node's port is not "
             "known; it is asked at port 4369, or at ERL_EPMD_PORT of the "
             "node's environment"},
    {E_UNREGISTERED, "epmd does not know a node of this name; give the one "
                     "that `epmd -names` shows with -p PID -n NAME"},
    {E_UNREACHABLE, "the node accepts no connection from 127.0.0.1 at the port "
                    "that epmd gave"},
    {E_TLS, "the node's distribution uses TLS, which cprof does not speak"},
    {E_COOKIE, "the node refused the cookie; give its cookie with "
               "--cookie-file FILE, or in CPROF_COOKIE"},
    {E_REFUSED, "the node refused the connection; does it allow only certain "
                "nodes (net_kernel:allow/1)?"},
    {E_LONG_NAME, "the host in the node's name is too long: cprof's own name "
                  "(cprof_1@HOST) would have more than 255 characters"},
    {E_NAMES_TAKEN, "others ask this node now, and use all the names that "
                    "cprof has for this; try again"},
    {E_OTHER_NODE, "the node that answers to this name is another process"},
    {E_SILENT, "the node did not answer in time"},
    {E_CLOSED, "the node closed the connection"},
    {E_ANSWER, "the node answered something that was not asked for"},
    {E_USAGE, "incorrect usage; see `cprof --help`"},
    {E_PLANTED, "belongs to another user, in a folder where anyone may create "
                "files; choose another name, or remove it"},
    {E_PLANTED_LINK,
     "is a link that belongs to another user or lies in a folder where anyone "
     "may create links, so it is not followed; give the name that it leads "
     "to"},
    {E_NO_READER, "nothing reads this pipe; start its reader first"},
    {E_NO_FILE, "is a socket or a disk; a result cannot be written there"},
    {ENOMEM,
     "Cannot allocate memory: raise `ulimit -v`, or the memory limit of "
     "the container"},
    {EMFILE, "Too many open files: raise `ulimit -n`"},
    {ENFILE, "Too many open files in the whole system: raise fs.file-max"},
};

const char *err_text(int code)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (-code == rows[i].code)
            return rows[i].text;
    return strerror(-code);
}
