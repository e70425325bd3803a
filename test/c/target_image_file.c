#include "image_files.h"

#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tiny_elf.h"
#include "waiting.h"

/* --- objects of this process -----------------------------------------------*/

static struct maps maps;

/* The image that holds an address of ours, and the address in its file. */
static struct image *image_around(const void *address, uint64_t *vaddr)
{
    assert_int_equal(maps_read(getpid(), &maps), 0);
    uint64_t at = (uint64_t)(uintptr_t)address;
    const struct map *map = maps_find(&maps, at);
    struct image *image = NULL;
    assert_int_equal(open_map(self(), map, &image), 0);
    *vaddr = image_vaddr(image, map, at);
    maps_deinit(&maps);
    return image;
}

static void functions_of_libc(void **state)
{
    (void)state;
    static const char *const names[] = {"malloc", "memcpy", "a64l", "qsort",
                                        "getpid"};
    void *libc = dlopen("libc.so.6", RTLD_NOW);
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        uint64_t vaddr, start = 0, len = 0;
        struct image *image = image_around(dlsym(libc, names[i]), &vaddr);
        assert_int_equal(image_function(image, vaddr, &start, &len), 0);
        assert_true(start == vaddr && len > 0);
        assert_int_equal(image_function(image, vaddr + len - 1, &start, &len),
                         0);
        assert_true(start == vaddr);
        if (strcmp(names[i], "memcpy") != 0) { /* resolved when it is called */
            assert_int_equal(image_lookup(image, names[i]), vaddr);
            assert_string_equal(image_symbol(image, vaddr)->name, names[i]);
            assert_string_equal(image_symbol(image, vaddr + len - 1)->name,
                                names[i]);
        }
        image_close(image);
    }
    dlclose(libc);
}

static void our_own_code(void **state)
{
    (void)state;
    uint64_t vaddr, start, len;
    struct image *image =
        image_around((void *)(uintptr_t)&our_own_code, &vaddr);
    assert_string_equal(image_symbol(image, vaddr)->name, "our_own_code");
    assert_int_equal(image_function(image, vaddr + 4, &start, &len), 0);
    assert_int_equal(start, vaddr);
    image_close(image);
}

static void the_vdso_from_memory(void **state)
{
    (void)state;
    uint64_t vaddr, start, len;
    struct image *image =
        image_around((void *)getauxval(AT_SYSINFO_EHDR), &vaddr);
    uint64_t clock = image_lookup(image, "__vdso_clock_gettime");
    assert_true(clock != 0);
    assert_int_equal(image_lookup(image, "clock_gettime"), clock);
    assert_string_equal(image_symbol(image, clock)->name, "clock_gettime");
    assert_int_equal(image_function(image, clock + 1, &start, &len), 0);
    assert_int_equal(start, clock);
    image_close(image);
}

/* --- what cannot be read ---------------------------------------------------*/

static void mappings_of_no_elf_file(void **state)
{
    (void)state;
    struct image *image = NULL;
    const char *dump = in_dir("jit-1.dump"), *fifo = in_dir("fifo");
    write_file(dump, "DTiJ\1\0\0\0(\0\0\0", 12);
    struct map map = map_of(dump);
    assert_int_equal(open_map(self(), &map, &image), -E_FORMAT);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_int_equal(image_open(fifo, &image), -E_FORMAT);
    assert_int_equal(image_open(dir, &image), -E_FORMAT);
    write_file(dump, "", 0);
    assert_int_equal(image_open(dump, &image), -E_FORMAT);
    unlink(dump);
    unlink(fifo);
    assert_int_equal(image_open(dump, &image), -ENOENT);
    assert_int_equal(open_map(self(), &map, &image), -E_NOT_FOUND);
    const char *const others[] = {"", "[heap]", "[vsyscall]", "/memfd:vmem"};
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
        map.path = others[i];
        assert_int_equal(open_map(self(), &map, &image), -E_FORMAT);
    }
    assert_null(image);
}

static void a_file_of_enormous_size(void **state)
{
    (void)state;
    struct image *image = NULL;
    const char *path = in_dir("sparse");
    write_file(path, "\177ELF", 4);
    assert_int_equal(truncate(path, (off_t)513 << 20), 0);
    assert_int_equal(image_open(path, &image), -E_LIMIT);
    unlink(path);
}

/* --- files that moved away -------------------------------------------------*/

static pid_t run(const char *path, const char *root)
{
    pid_t pid = fork();
    if (pid == 0) {
        if (root && chroot(root) != 0)
            _exit(126);
        execl(path, path, "100", (char *)NULL);
        _exit(127);
    }
    /* All is mapped when it sleeps. */
    WAIT_UNTIL(differs_from_us(pid, "exe") && process_state(pid) == 'S');
    return pid;
}

static void end(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static const struct map *map_named(const struct maps *m, const char *part)
{
    for (size_t i = 0; i < m->count; i++)
        if ((m->list[i].flags & MAPS_EXEC) && strstr(m->list[i].path, part))
            return &m->list[i];
    return NULL;
}

static void copy(const char *from, const char *to)
{
    char command[300];
    snprintf(command, sizeof(command), "cp '%s' '%s'", from, to);
    assert_int_equal(system(command), 0);
}

/* Upgraded while it runs: the path names another file by now. */
static void a_deleted_and_replaced_program(void **state)
{
    (void)state;
    struct image *original, *image;
    const char *path = in_dir("sleeper");
    copy("/bin/sleep", path);
    struct process p = {.pid = run(path, NULL)};
    snprintf(p.exe, sizeof(p.exe), "%s", path);
    unlink(path);
    struct tiny t;
    tiny_init(&t);
    write_file(path, t.bytes, sizeof(t.bytes));
    struct maps m;
    assert_int_equal(maps_read(p.pid, &m), 0);
    const struct map *map = map_named(&m, "sleeper");
    assert_true(map && map->deleted);
    assert_int_equal(image_open("/bin/sleep", &original), 0);
    assert_int_equal(open_map(&p, map, &image), 0);
    assert_int_equal(image->len, original->len);
    assert_memory_equal(image->bytes, original->bytes, image->len);
    image_close(image);
    image_close(original);
    maps_deinit(&m);
    unlink(path);
    end(p.pid);
}

/* In a chroot maps shows the whole path, and in another mount namespace the
   path as it is there. */
static void a_program_in_another_root(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    struct tiny t;
    tiny_init(&t);
    const char *path = in_dir("tiny");
    write_file(path, t.bytes, sizeof(t.bytes));
    pid_t pid = fork();
    if (pid == 0) {
        if (chroot(dir) == 0)
            pause();
        _exit(1);
    }
    WAIT_UNTIL(differs_from_us(pid, "root"));
    struct process p = {.pid = pid};
    struct map map = map_of(path);
    struct image *image;
    assert_int_equal(open_map(&p, &map, &image), 0);
    image_close(image);
    map.path = "/tiny";
    assert_int_equal(open_map(&p, &map, &image), 0);
    assert_int_equal(image->len, TINY_LEN);
    image_close(image);
    map.inode++; /* as on overlayfs, where maps shows another inode */
    assert_int_equal(open_map(&p, &map, &image), 0);
    image_close(image);
    end(pid);
    unlink(path);
}

/* --- a node ----------------------------------------------------------------*/

static int open_soon(pid_t pid, struct process *p)
{
    int err;
    WAIT_UNTIL((err = process_open(pid, p)) != -E_NOT_BEAM);
    return err;
}

/* Every function that the emulator exports has its entry in its unwind table,
   and the code that runs there is what its file says. */
static void the_emulator_of_a_node(void **state)
{
    (void)state;
    pid_t pid = fork();
    if (pid == 0) {
        execlp("erl", "erl", "-noshell", "-noinput", (char *)NULL);
        _exit(127);
    }
    static struct process p;
    struct maps m;
    struct image *image;
    assert_int_equal(open_soon(pid, &p), 0);
    assert_int_equal(maps_read(pid, &m), 0);
    const struct map *map = map_named(&m, "/beam.smp");
    assert_non_null(map);
    assert_int_equal(open_map(&p, map, &image), 0);
    size_t good = 0;
    for (size_t i = 0; i < image->symbol_count; i++) {
        uint64_t start, len, addr = image->symbols[i].addr;
        good += image_function(image, addr, &start, &len) == 0 && start == addr;
    }
    assert_true(image->symbol_count >= 100);
    assert_true(good * 1000 >= image->symbol_count * 999);
    uint8_t live[256];
    uint64_t vaddr = image_vaddr(image, map, map->start + 4096);
    struct memory memory = memory_of_pid(pid);
    assert_int_equal(memory_read(&memory, map->start + 4096, live, 256), 0);
    assert_memory_equal(image_at(image, vaddr, 256), live, 256);
    image_close(image);
    maps_deinit(&m);
    end(pid);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(functions_of_libc),
        cmocka_unit_test(our_own_code),
        cmocka_unit_test(the_vdso_from_memory),
        cmocka_unit_test(mappings_of_no_elf_file),
        cmocka_unit_test(a_file_of_enormous_size),
        cmocka_unit_test(a_deleted_and_replaced_program),
        cmocka_unit_test(a_program_in_another_root),
        cmocka_unit_test(the_emulator_of_a_node),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
