/*
 * sandbox [-d CALL:ERROR]... [-u UID] COMMAND ...
 *
 * Runs a command as a container's default seccomp profile would: the system
 * calls named answer with the error and are not carried out. Rights are kept
 * until -u drops them.
 */
#include <errno.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MAX_DENIED = 8 };

static const struct {
    const char *name;
    unsigned number;
} calls[] = {
    {"perf_event_open", SYS_perf_event_open},
    {"bpf", SYS_bpf},
    {"ptrace", SYS_ptrace},
    {"process_vm_readv", SYS_process_vm_readv},
};

static const struct {
    const char *name;
    unsigned number;
} errors[] = {{"EPERM", EPERM}, {"EACCES", EACCES}, {"ENOSYS", ENOSYS}};

struct denied {
    unsigned call, error;
};

static void die(const char *what)
{
    perror(what);
    exit(126);
}

static struct denied parse(const char *text)
{
    const char *colon = strchr(text, ':');
    size_t len = colon ? (size_t)(colon - text) : 0;
    struct denied d = {-1u, 0};
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
        if (strlen(calls[i].name) == len && !strncmp(calls[i].name, text, len))
            d.call = calls[i].number;
    for (size_t i = 0; colon && i < sizeof(errors) / sizeof(errors[0]); i++)
        if (strcmp(errors[i].name, colon + 1) == 0)
            d.error = errors[i].number;
    if (d.call == -1u || !d.error) {
        fprintf(stderr, "sandbox: %s is not CALL:ERROR\n", text);
        exit(126);
    }
    return d;
}

/* A classic BPF program on struct seccomp_data: kill what is no x86-64 call,
 * answer what is denied, allow the rest. */
static void install(const struct denied *denied, size_t count)
{
    struct sock_filter code[4 + 2 * MAX_DENIED + 1];
    unsigned n = 0;
    code[n++] = (struct sock_filter)BPF_STMT(
        BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
    code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
                                             AUDIT_ARCH_X86_64, 1, 0);
    code[n++] =
        (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                             offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < count; i++) {
        code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
                                                 denied[i].call, 0, 1);
        code[n++] = (struct sock_filter)BPF_STMT(
            BPF_RET | BPF_K, SECCOMP_RET_ERRNO | denied[i].error);
    }
    code[n++] =
        (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = {(unsigned short)n, code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        die("no_new_privs");
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        die("seccomp");
}

static void drop(uid_t uid)
{
    if (setgroups(0, NULL) || setgid(uid) || setuid(uid))
        die("setuid");
}

int main(int argc, char **argv)
{
    struct denied denied[MAX_DENIED];
    size_t count = 0;
    int option;
    long uid = -1;
    while ((option = getopt(argc, argv, "+d:u:")) != -1) {
        if (option == 'd' && count < MAX_DENIED)
            denied[count++] = parse(optarg);
        else if (option == 'u')
            uid = atol(optarg);
        else
            return 126;
    }
    if (optind == argc)
        return 126;
    if (count)
        install(denied, count);
    if (uid >= 0)
        drop((uid_t)uid);
    execvp(argv[optind], &argv[optind]);
    die(argv[optind]);
}
