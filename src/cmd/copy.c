/* `orgd copy`: its flags, and its summary. */
#include "cmd/command.h"

#include "app/copy.h"
#include "base/buf.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HINT "Try `orgd copy --help`."

/* A flag that takes a value, and where it goes. */
struct flag {
    const char *name;
    const char **value;
};

/* Takes the flag at argv[*at], with its value in the same word or the next one. EXIT_DONE;
 * EXIT_USAGE. */
static int take_flag(int argc, char **argv, int *at, const struct flag flags[], size_t count)
{
    const char *word = argv[*at];

    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(flags[i].name);

        if (strncmp(word, flags[i].name, len) != 0) {
            continue;
        }
        if (word[len] == '=') {
            *flags[i].value = word + len + 1;
            return EXIT_DONE;
        }
        if (word[len] != '\0') {
            continue;
        }
        if (*at + 1 == argc) {
            return command_refuse_word("no value for", word, HINT);
        }
        *flags[i].value = argv[++*at];
        return EXIT_DONE;
    }
    if (strstr(word, "://")) {
        return command_refuse("a URL that belongs to no flag", HINT); /* it may have a password */
    }
    return command_refuse_word("unexpected word", word, HINT);
}

/* The environment's value, where there is no flag's. */
static const char *or_environment(const char *value, const char *name)
{
    const char *other = getenv(name);

    return value || !other || !other[0] ? value : other;
}

static int take_options(int argc, char **argv, struct copy_options *options)
{
    const struct flag flags[] = {
        { "--from", &options->from.where },
        { "--to", &options->to.where },
        { "--from-db", &options->from.database },
        { "--to-db", &options->to.database },
    };

    for (int i = 0; i < argc; i++) {
        int code = EXIT_DONE;

        if (strcmp(argv[i], "--delete") == 0) {
            options->deletes = true;
        } else {
            code = take_flag(argc, argv, &i, flags, sizeof(flags) / sizeof(flags[0]));
        }
        if (code != EXIT_DONE) {
            return code;
        }
    }
    options->from.where = or_environment(options->from.where, "ORGD_COPY_FROM");
    options->to.where = or_environment(options->to.where, "ORGD_COPY_TO");
    if (!options->from.where || !options->to.where) {
        return command_refuse("copy needs --from and --to", HINT);
    }
    return EXIT_DONE;
}

static int print_summary(const struct copy_report *report)
{
    static const char row[] = "%-13s %32" PRId64 " %32" PRId64 "\n"; /* 79 columns */
    const struct copy_side *from = &report->from;
    const struct copy_side *to = &report->to;
    struct buf text;
    int code;

    buf_init(&text, COMMAND_TEXT_BYTES);
    buf_printf(&text, "from  %s\nto    %s\n\n", from->place, to->place);
    buf_printf(&text, "%-13s %32s %32s\n", "", "source", "destination");
    buf_printf(&text, row, "organizations", from->organizations, to->organizations);
    buf_printf(&text, row, "accounts", from->accounts, to->accounts);
    buf_printf(&text, row, "documents", from->documents, to->documents);
    buf_printf(&text, "%-13s %32s %32s\n", "checksum", from->checksum, to->checksum);
    buf_printf(&text, "%-13s %30" PRId64 ".%" PRId64 "\n\n", "seconds", report->took_ms / 1000,
               report->took_ms % 1000 / 100);
    if (report->differing == 0) {
        buf_text(&text, "equal\n");
    } else {
        buf_printf(&text, "different: %" PRId64 " organization%s\n", report->differing,
                   report->differing == 1 ? "" : "s");
    }
    code = command_print(&text);
    buf_done(&text);
    return code;
}

int command_copy(int argc, char **argv)
{
    struct copy_options options = { .deletes = false };
    struct copy_report report;
    struct err err = { .text = "" };
    enum status status;
    int code = take_options(argc, argv, &options);

    if (code != EXIT_DONE) {
        return code;
    }
    status = app_copy(&options, &report, &err);
    if (status == ST_INVALID) {
        return command_refuse(err.text[0] ? err.text : status_detail(status), HINT);
    }
    if (status != ST_OK) {
        (void)fprintf(stderr, "orgd: copy: %s\n", err.text[0] ? err.text : status_detail(status));
        if (status == ST_UNAVAILABLE || status == ST_UNSURE || status == ST_STORAGE_FULL) {
            (void)fputs("What was copied until then stays; the same command again goes on there.\n",
                        stderr);
        }
        return EXIT_FAILED;
    }
    code = print_summary(&report);
    if (report.differing > 0) {
        (void)fputs(
            "Where the source has changed meanwhile, the same command again brings it over; "
            "what was deleted there goes with --delete.\n",
            stderr);
    }
    return code == EXIT_DONE && report.differing > 0 ? EXIT_FAILED : code;
}
