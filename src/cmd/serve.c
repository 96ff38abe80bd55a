/* `orgd serve`: the settings, then the app until it has stopped. */
#include "cmd/command.h"

#include "app/app.h"
#include "base/log.h"
#include "config/settings.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#define SECRET_BYTES_MIN 32 /* what HS256 asks for: as long as its hash */

static void warn_of_short_secret(const struct settings *settings)
{
    size_t len = strlen(settings->jwt_secret);

    if (len > 0 && len < SECRET_BYTES_MIN) {
        log_line(LOG_WARN, "jwt_secret is short and can be guessed", LOG_INT("bytes", (int64_t)len),
                 LOG_INT("advised_bytes", SECRET_BYTES_MIN));
    }
}

static int serve(struct settings *settings)
{
    enum log_level level = LOG_INFO;
    struct err err = { .text = "" };
    enum status status;

    if (log_level_find(settings->log_level, &level)) {
        log_set_level(level);
    }
    (void)signal(SIGPIPE, SIG_IGN); /* a client that left is a write's error, not our end */
    warn_of_short_secret(settings);
    status = app_serve(settings, &err);
    if (status == ST_OK) {
        return EXIT_DONE;
    }
    if (status == ST_INVALID) {
        return command_refuse(err.text[0] ? err.text : status_detail(status), NULL);
    }
    log_line(LOG_ERROR, "cannot serve", LOG_TEXT("code", status_code(status)),
             LOG_TEXT("reason", err.text[0] ? err.text : status_detail(status)));
    return EXIT_FAILED;
}

int command_serve(int argc, char **argv)
{
    struct settings settings;
    struct err err = { .text = "" };
    int code;

    if (settings_load(&settings, argc, argv, environ, &err) == ST_OK &&
        settings_check(&settings, &err) == ST_OK) {
        code = serve(&settings);
    } else {
        code = command_refuse(err.text, NULL);
    }
    settings_done(&settings);
    return code;
}
