/* Which word is the file. */
#include "cmd/file_flags.h"

#include "cmd/command.h"
#include "config/settings.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Every flag of a setting takes a value, in the same word or in the next one. */
static bool takes_next(const char *word)
{
    return strncmp(word, "--", 2) == 0 && !strchr(word, '=');
}

static int read_with(int argc, char **argv, char **flags, const char *hint, const char **ret_path,
                     struct settings *settings)
{
    const char *path = NULL;
    struct err err = { .text = "" };
    int count = 0;

    for (int i = 0; i < argc; i++) {
        bool is_flag = argv[i][0] == '-' && argv[i][1] != '\0';

        if (!is_flag && path) {
            return command_refuse_word("one file at a time; unexpected word", argv[i], hint);
        }
        if (!is_flag) {
            path = argv[i];
            continue;
        }
        flags[count++] = argv[i];
        if (takes_next(argv[i]) && i + 1 < argc) {
            flags[count++] = argv[++i];
        }
    }
    if (settings_load(settings, count, flags, environ, &err) != ST_OK ||
        settings_check(settings, &err) != ST_OK) {
        return command_refuse(err.text, NULL);
    }
    if (!path) {
        return command_refuse("no file is named (\"-\" is standard input or output)", hint);
    }
    *ret_path = path;
    return EXIT_DONE;
}

int file_flags_read(int argc, char **argv, const char *hint, const char **ret_path,
                    struct settings *settings)
{
    char **flags = calloc((size_t)argc + 1, sizeof(*flags));
    int code;

    *settings = (struct settings){ .sources = NULL };
    if (!flags) {
        return command_refuse("no memory", NULL);
    }
    code = read_with(argc, argv, flags, hint, ret_path, settings);
    free(flags);
    return code;
}
