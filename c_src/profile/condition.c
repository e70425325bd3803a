#include "profile/condition.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

/* --- parsing -------------------------------------------------------------- */

struct parsing {
    const char *at;
    char *why; /* CONDITION_WHY bytes */
};

static void skip_blanks(struct parsing *p)
{
    p->at += strspn(p->at, " \t");
}

/* Takes a word or a sign if it is next. */
static bool take(struct parsing *p, const char *text)
{
    size_t len = strlen(text);
    if (strncmp(p->at, text, len) != 0)
        return false;
    p->at += len;
    return true;
}

/* How long the name is at the beginning of the text; 0: it is not there. Where
 * the name has a blank, the text may have several, or a '_'. */
static size_t name_length(const char *name, const char *text)
{
    const char *at = text;
    for (; *name; name++) {
        size_t blanks = strspn(at, " \t_");
        if (*name == ' ' && blanks == 0)
            return 0;
        if (*name != ' ' && *at != *name)
            return 0;
        at += *name == ' ' ? blanks : 1;
    }
    return (size_t)(at - text);
}

static int no_figure(struct parsing *p)
{
    int n = snprintf(p->why, CONDITION_WHY, "name one of the figures ");
    for (int i = 0; i < VITALS && n < CONDITION_WHY; i++)
        if (!vital_kinds[i].per_s)
            n += snprintf(p->why + n, (size_t)(CONDITION_WHY - n), "%s, ",
                          vital_kinds[i].name);
    if (n < CONDITION_WHY)
        snprintf(p->why + n, (size_t)(CONDITION_WHY - n),
                 "such as `mailbox > 10000`, a growth as in `memory growth > "
                 "10M/s`, or `ended`");
    return -E_FORMAT;
}

static int for_example(struct parsing *p, const char *what, enum vital vital)
{
    snprintf(p->why, CONDITION_WHY, "%s, such as `%s`", what,
             vital_kinds[vital].example);
    return -E_FORMAT;
}

static const char growth[] = " growth";

static bool is_growth(const struct vital_kind *kind)
{
    size_t len = strlen(kind->name), end = sizeof(growth) - 1;
    return len > end && strcmp(kind->name + len - end, growth) == 0;
}

/* Only some figures have a growth. */
static int no_growth(struct parsing *p, const struct vital_kind *of)
{
    const struct vital_kind *one = NULL;
    int n = snprintf(p->why, CONDITION_WHY, "%s has no growth; name one of ",
                     of->name);
    for (int i = 0; i < VITALS && n < CONDITION_WHY; i++)
        if (is_growth(&vital_kinds[i])) {
            n += snprintf(p->why + n, (size_t)(CONDITION_WHY - n), "%s%s",
                          one ? ", " : "", vital_kinds[i].name);
            one = &vital_kinds[i];
        }
    if (one && n < CONDITION_WHY)
        snprintf(p->why + n, (size_t)(CONDITION_WHY - n), ", such as `%s`",
                 one->example);
    return -E_FORMAT;
}

/* The longest name that fits: "memory growth" begins with "memory". */
static int parse_name(struct parsing *p, enum vital *out)
{
    size_t longest = 0;
    for (int i = 0; i < VITALS; i++) {
        size_t len = name_length(vital_kinds[i].name, p->at);
        if (len > longest) {
            longest = len;
            *out = (enum vital)i;
        }
    }
    if (longest == 0)
        return no_figure(p);
    p->at += longest;
    if (name_length(growth, p->at))
        return no_growth(p, &vital_kinds[*out]);
    skip_blanks(p);
    return take(p, ">")
               ? 0
               : for_example(p, "write a figure, > and a number", *out);
}

/* Digits with at most one point: no sign, exponent, "inf" or "nan". */
static bool parse_number(struct parsing *p, double *out)
{
    char digits[32], *end;
    skip_blanks(p);
    size_t len = strspn(p->at, "0123456789.");
    if (len == 0 || len >= sizeof(digits))
        return false;
    memcpy(digits, p->at, len);
    digits[len] = '\0';
    *out = strtod(digits, &end);
    p->at += len;
    return *end == '\0' && end != digits && isfinite(*out);
}

/* k, M, G or T: of bytes in powers of 1024, which may be followed by B. */
static double parse_factor(struct parsing *p, enum vital_unit unit)
{
    static const char letters[] = "kMGT";
    double step = unit == VITAL_BYTES ? 1024 : 1000;
    const char *letter = *p->at ? strchr(letters, *p->at) : NULL;
    if (*p->at == 'K')
        letter = letters;
    p->at += letter != NULL;
    if (unit == VITAL_BYTES)
        (void)take(p, "B");
    return letter ? pow(step, (double)(letter - letters + 1)) : 1;
}

static int parse_limit(struct parsing *p, struct condition *c)
{
    const struct vital_kind *kind = &vital_kinds[c->vital];
    if (!parse_number(p, &c->limit))
        return for_example(p, "give a number after >", c->vital);
    skip_blanks(p);
    if (kind->unit != VITAL_PERCENT)
        c->limit *= parse_factor(p, kind->unit);
    else if (!take(p, "%"))
        return for_example(p, "this figure is a percentage", c->vital);
    else if (c->limit >= 100)
        return for_example(p, "give less than 100 %, which it never exceeds",
                           c->vital);
    skip_blanks(p);
    bool per_s = take(p, "/s");
    if (per_s && !kind->per_s)
        return for_example(p, "this figure is not per second", c->vital);
    if (!per_s && kind->per_s)
        return for_example(p, "this figure is per second", c->vital);
    return 0;
}

/* "for 5s", "for 2 min", or nothing. */
static int parse_for(struct parsing *p, struct condition *c)
{
    double number = 0;
    skip_blanks(p);
    if (!take(p, "for"))
        return 0;
    bool good = parse_number(p, &number);
    skip_blanks(p);
    if (take(p, "min"))
        number *= 60;
    else
        good = good && take(p, "s");
    if (!good || number > CONDITION_MOST_S) {
        snprintf(p->why, CONDITION_WHY,
                 "give a time after `for`, at most an hour, such as `for 5s`");
        return -E_FORMAT;
    }
    c->for_ns = (uint64_t)(number * (double)NS_PER_S);
    return 0;
}

static int parse_end(struct parsing *p, bool at_end)
{
    skip_blanks(p);
    if (!*p->at)
        return 0;
    snprintf(p->why, CONDITION_WHY, "`%.40s` does not belong there; %s", p->at,
             at_end ? "nothing may follow `ended`"
                    : "only `for` and a time may follow, such as `for 5s`");
    return -E_FORMAT;
}

int condition_parse(const char *text, struct condition *out,
                    char why[static CONDITION_WHY])
{
    struct parsing p = {.at = text, .why = why};
    struct condition c = {.text = text};
    skip_blanks(&p);
    c.at_end = take(&p, "ended");
    int err = c.at_end ? 0 : parse_name(&p, &c.vital);
    if (!err && !c.at_end)
        err = parse_limit(&p, &c);
    if (!err && !c.at_end)
        err = parse_for(&p, &c);
    if (!err)
        err = parse_end(&p, c.at_end);
    if (!err)
        *out = c;
    return err;
}

/* --- judging -------------------------------------------------------------- */

/* For how long something has been so; *since is 0 while it is not. */
static uint64_t lasts(uint64_t *since, bool is_so, uint64_t now_ns)
{
    if (!is_so)
        *since = 0;
    else if (*since == 0)
        *since = now_ns;
    return is_so ? now_ns - *since : 0;
}

void condition_restart(struct condition *c)
{
    c->fired = c->said = false;
    c->above_ns = c->calm_ns = c->unknown_ns = 0;
}

enum condition_news condition_judge(struct condition *c, const struct vitals *v)
{
    double value = v->value[c->vital];
    bool known = !c->at_end && !isnan(value), above = known && value > c->limit;
    uint64_t held_ns = lasts(&c->above_ns, above, v->at_ns);
    uint64_t calm_ns = lasts(
        &c->calm_ns, known && value <= CONDITION_CALM * c->limit, v->at_ns);
    uint64_t unknown_ns = lasts(&c->unknown_ns, !known, v->at_ns);
    if (c->at_end)
        return CONDITION_NOTHING;
    if (!known) {
        bool tell = !c->said && unknown_ns >= CONDITION_UNKNOWN_S * NS_PER_S;
        c->said |= tell;
        return tell ? CONDITION_NOT_KNOWN : CONDITION_NOTHING;
    }
    if (c->fired && calm_ns >= CONDITION_REST_S * NS_PER_S)
        c->fired = false;
    if (c->fired || !above || held_ns < c->for_ns)
        return CONDITION_NOTHING;
    c->fired = true;
    return CONDITION_FIRES;
}
