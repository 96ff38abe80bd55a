/* The bar, the numbers beside it, and the time that is left. What has no room is left out, from the right. */
#include "app/copy_progress.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/str.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define DRAW_MS 200
#define LINE_MS 5000
#define WIDTH_STANDARD 80
#define WIDTH_MAX 400
#define BAR_MIN 8
#define BAR_MAX 40
#define PHASE_WIDTH 10
#define RATE_DIGITS 5
#define PACE_WIDTH (sizeof("  12345/s  1:23 left") - 1)
#define ORGANIZATION_WEIGHT                                                                        \
    10 /* what one costs beside its documents, in documents; for the bar only */
#define TEXT_BYTES 1024
#define UTF8_MAX ((size_t)4) /* bytes of a character */
#define ERASE "\r\033[K"     /* to the line's begin, and away with it */

void progress_init(struct progress *progress)
{
    *progress = (struct progress){ .is_terminal = isatty(STDERR_FILENO) == 1 };
}

static size_t width_of_terminal(void)
{
    struct winsize size;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) {
        return WIDTH_STANDARD;
    }
    return size.ws_col < WIDTH_MAX ? size.ws_col : WIDTH_MAX;
}

/* Whether it is known how much there is to do. */
static bool has_bar(const struct progress *progress)
{
    return progress->organizations > 0 || progress->bytes > 0;
}

/* From 0 to 1. */
static double fraction(const struct progress *progress)
{
    int64_t bytes = atomic_load(&progress->bytes_done);
    int64_t all = progress->documents + ORGANIZATION_WEIGHT * progress->organizations;
    int64_t done = atomic_load(&progress->documents_done) +
                   ORGANIZATION_WEIGHT * atomic_load(&progress->organizations_done);

    if (progress->bytes > 0) {
        return bytes < progress->bytes ? (double)bytes / (double)progress->bytes : 1;
    }
    if (progress->counts_lines) { /* how many documents there are isn't known */
        all = progress->organizations;
        done = atomic_load(&progress->organizations_done);
    }
    if (all <= 0) {
        return 1;
    }
    return done < all ? (double)done / (double)all : 1; /* the source may have grown */
}

static void put_time(struct buf *text, int64_t seconds)
{
    if (seconds >= 3600) {
        buf_printf(text, "%" PRId64 ":%02" PRId64 ":%02" PRId64, seconds / 3600, seconds / 60 % 60,
                   seconds % 60);
    } else {
        buf_printf(text, "%" PRId64 ":%02" PRId64, seconds / 60, seconds % 60);
    }
}

/* Where numbers change, their width doesn't, so that nothing jumps on a terminal. */
static int digits_of(int64_t number)
{
    return snprintf(NULL, 0, "%" PRId64, number);
}

/* A total that the source has outgrown since it was looked at. */
static int64_t at_least(int64_t total, int64_t done)
{
    return done > total ? done : total;
}

/* "12/40 organizations  1000/2200 documents" */
static void put_counts(const struct progress *progress, bool is_short, bool is_aligned,
                       struct buf *text)
{
    int64_t organizations = atomic_load(&progress->organizations_done);
    int64_t documents = atomic_load(&progress->documents_done);
    int64_t all_organizations = at_least(progress->organizations, organizations);
    int64_t all_documents = at_least(progress->documents, documents);

    if (progress->counts_lines) {
        buf_printf(text, "%" PRId64 " %s  %" PRId64 " %s", organizations,
                   is_short ? "orgs" : "organizations", documents, is_short ? "docs" : "documents");
        return;
    }
    if (progress->organizations == 0) {
        buf_printf(text, "%" PRId64 " organizations", organizations);
        return;
    }
    buf_printf(text, "%*" PRId64 "/%" PRId64 " %s  %*" PRId64 "/%" PRId64 " %s",
               is_aligned ? digits_of(all_organizations) : 0, organizations, all_organizations,
               is_short ? "orgs" : "organizations", is_aligned ? digits_of(all_documents) : 0,
               documents, all_documents, is_short ? "docs" : "documents");
}

/* "  3500/s  0:34 left", as much of it as has room. */
static void put_pace(const struct progress *progress, size_t room, struct buf *text)
{
    int64_t units = atomic_load(&progress->documents_done);
    int64_t spent_ms = clock_monotonic_ms() - progress->begun_ms;
    double done = fraction(progress);
    struct buf part;

    if (progress->counts_lines) {
        units += atomic_load(&progress->organizations_done);
    }
    if ((!has_bar(progress) && !progress->counts_lines) || spent_ms <= 0) {
        return;
    }
    buf_init(&part, TEXT_BYTES);
    if (units > 0) {
        buf_printf(&part, "  %*" PRId64 "/s", progress->is_terminal ? RATE_DIGITS : 0,
                   units * 1000 / spent_ms);
    }
    if (part.len <= room) {
        buf_str(text, buf_view(&part));
        room -= part.len;
    }
    buf_clear(&part);
    if (has_bar(progress) && done > 0 && done < 1 && spent_ms >= 1000 && !progress->is_ended) {
        buf_text(&part, "  ");
        put_time(&part, (int64_t)((double)spent_ms / 1000 * (1 - done) / done) + 1);
        buf_text(&part, " left");
    }
    if (part.len <= room) {
        buf_str(text, buf_view(&part));
    }
    buf_done(&part);
}

/* width 0: only the percentage. */
static void put_bar(struct buf *text, double done, size_t width)
{
    size_t full = (size_t)(done * (double)width);

    if (width > 0) {
        buf_char(text, '[');
    }
    for (size_t i = 0; i < width; i++) {
        buf_char(text, i < full ? '#' : '.');
    }
    buf_printf(text, "%s%3d%%  ", width > 0 ? "] " : "", (int)(done * 100));
}

/* How wide the bar may be beside so much other text: the same throughout a phase. */
static size_t width_of_bar(size_t width, size_t used)
{
    size_t room = width > used ? width - used : 0;

    if (room >= BAR_MIN + PACE_WIDTH) {
        room -= PACE_WIDTH;
    }
    if (room < BAR_MIN) {
        return 0;
    }
    return room < BAR_MAX ? room : BAR_MAX;
}

static void draw_bar(struct progress *progress)
{
    size_t width = width_of_terminal() - 1; /* a full line would wrap */
    size_t used = PHASE_WIDTH + sizeof("[] 100%  ") - 1;
    struct buf counts;
    struct buf line;

    buf_init(&counts, TEXT_BYTES);
    buf_init(&line, 2 * TEXT_BYTES);
    put_counts(progress, false, true, &counts);
    if (used + counts.len + BAR_MIN + PACE_WIDTH > width) {
        buf_clear(&counts);
        put_counts(progress, true, true, &counts);
    }
    buf_printf(&line, "%-*s", PHASE_WIDTH, progress->phase);
    if (has_bar(progress)) {
        put_bar(&line, fraction(progress), width_of_bar(width, used + counts.len));
    }
    buf_str(&line, buf_view(&counts));
    put_pace(progress, width > line.len ? width - line.len : 0, &line);
    (void)fprintf(stderr, ERASE "%.*s", (int)(line.len < width ? line.len : width),
                  buf_view(&line).ptr);
    (void)fflush(stderr);
    progress->is_drawn = true;
    buf_done(&line);
    buf_done(&counts);
}

static void print_line(const struct progress *progress)
{
    struct buf line;

    buf_init(&line, TEXT_BYTES);
    put_counts(progress, false, false, &line);
    put_pace(progress, TEXT_BYTES, &line);
    (void)fprintf(stderr, "%s: %.*s\n", progress->phase, STR_ARG(buf_view(&line)));
    buf_done(&line);
}

static void show(struct progress *progress)
{
    if (progress->is_terminal) {
        draw_bar(progress);
    } else {
        print_line(progress);
    }
    progress->shown_ms = clock_monotonic_ms();
}

void progress_begin(struct progress *progress, const char *phase, int64_t organizations,
                    int64_t documents)
{
    progress->phase = phase;
    progress->is_ended = false;
    progress->organizations = organizations;
    progress->documents = documents;
    progress->counts_lines = false;
    progress->bytes = 0;
    progress->begun_ms = progress->shown_ms = clock_monotonic_ms();
    atomic_store(&progress->organizations_done, 0);
    atomic_store(&progress->documents_done, 0);
    atomic_store(&progress->bytes_done, 0);
    if (progress->is_terminal) {
        show(progress);
    }
}

void progress_begin_file(struct progress *progress, const char *phase, int64_t bytes,
                         int64_t organizations)
{
    progress_begin(progress, phase, organizations, 0);
    progress->counts_lines = true;
    progress->bytes = bytes;
}

void progress_end(struct progress *progress)
{
    if (!progress->phase) {
        return;
    }
    progress->is_ended = true;
    show(progress);
    if (progress->is_drawn) {
        (void)fputc('\n', stderr);
        progress->is_drawn = false;
    }
    progress->phase = NULL;
}

void progress_add(struct progress *progress, int64_t organizations, int64_t documents)
{
    (void)atomic_fetch_add(&progress->organizations_done, organizations);
    (void)atomic_fetch_add(&progress->documents_done, documents);
}

void progress_add_bytes(struct progress *progress, int64_t bytes)
{
    (void)atomic_fetch_add(&progress->bytes_done, bytes);
}

void progress_draw(struct progress *progress)
{
    int64_t pause_ms = progress->is_terminal ? DRAW_MS : LINE_MS;

    if (progress->phase && clock_monotonic_ms() - progress->shown_ms >= pause_ms) {
        show(progress);
    }
}

/* How many bytes the character at the begin of a text takes, 0: it is none. */
static size_t character_at(const char *text)
{
    size_t room = strnlen(text, UTF8_MAX);

    for (size_t len = 1; len <= room; len++) {
        if (str_is_utf8((struct str){ .ptr = text, .len = len })) {
            return len;
        }
    }
    return 0;
}

void progress_clean(char *text)
{
    size_t len;

    for (char *c = text; *c; c += len) {
        len = character_at(c);
        if (len == 0 || (unsigned char)*c < ' ' ||
            *c == 0x7F) { /* half a character, or none to see */
            *c = '?';
            len = 1;
        } else if ((unsigned char)c[0] == 0xC2 && (unsigned char)c[1] <= 0x9F) { /* U+0080 to 9F */
            c[0] = c[1] = '?';
        }
    }
}

void progress_say(struct progress *progress, const char *format, ...)
{
    char line[TEXT_BYTES];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    progress_clean(line);
    if (progress->is_drawn) {
        (void)fputs(ERASE, stderr);
        progress->is_drawn = false;
    }
    (void)fprintf(stderr, "%s\n", line);
    if (progress->phase && progress->is_terminal) {
        show(progress);
    }
}
