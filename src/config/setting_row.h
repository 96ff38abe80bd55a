/*
 * One setting: its row in the table (setting_table.c), and what can be said of one value.
 * Private to src/config and its tests; everybody else includes config/settings.h.
 *
 * To add a setting: a member in struct settings, a row in setting_table.c. Nothing else.
 */
#ifndef ORGD_CONFIG_SETTING_ROW_H
#define ORGD_CONFIG_SETTING_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct settings;

#define SETTING_CHOICES 4
#define SETTING_ADDRESSES_MAX 16

enum setting_type {
    SETTING_TEXT,      /* min to max bytes, no control characters, none of refused */
    SETTING_NUMBER,    /* a decimal integer from min to max; int64_t in struct settings */
    SETTING_CHOICE,    /* one of choices */
    SETTING_ADDRESSES, /* 1 to 16, comma-separated */
    SETTING_SECRET,    /* min to max bytes, any; never shown */
    SETTING_MONGO_URL, /* empty, or mongodb:// or mongodb+srv:// and more, which isn't shown */
};

struct setting_row {
    const char *key;         /* in the file, in errors and in `orgd config` */
    const char *environment; /* variable's name */
    const char *flag;        /* with its two dashes */
    enum setting_type type;
    size_t offset; /* of the member of struct settings */
    int64_t min;
    int64_t max;
    const char *choices[SETTING_CHOICES + 1]; /* ends in NULL */
    const char *refused;                      /* characters that a text may not hold; NULL: none */
    const char *standard;      /* the default, as it would be written; NULL: see standard_help */
    const char *standard_help; /* how a default that depends on other settings comes about */
    bool reloads;              /* may change at SIGHUP */
    const char *help;          /* a sentence or two */
};

extern const struct setting_row setting_rows[];
extern const size_t setting_rows_count;

/* --config and ORGD_CONFIG: where the file is. No key of the file, no member of struct settings. */
extern const struct setting_row setting_config_row;

/* The row's place in settings: a text (owned by the struct), or a number. */
char **setting_text(const struct setting_row *row, struct settings *settings);
int64_t *setting_number(const struct setting_row *row, struct settings *settings);

/* Whether text is a value that the row allows. ret_number: of a SETTING_NUMBER only. */
bool setting_judge(const struct setting_row *row, const char *text, int64_t *ret_number);

/* Appends what is allowed, as the end of a sentence: "an integer from 1 to 1024". */
void setting_print_allowed(const struct setting_row *row, struct buf *out);

/* Appends a value for people: masked where it is a secret, else as setting_print_clean has it. */
void setting_print_value(const struct setting_row *row, const char *text, size_t max_bytes,
                         struct buf *out);

/* Appends text on one line: '?' for control characters and for bytes that aren't UTF-8, cut with an
 * ellipsis behind max_bytes. Returns the columns it takes, one for each code point. */
size_t setting_print_clean(const char *text, size_t max_bytes, struct buf *out);

#endif
