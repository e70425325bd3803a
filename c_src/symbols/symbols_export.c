#include "symbols/symbols_export.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/term.h"

/* In front of the MFA are the code addresses (one for each code index), two
 * ints and the head of an ErtsCodeInfo: 7 words in OTP 25, other numbers in
 * other releases. Nothing else looks like two atoms and a number below 256. */
enum { FIRST_WORD = 3, LAST_WORD = 13, WORDS = LAST_WORD + 3 };
enum { ATOM_TEXT = 1024 };

static bool is_mfa(const uint64_t *words)
{
    return term_is_atom(words[0]) && term_is_atom(words[1]) &&
           words[2] <= TERM_MAX_ARITY;
}

static bool is_plain(const char *atom)
{
    if (!islower((unsigned char)*atom))
        return false;
    for (; *atom; atom++)
        if (!isalnum((unsigned char)*atom) && *atom != '_')
            return false;
    return true;
}

static const char *quote(const char *atom)
{
    return is_plain(atom) ? "" : "'";
}

static int spell(struct atoms *atoms, const uint64_t *mfa, char *text,
                 size_t size)
{
    char module[ATOM_TEXT], function[ATOM_TEXT];
    if (atoms_text(atoms, mfa[0], module, sizeof(module)) ||
        atoms_text(atoms, mfa[1], function, sizeof(function)))
        return -E_NOT_FOUND;
    const char *m = quote(module), *f = quote(function);
    snprintf(text, size, "%s%s%s:%s%s%s/%u", m, module, m, f, function, f,
             (unsigned)mfa[2]);
    return 0;
}

/* The next word, from `from` on, that may begin an MFA; above LAST_WORD: there
 * is none. */
static size_t next_mfa(const uint64_t *words, size_t from)
{
    while (from <= LAST_WORD && !is_mfa(words + from))
        from++;
    return from;
}

int symbols_export_name(const struct memory *memory, struct atoms *atoms,
                        uint64_t export, char *text, size_t size)
{
    uint64_t words[WORDS];
    int err = memory_read(memory, export, words, sizeof(words));
    if (err)
        return err;
    for (size_t i = next_mfa(words, FIRST_WORD); i <= LAST_WORD;
         i = next_mfa(words, i + 1))
        if (spell(atoms, words + i, text, size) == 0)
            return 0;
    return -E_NOT_FOUND;
}

int symbols_export_read(const struct memory *memory, uint64_t export,
                        struct symbols_export *out)
{
    uint64_t words[WORDS];
    int err = memory_read(memory, export, words, sizeof(words));
    if (err)
        return err;
    size_t mfa = next_mfa(words, FIRST_WORD);
    if (mfa > LAST_WORD)
        return -E_NOT_FOUND;
    memcpy(out->addresses, words, sizeof(out->addresses));
    memcpy(out->mfa, words + mfa, sizeof(out->mfa));
    return 0;
}
