/*
 * The reference for writes: clients that hand rows to one thread, which commits what waits together; nothing
 * else. The settings, the table and the rows are those of src/store/sqlite, and so is copying the log into
 * the database beside the writer. Who waits sleeps on its own row, is woken after the commit with nothing
 * held, and takes no mutex to go on. Prints rows a second, the p50 and p99 of a client's wait in µs, and rows
 * per commit.
 *
 *     bare_commit FILE CLIENTS SECONDS
 */
#include <linux/futex.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define CLIENTS_MAX 256
#define TIMES_MAX 1000000
#define BATCH_MAX 256
#define COPY_PAGES 1000 /* of the log, before they are copied */
#define BODY_LEN 249    /* of a document that bench/writes.py sends */

struct row {
    char id[25];
    char body[BODY_LEN + 1];
    atomic_int done; /* a futex */
    struct row *next;
};

struct client {
    struct row row;
    uint32_t *times_us;
    size_t done;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t filled = PTHREAD_COND_INITIALIZER;
static struct row *waiting;
static struct row **last = &waiting;
static bool idle; /* the writer sleeps and wants a signal */
static bool stopping;
static size_t commits;   /* the writer's */
static atomic_bool stop; /* for the clients */
static atomic_int log_pages;
static atomic_bool ended;
static const char *file;

static const char settings[] =
    "PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY; PRAGMA wal_autocheckpoint=0;"
    "PRAGMA mmap_size=0; PRAGMA cell_size_check=ON; PRAGMA secure_delete=FAST;"
    "PRAGMA foreign_keys=OFF; PRAGMA cache_size=-8192;";
static const char table[] =
    "PRAGMA journal_mode=WAL;"
    "CREATE TABLE documents (organization INTEGER NOT NULL, id TEXT NOT NULL COLLATE BINARY,"
    " body TEXT NOT NULL, PRIMARY KEY (organization, id)) STRICT, WITHOUT ROWID;";

static int64_t now_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

static void must(sqlite3 *db, int code)
{
    if (code != SQLITE_OK && code != SQLITE_DONE && code != SQLITE_ROW) {
        (void)fprintf(stderr, "bare_commit: %s\n", sqlite3_errmsg(db));
        exit(1);
    }
}

static sqlite3 *open_file(void)
{
    sqlite3 *db = NULL;

    must(db,
         sqlite3_open_v2(file, &db,
                         SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL));
    must(db, sqlite3_busy_timeout(db, 2000));
    must(db, sqlite3_exec(db, settings, NULL, NULL, NULL));
    return db;
}

/* Under the mutex: up to BATCH_MAX rows off the list. */
static struct row *take(void)
{
    struct row *first = waiting;
    struct row **end = &waiting;

    for (int i = 0; i < BATCH_MAX && *end; i++) {
        end = &(*end)->next;
    }
    waiting = *end;
    if (!waiting) {
        last = &waiting;
    }
    *end = NULL;
    return first;
}

static void commit(sqlite3 *db, sqlite3_stmt *statements[3], struct row *first)
{
    sqlite3_stmt *insert = statements[1];

    must(db, sqlite3_step(statements[0]));
    must(db, sqlite3_reset(statements[0]));
    for (struct row *row = first; row; row = row->next) {
        must(db, sqlite3_bind_text(insert, 1, row->id, -1, SQLITE_STATIC));
        must(db, sqlite3_bind_text(insert, 2, row->body, BODY_LEN, SQLITE_STATIC));
        must(db, sqlite3_step(insert));
        must(db, sqlite3_reset(insert));
    }
    must(db, sqlite3_step(statements[2]));
    must(db, sqlite3_reset(statements[2]));
}

static int note_pages(void *unused, sqlite3 *db, const char *name, int pages)
{
    (void)unused;
    (void)db;
    (void)name;
    atomic_store(&log_pages, pages);
    return SQLITE_OK;
}

static void wake_all(struct row *first)
{
    while (first) {
        struct row *next = first->next; /* first is its client's once it is done */

        atomic_store_explicit(&first->done, 1, memory_order_release);
        (void)syscall(SYS_futex, &first->done, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
        first = next;
    }
}

static void *writer_main(void *argument)
{
    static const char *const texts[3] = { "BEGIN IMMEDIATE",
                                          "INSERT INTO documents VALUES (1, ?1, ?2)", "COMMIT" };
    sqlite3_stmt *statements[3];
    sqlite3 *db = open_file();

    (void)argument;
    (void)sqlite3_wal_hook(db, note_pages, NULL);
    for (int i = 0; i < 3; i++) {
        must(db, sqlite3_prepare_v2(db, texts[i], -1, &statements[i], NULL));
    }
    (void)pthread_mutex_lock(&mutex);
    for (;;) {
        struct row *first;

        while (!waiting && !stopping) {
            idle = true;
            (void)pthread_cond_wait(&filled, &mutex);
        }
        idle = false;
        if (!waiting) {
            break;
        }
        first = take();
        (void)pthread_mutex_unlock(&mutex);
        commit(db, statements, first);
        commits++;
        wake_all(first);
        (void)pthread_mutex_lock(&mutex);
    }
    (void)pthread_mutex_unlock(&mutex);
    for (int i = 0; i < 3; i++) {
        (void)sqlite3_finalize(statements[i]);
    }
    (void)sqlite3_close(db);
    return NULL;
}

static void *checkpointer_main(void *argument)
{
    sqlite3 *db = open_file();
    int copied = 0;

    (void)argument;
    while (!atomic_load(&ended)) {
        int pages = atomic_load(&log_pages);

        if (pages < copied) {
            copied = 0; /* the log was begun anew */
        }
        if (pages - copied >= COPY_PAGES) {
            int code =
                sqlite3_wal_checkpoint_v2(db, "main", SQLITE_CHECKPOINT_PASSIVE, NULL, &copied);

            /* Busy: the writer was just changing the log's head. It asks no busy handler for that. */
            if (code != SQLITE_BUSY) {
                must(db, code);
            }
        }
        (void)nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
    }
    (void)sqlite3_close(db);
    return NULL;
}

/* An id and a body as orgd makes and keeps them. */
static void fill(struct row *row)
{
    static atomic_uint made;
    unsigned number = atomic_fetch_add(&made, 1);
    int len;

    (void)snprintf(row->id, sizeof(row->id), "%08x%010x%06x", (unsigned)time(NULL), 1U, number);
    len = snprintf(row->body, sizeof(row->body), "{\"_id\":\"%s\",\"n\":1,\"pad\":\"", row->id);
    memset(row->body + len, 'x', BODY_LEN - (size_t)len);
    memcpy(row->body + BODY_LEN - 2, "\"}", 3);
}

static void hand_over(struct row *row)
{
    bool was_idle;

    atomic_store_explicit(&row->done, 0, memory_order_relaxed);
    row->next = NULL;
    (void)pthread_mutex_lock(&mutex);
    *last = row;
    last = &row->next;
    was_idle = idle;
    idle = false;
    (void)pthread_mutex_unlock(&mutex);
    if (was_idle) {
        (void)pthread_cond_signal(&filled);
    }
    while (!atomic_load_explicit(&row->done, memory_order_acquire)) {
        (void)syscall(SYS_futex, &row->done, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
    }
}

static void *client_main(void *argument)
{
    struct client *client = argument;

    while (!atomic_load(&stop) && client->done < TIMES_MAX) {
        int64_t begun = now_us();

        fill(&client->row);
        hand_over(&client->row);
        client->times_us[client->done++] = (uint32_t)(now_us() - begun);
    }
    return NULL;
}

static int by_size(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;

    return (left > right) - (left < right);
}

static void report(struct client *clients, unsigned count, double seconds)
{
    size_t total = 0;
    size_t at = 0;
    uint32_t *all;

    for (unsigned i = 0; i < count; i++) {
        total += clients[i].done;
    }
    all = calloc(total ? total : 1, sizeof(*all));
    if (!all || total == 0) {
        exit(1);
    }
    for (unsigned i = 0; i < count; i++) {
        memcpy(all + at, clients[i].times_us, clients[i].done * sizeof(*all));
        at += clients[i].done;
    }
    qsort(all, total, sizeof(*all), by_size);
    (void)printf("%.1f %u %u %.1f\n", (double)total / seconds, all[total / 2],
                 all[total * 99 / 100], (double)total / (double)commits);
    free(all);
}

static void run(struct client *clients, unsigned count, unsigned seconds)
{
    static pthread_t ids[CLIENTS_MAX];
    pthread_t writer;
    pthread_t checkpointer;
    int64_t begun = now_us();
    double seconds_taken;

    if (pthread_create(&writer, NULL, writer_main, NULL) != 0 ||
        pthread_create(&checkpointer, NULL, checkpointer_main, NULL) != 0) {
        exit(1);
    }
    for (unsigned i = 0; i < count; i++) {
        if (pthread_create(&ids[i], NULL, client_main, &clients[i]) != 0) {
            exit(1);
        }
    }
    (void)nanosleep(&(struct timespec){ .tv_sec = seconds }, NULL);
    atomic_store(&stop, true);
    for (unsigned i = 0; i < count; i++) {
        (void)pthread_join(ids[i], NULL);
    }
    seconds_taken = (double)(now_us() - begun) / 1e6;
    (void)pthread_mutex_lock(&mutex);
    stopping = true;
    (void)pthread_cond_signal(&filled);
    (void)pthread_mutex_unlock(&mutex);
    (void)pthread_join(writer, NULL);
    atomic_store(&ended, true);
    (void)pthread_join(checkpointer, NULL);
    report(clients, count, seconds_taken);
}

int main(int argc, char **argv)
{
    static struct client clients[CLIENTS_MAX];
    unsigned count = argc > 3 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
    unsigned seconds = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 0;
    sqlite3 *db;

    if (count < 1 || count > CLIENTS_MAX || seconds < 1) {
        (void)fprintf(stderr, "usage: bare_commit FILE CLIENTS SECONDS\n");
        return 2;
    }
    file = argv[1];
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    db = open_file();
    must(db, sqlite3_exec(db, table, NULL, NULL, NULL));
    for (unsigned i = 0; i < count; i++) {
        clients[i].times_us = calloc(TIMES_MAX, sizeof(uint32_t));
        if (!clients[i].times_us) {
            return 1;
        }
    }
    run(clients, count, seconds);
    (void)sqlite3_close(db);
    return 0;
}
