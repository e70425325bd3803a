/* What the report says of the breakpoints of a recording of allocation, and
 * what is a sample of it. */
#include "profile_make.h"

#include <string.h>

#include "recorder/probe_notes.h"
#include "recorder/sample_counts.h"

static const struct engine_probe usual = {.sampled = 100,
                                          .hit_ns = 5000,
                                          .cost = 0.01,
                                          .open_share = 1,
                                          .windows = 10,
                                          .words = 50,
                                          .found = 50};

/* The notes of a profile with such breakpoints; to be freed. */
static char *notes_of(const struct engine_probe *probe)
{
    struct profile *p = make_profile();
    assert_int_equal(probe_notes_add(p, probe), 0);
    char *notes = strdup(profile_text(p, profile_meta(p)->notes));
    assert_non_null(notes);
    profile_destroy(p);
    return notes;
}

static void assert_notes(const struct engine_probe *probe, const char *part,
                         bool there)
{
    char *notes = notes_of(probe);
    if (!strstr(notes, part) == there)
        fail_msg("\"%s\" in: %s", part, notes);
    free(notes);
}

static void cpus_on_which_no_word_was_watched_are_said(void **state)
{
    (void)state;
    struct engine_probe probe = usual;
    assert_notes(&probe, "could not be watched", false);
    probe.words_skipped = 3;
    probe.words_cpus = 8;
    probe.words_why = -E_BREAKPOINTS_USED;
    assert_notes(
        &probe, "words of heaps could not be watched on 3 of the 8 CPUs", true);
    assert_notes(&probe, err_text(-E_BREAKPOINTS_USED), true);
}

static void bytes_for_which_no_word_was_written_are_said(void **state)
{
    (void)state;
    struct engine_probe probe = usual;
    assert_notes(&probe, "heap's bytes are charged", false);
    probe.unseen = 0.25;
    assert_notes(&probe, "25 % of the heap's bytes are charged", true);
}

static void an_error_that_is_not_known_names_what_was_left_out(void **state)
{
    (void)state;
    struct engine_probe probe = usual;
    probe.error = -1;
    assert_notes(&probe, "how uncertain", false);
    probe.open_share = 0.998;
    assert_notes(&probe, "because 0.2 % of the time was not sampled, is not",
                 true);
    probe.error = 0.01;
    assert_notes(&probe, "how uncertain", false);
}

static void collections_that_were_not_sampled_are_said(void **state)
{
    (void)state;
    struct engine_probe probe = usual;
    assert_notes(&probe, "100 collections of garbage were sampled", true);
    assert_notes(&probe, "more collections", false);
    probe.missed = 7;
    assert_notes(&probe, "100 collections of garbage were sampled", true);
    assert_notes(&probe, "7 more collections could not be sampled", true);
}

static void without_breakpoints_nothing_is_said(void **state)
{
    (void)state;
    const struct engine_probe none = {.sampled = 0};
    char *notes = notes_of(&none);
    assert_string_equal(notes, "");
    free(notes);
}

static void more_bytes_of_a_sample_are_not_another_one(void **state)
{
    (void)state;
    struct sample s = {
        .of = SAMPLE_ALLOC, .heap_bytes = 100, .binary_bytes = 7};
    uint64_t values[PROFILE_MAX_VALUES] = {0};
    sample_counts_values(&s, values);
    assert_true(values[0] == 100 && values[1] == 7 && values[2] == 1);
    s.again = true;
    sample_counts_values(&s, values);
    assert_true(values[0] == 100 && values[1] == 7 && values[2] == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cpus_on_which_no_word_was_watched_are_said),
        cmocka_unit_test(bytes_for_which_no_word_was_written_are_said),
        cmocka_unit_test(an_error_that_is_not_known_names_what_was_left_out),
        cmocka_unit_test(collections_that_were_not_sampled_are_said),
        cmocka_unit_test(without_breakpoints_nothing_is_said),
        cmocka_unit_test(more_bytes_of_a_sample_are_not_another_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
