/* Fixture and helpers of the contract suite, and the list of its parts. */
#include "suite.h"

#include "base/clock.h"

#include <pthread.h>
#include <stdlib.h>

#define CALL_MS 60000
#define MEM_BYTES ((size_t)256 * 1024 * 1024)

static const struct engine *engine_under_test;

int suite_setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    if (!f) {
        return -1;
    }
    f->engine = engine_under_test;
    f->engine->wipe(f->engine->context);
    f->store = f->engine->open(f->engine->context);
    arena_init(&f->mem, MEM_BYTES);
    f->call = (struct call){ .mem = &f->mem,
                             .err = &f->err,
                             .deadline_ms = clock_monotonic_ms() + CALL_MS };
    *state = f;
    return 0;
}

int suite_teardown(void **state)
{
    struct fixture *f = *state;

    store_close(f->store);
    arena_done(&f->mem);
    free(f);
    return 0;
}

void suite_reopen(struct fixture *f)
{
    store_close(f->store);
    f->store = f->engine->open(f->engine->context);
}

struct new_organization suite_new(struct arena *mem, const char *tag)
{
    return (struct new_organization){
        .id = oid_new(),
        .name = arena_printf(mem, "Org %s", tag),
        .name_key = arena_printf(mem, "org %s", tag),
        .slug = arena_printf(mem, "%s", tag),
        .account_id = oid_new(),
        .email = arena_printf(mem, "Admin@%s.example", tag),
        .email_key = arena_printf(mem, "admin@%s.example", tag),
        .password_hash = arena_printf(mem, "hash of %s", tag),
        .now_ms = 1000,
    };
}

struct organization suite_create(struct fixture *f, const char *tag)
{
    struct new_organization new = suite_new(&f->mem, tag);
    struct organization organization;

    assert_status(store_organization_create(f->store, &f->call, &new, &organization), ST_OK);
    return organization;
}

struct organization_change suite_change(const struct organization *organization,
                                        int64_t password_version)
{
    return (struct organization_change){ .id = organization->id,
                                         .account_id = organization->admin_id,
                                         .expected_password_version = password_version,
                                         .now_ms = 2000 };
}

struct organization_change suite_rename(struct arena *mem, const struct organization *organization,
                                        const char *tag)
{
    struct organization_change change = suite_change(organization, 0);
    struct new_organization names = suite_new(mem, tag);

    change.name = names.name;
    change.name_key = names.name_key;
    change.slug = names.slug;
    return change;
}

const char *suite_doc(struct arena *mem, const char *id, const char *text)
{
    return arena_printf(mem, DOC("%s", "%s"), id, text).ptr;
}

enum status suite_put_edit(void *context, const struct document *now,
                           struct document_edit *ret_edit)
{
    const struct put_context *put = context;

    (void)now;
    *ret_edit = (struct document_edit){ .action = EDIT_PUT, .body = put->body };
    return ST_OK;
}

enum status suite_delete_edit(void *context, const struct document *now,
                              struct document_edit *ret_edit)
{
    (void)context;
    if (!now) {
        ret_edit->is_removal = true;
        return ST_NO_DOCUMENT;
    }
    ret_edit->action = EDIT_DELETE;
    return ST_OK;
}

enum status suite_put(struct store *store, const struct call *call, const struct oid *organization,
                      const char *id, const char *body)
{
    struct put_context put = { .body = str_of(body) };

    return store_document_edit(store, call, organization, str_of(id), suite_put_edit, &put);
}

enum status suite_delete(struct store *store, const struct call *call,
                         const struct oid *organization, const char *id)
{
    return store_document_edit(store, call, organization, str_of(id), suite_delete_edit, NULL);
}

int64_t suite_count(struct fixture *f, const struct oid *organization)
{
    struct document_query query = { .limit = 500, .max_bytes = SIZE_MAX, .with_total = true };
    struct document_page page = { .more = true };
    int64_t listed = 0;

    while (page.more) {
        assert_status(store_document_list(f->store, &f->call, organization, &query, &page), ST_OK);
        listed += (int64_t)page.count;
        if (page.more) {
            query.after = page.documents[page.count - 1].id;
        }
    }
    assert_int_equal(listed, page.total);
    return page.total;
}

void shot_init(struct shot *shot)
{
    *shot = (struct shot){ 0 };
    arena_init(&shot->mem, MEM_BYTES);
    shot->call = (struct call){ .mem = &shot->mem,
                                .err = &shot->err,
                                .deadline_ms = clock_monotonic_ms() + CALL_MS };
}

void shot_done(struct shot *shot)
{
    arena_done(&shot->mem);
}

struct racer {
    void (*body)(void *context, int i);
    void *context;
    pthread_barrier_t *barrier;
    int i;
};

static void *racer_main(void *argument)
{
    struct racer *racer = argument;

    (void)pthread_barrier_wait(racer->barrier);
    racer->body(racer->context, racer->i);
    return NULL;
}

void suite_race(void (*body)(void *context, int i), void *context)
{
    pthread_t threads[SUITE_THREADS];
    struct racer racers[SUITE_THREADS];
    pthread_barrier_t barrier;

    (void)pthread_barrier_init(&barrier, NULL, SUITE_THREADS);
    for (int i = 0; i < SUITE_THREADS; i++) {
        racers[i] = (struct racer){ .body = body, .context = context, .barrier = &barrier, .i = i };
        assert_int_equal(pthread_create(&threads[i], NULL, racer_main, &racers[i]), 0);
    }
    for (int i = 0; i < SUITE_THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    (void)pthread_barrier_destroy(&barrier);
}

int store_suite_run(const struct engine *engine)
{
    const struct {
        const char *name;
        const struct CMUnitTest *tests;
        size_t count;
    } parts[] = {
        { "organizations", organization_tests, organization_tests_count },
        { "updates", update_tests, update_tests_count },
        { "accounts", account_tests, account_tests_count },
        { "documents", document_tests, document_tests_count },
        { "races", race_tests, race_tests_count },
        { "races of documents", document_race_tests, document_race_tests_count },
        { "faults", fault_tests, fault_tests_count },
        { "transfer", transfer_tests, transfer_tests_count },
        { "moves", move_tests, move_tests_count },
        { "bulk", bulk_tests, bulk_tests_count },
    };
    int failures = 0;

    engine_under_test = engine;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        char title[96];

        (void)snprintf(title, sizeof(title), "%s: %s", engine->name, parts[i].name);
        failures += _cmocka_run_group_tests(title, parts[i].tests, parts[i].count, NULL, NULL);
    }
    return failures;
}
