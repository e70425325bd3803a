#include "port/cnode_answers.h"

#include <stdlib.h>
#include <string.h>

#include "port/port_ext.h"

/* Of the distribution, without a cache of atoms (erl_dist_protocol in
 * erts/doc). */
enum { PASS_THROUGH = 112, OP_SEND = 2 };

/* --- the message ---------------------------------------------------------- */

static bool begins(struct reader *r)
{
    return reader_u8(r) == TAG_VERSION;
}

/* {2, Unused, To}; others, such as exit signals, are not for us. */
static int read_control(struct reader *r, struct cnode_message *out)
{
    struct reader control = *r;
    uint32_t arity;
    uint64_t operation;
    if (!begins(&control))
        return -E_ANSWER;
    *r = control;
    if (!cnode_term_skip(r))
        return -E_ANSWER;
    bool ours = cnode_term_tuple(&control, &arity) && arity == 3 &&
                cnode_term_natural(&control, &operation) &&
                operation == OP_SEND && cnode_term_skip(&control) &&
                cnode_term_pid(&control, &out->node, &out->to);
    return ours ? 0 : -E_NOT_FOUND;
}

/* {rex, Answer} */
int cnode_read_message(const void *bytes, size_t len, struct cnode_message *out)
{
    struct reader r = reader_of(bytes, len);
    uint32_t arity;
    if (reader_u8(&r) != PASS_THROUGH)
        return -E_ANSWER;
    int err = read_control(&r, out);
    if (err)
        return err;
    if (!begins(&r) || !cnode_term_tuple(&r, &arity) || arity != 2 ||
        !cnode_term_is(&r, "rex"))
        return -E_ANSWER;
    out->answer = r;
    return cnode_term_skip(&r) && reader_left(&r) == 0 ? 0 : -E_ANSWER;
}

/* --- about the node ------------------------------------------------------- */

int cnode_read_os_pid(struct reader answer, uint64_t *out)
{
    char text[CNODE_TEXT], *end;
    if (!cnode_term_string(&answer, text))
        return -E_ANSWER;
    *out = strtoull(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' ? 0 : -E_ANSWER;
}

int cnode_read_self(struct reader answer, struct cnode_node *out)
{
    struct cnode_pid init;
    return cnode_term_pid(&answer, out, &init) ? 0 : -E_ANSWER;
}

/* --- facts ---------------------------------------------------------------- */

/* A pid of another node, or no pid at all, is skipped. */
static bool read_pid(struct reader *r, const struct cnode_node *node, bool *has,
                     struct cnode_pid *pid)
{
    struct cnode_node its;
    *has = cnode_term_at_pid(r, node);
    return *has ? cnode_term_pid(r, &its, pid) : cnode_term_skip(r);
}

static bool read_label(struct reader *r, const struct cnode_node *node,
                       char label[CNODE_TEXT])
{
    if (!cnode_term_text(r, node, label))
        return false;
    if (strcmp(label, "undefined") == 0)
        label[0] = '\0';
    return true;
}

static bool is(const char *text, size_t len, const char *name)
{
    return len == strlen(name) && memcmp(text, name, len) == 0;
}

/* {gen_server, loop, Arity}; or where a supervisor hibernates, as idle ones do
 * from OTP 27.3 on: {erlang, hibernate, 3}, and from OTP 28 on a function of
 * gen_server. */
static bool read_place(struct reader *r, bool *in_loop)
{
    struct reader call = *r;
    uint32_t arity;
    const char *module, *name;
    size_t module_len, len;
    if (cnode_term_tuple(&call, &arity) && arity == 3 &&
        cnode_term_atom(&call, &module, &module_len) &&
        cnode_term_atom(&call, &name, &len))
        *in_loop =
            is(module, module_len, "gen_server")
                ? is(name, len, "loop") || is(name, len, "loop_hibernate")
                : is(module, module_len, "erlang") &&
                      is(name, len, "hibernate");
    else
        *in_loop = false;
    return cnode_term_skip(r);
}

/* The value of the item, behind its name. */
static bool read_item(struct reader *r, const struct cnode_node *node,
                      const char *name, size_t len, struct cnode_facts *out)
{
    if (is(name, len, "group_leader"))
        return read_pid(r, node, &out->has_leader, &out->leader);
    if (is(name, len, "parent"))
        return read_pid(r, node, &out->has_parent, &out->parent);
    if (is(name, len, "$process_label"))
        return read_label(r, node, out->label);
    if (is(name, len, "current_function"))
        return read_place(r, &out->in_loop);
    if (is(name, len, "message_queue_len"))
        return cnode_term_natural(r, &out->messages);
    if (is(name, len, "total_heap_size"))
        return cnode_term_natural(r, &out->heap_words);
    return cnode_term_skip(r);
}

/* Name, or {dictionary, Name}. */
static bool read_name(struct reader *r, const char **name, size_t *len)
{
    uint32_t arity;
    if (cnode_term_at_atom(r))
        return cnode_term_atom(r, name, len);
    return cnode_term_tuple(r, &arity) && arity == 2 &&
           cnode_term_is(r, "dictionary") && cnode_term_atom(r, name, len);
}

/* [{Name, Value}]; `undefined` for a process that has ended. */
static bool read_process(struct reader *r, const struct cnode_node *node,
                         struct cnode_facts *out)
{
    uint32_t count, arity;
    *out = (struct cnode_facts){.alive = !cnode_term_at_atom(r)};
    if (!out->alive)
        return cnode_term_is(r, "undefined");
    if (!cnode_term_list(r, &count))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        const char *name;
        size_t len;
        if (!cnode_term_tuple(r, &arity) || arity != 2 ||
            !read_name(r, &name, &len) || !read_item(r, node, name, len, out))
            return false;
    }
    return count == 0 || cnode_term_nil(r);
}

/* The head of a list of n elements. */
static bool begin_list(struct reader *r, size_t n)
{
    uint32_t count;
    return cnode_term_list(r, &count) && count == n;
}

static int end_list(struct reader *r, size_t n, bool good)
{
    return good && (n == 0 || cnode_term_nil(r)) && reader_left(r) == 0
               ? 0
               : -E_ANSWER;
}

int cnode_read_facts(struct reader answer, const struct cnode_node *node,
                     size_t n, struct cnode_facts *out)
{
    bool good = begin_list(&answer, n);
    for (size_t i = 0; i < n && good; i++)
        good = read_process(&answer, node, &out[i]);
    return end_list(&answer, n, good);
}

/* --- what it belongs to --------------------------------------------------- */

/* {ok, Application} or undefined */
static bool read_application(struct reader *r, char out[CNODE_TEXT])
{
    static const struct cnode_node nobody;
    uint32_t arity;
    out[0] = '\0';
    if (cnode_term_at_atom(r))
        return cnode_term_is(r, "undefined");
    return cnode_term_tuple(r, &arity) && arity == 2 &&
           cnode_term_is(r, "ok") && cnode_term_at_atom(r) &&
           cnode_term_text(r, &nobody, out);
}

int cnode_read_applications(struct reader answer, size_t n,
                            char (*out)[CNODE_TEXT])
{
    bool good = begin_list(&answer, n);
    for (size_t i = 0; i < n && good; i++)
        good = read_application(&answer, out[i]);
    return end_list(&answer, n, good);
}

/* {supervisor, Module, Arity} */
static bool read_beginning(struct reader *r, bool *supervisor)
{
    struct reader call = *r;
    uint32_t arity;
    *supervisor = cnode_term_tuple(&call, &arity) && arity == 3 &&
                  cnode_term_is(&call, "supervisor");
    return cnode_term_skip(r);
}

int cnode_read_supervisors(struct reader answer, size_t n, bool *out)
{
    bool good = begin_list(&answer, n);
    for (size_t i = 0; i < n && good; i++)
        good = read_beginning(&answer, &out[i]);
    return end_list(&answer, n, good);
}

/* {Id, Pid, Type, Modules}. Id is `undefined` if all children are of one kind;
 * Pid is an atom while the child does not run. */
static bool read_child(struct reader *r, const struct cnode_node *node,
                       cnode_child *child, void *ctx)
{
    struct cnode_node its;
    struct cnode_pid pid;
    char id[CNODE_TEXT];
    uint32_t arity;
    if (!cnode_term_tuple(r, &arity) || arity != 4 ||
        !cnode_term_text(r, node, id))
        return false;
    bool runs = cnode_term_at_pid(r, node);
    if (!(runs ? cnode_term_pid(r, &its, &pid) : cnode_term_skip(r)))
        return false;
    if (runs && strcmp(id, "undefined") != 0)
        child(ctx, pid, id);
    return cnode_term_skip(r) && cnode_term_skip(r);
}

int cnode_read_children(struct reader answer, const struct cnode_node *node,
                        cnode_child *child, void *ctx)
{
    uint32_t count = 0;
    bool good = cnode_term_list(&answer, &count);
    for (uint32_t i = 0; i < count && good; i++)
        good = read_child(&answer, node, child, ctx);
    return end_list(&answer, count, good);
}
