/* The words of `orgd import` and `orgd export`: one file among the settings' flags. */
#ifndef ORGD_CMD_FILE_FLAGS_H
#define ORGD_CMD_FILE_FLAGS_H

struct settings;

/*
 * Takes the file out of the words and reads the settings from the rest. settings is to be done with in
 * either case. Gives EXIT_DONE, or EXIT_USAGE with a line on standard error. ret_path: one of argv.
 */
int file_flags_read(int argc, char **argv, const char *hint, const char **ret_path,
                    struct settings *settings);

#endif
