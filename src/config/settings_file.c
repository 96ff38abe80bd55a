/* The configuration file, by inih, which leaves to us: long lines, sections, NULs, doubled keys. */
#include "config/settings_sources.h"

#include "base/buf.h"

#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_SHOWN_BYTES 200
#define KEY_SHOWN_BYTES 64

struct file_reader {
    FILE *file;
    const char *path;
    int line;
    int *line_of; /* where each row's key was; 0: not yet */
    struct given *given;
    struct err *err;
    bool refused; /* err says why */
};

/* Refuses the line at hand. */
__attribute__((format(printf, 2, 3))) static void refuse_line(struct file_reader *reader,
                                                              const char *format, ...)
{
    struct buf path;
    char why[256];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(why, sizeof(why), format, args);
    va_end(args);
    buf_init(&path, 1024);
    (void)setting_print_clean(reader->path, PATH_SHOWN_BYTES, &path);
    (void)err_set(reader->err, ST_INVALID, "file %.*s line %d: %s", STR_ARG(buf_view(&path)),
                  reader->line, why);
    buf_done(&path);
    reader->refused = true;
}

static bool is_section(const struct file_reader *reader, const char *line)
{
    if (reader->line == 1 && strncmp(line, "\xEF\xBB\xBF", 3) == 0) {
        line += 3;
    }
    return line[strspn(line, " \t\r\v\f")] == '[';
}

/* inih's fgets: one whole line, or NULL at the end and where the line is refused. */
static char *read_line(char *line, int size, void *stream)
{
    struct file_reader *reader = stream;
    int len = 0;
    int c = getc(reader->file);

    if (c == EOF || reader->refused) {
        return NULL;
    }
    reader->line++;
    for (; c != EOF && c != '\n'; c = getc(reader->file)) {
        if (c == '\0') {
            refuse_line(reader, "a NUL byte; allowed: text");
            return NULL;
        }
        if (len >= SETTINGS_LINE_BYTES || len >= size - 2) {
            refuse_line(reader, "too long; allowed: %d bytes", SETTINGS_LINE_BYTES);
            return NULL;
        }
        line[len++] = (char)c;
    }
    line[len] = '\0';
    if (reader->line > SETTINGS_LINES) {
        refuse_line(reader, "too many lines; allowed: %d", SETTINGS_LINES);
        return NULL;
    }
    if (is_section(reader, line)) {
        refuse_line(reader, "a section; allowed: key = value, with no sections");
        return NULL;
    }
    return line;
}

/* What looks like no key may be a secret in the wrong place, and is not shown. */
static bool is_key(const char *name)
{
    size_t len = strlen(name);

    return len > 0 && len <= KEY_SHOWN_BYTES &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == len;
}

/* inih's handler: 0 refuses the line. */
static int take_pair(void *user, const char *section, const char *name, const char *value)
{
    struct file_reader *reader = user;
    size_t row = 0;

    (void)section;
    if (!is_key(name)) {
        refuse_line(reader, "not understood; allowed: key = value");
        return 0;
    }
    while (row < setting_rows_count && strcmp(setting_rows[row].key, name) != 0) {
        row++;
    }
    if (row == setting_rows_count) {
        refuse_line(reader, "unknown key %s; allowed: the keys that `orgd config` lists", name);
        return 0;
    }
    if (reader->line_of[row]) {
        refuse_line(reader, "key %s again; allowed: once, and it is on line %d", name,
                    reader->line_of[row]);
        return 0;
    }
    reader->line_of[row] = reader->line;
    if (!reader->given[row].text) {
        reader->given[row] = (struct given){
            .text = settings_copy(value),
            .source = { .kind = SOURCE_FILE, .line = reader->line },
        };
    }
    return 1;
}

static enum status refuse_file(const char *path, struct source from, int error, struct err *err)
{
    char what[128];

    (void)snprintf(what, sizeof(what), "cannot be read: %s", strerror(error));
    return setting_refuse(&setting_config_row, path, from, NULL, what, "a file that can be read",
                          err);
}

enum status settings_file_read(const char *path, struct source from, struct given *given,
                               struct err *err)
{
    struct file_reader reader = { .path = path, .given = given, .err = err };
    enum status status = ST_OK;
    int wrong_line;

    reader.file = fopen(path, "re");
    if (!reader.file) {
        return refuse_file(path, from, errno, err);
    }
    reader.line_of = settings_alloc(setting_rows_count * sizeof(*reader.line_of));

    /* A ';' inside a value and a line that starts with a blank mean nothing of their own here. */
    ini_max_line = SETTINGS_LINE_BYTES + 3;
    ini_allow_inline_comments = false;
    ini_allow_multiline = false;
    ini_stop_on_first_error = true;
    errno = 0;
    wrong_line = ini_parse_stream(read_line, &reader, take_pair, &reader);
    if (reader.refused) {
        status = ST_INVALID;
    } else if (ferror(reader.file)) {
        status = refuse_file(path, from, errno, err);
    } else if (wrong_line != 0) {
        refuse_line(&reader, "not understood; allowed: key = value");
        status = ST_INVALID;
    }
    (void)fclose(reader.file);
    free(reader.line_of);
    return status;
}
