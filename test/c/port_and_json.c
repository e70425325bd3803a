/* The JSON report and the port's term contain the same: every key and every
 * value. Numbers in the term are exact, those in JSON are rounded. */
#include "profile_random.h"

#include <ei.h>
#include <jansson.h>
#include <math.h>

#include "formats/format.h"
#include "port/port.h"

static json_t *json_of(const struct profile *p)
{
    struct buffer b;
    buffer_init(&b, BUFFER_DEFAULT_MAX);
    struct format_options o = {0};
    assert_int_equal(format_json.write(p, &o, &b), 0);
    json_t *json = json_loadb((char *)b.data, b.len, 0, NULL);
    assert_non_null(json);
    buffer_deinit(&b);
    return json;
}

/* --- terms as JSON -------------------------------------------------------- */

static json_t *value(const char *bytes, int *at);

static json_t *object(const char *bytes, int *at)
{
    json_t *map = json_object();
    char key[MAXATOMLEN_UTF8];
    int n;
    assert_int_equal(ei_decode_map_header(bytes, at, &n), 0);
    while (n-- > 0) {
        assert_int_equal(ei_decode_atom(bytes, at, key), 0);
        assert_null(json_object_get(map, key));
        assert_int_equal(json_object_set_new(map, key, value(bytes, at)), 0);
    }
    return map;
}

static json_t *array(const char *bytes, int *at)
{
    json_t *list = json_array();
    int n;
    assert_int_equal(ei_decode_list_header(bytes, at, &n), 0);
    if (n == 0)
        return list;
    while (n-- > 0)
        assert_int_equal(json_array_append_new(list, value(bytes, at)), 0);
    assert_int_equal(ei_skip_term(bytes, at), 0);
    return list;
}

static json_t *atom(const char *bytes, int *at)
{
    char text[MAXATOMLEN_UTF8];
    assert_int_equal(ei_decode_atom(bytes, at, text), 0);
    return strcmp(text, "true") == 0    ? json_true()
           : strcmp(text, "false") == 0 ? json_false()
           : strcmp(text, "nil") == 0   ? json_null()
                                        : json_string(text);
}

static json_t *binary(const char *bytes, int *at, int size)
{
    char *text = malloc((size_t)size + 1);
    long len;
    assert_int_equal(ei_decode_binary(bytes, at, text, &len), 0);
    json_t *string = json_stringn(text, (size_t)len);
    assert_non_null(string);
    free(text);
    return string;
}

/* What does not fit JSON's integers is there their end. */
static json_t *integer(const char *bytes, int *at)
{
    unsigned long long n;
    long long negative;
    if (ei_decode_ulonglong(bytes, at, &n) == 0)
        return json_integer(n > INT64_MAX ? INT64_MAX : (json_int_t)n);
    assert_int_equal(ei_decode_longlong(bytes, at, &negative), 0);
    return json_integer(negative);
}

static json_t *value(const char *bytes, int *at)
{
    int type, size;
    double real;
    assert_int_equal(ei_get_type(bytes, at, &type, &size), 0);
    switch (type) {
    case ERL_MAP_EXT:
        return object(bytes, at);
    case ERL_LIST_EXT:
    case ERL_NIL_EXT:
        return array(bytes, at);
    case ERL_BINARY_EXT:
        return binary(bytes, at, size);
    case ERL_ATOM_EXT:
    case ERL_SMALL_ATOM_EXT:
    case ERL_ATOM_UTF8_EXT:
    case ERL_SMALL_ATOM_UTF8_EXT:
        return atom(bytes, at);
    case ERL_FLOAT_EXT:
    case NEW_FLOAT_EXT:
        assert_int_equal(ei_decode_double(bytes, at, &real), 0);
        return json_real(real);
    default:
        return integer(bytes, at);
    }
}

static json_t *term_of(const struct profile *p)
{
    struct buffer b;
    int at = 4, version, arity;
    long ref;
    buffer_init(&b, PORT_MAX_PACKET);
    assert_int_equal(port_reply_result(&b, 1, p, "", 0), 0);
    const char *bytes = (const char *)b.data;
    assert_int_equal(ei_decode_version(bytes, &at, &version), 0);
    assert_int_equal(ei_decode_tuple_header(bytes, &at, &arity), 0);
    assert_int_equal(ei_decode_long(bytes, &at, &ref), 0);
    assert_int_equal(ei_skip_term(bytes, &at), 0);
    json_t *result = value(bytes, &at);
    json_t *report = json_incref(json_object_get(result, "report"));
    assert_non_null(report);
    json_decref(result);
    buffer_deinit(&b);
    return report;
}

/* --- comparison ----------------------------------------------------------- */

static void assert_same(const char *path, const json_t *x, const json_t *y);

static void assert_same_objects(const char *path, const json_t *x,
                                const json_t *y)
{
    const char *key;
    json_t *member;
    json_object_foreach((json_t *)y, key, member) if (!json_object_get(x, key))
        fail_msg("%s.%s is in the term only", path, key);
    json_object_foreach((json_t *)x, key, member)
    {
        char below[256];
        snprintf(below, sizeof(below), "%s.%s", path, key);
        assert_same(below, member, json_object_get(y, key));
    }
}

static void assert_same(const char *path, const json_t *x, const json_t *y)
{
    if (!y)
        fail_msg("%s is in JSON only", path);
    if (json_typeof(x) != json_typeof(y))
        fail_msg("%s is of two types", path);
    if (json_is_object(x)) {
        assert_same_objects(path, x, y);
    } else if (json_is_array(x)) {
        if (json_array_size(x) != json_array_size(y))
            fail_msg("%s has two lengths", path);
        for (size_t i = 0; i < json_array_size(x); i++)
            assert_same(path, json_array_get(x, i), json_array_get(y, i));
    } else if (json_is_real(x)) {
        double a = json_real_value(x), b = json_real_value(y);
        if (fabs(a - b) > 1e-4 + 1e-9 * fabs(a))
            fail_msg("%s is %f and %f", path, a, b);
    } else if (!json_equal(x, y)) {
        fail_msg("%s differs", path);
    }
}

static void compare(struct profile *p)
{
    json_t *json = json_of(p), *term = term_of(p);
    assert_same("report", json, term);
    json_decref(json);
    json_decref(term);
    profile_destroy(p);
}

static void of_nothing(void **state)
{
    (void)state;
    compare(make_profile());
}

static void of_what_chance_makes(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 30; seed++)
        compare(random_profile(seed, 20 * (uint32_t)seed, 4 * (uint32_t)seed));
}

static void of_groups_of_processes(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    for (int i = 0; i < 90; i++) {
        char pid[32];
        snprintf(pid, sizeof(pid), "<0.%d.0>", i);
        uint32_t q = made(profile_process(p, pid, "", i % 3 ? "m:f/1" : "m:g/1",
                                          i % 2 ? "job" : "", ""));
        make_sample(p, make_stack(p, "a;b"), q, STATE_RUNNING, 1);
    }
    json_t *json = json_of(p);
    assert_int_equal(json_array_size(json_object_get(json, "process_groups")),
                     2);
    json_decref(json);
    compare(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_nothing),
        cmocka_unit_test(of_what_chance_makes),
        cmocka_unit_test(of_groups_of_processes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
