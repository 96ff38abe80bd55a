/* The phase that puts at the destination what is missing or differs there. */
#include "app/copy_phases.h"

static enum status delete_one(struct copy *copy, struct work *work)
{
    return copy_delete_tenant(copy, work->pair.to, &work->err);
}

static enum status copy_one(struct copy *copy, struct work *work)
{
    const struct pair *pair = &work->pair;

    if (!pair->to || !tenant_equal(pair->from, pair->to)) {
        TRY(copy_put_tenant(copy, pair->from, &work->err));
    }
    return copy_documents(copy, &pair->from->organization.id, !pair->to, &work->err);
}

static enum status copy_only_documents(struct copy *copy, struct work *work)
{
    return copy_documents(copy, &work->pair.from->organization.id, false, &work->err);
}

static void say_failures(struct copy *copy, const struct crew *crew)
{
    for (size_t i = 0; i < crew->count; i++) {
        const struct work *work = &crew->works[i];

        if (work->status != ST_OK && work->status != ST_NO_ORGANIZATION) {
            copy_say(copy, &work->pair, work_words(work));
        }
    }
}

/* Those whose names others have at the destination, one after the other; then their documents. */
static enum status settle(struct copy *copy, struct crew *crew, struct err *err)
{
    size_t kept = 0;

    for (size_t i = 0; i < crew->count; i++) {
        struct work *work = &crew->works[i];

        if (work->status == ST_NAME_TAKEN || work->status == ST_EMAIL_TAKEN) {
            TRY(copy_may_go_on(copy, err));
            work->status = copy_settle(copy, work->pair.from, &work->err);
            if (work->status == ST_OK) {
                crew->works[kept++].pair = work->pair;
            } else {
                copy_say(copy, &work->pair, work_words(work));
            }
        }
    }
    crew->count = kept;
    TRY(crew_run(crew, copy_only_documents, err));
    progress_add(&copy->progress, -(int64_t)kept, 0); /* they were counted before */
    say_failures(copy, crew);
    return ST_OK;
}

static enum status delete_round(struct copy *copy, struct crew *crew, const struct pair pairs[],
                                size_t count, void *context, struct err *err)
{
    (void)context;
    crew->count = 0;
    for (size_t i = 0; i < count; i++) {
        if (!pairs[i].from) {
            crew_add(crew, &pairs[i]);
        }
    }
    TRY(crew_run(crew, delete_one, err));
    say_failures(copy, crew);
    return ST_OK;
}

static enum status copy_round(struct copy *copy, struct crew *crew, const struct pair pairs[],
                              size_t count, void *context, struct err *err)
{
    bool is_refused = false;

    (void)context;
    crew->count = 0;
    for (size_t i = 0; i < count; i++) {
        if (pairs[i].from) {
            crew_add(crew, &pairs[i]);
        }
    }
    TRY(crew_run(crew, copy_one, err));
    for (size_t i = 0; i < crew->count; i++) {
        enum status status = crew->works[i].status;

        is_refused = is_refused || status == ST_NAME_TAKEN || status == ST_EMAIL_TAKEN;
    }
    if (!is_refused) {
        say_failures(copy, crew);
        return ST_OK;
    }
    return settle(copy, crew, err);
}

/* What goes goes first: then its names and addresses are free, and no account that comes along with another
 * organization is just being removed. */
enum status copy_put_all(struct copy *copy, struct err *err)
{
    if (copy->deletes) {
        TRY(copy_walk(copy, delete_round, NULL, err));
    }
    return copy_walk(copy, copy_round, NULL, err);
}
