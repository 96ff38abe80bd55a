/* Settings from their four sources: each value belongs to the strongest one that gives it. */
#include "config/settings.h"

#include "base/buf.h"
#include "config/settings_sources.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* With these the longest refusal still fits a struct err. */
#define VALUE_SHOWN_BYTES 64
#define PATH_SHOWN_BYTES 140

static void *checked(void *memory)
{
    if (!memory) {
        (void)fputs("level=error msg=\"out of memory\"\n", stderr);
        abort();
    }
    return memory;
}

char *settings_copy(const char *text)
{
    return checked(strdup(text));
}

void *settings_alloc(size_t bytes)
{
    return checked(calloc(1, bytes));
}

void source_print(const struct setting_row *row, struct source source, const char *file,
                  size_t max_bytes, struct buf *out)
{
    switch (source.kind) {
    case SOURCE_DEFAULT:
        buf_text(out, "default");
        return;
    case SOURCE_FILE:
        buf_text(out, "file ");
        (void)setting_print_clean(file, max_bytes, out);
        buf_printf(out, " line %d", source.line);
        return;
    case SOURCE_ENVIRONMENT:
        buf_printf(out, "environment %s", row->environment);
        return;
    case SOURCE_FLAG:
        buf_printf(out, "flag %s", row->flag);
        return;
    }
}

enum status setting_refuse(const struct setting_row *row, const char *text, struct source source,
                           const char *file, const char *what, const char *allowed, struct err *err)
{
    bool is_path = row == &setting_config_row;
    struct buf line;

    buf_init(&line, 2 * sizeof(err->text));
    buf_printf(&line, "%s: \"", row->key);
    setting_print_value(row, text, is_path ? PATH_SHOWN_BYTES : VALUE_SHOWN_BYTES, &line);
    buf_text(&line, "\" (");
    source_print(row, source, file, PATH_SHOWN_BYTES, &line);
    buf_printf(&line, ") %s; allowed: %s", what, allowed ? allowed : "");
    if (!allowed) {
        setting_print_allowed(row, &line);
    }
    (void)err_set(err, ST_INVALID, "%.*s", STR_ARG(buf_view(&line)));
    buf_done(&line);
    return ST_INVALID;
}

/* Looks up a variable in an environ; NULL where it isn't set or is empty. */
static const char *environment_find(char *const *environment, const char *name)
{
    size_t len = strlen(name);

    for (; *environment; environment++) {
        if (strncmp(*environment, name, len) == 0 && (*environment)[len] == '=') {
            const char *value = *environment + len + 1;

            return value[0] ? value : NULL;
        }
    }
    return NULL;
}

/* The place of a flag's value: config, or one of given; NULL for an unknown flag. */
static struct given *flag_find(struct str flag, struct given *config, struct given *given)
{
    if (str_is(flag, setting_config_row.flag)) {
        return config;
    }
    for (size_t i = 0; i < setting_rows_count; i++) {
        if (str_is(flag, setting_rows[i].flag)) {
            return &given[i];
        }
    }
    return NULL;
}

/* A word that is no known flag; what follows a '=' may be a secret and is not shown. */
static enum status refuse_word(struct str word, struct err *err)
{
    char name[VALUE_SHOWN_BYTES + 1];
    struct buf shown;

    (void)snprintf(name, sizeof(name), "%.*s", STR_ARG(word));
    buf_init(&shown, sizeof(err->text));
    (void)setting_print_clean(name, sizeof(name), &shown);
    (void)err_set(err, ST_INVALID,
                  "unknown flag \"%.*s\"; allowed: --config and the flags of `orgd "
                  "serve --help`",
                  STR_ARG(buf_view(&shown)));
    buf_done(&shown);
    return ST_INVALID;
}

static enum status read_flags(int argc, char *const *argv, struct given *config,
                              struct given *given, struct err *err)
{
    for (int i = 0; i < argc; i++) {
        const char *word = argv[i];
        const char *equals = strchrnul(word, '=');
        struct str flag = { .ptr = word, .len = (size_t)(equals - word) };
        struct given *place = flag_find(flag, config, given);
        const char *value;

        if (!place) {
            return refuse_word(flag, err);
        }
        if (*equals == '=') {
            value = equals + 1;
        } else if (i + 1 < argc && strncmp(argv[i + 1], "--", 2) != 0) {
            value = argv[++i];
        } else {
            return err_set(err, ST_INVALID, "flag %s has no value; allowed: %s VALUE or %s=VALUE",
                           word, word, word);
        }
        free(place->text);
        *place = (struct given){ .text = settings_copy(value), .source = { .kind = SOURCE_FLAG } };
    }
    return ST_OK;
}

static void read_environment(const struct setting_row *row, char *const *environment,
                             struct given *place)
{
    const char *value = environment_find(environment, row->environment);

    if (!place->text && value) {
        *place = (struct given){
            .text = settings_copy(value),
            .source = { .kind = SOURCE_ENVIRONMENT },
        };
    }
}

/* From the strongest source to the weakest: none touches what one before it gave. */
static enum status read_sources(struct settings_sources *sources, struct given *given,
                                struct err *err)
{
    struct given config = { .text = NULL };
    enum status status;

    status = read_flags(sources->argc, sources->argv, &config, given, err);
    if (status == ST_OK) {
        read_environment(&setting_config_row, sources->environment, &config);
        for (size_t i = 0; i < setting_rows_count; i++) {
            read_environment(&setting_rows[i], sources->environment, &given[i]);
        }
    }
    if (status == ST_OK && config.text) {
        if (setting_judge(&setting_config_row, config.text, NULL)) {
            status = settings_file_read(config.text, config.source, given, err);
        } else {
            status = setting_refuse(&setting_config_row, config.text, config.source, NULL,
                                    "is no path", NULL, err);
        }
        sources->file = config.text;
    } else {
        free(config.text);
    }
    return status;
}

/* Addresses are kept without the blanks around their commas. */
static void drop_blanks(char *text)
{
    size_t kept = 0;

    for (size_t i = 0; text[i] != '\0'; i++) {
        if (text[i] != ' ' && text[i] != '\t') {
            text[kept++] = text[i];
        }
    }
    text[kept] = '\0';
}

/* Judges what a row was given, or its default, and stores it. */
static enum status take_value(struct settings *settings, const struct setting_row *row,
                              const struct given *given, struct err *err)
{
    const char *text = given->text ? given->text : row->standard;
    int64_t number = 0;

    if (!text) {
        return ST_OK; /* depends on others: settings_load */
    }
    if (!setting_judge(row, text, &number)) {
        return setting_refuse(row, text, given->source, settings->sources->file, "is not allowed",
                              NULL, err);
    }
    if (row->type == SETTING_NUMBER) {
        *setting_number(row, settings) = number;
        return ST_OK;
    }
    *setting_text(row, settings) = settings_copy(text);
    if (row->type == SETTING_ADDRESSES) {
        drop_blanks(*setting_text(row, settings));
    }
    return ST_OK;
}

enum status settings_load(struct settings *settings, int argc, char *const *argv,
                          char *const *environment, struct err *err)
{
    struct settings_sources *sources =
        settings_alloc(sizeof(*sources) + setting_rows_count * sizeof(sources->rows[0]));
    struct given *given = settings_alloc(setting_rows_count * sizeof(*given));
    enum status status;

    *settings = (struct settings){ .sources = sources };
    sources->argc = argc;
    sources->argv = argv;
    sources->environment = environment;
    status = read_sources(sources, given, err);
    for (size_t i = 0; i < setting_rows_count; i++) {
        sources->rows[i] = given[i].source;
        if (status == ST_OK) {
            status = take_value(settings, &setting_rows[i], &given[i], err);
        }
        free(given[i].text);
    }
    free(given);
    if (status == ST_OK && !settings->store) {
        assert(settings->mongo_url); /* its row has a default */
        settings->store = settings_copy(settings->mongo_url[0] ? "mongodb" : "sqlite");
    }
    return status;
}

enum status settings_check(const struct settings *settings, struct err *err)
{
    const struct settings_sources *sources = settings->sources;
    size_t store = 0;

    if (settings->mongo_url[0] != '\0' || strcmp(settings->store, "mongodb") != 0) {
        return ST_OK;
    }
    while (setting_rows[store].offset != offsetof(struct settings, store)) {
        store++;
    }
    return setting_refuse(&setting_rows[store], settings->store, sources->rows[store],
                          sources->file, "needs mongo_url, which is not set",
                          "sqlite, or mongodb with mongo_url", err);
}

void settings_done(struct settings *settings)
{
    if (!settings) {
        return;
    }
    for (size_t i = 0; i < setting_rows_count; i++) {
        if (setting_rows[i].type != SETTING_NUMBER) {
            free(*setting_text(&setting_rows[i], settings));
        }
    }
    if (settings->sources) {
        free(settings->sources->file);
        free(settings->sources);
    }
    *settings = (struct settings){ .sources = NULL };
}

/* Takes over one row's value; whether it is another one. */
static bool take_over(const struct setting_row *row, struct settings *settings,
                      struct settings *fresh)
{
    if (row->type == SETTING_NUMBER) {
        int64_t old = *setting_number(row, settings);

        *setting_number(row, settings) = *setting_number(row, fresh);
        return old != *setting_number(row, settings);
    }
    char *old = *setting_text(row, settings);

    *setting_text(row, settings) = *setting_text(row, fresh);
    *setting_text(row, fresh) = old; /* freed with fresh */
    return strcmp(old, *setting_text(row, settings)) != 0;
}

enum status settings_reload(struct settings *settings, size_t *ret_changed, struct err *err)
{
    struct settings_sources *sources = settings->sources;
    struct settings fresh;
    enum status status =
        settings_load(&fresh, sources->argc, sources->argv, sources->environment, err);

    if (status == ST_OK) {
        *ret_changed = 0;
        for (size_t i = 0; i < setting_rows_count; i++) {
            if (setting_rows[i].reloads) {
                *ret_changed += take_over(&setting_rows[i], settings, &fresh);
                sources->rows[i] = fresh.sources->rows[i];
            }
        }
    }
    settings_done(&fresh);
    return status;
}
