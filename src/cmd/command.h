/* The commands, from one table: `orgd serve`, `orgd import`, `orgd export`, `orgd copy`, `orgd doctor`,
 * `orgd config`, `orgd version`. */
#ifndef ORGD_CMD_COMMAND_H
#define ORGD_CMD_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

/* Exit codes. */
#define EXIT_DONE 0
#define EXIT_FAILED 1 /* at run time */
#define EXIT_USAGE 2  /* wrong use or configuration */

/* Longest text that a command prints: the settings' help and tables are some 10 KB. */
#define COMMAND_TEXT_BYTES ((size_t)256 * 1024)

struct command {
    const char *name;
    const char *summary;               /* one line */
    const char *help;                  /* text of `orgd COMMAND --help`, with an example */
    bool takes_settings;               /* the settings' flags follow the help */
    int (*run)(int argc, char **argv); /* the words after the command's name; gives the exit code */
};

/* Finds the command that argv[1] names and runs it; gives the exit code. `--help` or `-h` among the
 * words shows help instead. */
int command_main(int argc, char **argv);

int command_serve(int argc, char **argv);
int command_config(int argc, char **argv);
int command_copy(int argc, char **argv);
int command_doctor(int argc, char **argv);
int command_export(int argc, char **argv);
int command_import(int argc, char **argv);
int command_version(int argc, char **argv);

/* Prints a text to standard output; EXIT_DONE, or EXIT_FAILED and a line on standard error. */
int command_print(const struct buf *text);

/* Prints "orgd: …" and, if there is one, a hint on a line of its own to standard error; gives
 * EXIT_USAGE. */
int command_refuse(const char *what, const char *hint);

/* The same for a word that has no place there: "orgd: WHAT "WORD"". */
int command_refuse_word(const char *what, const char *word, const char *hint);

#endif
