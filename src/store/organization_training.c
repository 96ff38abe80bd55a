/* Candidates are counted in a table of fixed size, in which a search ends soon, whatever the texts are. */
#include "store/organization_training.h"

#include <stdlib.h>
#include <string.h>

#define CANDIDATES (1U << 14)
#define SEARCHED 16
#define BYTE_WEIGHT 4 /* without a symbol a byte takes two */

struct candidate {
    char bytes[ORGANIZATION_SYMBOL_BYTES];
    uint32_t len; /* 0: none */
    uint32_t gain;
};

struct organization_training {
    struct organization_symbols symbols; /* of the last round */
    struct candidate candidates[CANDIDATES];
    size_t used;
    char sample[ORGANIZATION_TRAINING_BYTES]; /* lengths of a text and its slug, and both */
};

struct organization_training *organization_training_new(void)
{
    return calloc(1, sizeof(struct organization_training));
}

void organization_training_free(struct organization_training *training)
{
    free(training);
}

static uint32_t place_of(const struct candidate *one)
{
    uint64_t word;

    memcpy(&word, one->bytes, sizeof(word));
    return (uint32_t)((word * UINT64_C(0x9E3779B97F4A7C15)) >> 40) + one->len;
}

static void count(struct organization_training *training, const struct candidate *one)
{
    uint32_t place = place_of(one);

    for (uint32_t i = 0; i < SEARCHED; i++) {
        struct candidate *there = &training->candidates[(place + i) % CANDIDATES];

        if (there->len == 0) {
            *there = *one;
        }
        if (there->len == one->len &&
            memcmp(there->bytes, one->bytes, ORGANIZATION_SYMBOL_BYTES) == 0) {
            there->gain += one->len == 1 ? BYTE_WEIGHT : one->len;
            return;
        }
    }
}

/* What is between two places of a text. */
static void count_text(struct organization_training *training, const char *begin, const char *end)
{
    struct candidate one = { .len = (uint32_t)(end - begin) };

    if (one.len <= ORGANIZATION_SYMBOL_BYTES) {
        memcpy(one.bytes, begin, one.len);
        count(training, &one);
    }
}

void organization_training_add(struct organization_training *training, struct str text,
                               struct str slug)
{
    char *to = training->sample + training->used;
    size_t bytes = 2 + text.len + slug.len;

    if (bytes > sizeof(training->sample) - training->used) {
        return;
    }
    to[0] = (char)text.len;
    to[1] = (char)slug.len;
    memcpy(to + 2, text.ptr, text.len);
    memcpy(to + 2 + text.len, slug.ptr, slug.len);
    training->used += bytes;
}

/* One text of a round. */
static void read_text(struct organization_training *training, struct str text, struct str slug)
{
    size_t last_len = 0; /* of the symbol in front, where there is one */
    struct organization_spellings spellings;

    organization_spell(slug, &spellings);
    while (text.len > 0) {
        struct organization_step step = organization_step(&training->symbols, &spellings, text);
        const char *end = text.ptr + step.len;
        bool is_words = step.symbol < 0 && step.len > 1;

        if (!is_words) {
            count_text(training, text.ptr, end);
        }
        if (!is_words && last_len > 0) {
            count_text(training, text.ptr - last_len, end);
        }
        last_len = is_words ? 0 : step.len;
        text.len -= step.len;
        text.ptr = end;
    }
}

static int by_gain(const void *a, const void *b)
{
    const struct candidate *x = a;
    const struct candidate *y = b;

    return (x->gain < y->gain) - (x->gain > y->gain);
}

/* By the first byte, and the longest first. */
static int by_place(const void *a, const void *b)
{
    const struct candidate *x = a;
    const struct candidate *y = b;

    if (x->bytes[0] != y->bytes[0]) {
        return (unsigned char)x->bytes[0] < (unsigned char)y->bytes[0] ? -1 : 1;
    }
    return (x->len < y->len) - (x->len > y->len);
}

/* Ends a round. */
static void choose(struct organization_training *training)
{
    struct organization_symbols *symbols = &training->symbols;
    struct candidate *all = training->candidates;
    size_t there = 0;

    for (size_t i = 0; i < CANDIDATES; i++) {
        if (all[i].len > 0) {
            all[there++] = all[i];
        }
    }
    qsort(all, there, sizeof(*all), by_gain);
    there = there < ORGANIZATION_SYMBOLS ? there : ORGANIZATION_SYMBOLS;
    qsort(all, there, sizeof(*all), by_place);
    memset(symbols, 0, sizeof(*symbols));
    for (size_t i = 0; i < there; i++) {
        memcpy(symbols->bytes[i], all[i].bytes, ORGANIZATION_SYMBOL_BYTES);
        symbols->lens[i] = (uint8_t)all[i].len;
        for (size_t c = (unsigned char)all[i].bytes[0] + (size_t)1; c <= 256; c++) {
            symbols->first[c]++;
        }
    }
    memset(all, 0, sizeof(training->candidates));
}

void organization_training_round(struct organization_training *training,
                                 struct organization_symbols *ret_symbols)
{
    const char *end = training->sample + training->used;

    for (const char *at = training->sample; at < end;) {
        struct str text = { .ptr = at + 2, .len = (unsigned char)at[0] };
        struct str slug = { .ptr = text.ptr + text.len, .len = (unsigned char)at[1] };

        read_text(training, text, slug);
        at = slug.ptr + slug.len;
    }
    choose(training);
    *ret_symbols = training->symbols;
}
