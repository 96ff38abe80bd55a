/* The table of commands, and the help that comes from it. */
#include "cmd/command.h"

#include "base/buf.h"
#include "base/str.h"
#include "config/settings.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define WORD_SHOWN_BYTES 64

static const char serve_help[] =
    "usage: orgd serve [FLAG VALUE]...\n"
    "\n"
    "Serves the API until SIGTERM or SIGINT, then answers what was sent and stops.\n"
    "SIGHUP reads the settings again and takes over those that may change while running.\n"
    "\n"
    "example:\n"
    "  orgd serve --listen '127.0.0.1:8000,[::1]:8000' --data ./orgd-data\n"
    "\n"
    "A setting is taken from its flag, else its environment variable, else its line\n"
    "`key = value` in the configuration file (the key is the flag's name with _ for -),\n"
    "else its default. `orgd config` with the same flags shows what comes of that.\n"
    "Flags can be seen by other users of the machine: give secrets in one of the other ways.\n"
    "\n"
    "flags:\n";

static const char config_help[] =
    "usage: orgd config [FLAG VALUE]...\n"
    "       orgd config --markdown\n"
    "\n"
    "Prints each setting, the value in force and where it came from, secrets masked, as\n"
    "`orgd serve` with the same flags, environment and file would have them.\n"
    "With --markdown: the README's table of all settings.\n"
    "\n"
    "example:\n"
    "  ORGD_LOG_LEVEL=debug orgd config --config /etc/orgd.conf --listen 127.0.0.1:0\n"
    "\n"
    "flags:\n";

static const char doctor_help[] =
    "usage: orgd doctor [--json] [FLAG VALUE]...\n"
    "\n"
    "Looks through the store for what only an operator can decide or put right: two\n"
    "organizations that share a collection or a name, two accounts with one address, an\n"
    "organization without an administrator, collections that are nobody's, missing indexes.\n"
    "Names each case and what to do (commands are for mongosh), and changes nothing. It may\n"
    "run beside servers, and before the first one on a database of another program.\n"
    "\n"
    "Exit code 0: all is well; 1: there are findings, or the store can't be looked through\n"
    "(then nothing is on standard output); 2: wrong use.\n"
    "\n"
    "--json: one JSON object for machines.\n"
    "\n"
    "example:\n"
    "  MONGO_URL=mongodb://localhost:27017 orgd doctor\n"
    "\n"
    "flags:\n";

static const char copy_help[] =
    "usage: orgd copy --from PLACE --to PLACE [--from-db NAME] [--to-db NAME] [--delete]\n"
    "\n"
    "Copies everything of one store into another, and compares both: organizations with their\n"
    "ids, names, slugs and times, administrators with their password hashes, documents, and\n"
    "the secrets that tokens are made with, so that a token of the one is good on the other.\n"
    "A PLACE is the directory of an embedded store, or a URL that begins with mongodb:// or\n"
    "mongodb+srv://. A URL's path names the database, or --from-db and --to-db do; else it is\n"
    "master_db.\n"
    "\n"
    "The source may be served meanwhile; of a directory nothing but reading is done, a\n"
    "database is opened as `orgd serve` does it, which brings a seed's database into shape.\n"
    "What changes at the source after it was copied is found by the comparison: the same\n"
    "command again brings it up to date. So does it where a copy was interrupted (Ctrl-C, a\n"
    "kill, a lost server): what is equal already isn't copied again. The last run is best\n"
    "made with the source's servers stopped.\n"
    "\n"
    "The destination is empty, or was filled by earlier copies of this source: one with\n"
    "secrets of its own or with organizations that the source lacks is refused before anything\n"
    "is changed. Where organizations or documents were deleted at the source since the last\n"
    "run, they stay at the destination and count as a difference; --delete removes them.\n"
    "Where the servers get JWT_SECRET from outside, give the new ones the same.\n"
    "\n"
    "Standard error shows the progress, and names what differs; standard output has the\n"
    "summary. Exit code 0: both stores hold the same; 1: they don't, or the copy failed;\n"
    "2: wrong use.\n"
    "\n"
    "Other users of the machine can see flags: a URL with a password is better given in the\n"
    "environment, as ORGD_COPY_FROM or ORGD_COPY_TO in the place of --from or --to.\n"
    "\n"
    "example:\n"
    "  orgd copy --from ./orgd-data --to mongodb://localhost:27017\n";

static const char import_help[] =
    "usage: orgd import FILE [FLAG VALUE]...\n"
    "\n"
    "Reads organizations, their administrators and documents into the store: one JSON object\n"
    "on each line of FILE (- is standard input).\n"
    "\n"
    "  {\"organization_name\":\"Acme\",\"email\":\"ada@acme.example\",\"password\":\"correct "
    "horse\"}\n"
    "  {\"document\":{\"_id\":\"invoice-1\",\"total\":12.5}}\n"
    "  {\"organization_name\":\"Beta\",\"admins\":[{\"email\":\"bo@beta.example\",\n"
    "   \"password_hash\":\"$2b$12$...\"}],\"documents\":[{\"n\":1},{\"n\":2}]}   (on one line)\n"
    "  {\"organization_name\":\"Acme\",\"document\":{\"_id\":\"invoice-2\",\"total\":8}}\n"
    "\n"
    "A document belongs to the organization that its line names by organization_name or\n"
    "organization_id, else to the one above. An organization may have id, slug, created_at and\n"
    "updated_at; an administrator also id, role, password_version. What is left out is made.\n"
    "Plain passwords are hashed, on all cores; hashes may be Argon2, bcrypt or PBKDF2.\n"
    "\n"
    "An organization with an id that is there is brought up to date. One without an id whose\n"
    "name is there, with the same administrators, stays as it is. Any other clash of names or\n"
    "addresses is named and left out, as is each line that breaks a rule, and the rest goes in:\n"
    "so the same file may be imported again, after an interruption or a correction.\n"
    "\n"
    "The server must not run on the same directory; beside servers on MongoDB it may.\n"
    "Standard error shows the progress and the lines that were refused; standard output has\n"
    "the summary. Exit code 0: all of it went in; 1: not all; 2: wrong use.\n"
    "\n"
    "example:\n"
    "  orgd import customers.ndjson --data ./orgd-data\n"
    "\n"
    "flags:\n";

static const char export_help[] =
    "usage: orgd export FILE [FLAG VALUE]...\n"
    "\n"
    "Writes the organizations of the store with their administrators, password hashes and\n"
    "documents to FILE (- is standard output), as `orgd import` reads them: an organization's\n"
    "line, then one for each of its documents. FILE is there once it is whole; it has hashes in\n"
    "it, and nobody else may read it (mode 0600).\n"
    "\n"
    "A server may run meanwhile. The secret that tokens are made with is not part of it; to\n"
    "move a whole store, `orgd copy` is better.\n"
    "\n"
    "Standard error shows the progress and the summary. Exit code 0: all of it was written;\n"
    "1: it was not; 2: wrong use.\n"
    "\n"
    "example:\n"
    "  orgd export - --data ./orgd-data | gzip >customers.ndjson.gz\n"
    "\n"
    "flags:\n";

static const char version_help[] = "usage: orgd version\n"
                                   "\n"
                                   "Prints the program's name and version.\n"
                                   "\n"
                                   "example:\n"
                                   "  $ orgd version\n"
                                   "  orgd " ORGD_VERSION "\n";

static const struct command commands[] = {
    {
        .name = "serve",
        .summary = "serve the API",
        .help = serve_help,
        .takes_settings = true,
        .run = command_serve,
    },
    {
        .name = "config",
        .summary = "print the settings in force and where each came from",
        .help = config_help,
        .takes_settings = true,
        .run = command_config,
    },
    {
        .name = "copy",
        .summary = "copy everything from one store to another",
        .help = copy_help,
        .run = command_copy,
    },
    {
        .name = "doctor",
        .summary = "look through the store for what needs a decision",
        .help = doctor_help,
        .takes_settings = true,
        .run = command_doctor,
    },
    {
        .name = "import",
        .summary = "read organizations and documents from a file",
        .help = import_help,
        .takes_settings = true,
        .run = command_import,
    },
    {
        .name = "export",
        .summary = "write organizations and documents to a file",
        .help = export_help,
        .takes_settings = true,
        .run = command_export,
    },
    {
        .name = "version",
        .summary = "print the version",
        .help = version_help,
        .run = command_version,
    },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

int command_print(const struct buf *text)
{
    if (buf_overflowed(text) || fwrite(text->ptr, 1, text->len, stdout) != text->len ||
        fflush(stdout) != 0) {
        (void)fprintf(stderr, "orgd: cannot write to standard output: %s\n", strerror(errno));
        return EXIT_FAILED;
    }
    return EXIT_DONE;
}

int command_refuse(const char *what, const char *hint)
{
    (void)fprintf(stderr, "orgd: %s\n", what);
    if (hint) {
        (void)fprintf(stderr, "%s\n", hint);
    }
    return EXIT_USAGE;
}

int command_refuse_word(const char *what, const char *word, const char *hint)
{
    char text[2 * WORD_SHOWN_BYTES];

    (void)snprintf(text, sizeof(text), "%s \"%.*s\"", what, WORD_SHOWN_BYTES, word);
    for (char *c = text; *c; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7F) {
            *c = '?';
        }
    }
    return command_refuse(text, hint);
}

static bool is_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static int print_commands(void)
{
    struct buf text;
    int code;

    buf_init(&text, COMMAND_TEXT_BYTES);
    buf_text(&text, "usage: orgd COMMAND [FLAG VALUE]...\n"
                    "\n"
                    "Organizations, their administrators and their documents behind a JSON API.\n"
                    "\n"
                    "commands:\n");
    for (size_t i = 0; i < COMMANDS; i++) {
        buf_printf(&text, "  %-9s%s\n", commands[i].name, commands[i].summary);
    }
    buf_text(&text, "\n"
                    "`orgd COMMAND --help` explains one of them.\n"
                    "\n"
                    "example:\n"
                    "  orgd serve --listen 127.0.0.1:8000 --data ./orgd-data\n");
    code = command_print(&text);
    buf_done(&text);
    return code;
}

static int print_help(const struct command *command)
{
    struct buf text;
    int code;

    buf_init(&text, COMMAND_TEXT_BYTES);
    buf_text(&text, command->help);
    if (command->takes_settings) {
        settings_print_help(&text);
    }
    code = command_print(&text);
    buf_done(&text);
    return code;
}

static int run_command(const struct command *command, int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        if (is_help(argv[i])) {
            return print_help(command);
        }
    }
    return command->run(argc, argv);
}

int command_main(int argc, char **argv)
{
    if (argc < 2) {
        return command_refuse("no command", "Try `orgd --help`.");
    }
    if (is_help(argv[1])) {
        return print_commands();
    }
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            return run_command(&commands[i], argc - 2, argv + 2);
        }
    }
    return command_refuse_word("unknown command", argv[1], "Try `orgd --help`.");
}
