/* A ring of entries. Between at and old there is nothing; old_end is where the round before ended. */
#include "store/document_shard.h"

#include "base/arena.h"

#include <stddef.h>
#include <sys/mman.h>

#define UNIT ((size_t)8)
#define MOVED_MAX 64 /* so many entries at most are written once more for one that comes */

/* Behind it lie its id and its body, each with a NUL. */
struct entry {
    uint64_t hash;
    uint64_t generation;
    uint64_t common_generation;
    struct oid organization_id;
    uint16_t id_bytes;
    uint16_t body_bytes;
    bool is_used; /* looked up since it was written */
    char text[];
};

_Static_assert(DOCUMENT_MEMORY_MAX_BYTES <= UINT16_MAX, "the lengths have room for it");
_Static_assert(DOCUMENT_SHARD_LOG_BYTES / UNIT <= UINT16_MAX, "a slot has room for each place");

static size_t entry_bytes(size_t text_bytes)
{
    return (offsetof(struct entry, text) + text_bytes + UNIT - 1) / UNIT * UNIT;
}

static size_t bytes_of(const struct entry *entry)
{
    return entry_bytes(entry->id_bytes + entry->body_bytes + (size_t)2);
}

static struct entry *entry_at(const struct document_shard *shard, size_t place)
{
    return (struct entry *)(void *)(shard->log + place);
}

static uint16_t place_in_slot(size_t place)
{
    return (uint16_t)(place / UNIT + 1);
}

static struct entry *entry_of(const struct document_shard *shard, const struct document_slot *slot)
{
    return entry_at(shard, (size_t)(slot->place - 1) * UNIT);
}

static struct document_slot *set_of(struct document_shard *shard, uint64_t hash)
{
    return shard->slots[(hash >> 16) % DOCUMENT_SHARD_SETS];
}

static uint16_t tag_of(uint64_t hash)
{
    return (uint16_t)(hash >> 48);
}

static struct document_slot *find_slot(struct document_shard *shard, uint64_t hash,
                                       const struct oid *organization_id, struct str id)
{
    struct document_slot *set = set_of(shard, hash);

    for (int way = 0; way < DOCUMENT_SHARD_WAYS; way++) {
        if (set[way].place != 0 && set[way].tag == tag_of(hash)) {
            const struct entry *entry = entry_of(shard, &set[way]);

            if (entry->hash == hash && oid_equal(&entry->organization_id, organization_id) &&
                str_equal((struct str){ .ptr = entry->text, .len = entry->id_bytes }, id)) {
                return &set[way];
            }
        }
    }
    return NULL;
}

bool document_shard_find(struct document_shard *shard, const struct document_reading *reading,
                         const struct oid *organization_id, struct str id, struct arena *mem,
                         struct document *ret_document)
{
    struct document_slot *slot = find_slot(shard, reading->hash, organization_id, id);
    struct entry *entry;
    size_t text_bytes;
    char *text;

    if (!slot) {
        return false;
    }
    entry = entry_of(shard, slot);
    if (entry->generation != reading->generation ||
        entry->common_generation != reading->common_generation) {
        return false;
    }
    entry->is_used = true;
    text_bytes = entry->id_bytes + entry->body_bytes + (size_t)2;
    text = arena_alloc(mem, text_bytes);
    memcpy(text, entry->text, text_bytes);
    *ret_document = (struct document){
        .id = { .ptr = text, .len = entry->id_bytes },
        .body = { .ptr = text + entry->id_bytes + 1, .len = entry->body_bytes },
    };
    return true;
}

/* The slot that leads to a place; NULL where none does any more, because something newer took it. */
static struct document_slot *slot_to(struct document_shard *shard, size_t place)
{
    struct document_slot *set = set_of(shard, entry_at(shard, place)->hash);

    for (int way = 0; way < DOCUMENT_SHARD_WAYS; way++) {
        if (set[way].place == place_in_slot(place)) {
            return &set[way];
        }
    }
    return NULL;
}

/* Writes the oldest entry once more where it was used and there is room for it and for so many bytes;
 * otherwise it is lost. Whether it was written. */
static bool pass_oldest(struct document_shard *shard, bool may_move, size_t bytes)
{
    struct entry *entry = entry_at(shard, shard->old);
    struct document_slot *slot = slot_to(shard, shard->old);
    size_t size = bytes_of(entry);
    bool moves = slot && may_move && entry->is_used && shard->at + size + bytes <= shard->limit;

    shard->old += size;
    if (moves) {
        entry->is_used = false;
        memmove(shard->log + shard->at, entry, size);
        slot->place = place_in_slot(shard->at);
        shard->at += size;
    } else if (slot) {
        slot->place = 0;
    }
    return moves;
}

/* Leaves so many bytes free at shard->at. */
static void make_room(struct document_shard *shard, size_t bytes)
{
    int moved = 0;

    if (shard->at + bytes > shard->limit) {
        while (shard->old < shard->old_end) {
            (void)pass_oldest(shard, false, bytes);
        }
        shard->old_end = shard->at;
        shard->old = 0;
        shard->at = 0;
    }
    while (shard->old < shard->old_end && shard->old < shard->at + bytes) {
        moved += pass_oldest(shard, moved < MOVED_MAX, bytes);
    }
}

/* The slot of the document, or else an empty one, or of one that was not looked up, or any. */
static struct document_slot *slot_for(struct document_shard *shard, uint64_t hash,
                                      const struct oid *organization_id, struct str id)
{
    struct document_slot *set = set_of(shard, hash);
    struct document_slot *slot = find_slot(shard, hash, organization_id, id);

    for (int way = 0; !slot && way < DOCUMENT_SHARD_WAYS; way++) {
        slot = set[way].place == 0 ? &set[way] : NULL;
    }
    for (int way = 0; !slot && way < DOCUMENT_SHARD_WAYS; way++) {
        slot = entry_of(shard, &set[way])->is_used ? NULL : &set[way];
    }
    return slot ? slot : &set[(hash >> 32) % DOCUMENT_SHARD_WAYS];
}

void document_shard_keep(struct document_shard *shard, const struct document_reading *reading,
                         const struct oid *organization_id, const struct document *document)
{
    struct str id = document->id;
    struct str body = document->body;
    size_t bytes = entry_bytes(id.len + body.len + 2);
    struct entry *entry;

    if (bytes > shard->limit) {
        return;
    }
    make_room(shard, bytes);
    entry = entry_at(shard, shard->at);
    *slot_for(shard, reading->hash, organization_id, id) = (struct document_slot){
        .place = place_in_slot(shard->at),
        .tag = tag_of(reading->hash),
    };
    entry->hash = reading->hash;
    entry->generation = reading->generation;
    entry->common_generation = reading->common_generation;
    entry->organization_id = *organization_id;
    entry->id_bytes = (uint16_t)id.len;
    entry->body_bytes = (uint16_t)body.len;
    entry->is_used = false;
    memcpy(entry->text, id.ptr, id.len);
    entry->text[id.len] = '\0';
    memcpy(entry->text + id.len + 1, body.ptr, body.len);
    entry->text[id.len + 1 + body.len] = '\0';
    shard->at += bytes;
}

void document_shard_limit(struct document_shard *shard, size_t bytes)
{
    if (bytes < shard->limit) {
        memset(shard->slots, 0, sizeof(shard->slots));
        (void)madvise(shard->log, DOCUMENT_SHARD_LOG_BYTES, MADV_DONTNEED);
        shard->at = 0;
        shard->old = 0;
        shard->old_end = 0;
    }
    shard->limit = bytes;
}
