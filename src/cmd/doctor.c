/* `orgd doctor`: the settings, then the report. */
#include "cmd/command.h"

#include "app/doctor.h"
#include "base/buf.h"
#include "config/settings.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REPORT_BYTES ((size_t)256 * 1024 * 1024)

static int report(const struct settings *settings, bool as_json)
{
    struct err err = { .text = "" };
    size_t findings = 0;
    enum status status;
    struct buf text;
    int code;

    (void)signal(SIGPIPE, SIG_IGN); /* a server that left is an error of its own */
    buf_init(&text, REPORT_BYTES);
    status = app_doctor(settings, as_json, &text, &findings, &err);
    if (status == ST_OK) {
        code = command_print(&text);
        code = code == EXIT_DONE && findings > 0 ? EXIT_FAILED : code;
    } else if (status == ST_INVALID) {
        code = command_refuse(err.text, NULL);
    } else {
        (void)fprintf(stderr, "orgd: cannot look through the store: %s\n",
                      err.text[0] ? err.text : status_detail(status));
        code = EXIT_FAILED;
    }
    buf_done(&text);
    return code;
}

int command_doctor(int argc, char **argv)
{
    char **flags = calloc((size_t)argc + 1, sizeof(*flags)); /* what is the settings' */
    struct settings settings;
    struct err err = { .text = "" };
    bool as_json = false;
    int count = 0;
    int code;

    if (!flags) {
        return command_refuse("no memory", NULL);
    }
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            as_json = true;
        } else {
            flags[count++] = argv[i];
        }
    }
    if (settings_load(&settings, count, flags, environ, &err) == ST_OK &&
        settings_check(&settings, &err) == ST_OK) {
        code = report(&settings, as_json);
    } else {
        code = command_refuse(err.text, NULL);
    }
    settings_done(&settings);
    free(flags);
    return code;
}
