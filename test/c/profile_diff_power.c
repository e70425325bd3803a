/*
 * How often the comparison is right, for recordings drawn at random. Seeds are
 * fixed, so each run draws the same recordings.
 */
#include "profile_make.h"

#include <math.h>

#include "profile/diff.h"

enum { FUNCTIONS = 49, MOST_RECORDINGS = 5 };

/* One big, some middling, many small, as profiles are. */
static double weight_of(int function)
{
    return function == 0   ? 0.40
           : function < 4  ? 0.10
           : function < 9  ? 0.03
           : function < 19 ? 0.01
                           : 0.05 / 30;
}

static uint64_t random_state;

static double uniform(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (double)(random_state >> 11) * 0x1p-53;
}

static double normal(void)
{
    double a = uniform(), b = uniform();
    return sqrt(-2 * log(a + 1e-300)) * cos(2 * M_PI * b);
}

/* What is drawn: function 0 takes (1 + slower) times what it took; a function
 * takes e^(burst x) of its time in a recording. */
struct drawing {
    double slower, burst;
    int samples, recordings;
};

static void draw_weights(double *sums, const struct drawing *d, bool changed)
{
    double sum = 0;
    for (int i = 0; i < FUNCTIONS; i++) {
        double weight = weight_of(i) * exp(d->burst * normal());
        if (i == 0 && changed)
            weight *= 1 + d->slower;
        sums[i] = sum += weight;
    }
}

static struct profile *draw(const struct drawing *d, bool changed)
{
    double sums[FUNCTIONS];
    uint64_t counts[FUNCTIONS] = {0};
    draw_weights(sums, d, changed);
    for (int n = 0; n < d->samples; n++) {
        double at = uniform() * sums[FUNCTIONS - 1];
        int i = 0;
        while (i < FUNCTIONS - 1 && sums[i] <= at)
            i++;
        counts[i]++;
    }
    struct profile *p = make_profile();
    for (int i = 0; i < FUNCTIONS; i++) {
        char stack[64];
        snprintf(stack, sizeof(stack), "main;caller%d;f%d", i % 5, i);
        if (counts[i])
            make_samples(p, stack, counts[i]);
    }
    return p;
}

static struct diff *compare(const struct drawing *d)
{
    struct profile *base[MOST_RECORDINGS], *now[MOST_RECORDINGS];
    struct diff *out;
    for (int i = 0; i < d->recordings; i++) {
        base[i] = draw(d, false);
        now[i] = draw(d, true);
    }
    assert_int_equal(diff_create((const struct profile *const *)base,
                                 (size_t)d->recordings,
                                 (const struct profile *const *)now,
                                 (size_t)d->recordings, NULL, &out),
                     0);
    for (int i = 0; i < d->recordings; i++) {
        profile_destroy(base[i]);
        profile_destroy(now[i]);
    }
    return out;
}

struct score {
    int named;   /* the culprit is f0, and none else changed */
    int covered; /* f0's interval holds the truth */
    int all;     /* all functions' intervals hold the truth */
    int alarms;  /* a verdict on what did not change */
};

static bool is_slowed(const struct diff *d, const struct diff_function *f)
{
    const struct profile *p = diff_profile(d);
    uint32_t name = profile_function_at(p, f->function)->name;
    return strcmp(profile_text(p, name), "f0") == 0;
}

static bool holds(const struct diff_share *s, double truth)
{
    return s->growth_low <= truth && truth <= s->growth_high;
}

static void judge(const struct diff *d, const struct drawing *of,
                  struct score *score)
{
    bool all = true, alarm = false;
    for (size_t i = 0; i < diff_function_count(d); i++) {
        const struct diff_function *f = diff_function_at(d, i);
        bool slowed = is_slowed(d, f);
        bool has_own = f->own.base + f->own.now > 0;
        bool held = !has_own || holds(&f->own, slowed ? of->slower : 0);
        all &= held;
        score->covered += slowed && held;
        alarm |= f->own.verdict != DIFF_SAME && !(slowed && of->slower);
        alarm |= f->total.verdict != DIFF_SAME && !of->slower;
    }
    const struct diff_function *culprit = diff_culprit(d);
    score->named += culprit && is_slowed(d, culprit) && !alarm;
    score->all += all;
    score->alarms += alarm;
}

static struct score play(struct drawing of, int trials)
{
    struct score score = {0};
    random_state = 88172645463325252u;
    for (int i = 0; i < trials; i++) {
        struct diff *d = compare(&of);
        judge(d, &of, &score);
        diff_destroy(d);
    }
    print_message("slower %.2f burst %.2f, %d x %d samples: of %d named %d, "
                  "its interval holds in %d, all in %d, alarms %d\n",
                  of.slower, of.burst, of.recordings, of.samples, trials,
                  score.named, score.covered, score.all, score.alarms);
    return score;
}

enum { TRIALS = 200, FEWER = 60 };

static void the_same_is_called_the_same(void **state)
{
    (void)state;
    struct score s = play((struct drawing){0, 0, 5000, 1}, TRIALS);
    assert_true(s.alarms <= TRIALS * 5 / 100);
    assert_true(s.all >= TRIALS * 95 / 100);
}

static void what_grew_is_named_with_its_size(void **state)
{
    (void)state;
    struct score s = play((struct drawing){0.2, 0, 8000, 1}, TRIALS);
    assert_true(s.named >= TRIALS * 95 / 100);
    assert_true(s.covered >= TRIALS * 95 / 100);
    assert_true(s.all >= TRIALS * 93 / 100);
    s = play((struct drawing){0.5, 0, 3000, 1}, FEWER);
    assert_true(s.named >= FEWER * 95 / 100);
    assert_true(s.covered >= FEWER * 95 / 100);
}

static void what_shrank_is_named(void **state)
{
    (void)state;
    struct score s = play((struct drawing){-0.3, 0, 5000, 1}, FEWER);
    assert_true(s.named >= FEWER * 95 / 100);
    assert_true(s.covered >= FEWER * 95 / 100);
}

/* Several recordings see what one cannot: that they differ by themselves. */
static void bursts_are_no_change(void **state)
{
    (void)state;
    struct score s = play((struct drawing){0, 0.1, 2000, 5}, TRIALS);
    assert_true(s.alarms <= TRIALS * 5 / 100);
    s = play((struct drawing){0.5, 0.1, 2000, 5}, FEWER);
    assert_true(s.named >= FEWER * 90 / 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_is_called_the_same),
        cmocka_unit_test(what_grew_is_named_with_its_size),
        cmocka_unit_test(what_shrank_is_named),
        cmocka_unit_test(bursts_are_no_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
