/*
 * An export: pages of organizations, and of some at a time the documents are fetched at once. What of
 * one of them takes more than a share of memory is fetched when its turn comes to be written.
 */
#include "app/import.h"

#include "app/copy_progress.h"
#include "app/copy_walk.h"
#include "app/export_file.h"
#include "app/place.h"
#include "app/stop.h"
#include "base/clock.h"
#include "base/executor.h"
#include "base/log.h"
#include "base/thread.h"
#include "config/settings.h"
#include "org/export_line.h"

#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>

#define WORKERS 8
#define SHARES 64    /* organizations fetched before they are written */
#define NEAR_GROUP 8 /* of these by one worker, where a look is soon done */
#define SHARE_BYTES ((size_t)512 * 1024)
#define LINE_BYTES_MAX ((size_t)1 << 30)
#define LIST_MEM_BYTES ((size_t)1024 * 1024)

struct export;

/* The lines of one organization, as far as they are fetched. */
struct share {
    struct job job;
    struct export *export;
    size_t group; /* so many from here on are its job */
    const struct tenant *tenant;
    struct document_walk walk;
    struct buf text;
    int64_t documents;
    int64_t hidden;
    bool is_whole; /* nothing more is to be fetched */
    enum status status;
    struct err err;
};

struct export
{
    struct store *store;
    struct export_file file;
    struct executor *workers;
    struct progress progress;
    struct export_report report;
    struct share *shares;
    _Atomic bool is_stopping;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    size_t left; /* shares that are being fetched */
};

/* Fetches on until there is a share's worth of text, or all of it. */
static enum status fetch(struct share *share)
{
    const struct document *document = NULL;

    do {
        TRY(document_walk_look(&share->walk, &document, &share->err));
        if (document) {
            export_document_line(&share->tenant->organization.id, document, &share->text);
            share->documents++;
            share->hidden += document->has_twin;
            document_walk_step(&share->walk);
        }
    } while (document && share->text.len < SHARE_BYTES);
    share->is_whole = !document;
    return buf_overflowed(&share->text)
               ? err_set(&share->err, ST_TOO_LARGE, "a line is longer than 1 GiB")
               : ST_OK;
}

static void run_group(struct job *job)
{
    struct share *first = (struct share *)job;
    struct export *export = first->export;

    for (size_t i = 0; i < first->group; i++) {
        struct share *share = &first[i];

        buf_clear(&share->text);
        export_organization_line(share->tenant, &share->text);
        share->status = atomic_load(&export->is_stopping) ? ST_BUSY : fetch(share);
    }
    (void)pthread_mutex_lock(&export->mutex);
    export->left--;
    (void)pthread_cond_signal(&export->changed);
    (void)pthread_mutex_unlock(&export->mutex);
}

static enum status look_for_stop(struct export *export, struct err *err)
{
    if (stop_was_asked()) {
        atomic_store(&export->is_stopping, true);
    }
    return atomic_load(&export->is_stopping)
               ? err_set(err, ST_BUSY, "interrupted; nothing was kept")
               : ST_OK;
}

/* Writes what is fetched of one, and goes on fetching until it is whole. An organization that is
 * deleted meanwhile ends where it was. */
static enum status write_share(struct export *export, struct share *share, struct err *err)
{
    while (share->status == ST_OK) {
        TRY(export_file_write(&export->file, buf_view(&share->text), err));
        progress_add(&export->progress, 0, share->documents);
        export->report.documents += share->documents;
        share->documents = 0;
        buf_shrink(&share->text, 2 * SHARE_BYTES);
        progress_draw(&export->progress);
        TRY(look_for_stop(export, err));
        if (share->is_whole) {
            export->report.organizations++;
            export->report.hidden += share->hidden;
            progress_add(&export->progress, 1, 0);
            return ST_OK;
        }
        share->status = fetch(share);
    }
    if (share->status == ST_NO_ORGANIZATION) {
        return ST_OK;
    }
    *err = share->err;
    return share->status;
}

static void fetch_all(struct export *export, const struct tenant tenants[], size_t count)
{
    size_t group = export->store->ops->reads_block ? 1 : NEAR_GROUP;

    for (size_t i = 0; i < count; i++) {
        struct share *share = &export->shares[i];

        share->export = export;
        share->tenant = &tenants[i];
        share->documents = share->hidden = 0;
        share->is_whole = false;
        share->err.text[0] = '\0';
        document_walk_init(&share->walk, export->store, &tenants[i].organization.id);
    }
    export->left = (count + group - 1) / group;
    for (size_t i = 0; i < count; i += group) {
        struct share *first = &export->shares[i];

        first->job.run = run_group;
        first->group = count - i < group ? count - i : group;
        if (!executor_submit(export->workers, &first->job)) {
            run_group(&first->job); /* never so: the queue has room for all */
        }
    }
    (void)pthread_mutex_lock(&export->mutex);
    while (export->left > 0) {
        (void)pthread_cond_wait(&export->changed, &export->mutex);
    }
    (void)pthread_mutex_unlock(&export->mutex);
}

static enum status write_some(struct export *export, const struct tenant tenants[], size_t count,
                              struct err *err)
{
    enum status status = ST_OK;

    fetch_all(export, tenants, count);
    for (size_t i = 0; i < count; i++) {
        if (status == ST_OK) {
            status = write_share(export, &export->shares[i], err);
        }
        document_walk_done(&export->shares[i].walk);
    }
    return status;
}

static enum status write_all(struct export *export, struct err *err)
{
    const struct tenant *tenants = NULL;
    struct tenant_walk walk;
    size_t count = 1;
    enum status status = ST_OK;

    tenant_walk_init(&walk, export->store);
    while (status == ST_OK && count > 0) {
        status = tenant_walk_page(&walk, &tenants, &count, err);
        for (size_t at = 0; status == ST_OK && at < count; at += SHARES) {
            size_t some = count - at < SHARES ? count - at : SHARES;

            status = write_some(export, tenants + at, some, err);
        }
    }
    tenant_walk_done(&walk);
    return status;
}

static enum status begin(struct export *export, struct err *err)
{
    int64_t organizations = 0;
    struct arena mem;
    struct call call;
    enum status status;

    export->shares = calloc(SHARES, sizeof(*export->shares));
    if (!export->shares) {
        return err_set(err, ST_BROKEN, "no memory for an export");
    }
    for (size_t i = 0; i < SHARES; i++) {
        buf_init(&export->shares[i].text, LINE_BYTES_MAX);
    }
    TRY(executor_new("export", WORKERS, SHARES, 0, &export->workers, err));
    arena_init(&mem, LIST_MEM_BYTES);
    call = copy_call(&mem, err);
    status = store_tenant_estimate(export->store, &call, &organizations);
    arena_done(&mem);
    TRY(status);
    progress_begin_file(&export->progress, "exporting", 0, organizations);
    return ST_OK;
}

static enum status run(struct export *export, const struct settings *settings, const char *path,
                       struct err *err)
{
    enum status status;

    TRY(place_open_to_read(settings, &export->store, err));
    TRY(export_file_open(&export->file, path, err));
    status = begin(export, err);
    if (status == ST_OK) {
        status = write_all(export, err);
    }
    if (status == ST_OK) {
        status = export_file_finish(&export->file, err);
    }
    progress_end(&export->progress);
    export_file_done(&export->file);
    return status;
}

enum status app_export(const struct settings *settings, const char *path,
                       struct export_report *ret_report, struct err *err)
{
    struct export export = { .mutex = PTHREAD_MUTEX_INITIALIZER };
    int64_t begun_ms = clock_monotonic_ms();
    enum status status;

    if (sodium_init() < 0) {
        return err_set(err, ST_BROKEN, "libsodium does not start");
    }
    stop_block();
    log_set_level(LOG_ERROR);
    condition_init(&export.changed);
    progress_init(&export.progress);
    status = run(&export, settings, path, err);
    executor_free(export.workers);
    for (size_t i = 0; export.shares && i < SHARES; i++) {
        buf_done(&export.shares[i].text);
    }
    free(export.shares);
    store_close(export.store);
    TRY(status);
    export.report.took_ms = clock_monotonic_ms() - begun_ms;
    *ret_report = export.report;
    return ST_OK;
}
