/* Random JSON for property tests: trees, and texts that somebody meddled with. The same every time
 * for the same seed; a failing test prints the text that it failed on. */
#ifndef ORGD_TEST_UNIT_JSON_RANDOM_H
#define ORGD_TEST_UNIT_JSON_RANDOM_H

#include "base/buf.h"
#include "json/json_out.h"

#include <jansson.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct dice {
    uint64_t state; /* not 0 */
};

/* xorshift64*. */
static inline uint64_t dice_bits(struct dice *dice)
{
    dice->state ^= dice->state >> 12;
    dice->state ^= dice->state << 25;
    dice->state ^= dice->state >> 27;
    return dice->state * UINT64_C(0x2545F4914F6CDD1D);
}

/* 0 to sides - 1. */
static inline size_t dice_roll(struct dice *dice, size_t sides)
{
    return (size_t)((dice_bits(dice) >> 11) % sides);
}

static inline json_t *random_string(struct dice *dice)
{
    static const char *const pieces[] = {
        "a",
        "bc",
        "name",
        " ",
        "\"",
        "\\",
        "/",
        "\n",
        "\x01",
        "\x1F",
        "\x7F",
        "é",
        "\xE2\x82\xAC",
        "\xF0\x9F\x98\x80",
        "\t\r\b\f",
        "0123456789abcdef",
    };
    char text[256] = "";
    size_t len = 0;

    for (size_t i = dice_roll(dice, 9); i > 0; i--) {
        const char *piece = pieces[dice_roll(dice, sizeof(pieces) / sizeof(pieces[0]))];

        memcpy(text + len, piece, strlen(piece));
        len += strlen(piece);
    }
    return json_stringn(text, len);
}

static inline json_t *random_real(struct dice *dice)
{
    double value;

    if (dice_roll(dice, 2) == 0) {
        return json_real((double)(int64_t)dice_roll(dice, 100000) / 100);
    }
    do {
        uint64_t bits = dice_bits(dice);

        memcpy(&value, &bits, sizeof(value));
    } while (!isfinite(value));
    return json_real(value);
}

/* Of any size: half of them have at most 32 bits. */
static inline json_t *random_integer(struct dice *dice)
{
    size_t shift = dice_roll(dice, 64);

    return json_integer((json_int_t)dice_bits(dice) >> shift);
}

static inline json_t *random_scalar(struct dice *dice)
{
    switch (dice_roll(dice, 6)) {
    case 0:
        return random_integer(dice);
    case 1:
        return random_real(dice);
    case 2:
        return json_boolean(dice_roll(dice, 2));
    case 3:
        return json_null();
    default:
        return random_string(dice);
    }
}

/* A tree of at most depth levels of containers. Few different names, so that patches meet
 * targets. */
static inline json_t *random_tree(struct dice *dice, int depth)
{
    size_t members = dice_roll(dice, 5);
    bool is_object = dice_roll(dice, 3) > 0;
    json_t *tree;

    if (depth == 0 || dice_roll(dice, 4) == 0) {
        return random_scalar(dice);
    }
    tree = is_object ? json_object() : json_array();
    for (size_t i = 0; i < members; i++) {
        json_t *member = random_tree(dice, depth - 1);

        if (is_object) {
            char name[] = { (char)('a' + dice_roll(dice, 6)), '\0' };

            (void)json_object_set_new(tree, name, member);
        } else {
            (void)json_array_append_new(tree, member);
        }
    }
    return tree;
}

/* The text of a tree; buf must be fresh or cleared. */
static inline struct str random_text(struct buf *buf, const json_t *tree)
{
    struct json_out out;

    json_out_init(&out, buf);
    json_out_value(&out, tree);
    return buf_view(buf);
}

/* Changes a few bytes: text has room for 16 more than len. Returns the new length. */
static inline size_t meddle(struct dice *dice, char *text, size_t len)
{
    static const char likely[] =
        "{}[]\",:0123456789-+.eEtrufalsn\\ \n\x01\x80\xC3\xA9\xED\xF4uD8abcd";

    for (size_t i = 1 + dice_roll(dice, 3); i > 0; i--) {
        size_t at = dice_roll(dice, len + 1);
        char byte = likely[dice_roll(dice, sizeof(likely))]; /* its NUL too */

        switch (dice_roll(dice, 4)) {
        case 0: /* cut the rest off */
            len = dice_roll(dice, 4) == 0 ? at : len;
            break;
        case 1: /* take a byte out */
            if (at < len) {
                memmove(text + at, text + at + 1, len - at - 1);
                len--;
            }
            break;
        case 2: /* put one in */
            memmove(text + at + 1, text + at, len - at);
            text[at] = byte;
            len++;
            break;
        default: /* change one */
            if (at < len) {
                text[at] = byte;
            }
            break;
        }
    }
    return len;
}

#endif
