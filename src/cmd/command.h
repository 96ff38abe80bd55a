/* The commands, from one table: `orgd serve`, `orgd config`, `orgd version`. */
#ifndef ORGD_CMD_COMMAND_H
#define ORGD_CMD_COMMAND_H

/* Exit codes. */
#define EXIT_DONE 0
#define EXIT_FAILED 1 /* at run time */
#define EXIT_USAGE 2  /* wrong use or configuration */

struct command {
    const char *name;
    const char *summary;               /* one line */
    const char *help;                  /* whole text of `orgd COMMAND --help`, with an example */
    int (*run)(int argc, char **argv); /* the words after the command's name; gives the exit code */
};

/* Finds the command that argv[1] names and runs it; gives the exit code. */
int command_main(int argc, char **argv);

int command_serve(int argc, char **argv);
int command_config(int argc, char **argv);
int command_version(int argc, char **argv);

#endif
