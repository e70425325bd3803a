#include "cli/top_screen.h"

/* The names of functions, without macros that are called like ours. */
#define NCURSES_NOMACROS 1
#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <unistd.h>
#include <wchar.h>

#include "cli/options.h"
#include "cli/top_view.h"
#include "formats/text_parts.h"

static SCREEN *screen;
static bool shows_utf8;

/* --- opening -------------------------------------------------------------- */

bool top_screen_possible(const char **why)
{
    int err;
    *why = NULL;
    if (!isatty(STDOUT_FILENO))
        return false;
    if (!isatty(STDIN_FILENO))
        *why = "stdin is no terminal, so there are no keys";
    else if (setupterm(NULL, STDOUT_FILENO, &err) != OK)
        *why = "there is no description of this terminal here (TERM)";
    else if (!tigetstr("cup") || tigetstr("cup") == (char *)-1)
        *why = "this terminal has no screen (TERM)";
    if (cur_term)
        del_curterm(cur_term);
    return !*why;
}

/* ncurses decodes characters by the locale. Only the environment says what the
 * terminal shows; the locale that it names may not be installed here. */
static void choose_locale(void)
{
    shows_utf8 = options_shows_utf8();
    if (!setlocale(LC_CTYPE, "") || strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
        shows_utf8 = shows_utf8 && setlocale(LC_CTYPE, "C.UTF-8");
}

bool top_screen_open(void)
{
    choose_locale();
    screen = newterm(NULL, stdout, stdin);
    if (!screen)
        return false;
    set_escdelay(50);
    cbreak();
    noecho();
    nonl();
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    curs_set(0);
    return true;
}

void top_screen_close(void)
{
    if (!screen)
        return;
    endwin();
    delscreen(screen);
    screen = NULL;
}

/* The size may have changed while the program was in the background, where no
 * signal says so. */
void top_screen_size(unsigned *width, unsigned *height)
{
    struct winsize size = {0};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row &&
        size.ws_col && is_term_resized(size.ws_row, size.ws_col))
        resizeterm(size.ws_row, size.ws_col);
    *width = (unsigned)getmaxx(stdscr);
    *height = (unsigned)getmaxy(stdscr);
}

/* --- pages ---------------------------------------------------------------- */

static attr_t attributes(enum top_style style)
{
    static const attr_t of[] = {
        [TOP_PLAIN] = A_NORMAL,
        [TOP_TITLE] = A_REVERSE,
        [TOP_STATUS] = A_BOLD,
        [TOP_CURSOR] = A_STANDOUT | A_BOLD,
    };
    return of[style];
}

/* A title and the cursor are bars over the whole width. */
static void show_line(int y, const char *text, size_t len, enum top_style style)
{
    attrset(attributes(style));
    wmove(stdscr, y, 0);
    clrtoeol();
    if (style == TOP_TITLE || style == TOP_CURSOR)
        whline(stdscr, ' ' | attributes(style), getmaxx(stdscr));
    waddnstr(stdscr, text, (int)len);
}

void top_screen_show(const struct top_page *page)
{
    struct buffer text;
    buffer_init(&text, BUFFER_DEFAULT_MAX);
    buffer_add(&text, page->text.data, page->text.len);
    if (!shows_utf8)
        text_cell_to_ascii(&text);
    buffer_add(&text, "", 1);
    const char *at = text.failed ? "" : (const char *)text.data;
    werase(stdscr);
    for (size_t i = 0; i < page->count && *at; i++) {
        size_t len = strcspn(at, "\n");
        show_line((int)i, at, len, page->styles[i]);
        at += len + (at[len] == '\n');
    }
    wrefresh(stdscr);
    buffer_deinit(&text);
}

/* --- keys ----------------------------------------------------------------- */

static int special_key(wint_t code)
{
    switch (code) {
    case KEY_UP:
        return TOP_KEY_UP;
    case KEY_DOWN:
        return TOP_KEY_DOWN;
    case KEY_LEFT:
        return TOP_KEY_LEFT;
    case KEY_RIGHT:
        return TOP_KEY_RIGHT;
    case KEY_PPAGE:
        return TOP_KEY_PAGE_UP;
    case KEY_NPAGE:
        return TOP_KEY_PAGE_DOWN;
    case KEY_HOME:
        return TOP_KEY_HOME;
    case KEY_END:
        return TOP_KEY_END;
    case KEY_BACKSPACE:
        return TOP_KEY_BACKSPACE;
    case KEY_ENTER:
        return TOP_KEY_ENTER;
    default:
        return TOP_KEY_NONE;
    }
}

enum { REDRAW = 12 }; /* Ctrl-L */

/* Keys that mean nothing here, and resizing, are passed over. */
int top_screen_key(void)
{
    wint_t code;
    for (;;) {
        int kind = wget_wch(stdscr, &code);
        if (kind == ERR)
            return TOP_KEY_NONE;
        if (kind == KEY_CODE_YES) {
            int key = special_key(code);
            if (key)
                return key;
            continue;
        }
        if (code == REDRAW)
            clearok(curscr, TRUE);
        return code == '\r'  ? TOP_KEY_ENTER
               : code == 127 ? TOP_KEY_BACKSPACE
                             : (int)code;
    }
}
