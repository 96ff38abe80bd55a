/*
 * Why nothing stale is found. Each organization and account has a mark, one of many bits, by hash. A change
 * of one sets its mark before the engine is called, and marks stay set. A look-up finds an organization by
 * its name, and then looks at its mark and its administrator's: where either is set it is not used. Take one
 * that is used. It was true when the engine told it, and the marks were clear at the moment they were
 * looked at (B); so no change of it had begun before B, and it was still true at B, which is within the
 * look-up. A name that it held at B was nobody else's. What makes an organization changes no other, and so
 * sets no mark.
 *
 * Forgetting everything clears the marks, all but those of changes that are under way, and the epoch grows.
 * What the engine told before it would then be kept without its mark: so a result is kept only in the epoch
 * in which the engine was asked. And a look-up would see a clear mark beside what it had found before: so
 * finding and looking at the marks are one step for forgetting, under the mutex of a shard, and forgetting
 * holds all of them.
 *
 * A change of any number of them: `closed` is counted up before the engine is called, and everything is
 * forgotten when it has returned, before `closed` is counted down. A look-up that read 0 before it searched
 * uses what was true when it read that.
 */
#include "base/clock.h"
#include "base/thread.h"
#include "store/organization_memory_inside.h"
#include "store/organization_pack.h"
#include "store/organization_pages.h"

#include <stdlib.h>
#include <time.h>

#define SHARDS ORGANIZATION_MEMORY_SHARDS
#define MARKS ORGANIZATION_MEMORY_MARKS
#define MARK_WORD ORGANIZATION_MEMORY_MARK_WORD
#define TABLE_BYTES (ORGANIZATION_SHARD_BUCKETS * sizeof(organization_bucket))
#define TABLES_BYTES (SHARDS * TABLE_BYTES)
#define PIECES_BYTES ((size_t)26 << 20)
#define DATA_BYTES (TABLES_BYTES + PIECES_BYTES)

/* Until symbols are learned: a store as small needs none, and more would teach little more. */
#define LEARNED_AT 8192

_Static_assert(DATA_BYTES + sizeof(struct organization_memory) <= ORGANIZATION_MEMORY_BYTES,
               "as small as the header says");
_Static_assert(TABLES_BYTES % ORGANIZATION_PAGE_BYTES == 0 &&
                   PIECES_BYTES % ORGANIZATION_PAGE_BYTES == 0,
               "large pages have nothing to spare");

/* Ids are made by servers, so a hash without a key will do; one mark for two costs no more than a look-up. */
static uint32_t mark_of(const struct oid *id)
{
    uint64_t front;
    uint32_t end;

    memcpy(&front, id->bytes, sizeof(front));
    memcpy(&end, id->bytes + sizeof(front), sizeof(end));
    front =
        (front ^ (front >> 32) ^ end * UINT64_C(0x9E3779B97F4A7C15)) * UINT64_C(0xD6E8FEB86659FD93);
    return (uint32_t)(front >> 32) % MARKS;
}

static bool is_marked(struct organization_memory *memory, const struct oid *id)
{
    uint32_t mark = mark_of(id);

    return atomic_load(&memory->marks[mark / MARK_WORD]) >> mark % MARK_WORD & 1;
}

static void set_mark(struct organization_memory *memory, uint32_t mark)
{
    (void)atomic_fetch_or(&memory->marks[mark / MARK_WORD], UINT64_C(1) << mark % MARK_WORD);
}

static bool is_changed(struct organization_memory *memory, const struct organization *organization)
{
    return is_marked(memory, &organization->id) || is_marked(memory, &organization->admin_id);
}

struct organization_memory *organization_memory_new(void)
{
    struct organization_memory *memory = aligned_alloc(64, sizeof(*memory));
    unsigned char *data = organization_pages_map(DATA_BYTES);

    if (!memory || !data) {
        free(memory);
        if (data) {
            organization_pages_unmap(data, DATA_BYTES);
        }
        return NULL;
    }
    memset(memory, 0, sizeof(*memory));
    hash_key_make(&memory->key);
    memory->data = data;
    memory->pieces = (struct organization_pieces){
        .bytes = data + TABLES_BYTES,
        .count = PIECES_BYTES / ORGANIZATION_SHARD_PIECE_BYTES,
    };
    (void)pthread_mutex_init(&memory->mutex, NULL);
    condition_init(&memory->told);
    for (size_t i = 0; i < SHARDS; i++) {
        struct organization_shard *shard = &memory->shards[i].shard;

        shard->buckets = (organization_bucket *)(void *)(data + i * TABLE_BYTES);
        shard->common = &memory->pieces;
        (void)pthread_mutex_init(&memory->shards[i].mutex, NULL);
        organization_shard_clear(shard);
    }
    return memory;
}

void organization_memory_free(struct organization_memory *memory)
{
    if (!memory) {
        return;
    }
    for (int i = 0; i < SHARDS; i++) {
        (void)pthread_mutex_destroy(&memory->shards[i].mutex);
    }
    (void)pthread_cond_destroy(&memory->told);
    (void)pthread_mutex_destroy(&memory->mutex);
    organization_pages_unmap(memory->data, DATA_BYTES);
    free(memory);
}

static uint64_t hash_of(const struct organization_memory *memory, struct str name_key)
{
    return hash_bytes(&memory->key, name_key.ptr, name_key.len);
}

static struct locked_shard *shard_of(struct organization_memory *memory, uint64_t hash)
{
    return &memory->shards[hash % SHARDS];
}

/* Texts that lie one behind the other, as copies in mem. */
static void move_texts(struct organization *organization, const char *text, size_t text_bytes,
                       struct arena *mem)
{
    struct str *texts[] = { &organization->name, &organization->name_key, &organization->slug,
                            &organization->collection, &organization->admin_email };
    char *copy = arena_alloc(mem, text_bytes);

    memcpy(copy, text, text_bytes);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        texts[i]->ptr = copy + (texts[i]->ptr - text);
    }
}

bool organization_memory_find(struct organization_memory *memory, struct str name_key,
                              struct arena *mem, struct organization *ret_organization)
{
    char text[ORGANIZATION_PACK_MAX_BYTES];
    struct organization found;
    struct locked_shard *locked;
    size_t text_bytes = 0;
    uint64_t hash;
    bool is_good;

    if (!memory || atomic_load(&memory->closed) > 0) {
        return false;
    }
    hash = hash_of(memory, name_key);
    locked = shard_of(memory, hash);
    (void)pthread_mutex_lock(&locked->mutex);
    is_good = organization_shard_find(&locked->shard, hash, name_key, text, &text_bytes, &found) &&
              !is_changed(memory, &found);
    (void)pthread_mutex_unlock(&locked->mutex);
    if (is_good) {
        move_texts(&found, text, text_bytes, mem);
        *ret_organization = found;
    }
    return is_good;
}

uint64_t organization_memory_epoch(struct organization_memory *memory)
{
    return memory ? atomic_load(&memory->epoch) : 0;
}

bool organization_memory_is_full(struct organization_memory *memory)
{
    return atomic_load(&memory->is_full);
}

/* Where enough was kept to learn from, the thread that does so is told. */
static void count_kept(struct organization_memory *memory)
{
    if (atomic_fetch_add(&memory->kept, 1) + 1 == LEARNED_AT) {
        (void)pthread_mutex_lock(&memory->mutex);
        memory->may_learn = true;
        (void)pthread_cond_broadcast(&memory->told);
        (void)pthread_mutex_unlock(&memory->mutex);
    }
}

bool organization_memory_keep(struct organization_memory *memory, uint64_t epoch, enum keep keep,
                              const struct organization *organization)
{
    enum organization_kept kept = ORGANIZATION_TOO_LARGE;
    struct locked_shard *locked;
    uint64_t hash;

    if (!memory || !organization->name_key.ptr) {
        return false;
    }
    hash = hash_of(memory, organization->name_key);
    locked = shard_of(memory, hash);
    (void)pthread_mutex_lock(&locked->mutex);
    if (atomic_load(&memory->epoch) == epoch && !is_changed(memory, organization)) {
        kept = organization_shard_keep(&locked->shard, hash, keep == KEEP_ALWAYS, organization);
    }
    (void)pthread_mutex_unlock(&locked->mutex);
    if (kept == ORGANIZATION_KEPT) {
        count_kept(memory);
    } else if (kept == ORGANIZATION_NO_ROOM) {
        atomic_store(&memory->is_full, true);
    }
    return kept == ORGANIZATION_KEPT;
}

/* Under the memory's mutex. */
static void forget_all(struct organization_memory *memory)
{
    for (int i = 0; i < SHARDS; i++) {
        (void)pthread_mutex_lock(&memory->shards[i].mutex);
    }
    (void)atomic_fetch_add(&memory->epoch, 1);
    for (size_t i = 0; i < MARKS / MARK_WORD; i++) {
        atomic_store_explicit(&memory->marks[i], 0, memory_order_relaxed);
    }
    memory->changes_seen = 0;
    memory->may_learn = false;
    atomic_store(&memory->kept, 0);
    atomic_store(&memory->is_full, false);
    for (struct organization_changing *one = memory->changes; one; one = one->next) {
        set_mark(memory, one->marks[0]);
        set_mark(memory, one->marks[1]);
    }
    organization_pages_clear(memory->data, DATA_BYTES);
    atomic_store(&memory->pieces.taken, 0);
    for (int i = 0; i < SHARDS; i++) {
        organization_shard_clear(&memory->shards[i].shard);
        (void)pthread_mutex_unlock(&memory->shards[i].mutex);
    }
    (void)pthread_cond_broadcast(&memory->told);
}

void organization_memory_changing(struct organization_memory *memory, const struct oid *id,
                                  const struct oid *account_id,
                                  struct organization_changing *ret_changing)
{
    struct organization_changing *changing = ret_changing;

    if (!memory) {
        return;
    }
    changing->marks[0] = mark_of(id);
    changing->marks[1] = account_id ? mark_of(account_id) : changing->marks[0];
    (void)pthread_mutex_lock(&memory->mutex);
    if (memory->changes_seen >= ORGANIZATION_MEMORY_CHANGES) {
        forget_all(memory);
    }
    memory->changes_seen++;
    changing->next = memory->changes;
    changing->link = &memory->changes;
    if (changing->next) {
        changing->next->link = &changing->next;
    }
    memory->changes = changing;
    set_mark(memory, changing->marks[0]);
    set_mark(memory, changing->marks[1]);
    (void)pthread_mutex_unlock(&memory->mutex);
}

void organization_memory_changed(struct organization_memory *memory,
                                 struct organization_changing *changing)
{
    if (!memory) {
        return;
    }
    (void)pthread_mutex_lock(&memory->mutex);
    *changing->link = changing->next;
    if (changing->next) {
        changing->next->link = changing->link;
    }
    (void)pthread_mutex_unlock(&memory->mutex);
}

void organization_memory_all_changing(struct organization_memory *memory)
{
    if (memory) {
        (void)atomic_fetch_add(&memory->closed, 1);
    }
}

void organization_memory_all_changed(struct organization_memory *memory)
{
    if (!memory) {
        return;
    }
    (void)pthread_mutex_lock(&memory->mutex);
    forget_all(memory);
    (void)pthread_mutex_unlock(&memory->mutex);
    (void)atomic_fetch_sub(&memory->closed, 1);
}

void organization_memory_settle(struct organization_memory *memory)
{
    organization_pages_settle(memory->data, DATA_BYTES);
}

bool organization_memory_wait(struct organization_memory *memory, uint64_t epoch)
{
    bool goes_on;

    (void)pthread_mutex_lock(&memory->mutex);
    while (!memory->waits_end && !memory->may_learn && atomic_load(&memory->epoch) == epoch) {
        (void)pthread_cond_wait(&memory->told, &memory->mutex);
    }
    goes_on = !memory->waits_end;
    (void)pthread_mutex_unlock(&memory->mutex);
    return goes_on;
}

bool organization_memory_pause(struct organization_memory *memory, int64_t us)
{
    int64_t until_us = clock_monotonic_us() + us;
    struct timespec until = { .tv_sec = until_us / 1000000, .tv_nsec = until_us % 1000000 * 1000 };
    bool goes_on;

    (void)pthread_mutex_lock(&memory->mutex);
    while (!memory->waits_end && clock_monotonic_us() < until_us) {
        (void)pthread_cond_timedwait(&memory->told, &memory->mutex, &until);
    }
    goes_on = !memory->waits_end;
    (void)pthread_mutex_unlock(&memory->mutex);
    return goes_on;
}

void organization_memory_end_wait(struct organization_memory *memory)
{
    (void)pthread_mutex_lock(&memory->mutex);
    memory->waits_end = true;
    (void)pthread_cond_broadcast(&memory->told);
    (void)pthread_mutex_unlock(&memory->mutex);
}

size_t organization_memory_bytes(struct organization_memory *memory)
{
    size_t bytes = memory ? atomic_load(&memory->pieces.taken) * ORGANIZATION_SHARD_PIECE_BYTES : 0;

    if (bytes == 0) {
        return 0;
    }
    /* The last large page is used whole where most of it is. */
    bytes += ORGANIZATION_PAGE_BYTES - 1;
    bytes -= bytes % ORGANIZATION_PAGE_BYTES;
    return TABLES_BYTES + (bytes < PIECES_BYTES ? bytes : PIECES_BYTES);
}
