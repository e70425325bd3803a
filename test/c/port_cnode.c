/* What a node is asked, and what it answers: as ei writes it, and truncated. */
#include "test.h"

#include <ei.h>
#include <stdio.h>

#include "port/cnode_answers.h"
#include "port/cnode_epmd.h"
#include "port/cnode_questions.h"

static const struct cnode_node shop = {"shop@vm", 17};

static struct reader reader_of_buffer(const ei_x_buff *x)
{
    return reader_of(x->buff, (size_t)x->index);
}

static void add_pid(ei_x_buff *x, const char *node, unsigned number,
                    unsigned creation)
{
    erlang_pid pid = {.num = number, .creation = creation};
    strncpy(pid.node, node, sizeof(pid.node) - 1);
    assert_int_equal(ei_x_encode_pid(x, &pid), 0);
}

/* --- texts ---------------------------------------------------------------- */

static void is_written(ei_x_buff *x, const char *expected)
{
    char text[CNODE_TEXT];
    struct reader r = reader_of_buffer(x);
    assert_true(cnode_term_text(&r, &shop, text));
    assert_int_equal(reader_left(&r), 0);
    assert_string_equal(text, expected);
    ei_x_free(x);
}

static ei_x_buff formatted(const char *format)
{
    ei_x_buff x;
    assert_int_equal(ei_x_new(&x), 0);
    assert_int_equal(ei_x_format_wo_ver(&x, format), 0);
    return x;
}

static void a_term_is_written_for_people(void **state)
{
    (void)state;
    static const struct {
        const char *term, *text;
    } rows[] = {
        {"till_1", "till_1"},
        {"'Elixir.Shop.Till'", "Shop.Till"},
        {"'till 1'", "till 1"},
        {"{till,1}", "{till,1}"},
        {"{'till 1',-7}", "{'till 1',-7}"},
        {"[{a,[]},'B',300000]", "[{a,[]},'B',300000]"},
        {"\"till 7\"", "till 7"},
        {"{\"till 7\",x}", "{\"till 7\",x}"},
        {"{1.5,'Elixir.Shop'}", "{...,Shop}"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ei_x_buff x = formatted(rows[i].term);
        is_written(&x, rows[i].text);
    }
}

static void binaries_maps_and_pids_too(void **state)
{
    (void)state;
    ei_x_buff x = {0};
    ei_x_new(&x);
    ei_x_encode_binary(&x, "K\xc3\xa4se", 5);
    is_written(&x, "K\xc3\xa4se");
    ei_x_new(&x);
    ei_x_encode_binary(&x, "\0\xff", 2);
    is_written(&x, "...");
    ei_x_new(&x);
    ei_x_encode_map_header(&x, 1);
    ei_x_encode_atom(&x, "id");
    ei_x_encode_binary(&x, "one", 3);
    is_written(&x, "#{id => <<\"one\">>}");
    ei_x_new(&x);
    ei_x_encode_tuple_header(&x, 3);
    add_pid(&x, "shop@vm", 90, 17);
    add_pid(&x, "shop@vm", 90, 16);
    add_pid(&x, "other@vm", 90, 17);
    is_written(&x, "{<0.90.0>,...,...}");
}

static void what_is_too_long_or_too_deep_is_cut(void **state)
{
    (void)state;
    char long_text[2000], text[CNODE_TEXT];
    ei_x_buff x;
    memset(long_text, 'a', sizeof(long_text));
    ei_x_new(&x);
    ei_x_encode_binary(&x, long_text, sizeof(long_text));
    struct reader r = reader_of_buffer(&x);
    assert_true(cnode_term_text(&r, &shop, text));
    assert_within(strlen(text), CNODE_TEXT - 8, CNODE_TEXT - 1);
    assert_string_equal(text + strlen(text) - 4, "a...");
    ei_x_free(&x);
    ei_x_new(&x);
    for (int i = 0; i < 20; i++)
        ei_x_encode_tuple_header(&x, 1);
    ei_x_encode_atom(&x, "deep");
    is_written(&x, "{{{{{{{{...}}}}}}}}");
    ei_x_new(&x);
    for (int i = 0; i < 200; i++)
        ei_x_encode_tuple_header(&x, 1);
    ei_x_encode_atom(&x, "deep");
    r = reader_of_buffer(&x);
    assert_false(cnode_term_text(&r, &shop, text));
    assert_string_equal(text, "");
    ei_x_free(&x);
}

/* --- questions ------------------------------------------------------------ */

static void asks(struct cnode_question q, const char *expected)
{
    erlang_pid from = {.node = "cprof_1@vm", .num = 3, .creation = 9};
    char text[CNODE_TEXT];
    ei_x_buff message;
    assert_int_equal(cnode_question_message(&q, &from, &message), 0);
    struct reader r = reader_of_buffer(&message);
    assert_int_equal(reader_u8(&r), 131);
    assert_true(cnode_term_text(&r, &shop, text));
    assert_int_equal(reader_left(&r), 0);
    assert_string_equal(text, expected);
    ei_x_free(&message);
    cnode_question_free(&q);
}

/* Functions and pids of ours are "..." here. */
static void a_question_is_a_call_for_rex(void **state)
{
    (void)state;
    const struct cnode_pid pids[] = {{90, 0}, {91, 2}};
    asks(cnode_ask_os_pid(), "{...,{call,os,getpid,[],...}}");
    asks(cnode_ask_self(), "{...,{call,erlang,whereis,[init],...}}");
    asks(cnode_ask_facts(&shop, pids, 2, CNODE_OF_LEADER),
         "{...,{call,lists,zipwith,[...,[<0.90.0>,<0.91.2>],"
         "[[group_leader],[group_leader]]],...}}");
    asks(cnode_ask_facts(&shop, pids, 1, CNODE_OF_LABELLED),
         "{...,{call,lists,zipwith,[...,[<0.90.0>],"
         "[[group_leader,parent,{dictionary,'$process_label'}]]],...}}");
    asks(cnode_ask_facts(&shop, pids, 1, CNODE_OF_SUPERVISOR),
         "{...,{call,lists,zipwith,[...,[<0.90.0>],"
         "[[current_function,message_queue_len,total_heap_size]]],...}}");
    asks(cnode_ask_applications(&shop, pids, 1),
         "{...,{call,lists,map,[...,[<0.90.0>]],...}}");
    asks(cnode_ask_beginnings(&shop, pids, 0),
         "{...,{call,lists,map,[...,[]],...}}");
    asks(cnode_ask_children(&shop, pids[0], 200),
         "{...,{call,gen_server,call,[<0.90.0>,which_children,200],...}}");
}

/* --- messages ------------------------------------------------------------- */

/* A message to our process with that number: {rex, Term}. */
static ei_x_buff message(long operation, const char *tag, const char *term)
{
    ei_x_buff x;
    ei_x_new(&x);
    ei_x_append_buf(&x, "p\x83", 2);
    ei_x_encode_tuple_header(&x, 3);
    ei_x_encode_long(&x, operation);
    ei_x_encode_atom(&x, "");
    add_pid(&x, "cprof_1@vm", 3, 9);
    ei_x_append_buf(&x, "\x83", 1);
    ei_x_encode_tuple_header(&x, 2);
    ei_x_encode_atom(&x, tag);
    assert_int_equal(ei_x_format_wo_ver(&x, term), 0);
    return x;
}

static int read_message(ei_x_buff *x, struct cnode_message *out)
{
    int err = cnode_read_message(x->buff, (size_t)x->index, out);
    ei_x_free(x);
    return err;
}

static void an_answer_says_to_which_question_it_is(void **state)
{
    (void)state;
    struct cnode_message m;
    ei_x_buff x = message(2, "rex", "ok");
    assert_int_equal(cnode_read_message(x.buff, (size_t)x.index, &m), 0);
    assert_string_equal(m.node.name, "cprof_1@vm");
    assert_int_equal(m.node.creation, 9);
    assert_int_equal(m.to.number, 3);
    assert_true(cnode_term_is(&m.answer, "ok"));
    for (int len = 0; len < x.index; len++)
        assert_true(cnode_read_message(x.buff, (size_t)len, &m) < 0);
    ei_x_free(&x);
    x = message(3, "rex", "ok"); /* an exit signal */
    assert_int_equal(read_message(&x, &m), -E_NOT_FOUND);
    x = message(2, "tex", "ok");
    assert_int_equal(read_message(&x, &m), -E_ANSWER);
}

/* --- answers -------------------------------------------------------------- */

/* No part of an answer is one. */
#define IS_WHOLE(x, read)                                                      \
    for (int len_ = 0; len_ < (x)->index; len_++) {                            \
        struct reader answer = reader_of((x)->buff, (size_t)len_);             \
        assert_int_equal(read, -E_ANSWER);                                     \
    }

static void the_node_says_who_it_is(void **state)
{
    (void)state;
    struct cnode_node node;
    uint64_t pid = 0;
    ei_x_buff x = formatted("\"4711\"");
    assert_int_equal(cnode_read_os_pid(reader_of_buffer(&x), &pid), 0);
    assert_int_equal(pid, 4711);
    IS_WHOLE(&x, cnode_read_os_pid(answer, &pid));
    ei_x_free(&x);
    x = formatted("\"47x\"");
    assert_int_equal(cnode_read_os_pid(reader_of_buffer(&x), &pid), -E_ANSWER);
    ei_x_free(&x);
    ei_x_new(&x);
    add_pid(&x, "shop@vm", 0, 17);
    assert_int_equal(cnode_read_self(reader_of_buffer(&x), &node), 0);
    assert_string_equal(node.name, "shop@vm");
    assert_int_equal(node.creation, 17);
    IS_WHOLE(&x, cnode_read_self(answer, &node));
    ei_x_free(&x);
}

/* {Name, Pid} */
static void add_pair(ei_x_buff *x, const char *name, const char *node)
{
    ei_x_encode_tuple_header(x, 2);
    ei_x_encode_atom(x, name);
    add_pid(x, node, 70, 17);
}

static ei_x_buff facts_of_three(void)
{
    ei_x_buff x;
    ei_x_new(&x);
    ei_x_encode_list_header(&x, 3);
    ei_x_encode_list_header(&x, 3);
    add_pair(&x, "group_leader", "shop@vm");
    add_pair(&x, "parent", "other@vm");
    ei_x_format_wo_ver(&x, "{{dictionary,'$process_label'},{till,1}}");
    ei_x_encode_empty_list(&x);
    ei_x_encode_atom(&x, "undefined");
    ei_x_format_wo_ver(&x, "[{current_function,{gen_server,loop,7}},"
                           "{message_queue_len,2},{total_heap_size,70000},"
                           "{parent,undefined},{'of a later release',{x}},"
                           "{{dictionary,'$process_label'},undefined}]");
    ei_x_encode_empty_list(&x);
    return x;
}

static void facts_about_processes(void **state)
{
    (void)state;
    static struct cnode_facts f[3];
    ei_x_buff x = facts_of_three();
    assert_int_equal(cnode_read_facts(reader_of_buffer(&x), &shop, 3, f), 0);
    assert_true(f[0].alive && f[0].has_leader && !f[0].has_parent);
    assert_int_equal(f[0].leader.number, 70);
    assert_string_equal(f[0].label, "{till,1}");
    assert_false(f[0].in_loop);
    assert_false(f[1].alive);
    assert_true(f[2].alive && f[2].in_loop && !f[2].has_leader);
    assert_int_equal(f[2].messages, 2);
    assert_int_equal(f[2].heap_words, 70000);
    assert_string_equal(f[2].label, "");
    IS_WHOLE(&x, cnode_read_facts(answer, &shop, 3, f));
    assert_int_equal(cnode_read_facts(reader_of_buffer(&x), &shop, 2, f),
                     -E_ANSWER);
    ei_x_free(&x);
    x = formatted("{badrpc,nodedown}");
    assert_int_equal(cnode_read_facts(reader_of_buffer(&x), &shop, 1, f),
                     -E_ANSWER);
    ei_x_free(&x);
}

static void applications_and_supervisors(void **state)
{
    (void)state;
    static char names[3][CNODE_TEXT];
    bool supervisors[3];
    ei_x_buff x = formatted("[{ok,kernel},undefined,{ok,'Elixir.Shop'}]");
    assert_int_equal(cnode_read_applications(reader_of_buffer(&x), 3, names),
                     0);
    assert_string_equal(names[0], "kernel");
    assert_string_equal(names[1], "");
    assert_string_equal(names[2], "Shop");
    IS_WHOLE(&x, cnode_read_applications(answer, 3, names));
    ei_x_free(&x);
    x = formatted("[{supervisor,shop_sup,1},{proc_lib,init_p,5},undefined]");
    assert_int_equal(
        cnode_read_supervisors(reader_of_buffer(&x), 3, supervisors), 0);
    assert_true(supervisors[0] && !supervisors[1] && !supervisors[2]);
    IS_WHOLE(&x, cnode_read_supervisors(answer, 3, supervisors));
    ei_x_free(&x);
}

static void a_supervisor_may_hibernate_in_its_loop(void **state)
{
    (void)state;
    static const struct {
        const char *place;
        bool in_loop;
    } rows[] = {{"{gen_server,loop,7}", true},
                {"{gen_server,loop_hibernate,4}", true},
                {"{proc_lib,sync_start,2}", false},
                {"{gen_server,do_handle_call,4}", false},
                {"{shop,loop,1}", false},
                {"undefined", false}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cnode_facts f;
        char text[80];
        snprintf(text, sizeof(text), "[[{current_function,%s}]]",
                 rows[i].place);
        ei_x_buff x = formatted(text);
        assert_int_equal(cnode_read_facts(reader_of_buffer(&x), &shop, 1, &f),
                         0);
        assert_int_equal(f.in_loop, rows[i].in_loop);
        ei_x_free(&x);
    }
}

struct family {
    char text[200];
};

static void note_child(void *family, struct cnode_pid pid, const char *id)
{
    struct family *f = family;
    size_t at = strlen(f->text);
    snprintf(f->text + at, sizeof(f->text) - at, "%u %s;", pid.number, id);
}

static void children_that_have_an_id_and_run(void **state)
{
    (void)state;
    struct family f = {""};
    ei_x_buff x;
    ei_x_new(&x);
    ei_x_encode_list_header(&x, 3);
    ei_x_encode_tuple_header(&x, 4);
    ei_x_format_wo_ver(&x, "{till,1}");
    add_pid(&x, "shop@vm", 95, 17);
    ei_x_format_wo_ver(&x, "worker");
    ei_x_format_wo_ver(&x, "[till]");
    ei_x_format_wo_ver(&x, "{cook,restarting,worker,dynamic}");
    ei_x_encode_tuple_header(&x, 4);
    ei_x_encode_atom(&x, "undefined"); /* a child of simple_one_for_one */
    add_pid(&x, "shop@vm", 96, 17);
    ei_x_format_wo_ver(&x, "worker");
    ei_x_format_wo_ver(&x, "[till]");
    ei_x_encode_empty_list(&x);
    assert_int_equal(
        cnode_read_children(reader_of_buffer(&x), &shop, note_child, &f), 0);
    assert_string_equal(f.text, "95 {till,1};");
    IS_WHOLE(&x, cnode_read_children(answer, &shop, note_child, &f));
    ei_x_free(&x);
}

static void epmd_gives_a_port_or_does_not_know_the_node(void **state)
{
    (void)state;
    uint16_t port = 0;
    assert_int_equal(
        cnode_epmd_parse((const uint8_t[]){119, 0, 0x10, 2}, &port), 0);
    assert_int_equal(port, 0x1002);
    assert_int_equal(cnode_epmd_parse((const uint8_t[]){119, 1, 0, 1}, &port),
                     -E_UNREGISTERED);
    assert_int_equal(cnode_epmd_parse((const uint8_t[]){119, 0, 0, 0}, &port),
                     -E_EPMD);
    assert_int_equal(cnode_epmd_parse((const uint8_t *)"HTTP", &port), -E_EPMD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_term_is_written_for_people),
        cmocka_unit_test(binaries_maps_and_pids_too),
        cmocka_unit_test(what_is_too_long_or_too_deep_is_cut),
        cmocka_unit_test(a_question_is_a_call_for_rex),
        cmocka_unit_test(an_answer_says_to_which_question_it_is),
        cmocka_unit_test(the_node_says_who_it_is),
        cmocka_unit_test(facts_about_processes),
        cmocka_unit_test(applications_and_supervisors),
        cmocka_unit_test(a_supervisor_may_hibernate_in_its_loop),
        cmocka_unit_test(children_that_have_an_id_and_run),
        cmocka_unit_test(epmd_gives_a_port_or_does_not_know_the_node),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
