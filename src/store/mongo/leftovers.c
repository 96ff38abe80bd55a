/* A queue of what was left, each with its own copy of the names. */
#include "store/mongo/leftovers.h"

#include "base/arena.h"
#include "base/log.h"

#include <pthread.h>
#include <stdlib.h>

struct item {
    struct item *next;
    struct leftover leftover;
    char text[]; /* of the names */
};

struct leftovers {
    pthread_mutex_t mutex;
    struct item *first;
    struct item **end;
    size_t count;
};

struct leftovers *leftovers_new(void)
{
    struct leftovers *leftovers = calloc(1, sizeof(*leftovers));

    if (leftovers) {
        (void)pthread_mutex_init(&leftovers->mutex, NULL);
        leftovers->end = &leftovers->first;
    }
    return leftovers;
}

void leftovers_free(struct leftovers *leftovers)
{
    if (!leftovers) {
        return;
    }
    while (leftovers->first) {
        struct item *item = leftovers->first;

        leftovers->first = item->next;
        free(item);
    }
    (void)pthread_mutex_destroy(&leftovers->mutex);
    free(leftovers);
}

/* NULL: no memory. */
static struct item *item_new(const struct leftover *leftover)
{
    size_t bytes = 0;
    struct item *item;
    char *at;

    for (size_t i = 0; i < leftover->count; i++) {
        bytes += leftover->names[i].len;
    }
    item = malloc(sizeof(*item) + bytes);
    if (!item) {
        return NULL;
    }
    *item = (struct item){ .leftover = *leftover };
    at = item->text;
    for (size_t i = 0; i < leftover->count; i++) {
        struct str *name = &item->leftover.names[i];

        if (name->len > 0) {
            memcpy(at, name->ptr, name->len);
        }
        name->ptr = at;
        at += name->len;
    }
    return item;
}

void leftovers_put(struct leftovers *leftovers, const struct leftover *leftover)
{
    struct item *item = item_new(leftover);

    if (!item) {
        /* Others recover it when this process has ended. */
        log_line(LOG_ERROR, "no memory for what was left unfinished");
        return;
    }
    (void)pthread_mutex_lock(&leftovers->mutex);
    *leftovers->end = item;
    leftovers->end = &item->next;
    leftovers->count++;
    (void)pthread_mutex_unlock(&leftovers->mutex);
}

void leftovers_add_lock(struct leftovers *leftovers, const struct lock_owner *owner,
                        struct str name)
{
    struct leftover leftover = { .owner = *owner, .names = { name }, .count = 1 };

    leftovers_put(leftovers, &leftover);
}

void leftovers_add_organization(struct leftovers *leftovers, const struct lock_owner *owner,
                                const struct oid *organization, const struct str names[],
                                size_t count)
{
    struct leftover leftover = { .owner = *owner,
                                 .has_organization = true,
                                 .organization = *organization,
                                 .count = count < LOCKS_MAX ? count : LOCKS_MAX };

    memcpy(leftover.names, names, leftover.count * sizeof(*names));
    leftovers_put(leftovers, &leftover);
}

bool leftovers_next(struct leftovers *leftovers, struct arena *mem, struct leftover *ret_leftover)
{
    struct item *item;

    (void)pthread_mutex_lock(&leftovers->mutex);
    item = leftovers->first;
    if (item) {
        leftovers->first = item->next;
        leftovers->end = leftovers->first ? leftovers->end : &leftovers->first;
        leftovers->count--;
    }
    (void)pthread_mutex_unlock(&leftovers->mutex);
    if (!item) {
        return false;
    }
    *ret_leftover = item->leftover;
    for (size_t i = 0; i < item->leftover.count; i++) {
        ret_leftover->names[i] = arena_str(mem, item->leftover.names[i]);
    }
    free(item);
    return true;
}

size_t leftovers_count(struct leftovers *leftovers)
{
    size_t count;

    (void)pthread_mutex_lock(&leftovers->mutex);
    count = leftovers->count;
    (void)pthread_mutex_unlock(&leftovers->mutex);
    return count;
}
