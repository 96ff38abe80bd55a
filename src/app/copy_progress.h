/*
 * How far a copy, an import or an export is, on standard error: on a terminal one line that is drawn again and again,
 * otherwise a line every few seconds.
 */
#ifndef ORGD_APP_COPY_PROGRESS_H
#define ORGD_APP_COPY_PROGRESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
    bool is_terminal;
    bool is_drawn; /* there is a line to be drawn over */
    const char *phase;
    bool is_ended;         /* the phase */
    int64_t begun_ms;      /* the phase */
    int64_t shown_ms;      /* the last line */
    int64_t organizations; /* all told, as far as known */
    int64_t documents;
    _Atomic int64_t organizations_done;
    _Atomic int64_t documents_done;
    bool counts_lines; /* the phase is about a file: see progress_begin_file */
    int64_t bytes;
    _Atomic int64_t bytes_done;
};

void progress_init(struct progress *progress);

/* Begins a phase. Totals: 0 where they aren't known, and then there is no bar. The main thread. */
void progress_begin(struct progress *progress, const char *phase, int64_t organizations,
                    int64_t documents);

/* Begins a phase that reads or writes a file, a line for each organization and document. bytes: of
 * the file, and then they make the bar, by progress_add_bytes; 0: not known. The main thread. */
void progress_begin_file(struct progress *progress, const char *phase, int64_t bytes,
                         int64_t organizations);

/* Ends it, and shows how it ended. The main thread. */
void progress_end(struct progress *progress);

/* Work done; any thread. */
void progress_add(struct progress *progress, int64_t organizations, int64_t documents);

/* Bytes of the file that are done; any thread. */
void progress_add_bytes(struct progress *progress, int64_t bytes);

/* Draws, if it is time to. The main thread. */
void progress_draw(struct progress *progress);

/* Puts '?' for what a terminal would obey rather than show, the ends of lines included, and for bytes that
 * are no UTF-8. */
void progress_clean(char *text);

/* A line for people, above the one that is drawn. The main thread. */
__attribute__((format(printf, 2, 3))) void progress_say(struct progress *progress,
                                                        const char *format, ...);

#endif
