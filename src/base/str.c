/* String helpers that are too long to be inline. */
#include "base/str.h"

#include "base/word.h"

static unsigned char ascii_lower(unsigned char c)
{
    return c >= 'A' && c <= 'Z' ? (unsigned char)(c + ('a' - 'A')) : c;
}

bool str_equal_nocase(struct str a, struct str b)
{
    if (a.len != b.len) {
        return false;
    }
    for (size_t i = 0; i < a.len; i++) {
        if (ascii_lower((unsigned char)a.ptr[i]) != ascii_lower((unsigned char)b.ptr[i])) {
            return false;
        }
    }
    return true;
}

static uint64_t beyond_ascii(uint64_t word)
{
    return word & WORD_OF(0x80);
}

bool str_is_ascii(struct str s)
{
    return !word_any(s, beyond_ascii);
}

static uint64_t control(uint64_t word)
{
    return word_low_bytes(word) | word_zero_bytes(word ^ WORD_OF(0x7F));
}

bool str_has_control(struct str s)
{
    return word_any(s, control);
}

/* Behind as many ASCII characters as come in eights. */
static const unsigned char *skip_ascii(const unsigned char *p, const unsigned char *end)
{
    uint64_t word;

    while ((size_t)(end - p) >= sizeof(word)) {
        memcpy(&word, p, sizeof(word));
        if (word & UINT64_C(0x8080808080808080)) {
            break;
        }
        p += sizeof(word);
    }
    return p;
}

/* The table of well-formed byte sequences is Unicode's 3-7: the second byte has the special cases. */
bool str_is_utf8(struct str s)
{
    const unsigned char *p = (const unsigned char *)s.ptr;
    const unsigned char *end = p + s.len;

    if (str_is_ascii(s)) {
        return true;
    }
    while (p < end) {
        unsigned char first = *p++;
        unsigned char low = 0x80;
        unsigned char high = 0xBF;
        int more;

        if (first < 0x80) {
            p = skip_ascii(p, end);
            continue;
        }
        if (first >= 0xC2 && first <= 0xDF) {
            more = 1;
        } else if (first >= 0xE0 && first <= 0xEF) {
            more = 2;
            low = first == 0xE0 ? 0xA0 : 0x80;
            high = first == 0xED ? 0x9F : 0xBF;
        } else if (first >= 0xF0 && first <= 0xF4) {
            more = 3;
            low = first == 0xF0 ? 0x90 : 0x80;
            high = first == 0xF4 ? 0x8F : 0xBF;
        } else {
            return false;
        }
        for (; more > 0; more--) {
            if (p == end || *p < low || *p > high) {
                return false;
            }
            p++;
            low = 0x80;
            high = 0xBF;
        }
    }
    return true;
}

struct str str_trim_blanks(struct str s)
{
    while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t')) {
        s.ptr++;
        s.len--;
    }
    while (s.len > 0 && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t')) {
        s.len--;
    }
    return s;
}
