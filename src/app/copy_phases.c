/* What all phases do: go over both stores, and talk about organizations. */
#include "app/copy_phases.h"

#include <stdio.h>

#define NAME_SHOWN_BYTES 100

void copy_describe(const struct organization *organization, char ret_text[COPY_ABOUT_SIZE])
{
    char hex[OID_HEX_LEN + 1];
    size_t len = organization->name.len;

    if (len > NAME_SHOWN_BYTES) {
        len = NAME_SHOWN_BYTES;
        while (len > 0 && ((unsigned char)organization->name.ptr[len] & 0xC0) == 0x80) {
            len--; /* no half a character */
        }
    }
    oid_format(&organization->id, hex);
    (void)snprintf(ret_text, COPY_ABOUT_SIZE, "\"%.*s\" (%s)", (int)len, organization->name.ptr,
                   hex);
    progress_clean(ret_text);
}

void copy_say(struct copy *copy, const struct pair *pair, const char *what)
{
    char about[COPY_ABOUT_SIZE];

    copy->said++;
    if (copy->said <= COPY_SAID_MAX) {
        copy_describe(pair->from ? &pair->from->organization : &pair->to->organization, about);
        progress_say(&copy->progress, "organization %s: %s", about, what);
    }
}

void copy_say_rest(struct copy *copy)
{
    if (copy->said > COPY_SAID_MAX) {
        progress_say(&copy->progress, "and %lld organizations more",
                     (long long)(copy->said - COPY_SAID_MAX));
    }
    copy->said = 0;
}

const char *work_words(const struct work *work)
{
    return work->err.text[0] ? work->err.text : status_detail(work->status);
}

enum status copy_walk(struct copy *copy, copy_round_fn *round, void *context, struct err *err)
{
    struct crew *crew = crew_new(copy);
    struct pair pairs[COPY_PAIRS_MAX];
    struct tenant_walk from;
    struct tenant_walk to;
    size_t count = 1;
    enum status status = ST_OK;

    if (!crew) {
        return err_set(err, ST_BROKEN, "no memory for the workers");
    }
    tenant_walk_init(&from, copy->from);
    tenant_walk_init(&to, copy->to);
    while (status == ST_OK && count > 0) {
        status = tenant_walk_pairs(&from, &to, pairs, &count, err);
        if (status == ST_OK && count > 0) {
            status = round(copy, crew, pairs, count, context, err);
        }
    }
    tenant_walk_done(&to);
    tenant_walk_done(&from);
    crew_free(crew);
    return status;
}

void crew_add(struct crew *crew, const struct pair *pair)
{
    crew->works[crew->count++].pair = *pair;
}
