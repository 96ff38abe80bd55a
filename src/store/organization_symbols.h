/*
 * Texts of an organization in half of their bytes: each byte is a code, and stands for up to eight bytes that
 * are frequent in what is kept. So any text can be read by itself, in a step for each code. The symbols are
 * learned from a sample (organization_training.h), in the manner of FSST (Boncz, Neumann and Leis, 2020), and
 * an address may repeat words of the organization's slug.
 *
 * Not a format for files: both ends are one process.
 */
#ifndef ORGD_STORE_ORGANIZATION_SYMBOLS_H
#define ORGD_STORE_ORGANIZATION_SYMBOLS_H

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

#define ORGANIZATION_SYMBOL_BYTES 8
#define ORGANIZATION_SYMBOLS                                                                       \
    254 /* of the other two codes one is for a byte, one for words of the slug */

/* The longest text and the most codes that one comes to. */
#define ORGANIZATION_SYMBOLS_TEXT_MAX 255

/* How far behind its end a text may be written over. */
#define ORGANIZATION_SYMBOLS_SLACK ORGANIZATION_SYMBOL_BYTES

/* All zeros: none, each byte of a text takes two. */
struct organization_symbols {
    char bytes[ORGANIZATION_SYMBOLS][ORGANIZATION_SYMBOL_BYTES]; /* zeros behind the end */
    uint8_t lens[ORGANIZATION_SYMBOLS];
    uint8_t
        first[257]; /* of each byte: the first symbol that begins with it; the longest is first */
};

/* What a text begins with at some place. */
struct organization_step {
    int symbol; /* -1: a byte by itself, or words */
    uint8_t words;
    uint8_t len; /* of the text; 1 for a byte by itself */
};

/* The spellings of a slug that an address may repeat. */
struct organization_spellings {
    char bytes[8][40];
    uint8_t lens[8];
};

/* Of an empty slug there are none. */
void organization_spell(struct str slug, struct organization_spellings *ret_spellings);

/* The step to take at the beginning of a text that is not empty. */
struct organization_step organization_step(const struct organization_symbols *symbols,
                                           const struct organization_spellings *spellings,
                                           struct str text);

/* Writes the codes of a text (ORGANIZATION_SYMBOLS_TEXT_MAX) and gives their number; more than that: there
 * would be too many. slug: for addresses, else empty. */
size_t organization_encode(const struct organization_symbols *symbols, struct str text,
                           struct str slug, unsigned char *ret_codes);

/* The opposite; gives the length of the text. Up to ORGANIZATION_SYMBOLS_SLACK bytes behind it are written
 * over. */
size_t organization_decode(const struct organization_symbols *symbols, const unsigned char *codes,
                           size_t count, struct str slug, char *ret_text);

#endif
