#include "port/cnode_questions.h"

#include <errno.h>
#include <stdio.h>

static void check(struct cnode_question *q, int rc)
{
    q->failed |= rc != 0;
}

/* Its list of arguments has that many, which follow. */
static struct cnode_question begin(const char *module, const char *function,
                                   long arguments)
{
    struct cnode_question q = {.module = module, .function = function};
    check(&q, ei_x_new(&q.arguments));
    if (arguments && !q.failed)
        check(&q, ei_x_encode_list_header(&q.arguments, arguments));
    return q;
}

static void add_list(struct cnode_question *q, size_t n)
{
    if (n > 0)
        check(q, ei_x_encode_list_header(&q->arguments, (long)n));
}

static void end_list(struct cnode_question *q)
{
    check(q, ei_x_encode_empty_list(&q->arguments));
}

static void add_atom(struct cnode_question *q, const char *name)
{
    check(q, ei_x_encode_atom(&q->arguments, name));
}

static void add_pid(struct cnode_question *q, const struct cnode_node *node,
                    struct cnode_pid pid)
{
    erlang_pid as_ei = {
        .num = pid.number, .serial = pid.serial, .creation = node->creation};
    snprintf(as_ei.node, sizeof(as_ei.node), "%s", node->name);
    check(q, ei_x_encode_pid(&q->arguments, &as_ei));
}

static void add_pids(struct cnode_question *q, const struct cnode_node *node,
                     const struct cnode_pid *pids, size_t n)
{
    add_list(q, n);
    for (size_t i = 0; i < n; i++)
        add_pid(q, node, pids[i]);
    end_list(q);
}

/* fun Module:Function/Arity */
static void add_fun(struct cnode_question *q, const char *module, char *name,
                    long arity)
{
    erlang_fun fun = {.arity = arity, .type = EI_FUN_EXPORT};
    snprintf(fun.module, sizeof(fun.module), "%s", module);
    fun.u.exprt.func = name;
    check(q, ei_x_encode_fun(&q->arguments, &fun));
}

void cnode_question_free(struct cnode_question *q)
{
    if (q->arguments.buff)
        ei_x_free(&q->arguments);
    q->arguments.buff = NULL;
}

/* --- about the node ------------------------------------------------------- */

struct cnode_question cnode_ask_os_pid(void)
{
    struct cnode_question q = begin("os", "getpid", 0);
    end_list(&q);
    return q;
}

struct cnode_question cnode_ask_self(void)
{
    struct cnode_question q = begin("erlang", "whereis", 1);
    add_atom(&q, "init");
    end_list(&q);
    return q;
}

/* --- about processes ------------------------------------------------------ */

enum { MOST_ITEMS = 4 };

static const char *const items[][MOST_ITEMS] = {
    [CNODE_OF_WORKER] = {"group_leader", "parent"},
    [CNODE_OF_LABELLED] = {"group_leader", "parent", "$process_label"},
    [CNODE_OF_LEADER] = {"group_leader"},
    [CNODE_OF_SUPERVISOR] = {"current_function", "message_queue_len",
                             "total_heap_size"},
};

/* Of an entry of the dictionary: {dictionary, Key}. */
static void add_item(struct cnode_question *q, const char *item)
{
    if (item[0] == '$') {
        check(q, ei_x_encode_tuple_header(&q->arguments, 2));
        add_atom(q, "dictionary");
    }
    add_atom(q, item);
}

static void add_items(struct cnode_question *q, enum cnode_facts_of what)
{
    size_t n = 0;
    while (n < MOST_ITEMS && items[what][n])
        n++;
    add_list(q, n);
    for (size_t i = 0; i < n; i++)
        add_item(q, items[what][i]);
    end_list(q);
}

/* lists:zipwith(fun erlang:process_info/2, Pids, [Items, Items, ...]) */
struct cnode_question cnode_ask_facts(const struct cnode_node *node,
                                      const struct cnode_pid *pids, size_t n,
                                      enum cnode_facts_of what)
{
    static char function[] = "process_info";
    struct cnode_question q = begin("lists", "zipwith", 3);
    add_fun(&q, "erlang", function, 2);
    add_pids(&q, node, pids, n);
    add_list(&q, n);
    for (size_t i = 0; i < n; i++)
        add_items(&q, what);
    end_list(&q);
    end_list(&q);
    return q;
}

/* lists:map(fun Module:Function/1, Pids) */
static struct cnode_question map(const char *module, char *function,
                                 const struct cnode_node *node,
                                 const struct cnode_pid *pids, size_t n)
{
    struct cnode_question q = begin("lists", "map", 2);
    add_fun(&q, module, function, 1);
    add_pids(&q, node, pids, n);
    end_list(&q);
    return q;
}

struct cnode_question cnode_ask_applications(const struct cnode_node *node,
                                             const struct cnode_pid *pids,
                                             size_t n)
{
    static char function[] = "get_application";
    return map("application", function, node, pids, n);
}

struct cnode_question cnode_ask_beginnings(const struct cnode_node *node,
                                           const struct cnode_pid *pids,
                                           size_t n)
{
    static char function[] = "translate_initial_call";
    return map("proc_lib", function, node, pids, n);
}

struct cnode_question cnode_ask_children(const struct cnode_node *node,
                                         struct cnode_pid pid, unsigned ms)
{
    struct cnode_question q = begin("gen_server", "call", 3);
    add_pid(&q, node, pid);
    add_atom(&q, "which_children");
    check(&q, ei_x_encode_ulong(&q.arguments, ms));
    end_list(&q);
    return q;
}

/* --- the message ---------------------------------------------------------- */

/* {From, {call, Module, Function, Arguments, GroupLeader}} */
int cnode_question_message(const struct cnode_question *q,
                           const erlang_pid *from, ei_x_buff *out)
{
    *out = (ei_x_buff){0};
    if (q->failed || ei_x_new_with_version(out) != 0)
        return -ENOMEM;
    int failed =
        ei_x_encode_tuple_header(out, 2) | ei_x_encode_pid(out, from) |
        ei_x_encode_tuple_header(out, 5) | ei_x_encode_atom(out, "call") |
        ei_x_encode_atom(out, q->module) | ei_x_encode_atom(out, q->function) |
        ei_x_append(out, &q->arguments) | ei_x_encode_pid(out, from);
    if (failed)
        ei_x_free(out);
    return failed ? -ENOMEM : 0;
}
