/* What an export has on disk when it says that it is done, and what it leaves where a sync fails. This file's
 * fsync and rename stand before the C library's. */
#include "test.h"

#include "app/export_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static char
    events[64]; /* in order: f, a file was synced; n, one was named; d, a directory was synced */
static char fails_at; /* the event; 0: none */
static int fails_with;

static int happens(char event)
{
    size_t len = strlen(events);

    if (len + 1 < sizeof(events)) {
        events[len] = event;
    }
    if (event == fails_at) {
        errno = fails_with;
        return -1;
    }
    return 0;
}

int fsync(int fd)
{
    struct stat about;

    assert_int_equal(fstat(fd, &about), 0);
    return happens(S_ISDIR(about.st_mode) ? 'd' : 'f') ? -1 : (int)syscall(SYS_fsync, fd);
}

int rename(const char *from, const char *to)
{
    return happens('n') ? -1 : renameat(AT_FDCWD, from, AT_FDCWD, to);
}

struct place {
    char root[64];
    char file[80];
    char part[96];
};

static int begin(void **state)
{
    static struct place place;
    const char *base = getenv("TMPDIR");

    (void)snprintf(place.root, sizeof(place.root), "%.40s/orgd-XXXXXX", base ? base : "/tmp");
    assert_non_null(mkdtemp(place.root));
    (void)snprintf(place.file, sizeof(place.file), "%s/out", place.root);
    (void)snprintf(place.part, sizeof(place.part), "%s.part", place.file);
    memset(events, 0, sizeof(events));
    fails_at = '\0';
    *state = &place;
    return 0;
}

static int end(void **state)
{
    const struct place *place = *state;

    (void)unlink(place->file);
    return rmdir(place->root); /* fails where a part was left */
}

static enum status export(const struct place *place, struct err *err) {
    struct export_file file; enum status status;

    assert_int_equal(export_file_open(&file, place->file, err), ST_OK);
    assert_int_equal(export_file_write(&file, STR("line\n"), err), ST_OK);
    status = export_file_finish(&file, err);
    export_file_done(&file);
    return status;
}

static void file__is_synced_then_named_and_then_its_directory_is_synced(void **state)
{
    struct err err = { .text = "" };

    assert_int_equal(export(*state, &err), ST_OK);
    assert_string_equal(events, "fnd");
}

static void file__that_cannot_be_synced_gets_no_name(void **state)
{
    const struct place *place = *state;
    struct err err = { .text = "" };

    fails_at = 'f';
    fails_with = EIO;
    assert_int_equal(export(place, &err), ST_BROKEN);
    assert_non_null(strstr(err.text, "cannot sync"));
    assert_int_equal(access(place->file, F_OK), -1);
}

static void file__that_cannot_be_synced_for_want_of_space_says_so(void **state)
{
    struct err err = { .text = "" };

    fails_at = 'f';
    fails_with = ENOSPC;
    assert_int_equal(export(*state, &err), ST_STORAGE_FULL);
}

static void file__that_cannot_be_named_is_no_export(void **state)
{
    const struct place *place = *state;
    struct err err = { .text = "" };

    fails_at = 'n';
    fails_with = EIO;
    assert_int_equal(export(place, &err), ST_BROKEN);
    assert_int_equal(access(place->file, F_OK), -1);
    assert_string_equal(events, "fn");
}

static void name__that_may_not_survive_a_power_cut_is_no_success(void **state)
{
    struct err err = { .text = "" };

    fails_at = 'd';
    fails_with = EIO;
    assert_int_equal(export(*state, &err), ST_BROKEN);
    assert_non_null(strstr(err.text, "cannot sync the directory of"));
}

static void directory__of_a_kind_that_is_never_synced_is_no_failure(void **state)
{
    struct err err = { .text = "" };

    fails_at = 'd';
    fails_with = EINVAL;
    assert_int_equal(export(*state, &err), ST_OK);
}

#define exporting(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        exporting(file__is_synced_then_named_and_then_its_directory_is_synced),
        exporting(file__that_cannot_be_synced_gets_no_name),
        exporting(file__that_cannot_be_synced_for_want_of_space_says_so),
        exporting(file__that_cannot_be_named_is_no_export),
        exporting(name__that_may_not_survive_a_power_cut_is_no_success),
        exporting(directory__of_a_kind_that_is_never_synced_is_no_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
