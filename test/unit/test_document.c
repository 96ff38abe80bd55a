/* What a PATCH makes of a store that can't say what happened. */
#include "test.h"

#include "base/clock.h"
#include "org/document.h"
#include "org/domain.h"
#include "org/etag.h"
#include "store/store.h"
#include "json/json.h"

#include <string.h>

#define LARGE_BYTES 200000 /* is merged outside of the store */
#define MEM_BYTES ((size_t)64 * 1024 * 1024)

/* Has one document; the change of it is done, and its answer lost. */
struct lossy {
    struct store store;
    struct str now;      /* the document */
    struct str overtook; /* what another client made of it meanwhile; ptr NULL: nobody did */
    int reads;
    int edits;
    int losses; /* how many edits ended so */
};

static enum status lossy_get(struct store *store, const struct call *call, const struct oid *id,
                             struct str document_id, struct document *ret_document)
{
    struct lossy *lossy = (struct lossy *)store;

    (void)id;
    lossy->reads++;
    *ret_document =
        (struct document){ .id = document_id, .body = arena_str(call->mem, lossy->now) };
    return ST_OK;
}

/* Looks once more, to find out what happened, as the engine for MongoDB does. */
static enum status lossy_edit(struct store *store, const struct call *call, const struct oid *id,
                              struct str document_id, document_edit_fn *edit, void *context)
{
    struct lossy *lossy = (struct lossy *)store;
    struct document now = { .id = document_id, .body = lossy->now };
    struct document_edit decision = { .action = EDIT_KEEP };

    (void)id;
    lossy->edits++;
    TRY(edit(context, &now, &decision));
    lossy->losses++;
    now.body = lossy->overtook.ptr ? lossy->overtook : arena_str(call->mem, decision.body);
    lossy->now = now.body;
    (void)!edit(context, &now, &decision);
    return err_set(call->err, ST_UNSURE, "the answer is lost");
}

static struct str document_of(struct arena *mem, size_t bytes, const char *rest)
{
    char *text = arena_alloc(mem, bytes + 1);

    memset(text, 'x', bytes);
    text[bytes] = '\0';
    return arena_printf(mem, "{\"_id\":\"d\",\"text\":\"%s\"%s}", text, rest);
}

/* Patches with {"new": true}; if nobody overtakes it, on the condition that the document is what it was. */
static enum status patch(struct lossy *lossy, bool edits_apart, struct arena *mem, struct err *err)
{
    const struct store_ops ops = { .edits_apart = edits_apart,
                                   .document_get = lossy_get,
                                   .document_edit = lossy_edit };
    struct domain domain = { .store = &lossy->store,
                             .document_max_bytes = 1 << 20,
                             .large_merge = PTHREAD_MUTEX_INITIALIZER };
    struct call call = { .mem = mem, .err = err, .deadline_ms = clock_monotonic_ms() + 60000 };
    json_auto_t *body = json_pack("{s:b}", "new", 1);
    struct invalid invalid = { .count = 0 };
    struct preconditions preconditions = { .if_match = { .ptr = NULL } };
    struct document_result result;
    struct oid organization = oid_new();
    char etag[ETAG_SIZE];
    enum status status;

    lossy->store.ops = &ops;
    etag_of(lossy->now, etag);
    preconditions.if_match = lossy->overtook.ptr ? preconditions.if_match : str_of(etag);
    status = document_patch(&domain, &call, &organization, STR("d"), body, &preconditions, &invalid,
                            &result);
    lossy->store.ops = NULL;
    return status;
}

/* A second try would find the document changed, by the first one, and say that nothing has happened. */
TEST(patch__that_may_have_happened_is_not_tried_again)
{
    for (int i = 0; i < 4; i++) {
        bool edits_apart = i % 2;
        struct arena mem;
        struct err err = { .text = "" };
        struct lossy lossy = { .now = { .ptr = NULL } };

        arena_init(&mem, MEM_BYTES);
        lossy.now = document_of(&mem, i < 2 ? 10 : LARGE_BYTES, "");
        assert_int_equal(patch(&lossy, edits_apart, &mem, &err), ST_UNSURE);
        assert_int_equal(lossy.losses, 1);
        assert_string_equal(err.text, "the answer is lost");
        arena_done(&mem);
    }
}

/* What was seen while looking for the outcome is not what the patch failed of. */
TEST(patch__that_may_have_happened_says_so_and_nothing_of_what_is_there_now)
{
    struct arena mem;
    struct err err = { .text = "" };
    struct lossy lossy = { .overtook = STR("{\"_id\":\"d\",\"a\":1,\"a\":2}") };

    arena_init(&mem, MEM_BYTES);
    lossy.now = document_of(&mem, 10, "");
    assert_int_equal(patch(&lossy, true, &mem, &err), ST_UNSURE);
    assert_string_equal(err.text, "the answer is lost");
    arena_done(&mem);
}

/* Where edits hold up nobody, a document is not read before; one that is too large to be merged in the store
 * was seen there. */
TEST(patch__reads_no_more_than_it_needs)
{
    for (int i = 0; i < 4; i++) {
        bool edits_apart = i % 2;
        bool is_large = i >= 2;
        struct arena mem;
        struct err err = { .text = "" };
        struct lossy lossy = { .now = { .ptr = NULL } };

        arena_init(&mem, MEM_BYTES);
        lossy.now = document_of(&mem, is_large ? LARGE_BYTES : 10, "");
        assert_int_equal(patch(&lossy, edits_apart, &mem, &err), ST_UNSURE);
        assert_int_equal(lossy.reads, edits_apart ? 0 : 1);
        assert_int_equal(lossy.edits, edits_apart && is_large ? 2 : 1);
        arena_done(&mem);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patch__that_may_have_happened_is_not_tried_again),
        cmocka_unit_test(patch__that_may_have_happened_says_so_and_nothing_of_what_is_there_now),
        cmocka_unit_test(patch__reads_no_more_than_it_needs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
