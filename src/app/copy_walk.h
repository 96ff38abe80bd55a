/*
 * Walks over two stores side by side, a page at a time: over their organizations, and over the
 * documents of one. What a step gives lives until the next one that loads a page. One thread at a
 * time.
 */
#ifndef ORGD_APP_COPY_WALK_H
#define ORGD_APP_COPY_WALK_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "store/tenant.h"

#define COPY_CALL_MS 60000 /* the longest that one call of a store may take */
#define COPY_DIGEST_BYTES TENANT_DIGEST_BYTES
#define COPY_PAIRS_MAX 512

struct tenant_walk {
    struct store *store;
    struct arena mem;
    struct tenant_page page;
    size_t at; /* in the page */
    struct oid last;
    bool begun;
};

void tenant_walk_init(struct tenant_walk *walk, struct store *store);
void tenant_walk_done(struct tenant_walk *walk);

/* The next page of one walk; *ret_count 0: that was all. The tenants live until the next call.
 * Statuses: as tenant_list. */
MUST_CHECK enum status tenant_walk_page(struct tenant_walk *walk, const struct tenant **ret_tenants,
                                        size_t *ret_count, struct err *err);

/* One organization, on either side or on both. */
struct pair {
    const struct tenant *from; /* NULL: not there */
    const struct tenant *to;
};

/*
 * The next organizations of two walks, in order of their ids: as many as the loaded pages give.
 * They live until the next call. *ret_count 0: that was all. Statuses: as tenant_list.
 */
MUST_CHECK enum status tenant_walk_pairs(struct tenant_walk *from, struct tenant_walk *to,
                                         struct pair ret_pairs[COPY_PAIRS_MAX], size_t *ret_count,
                                         struct err *err);

struct document_walk {
    struct store *store; /* NULL: nothing is there */
    struct oid organization;
    struct arena mem;
    struct document_page page;
    size_t at;
    struct buf last; /* the last id of the page before */
    bool begun;
};

void document_walk_init(struct document_walk *walk, struct store *store,
                        const struct oid *organization);
void document_walk_done(struct document_walk *walk);

/* Whether the next look loads a page, and what the last ones gave is gone. */
bool document_walk_will_load(const struct document_walk *walk);

/* The present document; *ret_document NULL: that was all. Statuses: as document_list. */
MUST_CHECK enum status document_walk_look(struct document_walk *walk,
                                          const struct document **ret_document, struct err *err);
void document_walk_step(struct document_walk *walk);

/* A call with the usual deadline. */
struct call copy_call(struct arena *mem, struct err *err);

#endif
