/* A copy from its beginning to its end; the first look at both stores, and the secrets. */
#include "app/copy.h"

#include "app/copy_phases.h"
#include "app/copy_place.h"
#include "app/stop.h"
#include "base/clock.h"
#include "base/log.h"

#include <sodium.h>

#define WORKERS 8
#define SECRET_MEM_BYTES ((size_t)1024 * 1024)

/* What tokens and cursors are made with: so they stay valid. */
static const char *const secret_names[] = { "jwt_secret", "cursor_secret" };
#define SECRETS (sizeof(secret_names) / sizeof(secret_names[0]))

/* What the first look found. */
struct plan {
    int64_t organizations; /* of the source */
    int64_t documents;
    int64_t there; /* organizations of the destination */
    int64_t extra; /* of these, unknown to the source */
    char first_extra[COPY_ABOUT_SIZE];
};

static enum status count_one(struct copy *copy, struct work *work)
{
    struct document_query query = { .limit = 1, .max_bytes = 1, .with_total = true };
    struct document_page page = { .total = 0 };
    struct arena mem;
    struct call call;
    enum status status;

    arena_init(&mem, WORK_MEM_BYTES);
    call = copy_call(&mem, &work->err);
    status =
        store_document_list(copy->from, &call, &work->pair.from->organization.id, &query, &page);
    work->from.count = page.total;
    arena_done(&mem);
    return status;
}

static enum status look_round(struct copy *copy, struct crew *crew, const struct pair pairs[],
                              size_t count, void *context, struct err *err)
{
    struct plan *plan = context;

    (void)copy;
    crew->count = 0;
    for (size_t i = 0; i < count; i++) {
        plan->there += pairs[i].to != NULL;
        if (pairs[i].from) {
            crew_add(crew, &pairs[i]);
            continue;
        }
        if (plan->extra == 0) {
            copy_describe(&pairs[i].to->organization, plan->first_extra);
        }
        plan->extra++;
    }
    TRY(crew_run(crew, count_one, err));
    plan->organizations += (int64_t)crew->count;
    for (size_t i = 0; i < crew->count; i++) {
        plan->documents += crew->works[i].from.count;
    }
    return ST_OK;
}

/* Whether the destination may be written to. Nothing was changed so far. */
static enum status judge(const struct copy *copy, const struct plan *plan, struct err *err)
{
    if (plan->extra == 0) {
        return ST_OK;
    }
    if (!copy->deletes) {
        return err_set(
            err, ST_PRECONDITION,
            "the destination has %lld organization%s that the source lacks, the first is "
            "%s; nothing was changed (--delete would remove what is there only)",
            (long long)plan->extra, plan->extra == 1 ? "" : "s", plan->first_extra);
    }
    if (plan->organizations == 0) {
        return err_set(err, ST_PRECONDITION,
                       "the source has no organizations, and --delete would remove all %lld of the "
                       "destination; nothing was changed",
                       (long long)plan->extra);
    }
    return ST_OK;
}

/* A secret of a store; its ptr is NULL where there is none. */
static enum status read_secret(struct store *store, const char *name, struct arena *mem,
                               struct str *ret_secret, struct err *err)
{
    struct call call = copy_call(mem, err);
    struct str secret = { .ptr = NULL };
    enum status status =
        store_secret(store, &call, str_of(name), (struct str){ .ptr = NULL }, &secret);

    if (status != ST_OK && status != ST_NOT_FOUND) {
        return status;
    }
    *ret_secret = secret;
    return ST_OK;
}

/* The destination's secrets become the source's. Where it has organizations and other secrets it
 * wasn't begun by a copy of this source, and its own tokens would end. */
static enum status copy_secrets(struct copy *copy, const struct plan *plan, struct arena *mem,
                                struct err *err)
{
    struct str from[SECRETS];
    struct str to[SECRETS];

    for (size_t i = 0; i < SECRETS; i++) {
        TRY(read_secret(copy->from, secret_names[i], mem, &from[i], err));
        TRY(read_secret(copy->to, secret_names[i], mem, &to[i], err));
        if (plan->there > 0 && from[i].ptr && to[i].ptr && !str_equal(from[i], to[i])) {
            return err_set(err, ST_PRECONDITION,
                           "the destination has organizations and a %s of its own: it wasn't begun "
                           "by a copy of this source; nothing was changed",
                           secret_names[i]);
        }
    }
    for (size_t i = 0; i < SECRETS; i++) {
        struct call call = copy_call(mem, err);

        if (from[i].ptr && !(to[i].ptr && str_equal(from[i], to[i]))) {
            TRY(store_secret_put(copy->to, &call, str_of(secret_names[i]), from[i]));
        }
    }
    return ST_OK;
}

/* All phases, with both stores open. */
static enum status run(struct copy *copy, struct arena *mem, struct copy_report *report,
                       struct err *err)
{
    struct plan plan = { .organizations = 0 };

    progress_begin(&copy->progress, "looking", 0, 0);
    TRY(copy_walk(copy, look_round, &plan, err));
    TRY(judge(copy, &plan, err));
    TRY(copy_secrets(copy, &plan, mem, err));
    progress_end(&copy->progress);
    progress_begin(&copy->progress, "copying", plan.organizations + plan.extra, plan.documents);
    TRY(copy_put_all(copy, err));
    copy_say_rest(copy);
    progress_end(&copy->progress);
    progress_begin(&copy->progress, "comparing", plan.organizations, plan.documents);
    TRY(copy_compare_all(copy, report, err));
    copy_say_rest(copy);
    return ST_OK;
}

static enum status open_and_run(struct copy *copy, const struct copy_options *options,
                                struct copy_report *report, struct err *err)
{
    struct arena mem;
    enum status status;

    TRY(copy_place_open_source(&options->from, &copy->from, err));
    TRY(copy_place_open_destination(&options->to, &copy->to, err));
    TRY(executor_new("copy", WORKERS, COPY_PAIRS_MAX, 0, &copy->workers, err));
    arena_init(&mem, SECRET_MEM_BYTES);
    status = run(copy, &mem, report, err);
    progress_end(&copy->progress);
    arena_done(&mem);
    return status;
}

enum status app_copy(const struct copy_options *options, struct copy_report *ret_report,
                     struct err *err)
{
    struct copy copy = { .deletes = options->deletes };
    struct copy_report report = { .differing = 0 };
    int64_t begun_ms = clock_monotonic_ms();
    enum status status;

    TRY(copy_places_check(options, &report, err));
    if (sodium_init() < 0) {
        return err_set(err, ST_BROKEN, "libsodium does not start");
    }
    stop_block();
    log_set_level(LOG_ERROR);
    progress_init(&copy.progress);
    status = open_and_run(&copy, options, &report, err);
    if (copy.workers) {
        executor_free(copy.workers);
    }
    store_close(copy.to);
    store_close(copy.from);
    if (copy.is_interrupted) {
        return err_set(err, ST_BUSY, "interrupted; the same command again goes on from here");
    }
    TRY(status);
    report.took_ms = clock_monotonic_ms() - begun_ms;
    *ret_report = report;
    return ST_OK;
}
