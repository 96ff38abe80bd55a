/* The bar, the numbers beside it, and the time that is left. */
#include "app/copy_progress.h"

#include "base/buf.h"
#include "base/clock.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define DRAW_MS 200
#define LINE_MS 5000
#define WIDTH_STANDARD 80
#define WIDTH_MAX 400
#define BAR_MIN 10
#define BAR_MAX 40
#define ORGANIZATION_WEIGHT                                                                        \
    10 /* what one costs beside its documents, in documents; for the bar only */
#define TEXT_BYTES 1024
#define ERASE "\r\033[K" /* to the line's begin, and away with it */

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

/* From 0 to 1. */
static double fraction(const struct progress *progress)
{
    int64_t all = progress->documents + ORGANIZATION_WEIGHT * progress->organizations;
    int64_t done = atomic_load(&progress->documents_done) +
                   ORGANIZATION_WEIGHT * atomic_load(&progress->organizations_done);

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

/* "12/40 organizations  1000/2200 documents  3500/s  0:34 left" */
static void put_numbers(const struct progress *progress, struct buf *text)
{
    int64_t organizations = atomic_load(&progress->organizations_done);
    int64_t documents = atomic_load(&progress->documents_done);
    int64_t spent_ms = clock_monotonic_ms() - progress->begun_ms;
    double done = fraction(progress);

    if (progress->organizations == 0) {
        buf_printf(text, "%" PRId64 " organizations", organizations);
        return;
    }
    buf_printf(text, "%" PRId64 "/%" PRId64 " organizations  %" PRId64 "/%" PRId64 " documents",
               organizations, progress->organizations, documents, progress->documents);
    if (spent_ms > 0 && documents > 0) {
        buf_printf(text, "  %" PRId64 "/s", documents * 1000 / spent_ms);
    }
    if (done > 0 && done < 1 && spent_ms >= 1000) {
        buf_text(text, "  ");
        put_time(text, (int64_t)((double)spent_ms / 1000 * (1 - done) / done) + 1);
        buf_text(text, " left");
    }
}

static void put_bar(struct buf *text, double done, size_t width)
{
    size_t full = (size_t)(done * (double)width);

    buf_char(text, '[');
    for (size_t i = 0; i < width; i++) {
        buf_char(text, i < full ? '#' : '.');
    }
    buf_printf(text, "] %3d%%  ", (int)(done * 100));
}

static void draw_bar(struct progress *progress)
{
    size_t width = width_of_terminal() - 1; /* a full line would wrap */
    struct buf numbers;
    struct buf line;
    size_t used;

    buf_init(&numbers, TEXT_BYTES);
    buf_init(&line, 2 * TEXT_BYTES);
    put_numbers(progress, &numbers);
    buf_printf(&line, "%-10s", progress->phase);
    used = line.len + numbers.len + sizeof("[] 100%  ") - 1;
    if (progress->organizations > 0 && used + BAR_MIN <= width) {
        put_bar(&line, fraction(progress), width - used < BAR_MAX ? width - used : BAR_MAX);
    }
    buf_str(&line, buf_view(&numbers));
    (void)fprintf(stderr, ERASE "%.*s", (int)(line.len < width ? line.len : width),
                  buf_view(&line).ptr);
    (void)fflush(stderr);
    progress->is_drawn = true;
    buf_done(&line);
    buf_done(&numbers);
}

static void print_line(const struct progress *progress)
{
    struct buf numbers;

    buf_init(&numbers, TEXT_BYTES);
    put_numbers(progress, &numbers);
    (void)fprintf(stderr, "%s: %.*s\n", progress->phase, STR_ARG(buf_view(&numbers)));
    buf_done(&numbers);
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
    progress->organizations = organizations;
    progress->documents = documents;
    progress->begun_ms = progress->shown_ms = clock_monotonic_ms();
    atomic_store(&progress->organizations_done, 0);
    atomic_store(&progress->documents_done, 0);
    if (progress->is_terminal) {
        show(progress);
    }
}

void progress_end(struct progress *progress)
{
    if (!progress->phase) {
        return;
    }
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

void progress_draw(struct progress *progress)
{
    int64_t pause_ms = progress->is_terminal ? DRAW_MS : LINE_MS;

    if (progress->phase && clock_monotonic_ms() - progress->shown_ms >= pause_ms) {
        show(progress);
    }
}

void progress_clean(char *text)
{
    for (char *c = text; *c; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7F) {
            *c = '?';
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
