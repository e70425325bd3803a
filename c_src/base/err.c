#include "base/err.h"

#include <stddef.h>
#include <string.h>

struct err_row {
    enum err code;
    const char *text;
};

static const struct err_row rows[] = {
    {E_SHORT, "the data ends too early"},
    {E_LIMIT, "a limit of the program was exceeded"},
    {E_FORMAT, "the data is malformed"},
    {E_NO_PROCESS, "no process has this pid; see `pgrep -a beam.smp`"},
    {E_GONE, "the process has ended"},
    {E_NOT_BEAM, "this process is not an Erlang VM; see `pgrep -a beam.smp`"},
    {E_NOT_JIT, "this Erlang VM runs without the JIT (emu flavor), which has "
                "no symbol list; start it with `erl -emu_flavor jit`"},
    {E_NO_ACCESS, "the process's memory may not be read; run as the same "
                  "user or as root (see `cprof doctor`)"},
    {E_TORN, "the node kept changing while it was read; try again"},
    {E_NOT_FOUND, "not found"},
    {E_LAYOUT, "the VM's layout was not recognised"},
    {E_UNRESOLVED, "no symbol for this address"},
    {E_AMBIGUOUS, "the code was replaced around the time of the sample"},
    {E_NO_ENGINE,
     "this kernel has no such perf event; `--event cycles` needs hardware "
     "counters, which most virtual machines lack: leave it out there"},
    {E_PERF_DENIED,
     "perf_event_open is not permitted on this process; run as the node's "
     "user or as root (`sudo cprof ...`)"},
    {E_MEMLOCK, "not enough locked memory for the sample rings; raise "
                "`ulimit -l` or run as root"},
    {E_UNKNOWN_ENGINE, "no such engine; known are auto, bpf, perf and ptrace"},
    {E_BPF_DENIED,
     "loading BPF programs is not permitted; run as root (`sudo cprof ...`), "
     "or once `sudo setcap cap_bpf,cap_perfmon,cap_sys_ptrace+ep priv/cprof`"},
    {E_BPF_MISSING, "no BPF here; it needs Linux 5.15 or later, and a build "
                    "with clang and libbpf-dev"},
    {E_PERF_PARANOID,
     "this kernel keeps perf events from users; run as root, or `sudo sysctl "
     "kernel.perf_event_paranoid=2`"},
    {E_SECCOMP,
     "a seccomp filter, as containers have, forbids it; run cprof on the host, "
     "or start the container with `--cap-add BPF --cap-add PERFMON --cap-add "
     "SYS_PTRACE --security-opt seccomp=unconfined`"},
    {E_YAMA, "Yama forbids reading processes that are no children; run as "
             "root, start the node by `cprof record -- COMMAND`, or `sudo "
             "sysctl kernel.yama.ptrace_scope=0`"},
    {E_RATE, "the engine ptrace takes at most 99 samples a second; give --rate "
             "99 or less"},
    {E_SATURATED,
     "this machine has more work than CPUs, so that threads stopped by the "
     "engine ptrace could wait long to go on; try again later, or give "
     "--force"},
    {E_TRACED, "another program traces this process, as debuggers and strace "
               "do; end that first"},
    {E_PATTERN, "not a regular expression (POSIX extended)"},
    {E_NO_FUNCTION, "no such function in this recording; give its name as the "
                    "report shows it, with or without the arity"},
    {E_NO_TIMELINE,
     "this recording has no timeline for --from and --to; record "
     "with --timeline"},
    {E_EMPTY, "a side has no sample of work to compare; record longer, while "
              "the node works, or filter less"},
    {E_UNKNOWN_FORMAT, "unknown format; known are text, html, json, collapsed, "
                       "speedscope and pprof"},
    {E_NOT_A_PROFILE, "not a recording; `cprof report` reads the .pb.gz files "
                      "that `cprof record -o` writes"},
    {E_PROTOCOL, "the request is not of the port protocol"},
    {E_USAGE, "wrong usage; see `cprof --help`"},
    {E_PLANTED, "belongs to another user, in a folder where anyone may create "
                "files; give another name, or remove it"},
    {E_PLANTED_LINK, "a link in a folder where anyone may create links is not "
                     "followed; give the name that it leads to"},
    {E_NO_READER, "nobody reads this pipe; start its reader first"},
    {E_NO_FILE, "a socket or a disk, where no result can be written"},
};

const char *err_text(int code)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (-code == (int)rows[i].code)
            return rows[i].text;
    return strerror(-code);
}
