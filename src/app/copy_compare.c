/* The phase that compares: what it finds is the result of the copy. */
#include "app/copy_phases.h"

#include <sodium.h>
#include <stdio.h>

struct comparison {
    struct copy_report *report;
    crypto_generichash_state from;
    crypto_generichash_state to;
};

#define LOOKS_MAX 4 /* at an organization that comes and goes */

/* Whether an organization that was listed is still there; otherwise *side becomes NULL. */
static enum status look_again(struct store *store, const struct tenant **side, struct err *err)
{
    struct tenant now;
    struct arena mem;
    struct call call;
    enum status found;

    if (!*side) {
        return ST_OK;
    }
    arena_init(&mem, WORK_MEM_BYTES);
    call = copy_call(&mem, err);
    found = tenant_find(store, &call, &(*side)->organization.id, &now);
    arena_done(&mem);
    if (found == ST_NO_ORGANIZATION) {
        *side = NULL;
        return ST_OK;
    }
    return found;
}

/* One that was deleted since it was listed is compared as what it is: not there. */
static enum status compare_one(struct copy *copy, struct work *work)
{
    struct pair *pair = &work->pair;
    const struct oid id = (pair->from ? pair->from : pair->to)->organization.id;
    enum status status = ST_NO_ORGANIZATION;

    for (int n = 0; n < LOOKS_MAX && status == ST_NO_ORGANIZATION; n++) {
        work->err.text[0] = '\0';
        status = copy_compare_documents(copy, &id, pair->from != NULL, pair->to != NULL,
                                        &work->from, &work->to, &work->err);
        if (status == ST_NO_ORGANIZATION) {
            TRY(look_again(copy->from, &pair->from, &work->err));
            TRY(look_again(copy->to, &pair->to, &work->err));
        }
    }
    return status;
}

static void count_side(struct copy_side *side, crypto_generichash_state *state,
                       const struct tenant *tenant, const struct documents_sum *documents)
{
    unsigned char digest[COPY_DIGEST_BYTES];

    if (!tenant) {
        return;
    }
    side->organizations++;
    side->accounts += (int64_t)tenant->member_count;
    side->documents += documents->count;
    tenant_digest(tenant, digest);
    (void)crypto_generichash_update(state, digest, sizeof(digest));
    (void)crypto_generichash_update(state, documents->digest, sizeof(documents->digest));
}

/* Says how the two differ, if they do. */
static bool say_difference(struct copy *copy, const struct work *work)
{
    const struct pair *pair = &work->pair;
    char what[128];

    if (!pair->from && !pair->to) {
        return false; /* it went from both meanwhile */
    }
    if (!pair->from || !pair->to) {
        copy_say(copy, pair, pair->from ? "only at the source" : "only at the destination");
    } else if (work->status != ST_OK) {
        copy_say(copy, pair, work_words(work));
    } else if (!tenant_equal(pair->from, pair->to)) {
        copy_say(copy, pair, "its names, accounts or times differ");
    } else if (work->from.count != work->to.count) {
        (void)snprintf(what, sizeof(what), "%lld documents at the source, %lld at the destination",
                       (long long)work->from.count, (long long)work->to.count);
        copy_say(copy, pair, what);
    } else if (memcmp(work->from.digest, work->to.digest, COPY_DIGEST_BYTES) != 0) {
        (void)snprintf(what, sizeof(what), "%lld documents on both sides, not all of them alike",
                       (long long)work->from.count);
        copy_say(copy, pair, what);
    } else {
        return false;
    }
    return true;
}

static enum status compare_round(struct copy *copy, struct crew *crew, const struct pair pairs[],
                                 size_t count, void *context, struct err *err)
{
    struct comparison *comparison = context;
    struct copy_report *report = comparison->report;

    crew->count = 0;
    for (size_t i = 0; i < count; i++) {
        crew_add(crew, &pairs[i]);
        crew->works[i].from = crew->works[i].to = (struct documents_sum){ .count = 0 };
    }
    TRY(crew_run(crew, compare_one, err));
    for (size_t i = 0; i < count; i++) {
        const struct work *work = &crew->works[i];

        count_side(&report->from, &comparison->from, work->pair.from, &work->from);
        count_side(&report->to, &comparison->to, work->pair.to, &work->to);
        report->differing += say_difference(copy, work);
    }
    return ST_OK;
}

static void finish_checksum(crypto_generichash_state *state, struct copy_side *side)
{
    unsigned char digest[COPY_DIGEST_BYTES];

    (void)crypto_generichash_final(state, digest, sizeof(digest));
    (void)sodium_bin2hex(side->checksum, sizeof(side->checksum), digest, sizeof(digest));
}

enum status copy_compare_all(struct copy *copy, struct copy_report *report, struct err *err)
{
    struct comparison comparison = { .report = report };

    (void)crypto_generichash_init(&comparison.from, NULL, 0, COPY_DIGEST_BYTES);
    (void)crypto_generichash_init(&comparison.to, NULL, 0, COPY_DIGEST_BYTES);
    TRY(copy_walk(copy, compare_round, &comparison, err));
    finish_checksum(&comparison.from, &report->from);
    finish_checksum(&comparison.to, &report->to);
    return ST_OK;
}
