/* `orgd version`. */
#include "cmd/command.h"

#include "base/buf.h"

int command_version(int argc, char **argv)
{
    struct buf text;
    int code;

    if (argc > 0) {
        return command_refuse_word("unexpected word", argv[0], "Try `orgd version --help`.");
    }
    buf_init(&text, COMMAND_TEXT_BYTES);
    buf_text(&text, "orgd " ORGD_VERSION "\n");
    code = command_print(&text);
    buf_done(&text);
    return code;
}
