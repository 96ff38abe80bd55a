/*
 * The learning of symbols, in a thread's own time: texts are copied under a shard's mutex, 0.1 ms for each shard,
 * and learned from under none, which takes five hundred times as long.
 *
 * Symbols are written where no organization is packed by any: none is in an epoch before they are learned, and
 * they are learned once in an epoch, by one thread.
 */
#include "base/clock.h"
#include "store/organization_memory_inside.h"
#include "store/organization_training.h"

#define SAMPLED 256 /* of each shard */

static void take_sample(struct organization_memory *memory, struct organization_training *training)
{
    for (int i = 0; i < ORGANIZATION_MEMORY_SHARDS; i++) {
        struct locked_shard *locked = &memory->shards[i];

        (void)pthread_mutex_lock(&locked->mutex);
        organization_shard_sample(&locked->shard, SAMPLED, training);
        (void)pthread_mutex_unlock(&locked->mutex);
    }
}

/* False: it was told to end. */
static bool learn(struct organization_memory *memory, struct organization_training *training,
                  struct organization_symbols *ret_symbols)
{
    bool goes_on = true;

    for (int round = 0; goes_on && round < ORGANIZATION_TRAINING_ROUNDS; round++) {
        int64_t begun_us = clock_monotonic_us();

        organization_training_round(training, ret_symbols);
        goes_on = organization_memory_pause(memory, clock_monotonic_us() - begun_us);
    }
    return goes_on;
}

static void use(struct organization_memory *memory, uint64_t epoch,
                const struct organization_symbols *symbols)
{
    (void)pthread_mutex_lock(&memory->mutex);
    if (atomic_load(&memory->epoch) == epoch) {
        memory->symbols = *symbols;
        for (int i = 0; i < ORGANIZATION_MEMORY_SHARDS; i++) {
            (void)pthread_mutex_lock(&memory->shards[i].mutex);
            memory->shards[i].shard.symbols = &memory->symbols;
            (void)pthread_mutex_unlock(&memory->shards[i].mutex);
        }
    }
    (void)pthread_mutex_unlock(&memory->mutex);
}

void organization_memory_learn(struct organization_memory *memory)
{
    struct organization_symbols symbols;
    struct organization_training *training;
    bool may_learn;
    uint64_t epoch;

    (void)pthread_mutex_lock(&memory->mutex);
    may_learn = memory->may_learn;
    memory->may_learn = false;
    epoch = atomic_load(&memory->epoch);
    (void)pthread_mutex_unlock(&memory->mutex);
    training = may_learn ? organization_training_new() : NULL;
    if (!training) {
        return;
    }
    take_sample(memory, training);
    if (learn(memory, training, &symbols)) {
        use(memory, epoch, &symbols);
    }
    organization_training_free(training);
}
