/* The threads of an import beside a store that takes its time, and what its calls ask for. What goes in is
 * test/blackbox/test_import.py's. */
#include "test.h"

#include "app/import_work.h"
#include "base/clock.h"
#include "base/thread.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define HASH "$2b$04$GhvMmNVjRW29ulnudl.LbuAnUtN/LRfe1JsBm1Xu6LE3059z5Tr8m"
#define JUDGES 2
#define STILL_MS 300 /* how long whoever doesn't wait has for going on */
#define PATIENCE_MS 60000

/* A store that lets the first documents wait until so much is under way, and nobody goes on. */
struct slow_store {
    struct store store;
    struct import *import;
    int64_t deadline_ms; /* of the last call */
    size_t text_least;   /* that is waited for */
    size_t values_least;
    uint64_t read_least;
    bool has_waited;
    size_t text_bytes; /* what was under way then */
    size_t values_bytes;
    uint64_t read_count;
};

static void wait_until_still(struct slow_store *slow)
{
    struct timespec pause = { .tv_nsec = 10000000 };
    struct import *import = slow->import;
    int64_t end_ms = clock_monotonic_ms() + PATIENCE_MS;
    int64_t moved_ms = clock_monotonic_ms();

    while (clock_monotonic_ms() < moved_ms + STILL_MS && clock_monotonic_ms() < end_ms) {
        size_t text;
        size_t values;

        (void)nanosleep(&pause, NULL);
        (void)pthread_mutex_lock(&import->mutex);
        text = import->text_bytes;
        values = import->values_bytes;
        slow->read_count = import->read_count;
        (void)pthread_mutex_unlock(&import->mutex);
        if (text != slow->text_bytes || values != slow->values_bytes) {
            moved_ms = clock_monotonic_ms();
        }
        if (text < slow->text_least || values < slow->values_least ||
            slow->read_count < slow->read_least) {
            moved_ms = clock_monotonic_ms();
        }
        slow->text_bytes = text;
        slow->values_bytes = values;
    }
}

static enum status slow_create(struct store *store, const struct call *call,
                               struct tenant_creation creations[], size_t count)
{
    struct slow_store *slow = (struct slow_store *)store;

    slow->deadline_ms = call->deadline_ms;
    for (size_t i = 0; i < count; i++) {
        creations[i].status = ST_OK;
    }
    return ST_OK;
}

static enum status slow_put(struct store *store, const struct call *call,
                            struct document_lot lots[], size_t count)
{
    struct slow_store *slow = (struct slow_store *)store;

    (void)call;
    if (!slow->has_waited) {
        slow->has_waited = true;
        wait_until_still(slow);
    }
    for (size_t i = 0; i < count; i++) {
        lots[i].status = ST_OK;
    }
    return ST_OK;
}

static enum status slow_by_id(struct store *store, const struct call *call, const struct oid *id,
                              struct organization *ret_organization)
{
    struct slow_store *slow = (struct slow_store *)store;

    (void)id;
    (void)ret_organization;
    slow->deadline_ms = call->deadline_ms;
    return ST_NAME_TAKEN; /* refused: enough of it was seen */
}

static const struct store_ops slow_ops = {
    .name = "slow",
    .tenants_create = slow_create,
    .document_lots_put = slow_put,
    .organization_by_id = slow_by_id,
};

static void begin(struct import *import, struct slow_store *slow)
{
    *slow = (struct slow_store){ .store = { .ops = &slow_ops }, .import = import };
    *import = (struct import){ .store = &slow->store,
                               .large = PTHREAD_MUTEX_INITIALIZER,
                               .mutex = PTHREAD_MUTEX_INITIALIZER,
                               .fd = memfd_create("lines", MFD_CLOEXEC) };
    import->rules = (struct import_rules){ .password_min_bytes = 8,
                                           .document_max_bytes = (size_t)1 << 20,
                                           .large = &import->large,
                                           .is_stopping = &import->is_stopping };
    import->chunks = calloc(IMPORT_CHUNKS, sizeof(*import->chunks));
    assert_non_null(import->chunks);
    for (size_t i = 0; i < IMPORT_CHUNKS; i++) {
        buf_init(&import->chunks[i].text, SIZE_MAX);
    }
    condition_init(&import->changed);
    buf_init(&import->said, (size_t)1 << 20);
    arena_init(&import->words, (size_t)1 << 20);
    assert_int_equal(executor_new("judge", JUDGES, IMPORT_CHUNKS, 0, &import->judges, NULL), ST_OK);
    assert_int_equal(executor_new("call", 1, 100, 0, &import->callers, NULL), ST_OK);
}

static void end(struct import *import)
{
    executor_free(import->judges);
    executor_free(import->callers);
    for (size_t i = 0; i < IMPORT_CHUNKS; i++) {
        arena_done(&import->chunks[i].mem);
        buf_done(&import->chunks[i].text);
    }
    free(import->chunks);
    arena_done(&import->words);
    buf_done(&import->said);
    (void)close(import->fd);
}

static void run(struct import *import)
{
    pthread_t reader;
    pthread_t committer;

    assert_int_equal(lseek(import->fd, 0, SEEK_SET), 0);
    assert_int_equal(thread_start("reader", import_read, import, &reader, NULL), ST_OK);
    assert_int_equal(thread_start("committer", import_commit, import, &committer, NULL), ST_OK);
    (void)pthread_join(committer, NULL);
    (void)pthread_join(reader, NULL);
    assert_int_equal(import->failure, ST_OK);
    assert_int_equal(import->report.refused, 0);
}

/* A line for an organization with so many times the same document. */
static void write_line(struct import *import, int number, const char *document, int count)
{
    (void)dprintf(import->fd,
                  "{\"organization_name\":\"Org %d\",\"email\":\"o%d@example.com\","
                  "\"password_hash\":\"" HASH "\",\"documents\":[",
                  number, number);
    for (int i = 0; i < count; i++) {
        (void)dprintf(import->fd, "%s%s", i > 0 ? "," : "", document);
    }
    assert_int_equal(write(import->fd, "]}\n", 3), 3);
}

#define LINES 24
#define DOCUMENTS 80000

/* Judged, such a line is some eight megabytes. */
TEST(values__of_lines_that_wait_for_the_store_have_a_bound)
{
    struct slow_store slow;
    struct import import;

    begin(&import, &slow);
    slow.values_least = IMPORT_VALUES_BYTES;
    for (int n = 0; n < LINES; n++) {
        char *empty = malloc(3 * DOCUMENTS);

        assert_non_null(empty);
        for (int i = 0; i < DOCUMENTS; i++) {
            memcpy(empty + 3 * (size_t)i, "{},", 3);
        }
        empty[3 * DOCUMENTS - 1] = '\0';
        write_line(&import, n, empty, 1);
        free(empty);
    }
    run(&import);
    assert_int_equal(import.report.documents, LINES * DOCUMENTS);
    assert_true(slow.values_bytes >= IMPORT_VALUES_BYTES);
    assert_true(slow.values_bytes < IMPORT_VALUES_BYTES + (JUDGES + 1) * ((size_t)10 << 20));
    end(&import);
}

#define LARGE_LINES 240
#define LARGE_BYTES ((size_t)1000000)

TEST(text__of_lines_that_wait_for_the_store_has_a_bound)
{
    char *document = malloc(LARGE_BYTES + 1);
    struct slow_store slow;
    struct import import;

    assert_non_null(document);
    (void)snprintf(document, LARGE_BYTES + 1, "{\"x\":\"%0*d\"}", (int)LARGE_BYTES - 8, 0);
    begin(&import, &slow);
    slow.text_least = IMPORT_TEXT_BYTES - 2 * LARGE_BYTES;
    for (int n = 0; n < LARGE_LINES; n++) {
        write_line(&import, n, document, 1);
    }
    run(&import);
    assert_int_equal(import.report.documents, LARGE_LINES);
    assert_true(slow.text_bytes <= IMPORT_TEXT_BYTES);
    assert_true(slow.text_bytes > IMPORT_TEXT_BYTES - 2 * LARGE_BYTES);
    end(&import);
    free(document);
}

TEST(lines__that_wait_for_the_store_are_so_many_at_most)
{
    struct slow_store slow;
    struct import import;

    begin(&import, &slow);
    slow.read_least = IMPORT_CHUNKS;
    write_line(&import, 0, "{}", 1);
    for (size_t n = 0; n < 2 * (size_t)IMPORT_CHUNKS * IMPORT_CHUNK_LINES; n++) {
        assert_int_equal(write(import.fd, "\n", 1), 1);
    }
    run(&import);
    assert_true(slow.read_count == IMPORT_CHUNKS);
    end(&import);
}

/* An organization's line with so many administrators, as far as a store's call is about them. */
static struct import_item item_of(struct import_admin *admins, size_t count)
{
    return (struct import_item){ .line = { .kind = IMPORT_ORGANIZATION,
                                           .has_id = true,
                                           .admins = admins,
                                           .admin_count = count } };
}

TEST(deadline__is_later_by_a_tenth_of_a_second_for_each_member)
{
    struct import_admin *admins = calloc(TENANT_MEMBERS_MAX, sizeof(*admins));
    struct import_item items[] = { item_of(admins, TENANT_MEMBERS_MAX), item_of(admins, 500) };
    struct import_item *both[] = { &items[0], &items[1] };
    struct slow_store slow;
    struct import import;
    struct import_batch batch = { .import = &import, .items = both, .count = 2 };
    int64_t begun_ms = clock_monotonic_ms();

    begin(&import, &slow);
    arena_init(&batch.mem, (size_t)64 << 20);
    assert_int_equal(import_put_organizations(&batch, NULL), ST_OK);
    assert_true(slow.deadline_ms - begun_ms >= 100 * (TENANT_MEMBERS_MAX + 500));
    items[0].is_there = true;
    batch.count = 1;
    assert_int_equal(import_put_organizations(&batch, NULL), ST_OK);
    assert_true(slow.deadline_ms - begun_ms >= 1100 * TENANT_MEMBERS_MAX); /* with its password */
    arena_done(&batch.mem);
    end(&import);
    free(admins);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values__of_lines_that_wait_for_the_store_have_a_bound),
        cmocka_unit_test(text__of_lines_that_wait_for_the_store_has_a_bound),
        cmocka_unit_test(lines__that_wait_for_the_store_are_so_many_at_most),
        cmocka_unit_test(deadline__is_later_by_a_tenth_of_a_second_for_each_member),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
