#include "test.h"

#include <stdio.h>

#include "nif/query_text.h"

static void becomes(const char *sql, const char *text)
{
    struct query_text q;
    query_text_make(&q, sql, strlen(sql));
    q.text[q.length < QUERY_TEXT_MAX ? q.length : QUERY_TEXT_MAX - 1] = '\0';
    assert_string_equal(q.text, text);
}

/* The second time it is remembered. */
static uint64_t id_of(const char *sql)
{
    uint64_t id = query_text_id(sql, strlen(sql));
    assert_int_equal(query_text_id(sql, strlen(sql)), id);
    assert_int_not_equal(id, 0);
    return id;
}

static void values_become_marks(void **state)
{
    (void)state;
    becomes("SELECT u0.\"id\" FROM \"users\" AS u0 WHERE (u0.\"id\" = $1)",
            "SELECT u0.\"id\" FROM \"users\" AS u0 WHERE (u0.\"id\" = ?)");
    becomes("SELECT `id2` FROM t WHERE a=17 AND b = -2.5e3 AND c = 0xFF",
            "SELECT `id2` FROM t WHERE a=? AND b = ? AND c = ?");
    becomes("WHERE n = 'it''s' AND m = E'it\\'s' AND x = X'00' AND 'open",
            "WHERE n = ? AND m = ? AND x = ? AND ?");
    becomes("WHERE a = :name AND b = @p1 AND c = @name AND d = ?",
            "WHERE a = ? AND b = ? AND c = ? AND d = ?");
    becomes("SELECT $$a 'quoted' text$$, $tag$ $$ $tag$ FROM t WHERE $1",
            "SELECT ? FROM t WHERE ?");
    becomes("SELECT 'C:\\' FROM t WHERE b = 'x'",
            "SELECT ? FROM t WHERE b = ?");
}

static void what_only_looks_like_a_value_stays(void **state)
{
    (void)state;
    becomes("SELECT \"1 'a\" FROM t1 WHERE x::int4 @> y AND @@rows",
            "SELECT \"1 'a\" FROM t1 WHERE x::int4 @> y AND @@rows");
    becomes("SELECT $ FROM caf\xc3\xa9"
            "1",
            "SELECT $ FROM caf\xc3\xa9"
            "1");
    becomes("", "");
    becomes("begin", "begin");
}

static void lists_become_one_value(void **state)
{
    (void)state;
    becomes("WHERE id IN ($1,$2,$3)", "WHERE id IN (?)");
    becomes("WHERE id IN (1, -2, -3) AND x = -4 AND y > - 5 AND z-6 < 7",
            "WHERE id IN (?) AND x = ? AND y > - ? AND z-? < ?");
    becomes("WHERE id IN (1 , 2, 'three' )", "WHERE id IN (? )");
    becomes("INSERT INTO t (a, b) VALUES ($1,$2), ($3,$4),($5,$6)",
            "INSERT INTO t (a, b) VALUES (?)");
    assert_int_equal(id_of("x IN (?)"), id_of("x IN (?, ?, ?)"));
}

static void spaces_and_comments_do_not_count(void **state)
{
    (void)state;
    becomes("  SELECT\n\t a -- the\n  FROM t /*traceparent='00-4b'*/ ;  ",
            "SELECT a FROM t ;");
    becomes("a/**/b /* open", "a b");
    becomes("a - b / c", "a - b / c");
    becomes("-- all", "");
}

static void other_queries_have_other_numbers(void **state)
{
    (void)state;
    assert_int_equal(id_of("SELECT a FROM t WHERE id = 1"),
                     id_of("SELECT a  FROM t WHERE id = $1"));
    assert_int_not_equal(id_of("SELECT a FROM t WHERE id = 1"),
                         id_of("SELECT b FROM t WHERE id = 1"));
    assert_int_not_equal(id_of("aaaaaaaa"), id_of("aaaaaaaaa"));
    assert_int_equal(id_of("SELECT 1") >> 58, 0);
}

/* More queries than there is room to remember. */
static void many_queries_are_told_apart(void **state)
{
    (void)state;
    enum { COUNT = 20000 };
    static uint64_t ids[COUNT];
    char sql[64];
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < COUNT; i++) {
            snprintf(sql, sizeof(sql), "SELECT f%d FROM t WHERE id = %d", i,
                     round);
            uint64_t id = query_text_id(sql, strlen(sql));
            if (round == 0)
                ids[i] = id;
            assert_int_equal(id, ids[i]);
            assert_true(i == 0 || id != ids[i - 1]);
        }
}

static void long_queries_are_cut(void **state)
{
    (void)state;
    static char sql[100000];
    struct query_text q;
    memset(sql, 'a', sizeof(sql));
    query_text_make(&q, sql, sizeof(sql));
    assert_int_equal(q.length, QUERY_TEXT_MAX);
    sql[10] = '\'';
    query_text_make(&q, sql, sizeof(sql));
    assert_int_equal(q.length, 11);
    for (size_t i = 0; i + 2 < sizeof(sql); i += 3)
        memcpy(sql + i, "?;,", 3);
    query_text_make(&q, sql, sizeof(sql));
    assert_int_equal(q.length, QUERY_TEXT_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_become_marks),
        cmocka_unit_test(what_only_looks_like_a_value_stays),
        cmocka_unit_test(lists_become_one_value),
        cmocka_unit_test(spaces_and_comments_do_not_count),
        cmocka_unit_test(other_queries_have_other_numbers),
        cmocka_unit_test(many_queries_are_told_apart),
        cmocka_unit_test(long_queries_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
