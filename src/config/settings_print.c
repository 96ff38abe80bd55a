/* The settings for people: the values in force, the flags' help, the README's table. */
#include "config/settings.h"

#include "base/buf.h"
#include "config/settings_sources.h"

#include <inttypes.h>
#include <string.h>

#define VALUE_BYTES_MAX ((size_t)2048)   /* of a value shown in full */
#define ALIGNED_COLUMNS_MAX ((size_t)40) /* a longer value pushes its source to the right */
#define GAP 2

static void print_spaces(struct buf *out, size_t count)
{
    while (count-- > 0) {
        buf_char(out, ' ');
    }
}

/* Appends the value in force; returns its columns. */
static size_t print_in_force(const struct setting_row *row, struct settings *settings,
                             struct buf *out)
{
    size_t before = out->len;

    if (row->type == SETTING_NUMBER) {
        buf_printf(out, "%" PRId64, *setting_number(row, settings));
    } else if (row->type == SETTING_SECRET || row->type == SETTING_MONGO_URL) {
        setting_print_value(row, *setting_text(row, settings), VALUE_BYTES_MAX, out);
    } else {
        return setting_print_clean(*setting_text(row, settings), VALUE_BYTES_MAX, out);
    }
    return out->len - before;
}

static size_t widest_key(void)
{
    size_t widest = 0;

    for (size_t i = 0; i < setting_rows_count; i++) {
        size_t len = strlen(setting_rows[i].key);

        widest = len > widest ? len : widest;
    }
    return widest;
}

static size_t widest_value(struct settings *settings)
{
    size_t widest = 0;
    struct buf scratch;

    buf_init(&scratch, VALUE_BYTES_MAX * 2);
    for (size_t i = 0; i < setting_rows_count; i++) {
        size_t columns;

        buf_clear(&scratch);
        columns = print_in_force(&setting_rows[i], settings, &scratch);
        if (columns > widest && columns <= ALIGNED_COLUMNS_MAX) {
            widest = columns;
        }
    }
    buf_done(&scratch);
    return widest;
}

void settings_print(const struct settings *settings, struct buf *out)
{
    struct settings copy = *settings; /* the rows' look-up gives places to write to */
    size_t key_columns = widest_key() + GAP;
    size_t value_columns = widest_value(&copy) + GAP;

    for (size_t i = 0; i < setting_rows_count; i++) {
        const struct setting_row *row = &setting_rows[i];
        size_t columns;

        buf_text(out, row->key);
        print_spaces(out, key_columns - strlen(row->key));
        columns = print_in_force(row, &copy, out);
        print_spaces(out, columns + GAP < value_columns ? value_columns - columns : GAP);
        source_print(row, settings->sources->rows[i], settings->sources->file, VALUE_BYTES_MAX * 2,
                     out);
        buf_char(out, '\n');
    }
}

/* What stands behind the flag in the help. */
static void print_operand(const struct setting_row *row, struct buf *out)
{
    switch (row->type) {
    case SETTING_TEXT:
        buf_text(out, "TEXT");
        return;
    case SETTING_NUMBER:
        buf_text(out, "NUMBER");
        return;
    case SETTING_CHOICE:
        for (const char *const *choice = row->choices; *choice; choice++) {
            buf_printf(out, "%s%s", choice == row->choices ? "" : "|", *choice);
        }
        return;
    case SETTING_ADDRESSES:
        buf_text(out, "HOST:PORT,...");
        return;
    case SETTING_SECRET:
        buf_text(out, "SECRET");
        return;
    case SETTING_MONGO_URL:
        buf_text(out, "URL");
        return;
    }
}

static void print_standard(const struct setting_row *row, struct buf *out)
{
    if (!row->standard) {
        buf_text(out, row->standard_help);
    } else {
        buf_text(out, row->standard[0] ? row->standard : "none");
    }
}

static void print_row_help(const struct setting_row *row, struct buf *out)
{
    buf_printf(out, "  %s ", row->flag);
    print_operand(row, out);
    buf_printf(out, "\n      %s\n      Allowed: ", row->help);
    setting_print_allowed(row, out);
    buf_text(out, ".\n      Default: ");
    print_standard(row, out);
    buf_printf(out, ". Environment: %s.%s\n", row->environment,
               row->reloads ? " Read again at SIGHUP." : "");
}

void settings_print_help(struct buf *out)
{
    print_row_help(&setting_config_row, out);
    for (size_t i = 0; i < setting_rows_count; i++) {
        print_row_help(&setting_rows[i], out);
    }
}

static void print_row_markdown(const struct setting_row *row, bool in_file, struct buf *out)
{
    if (in_file) {
        buf_printf(out, "| `%s` ", row->key);
    } else {
        buf_text(out, "| – ");
    }
    buf_printf(out, "| `%s` | `%s` | ", row->environment, row->flag);
    if (!row->standard || row->standard[0] == '\0') {
        print_standard(row, out);
    } else {
        buf_printf(out, "`%s`", row->standard);
    }
    buf_text(out, " | ");
    setting_print_allowed(row, out);
    buf_printf(out, " | %s | %s |\n", row->reloads ? "yes" : "no", row->help);
}

void settings_print_markdown(struct buf *out)
{
    buf_text(out,
             "| key in the file | environment | flag | default | allowed | read again at SIGHUP "
             "| meaning |\n"
             "|---|---|---|---|---|---|---|\n");
    print_row_markdown(&setting_config_row, false, out);
    for (size_t i = 0; i < setting_rows_count; i++) {
        print_row_markdown(&setting_rows[i], true, out);
    }
}
