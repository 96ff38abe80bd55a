/*
 * Runs a fuzz entry over the files named on the command line (of a folder: every file in it), so
 * that a corpus is replayed by builds that have no fuzzer. Link it with one fuzz_*.c.
 * Exit: 0 all ran; 1 a file could not be read, or none was named. An entry that finds a fault
 * aborts.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX_BYTES ((size_t)1024 * 1024) /* a larger file is cut there */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool complain(const char *path)
{
    (void)fprintf(stderr, "replay: %s: %s\n", path, strerror(errno));
    return false;
}

static bool replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data;
    size_t size;
    bool readable;

    if (!file) {
        return complain(path);
    }
    data = malloc(FILE_MAX_BYTES);
    if (!data) {
        (void)fclose(file);
        return complain(path);
    }
    size = fread(data, 1, FILE_MAX_BYTES, file);
    readable = !ferror(file) || complain(path);
    (void)fclose(file);
    if (readable) {
        /* Exactly as large as the input, so that the sanitizer sees a read beyond its end. */
        uint8_t *exact = malloc(size > 0 ? size : 1);

        readable = exact || complain(path);
        if (exact) {
            memcpy(exact, data, size);
            (void)fprintf(stderr, "replay: %s\n", path);
            (void)LLVMFuzzerTestOneInput(exact, size);
            free(exact);
        }
    }
    free(data);
    return readable;
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static bool replay_folder(const char *path, struct dirent **entries, int count)
{
    bool good = true;

    for (int i = 0; i < count; i++) {
        char *file = NULL;

        if (asprintf(&file, "%s/%s", path, entries[i]->d_name) < 0) {
            good = complain(path);
        } else {
            good = replay_file(file) && good;
            free(file);
        }
        free(entries[i]);
    }
    free(entries);
    return good;
}

int main(int argc, char **argv)
{
    bool good = argc > 1;

    if (!good) {
        (void)fprintf(stderr, "usage: %s FILE-OR-FOLDER...\n", argc > 0 ? argv[0] : "replay");
    }
    for (int i = 1; i < argc; i++) {
        struct dirent **entries;
        int count = scandir(argv[i], &entries, is_visible, alphasort);

        if (count >= 0) {
            good = replay_folder(argv[i], entries, count) && good;
        } else if (errno == ENOTDIR) {
            good = replay_file(argv[i]) && good;
        } else {
            good = complain(argv[i]);
        }
    }
    return good ? 0 : 1;
}
