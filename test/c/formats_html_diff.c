#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/format.h"
#include "page_read.h"
#include "profile_make.h"

static const struct profile *side(const char *const *stacks,
                                  const uint64_t *counts)
{
    struct profile *p = make_profile();
    for (size_t i = 0; stacks[i]; i++)
        make_samples(p, stacks[i], counts[i]);
    return p;
}

static char *page_of(const struct profile *base, const struct profile *now)
{
    struct diff *d;
    struct buffer out;
    buffer_init(&out, BUFFER_DEFAULT_MAX);
    assert_int_equal(diff_create(&base, 1, &now, 1, NULL, &d), 0);
    assert_int_equal(format_html.write_diff(d, NULL, &out), 0);
    buffer_add(&out, "", 1);
    assert_int_equal(buffer_status(&out), 0);
    diff_destroy(d);
    profile_destroy((struct profile *)base);
    profile_destroy((struct profile *)now);
    return (char *)out.data;
}

/* The row of a function, up to its end. */
static char *row_of(const char *page, const char *table, const char *name)
{
    char mark[200];
    snprintf(mark, sizeof(mark), "<table id=\"%s\">", table);
    const char *at = strstr(page, mark);
    assert_non_null(at);
    const char *end = strstr(at, "</table>");
    snprintf(mark, sizeof(mark), "data-function>%s</th>", name);
    const char *cell = strstr(at, mark);
    assert_true(cell && cell < end);
    while (strncmp(cell, "<tr", 3) != 0)
        cell--;
    return strndup(cell, (size_t)(strstr(cell, "</tr>") - cell));
}

static void has_in_row(const char *page, const char *table, const char *name,
                       const char *what)
{
    char *row = row_of(page, table, name);
    if (!strstr(row, what))
        fail_msg("%s has no %s", row, what);
    free(row);
}

static const char *const stacks[] = {"run;steady", "run;slow", "run;old",
                                     "run;fresh", NULL};

static void verdicts_and_shares_are_in_the_table(void **state)
{
    (void)state;
    static const uint64_t before[] = {6000, 2000, 2000, 0};
    static const uint64_t after[] = {6000, 4000, 0, 1000};
    char *page = page_of(side(stacks, before), side(stacks, after));
    has_in_row(page, "functions", "slow", "class=\"grew\"");
    has_in_row(page, "functions", "slow", "<td>20.00</td><td>36.36</td>");
    has_in_row(page, "functions", "old", "class=\"gone\"");
    has_in_row(page, "functions", "fresh", "class=\"new\"");
    has_in_row(page, "functions", "steady", "class=\"same\"");
    has_in_row(page, "gone", "old", "<td>2000</td><td>20.00</td>");
    has_in_row(page, "new", "fresh", "<td>1000</td><td>9.09</td>");
    assert_non_null(strstr(page, "<title>CPU profiles before and after"));
    assert_non_null(strstr(page, "<summary>slow grew by 100 %"));
    assert_non_null(strstr(page, "<dt>Base</dt><dd>10,000 samples"));
    assert_non_null(strstr(page, "<dt>Now</dt><dd>11,000 samples"));
    free(page);
}

static void the_same_twice_has_no_lists(void **state)
{
    (void)state;
    static const uint64_t counts[] = {600, 200, 100, 100};
    char *page = page_of(side(stacks, counts), side(stacks, counts));
    assert_non_null(strstr(page, "<summary>No function grew or shrank"));
    assert_null(strstr(page, "<table id=\"gone\">"));
    assert_null(strstr(page, "<table id=\"new\">"));
    assert_null(strstr(page, "class=\"grew\""));
    free(page);
}

/* The page's own verdict on a box, by its name: was its function found to have
 * changed? */
static int changed_in(const struct page *page, const char *name)
{
    json_t *changed = json_object_get(page->data, "changed");
    json_t *strings = json_object_get(page->data, "strings");
    json_t *names =
        json_object_get(json_object_get(page->data, "functions"), "name");
    assert_int_equal(json_array_size(changed), json_array_size(names));
    for (size_t i = 0; i < json_array_size(names); i++) {
        json_int_t id = json_integer_value(json_array_get(names, i));
        if (strcmp(name,
                   json_string_value(json_array_get(strings, (size_t)id))) == 0)
            return (int)json_integer_value(json_array_get(changed, i));
    }
    fail_msg("no function %s", name);
    return -1;
}

/* Of many functions some differ more than chance alone would have it for one
 * of them; no box of theirs is red when the sentence says that none grew. */
static void the_page_has_the_verdicts_of_the_text(void **state)
{
    (void)state;
    enum { MANY = 60 };
    struct profile *before = make_profile(), *after = make_profile();
    for (int i = 0; i < MANY; i++) {
        char stack[32];
        snprintf(stack, sizeof(stack), "run;f%d", i);
        make_samples(before, stack, i == 0 ? 95 : 150);
        make_samples(after, stack, 150);
    }
    struct page page = page_read(page_of(before, after));
    assert_non_null(strstr(page.text, "<summary>No function grew or shrank"));
    for (int i = 0; i < MANY; i++) {
        char name[16];
        snprintf(name, sizeof(name), "f%d", i);
        assert_int_equal(changed_in(&page, name), 0);
    }
    free_page(&page);
    static const uint64_t slow[] = {6000, 2000, 2000, 0};
    static const uint64_t slower[] = {6000, 4000, 2000, 0};
    page = page_read(page_of(side(stacks, slow), side(stacks, slower)));
    assert_int_equal(changed_in(&page, "slow"), 1);
    assert_int_equal(changed_in(&page, "steady"), 0);
    free_page(&page);
}

static void hostile_names_are_inert(void **state)
{
    (void)state;
    static const char *const before[] = {"a</script><script>alert(1)", "z",
                                         NULL};
    static const char *const after[] = {"b\"><img src=x onerror=alert(2)>", "z",
                                        NULL};
    static const uint64_t counts[] = {500, 500};
    char *page = page_of(side(before, counts), side(after, counts));
    assert_null(strstr(page, "<script>alert"));
    assert_null(strstr(page, "<img"));
    has_in_row(page, "gone", "a&lt;/script&gt;&lt;script&gt;alert(1)", "500");
    free(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts_and_shares_are_in_the_table),
        cmocka_unit_test(the_same_twice_has_no_lists),
        cmocka_unit_test(the_page_has_the_verdicts_of_the_text),
        cmocka_unit_test(hostile_names_are_inert),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
