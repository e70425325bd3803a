/* What a node sends: the input as a message of the distribution, and as the
 * answer to each question. */
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "port/cnode_answers.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

enum { MOST = 3 };

static const struct cnode_node shop = {"shop@vm", 17};

/* Valid UTF-8 that ends in its room. */
static void check_text(const char text[CNODE_TEXT])
{
    size_t len = strnlen(text, CNODE_TEXT), n;
    uint32_t code;
    if (len == CNODE_TEXT)
        abort();
    for (; len > 0; text += n, len -= n) {
        n = utf8_next(text, len, &code);
        if (n == 0)
            abort();
    }
}

static void check_child(void *ctx, struct cnode_pid pid, const char *id)
{
    (void)ctx, (void)pid;
    if (strlen(id) >= CNODE_TEXT)
        abort();
}

static void read_message(const uint8_t *bytes, size_t len)
{
    struct cnode_message m;
    if (cnode_read_message(bytes, len, &m) != 0)
        return;
    if (m.answer.at < bytes || m.answer.end != bytes + len ||
        strnlen(m.node.name, CNODE_TEXT) == CNODE_TEXT)
        abort();
}

static void read_answers(struct reader answer)
{
    static struct cnode_facts facts[MOST];
    static char names[MOST][CNODE_TEXT];
    struct cnode_node node;
    bool supervisors[MOST];
    uint64_t pid;
    (void)!cnode_read_os_pid(answer, &pid);
    (void)!cnode_read_self(answer, &node);
    (void)!cnode_read_children(answer, &shop, check_child, NULL);
    for (size_t n = 0; n <= MOST; n++) {
        (void)!cnode_read_supervisors(answer, n, supervisors);
        if (cnode_read_facts(answer, &shop, n, facts) == 0)
            for (size_t i = 0; i < n; i++)
                check_text(facts[i].label);
        if (cnode_read_applications(answer, n, names) == 0)
            for (size_t i = 0; i < n; i++)
                check_text(names[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    char text[CNODE_TEXT];
    struct reader r = reader_of(bytes, len);
    read_message(bytes, len);
    read_answers(r);
    (void)cnode_term_text(&r, &shop, text);
    check_text(text);
    return 0;
}
