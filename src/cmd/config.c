/* `orgd config`: the settings in force, or the README's table of them. */
#include "cmd/command.h"

#include "base/buf.h"
#include "config/settings.h"

#include <string.h>
#include <unistd.h>

static int print_in_force(int argc, char **argv, struct buf *text)
{
    struct settings settings;
    struct err err = { .text = "" };
    int code;

    if (settings_load(&settings, argc, argv, environ, &err) == ST_OK) {
        settings_print(&settings, text);
        code = command_print(text);
    } else {
        code = command_refuse(err.text, NULL);
    }
    settings_done(&settings);
    return code;
}

int command_config(int argc, char **argv)
{
    struct buf text;
    int code;

    buf_init(&text, COMMAND_TEXT_BYTES);
    if (argc == 1 && strcmp(argv[0], "--markdown") == 0) {
        settings_print_markdown(&text);
        code = command_print(&text);
    } else {
        code = print_in_force(argc, argv, &text);
    }
    buf_done(&text);
    return code;
}
