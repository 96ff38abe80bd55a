/*
 * A code below 254 is a symbol; 255 has a byte behind it that stands for itself; 254 has one behind it that
 * tells words of the slug: the lowest five bits how many bytes, two the word that they begin with, and the
 * highest whether '-' is between words or nothing.
 */
#include "store/organization_symbols.h"

#include <string.h>

#define CODE_WORDS 254
#define CODE_BYTE 255

#define WORDS_LEAST 5 /* less takes two symbols as well */
#define WORDS_MOST (WORDS_LEAST + 31)
#define WORDS_LEN_MASK 31
#define WORDS_FIRST_SHIFT 5
#define WORDS_FIRST_MASK 3
#define WORDS_HYPHEN 128
#define SPELLINGS 8

_Static_assert(ORGANIZATION_SYMBOLS == CODE_WORDS, "each code has one meaning");

/* So many bytes at most of a slug, from one of its words on. */
static size_t spell(struct str slug, unsigned first, bool has_hyphens, size_t most, char *ret_bytes)
{
    size_t len = 0;

    for (size_t i = 0; i < slug.len && len < most; i++) {
        if (first > 0) {
            first -= slug.ptr[i] == '_';
        } else if (slug.ptr[i] != '_') {
            ret_bytes[len++] = slug.ptr[i];
        } else if (has_hyphens) {
            ret_bytes[len++] = '-';
        }
    }
    return len;
}

void organization_spell(struct str slug, struct organization_spellings *ret_spellings)
{
    for (unsigned i = 0; i < SPELLINGS; i++) {
        ret_spellings->lens[i] =
            (uint8_t)spell(slug, i / 2, i % 2, WORDS_MOST, ret_spellings->bytes[i]);
    }
}

/* The longest of the words that a text begins with; of length 0 where that is too short. */
static struct organization_step step_of_words(const struct organization_spellings *spellings,
                                              struct str text)
{
    struct organization_step step = { .symbol = -1 };

    for (unsigned i = 0; i < SPELLINGS; i++) {
        size_t most = spellings->lens[i] < text.len ? spellings->lens[i] : text.len;
        size_t len = 0;

        while (len < most && spellings->bytes[i][len] == text.ptr[len]) {
            len++;
        }
        if (len >= WORDS_LEAST && len > step.len) {
            step.len = (uint8_t)len;
            step.words = (uint8_t)((len - WORDS_LEAST) | i / 2 << WORDS_FIRST_SHIFT |
                                   (i % 2 ? WORDS_HYPHEN : 0));
        }
    }
    return step;
}

struct organization_step organization_step(const struct organization_symbols *symbols,
                                           const struct organization_spellings *spellings,
                                           struct str text)
{
    struct organization_step step = step_of_words(spellings, text);
    unsigned char c = (unsigned char)*text.ptr;

    if (step.len > 0) {
        return step;
    }
    for (int i = symbols->first[c]; i < symbols->first[c + 1]; i++) {
        if (symbols->lens[i] <= text.len &&
            memcmp(symbols->bytes[i], text.ptr, symbols->lens[i]) == 0) {
            return (struct organization_step){ .symbol = i, .len = symbols->lens[i] };
        }
    }
    return (struct organization_step){ .symbol = -1, .len = 1 };
}

size_t organization_encode(const struct organization_symbols *symbols, struct str text,
                           struct str slug, unsigned char *ret_codes)
{
    struct organization_spellings spellings;
    size_t count = 0;

    organization_spell(slug, &spellings);
    while (text.len > 0) {
        struct organization_step step = organization_step(symbols, &spellings, text);

        if (count + 2 > ORGANIZATION_SYMBOLS_TEXT_MAX) {
            return ORGANIZATION_SYMBOLS_TEXT_MAX + 1;
        }
        if (step.symbol >= 0) {
            ret_codes[count++] = (unsigned char)step.symbol;
        } else if (step.len > 1) {
            ret_codes[count++] = CODE_WORDS;
            ret_codes[count++] = step.words;
        } else {
            ret_codes[count++] = CODE_BYTE;
            ret_codes[count++] = (unsigned char)*text.ptr;
        }
        text.ptr += step.len;
        text.len -= step.len;
    }
    return count;
}

size_t organization_decode(const struct organization_symbols *symbols, const unsigned char *codes,
                           size_t count, struct str slug, char *ret_text)
{
    const unsigned char *end = codes + count;
    char *at = ret_text;

    while (codes < end) {
        unsigned code = *codes++;

        if (code < ORGANIZATION_SYMBOLS) {
            memcpy(at, symbols->bytes[code], ORGANIZATION_SYMBOL_BYTES);
            at += symbols->lens[code];
        } else if (code == CODE_BYTE) {
            *at++ = (char)*codes++;
        } else {
            unsigned words = *codes++;

            at += spell(slug, words >> WORDS_FIRST_SHIFT & WORDS_FIRST_MASK,
                        (words & WORDS_HYPHEN) != 0, (words & WORDS_LEN_MASK) + WORDS_LEAST, at);
        }
    }
    return (size_t)(at - ret_text);
}
