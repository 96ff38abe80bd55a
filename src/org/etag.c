/* Entity tags. */
#include "org/etag.h"

#include <sodium.h>

#define ETAG_HASH_BYTES 16

void etag_of(struct str body, char ret_etag[ETAG_SIZE])
{
    unsigned char hash[ETAG_HASH_BYTES];

    (void)crypto_generichash(hash, sizeof(hash), (const unsigned char *)body.ptr, body.len, NULL,
                             0);
    ret_etag[0] = '"';
    (void)sodium_bin2hex(ret_etag + 1, ETAG_SIZE - 2, hash, sizeof(hash));
    ret_etag[ETAG_SIZE - 2] = '"';
    ret_etag[ETAG_SIZE - 1] = '\0';
}

/* Cuts one entity tag off the front, with its quotes; tags may have commas inside. */
static struct str next_tag(struct str *list, bool *ret_weak)
{
    const char *close;
    struct str tag = { .ptr = NULL, .len = 0 };

    while (list->len > 0 && (*list->ptr == ' ' || *list->ptr == '\t' || *list->ptr == ',')) {
        list->ptr++;
        list->len--;
    }
    *ret_weak = list->len >= 2 && list->ptr[0] == 'W' && list->ptr[1] == '/';
    if (*ret_weak) {
        list->ptr += 2;
        list->len -= 2;
    }
    if (list->len < 2 || *list->ptr != '"') {
        return tag;
    }
    close = memchr(list->ptr + 1, '"', list->len - 1);
    if (!close) {
        return tag;
    }
    tag = (struct str){ .ptr = list->ptr, .len = (size_t)(close - list->ptr) + 1 };
    list->ptr += tag.len;
    list->len -= tag.len;
    return tag;
}

bool etag_list_holds(struct str list, const char *etag, bool weak)
{
    if (str_is(str_trim_blanks(list), "*")) {
        return true;
    }
    for (;;) {
        bool is_weak;
        struct str tag = next_tag(&list, &is_weak);

        if (!tag.ptr) {
            return false;
        }
        if (str_is(tag, etag) && (weak || !is_weak)) {
            return true;
        }
    }
}

bool etag_asks_nothing(const struct preconditions *preconditions)
{
    return !preconditions->if_match.ptr && !preconditions->if_none_match.ptr;
}

bool etag_asks_for_none(const struct preconditions *preconditions)
{
    return preconditions->if_none_match.ptr &&
           str_is(str_trim_blanks(preconditions->if_none_match), "*");
}

bool etag_allows(const struct preconditions *preconditions, struct str body)
{
    char etag[ETAG_SIZE];

    if (etag_asks_nothing(preconditions)) {
        return true;
    }
    if (!body.ptr) {
        return !preconditions->if_match.ptr;
    }
    etag_of(body, etag);
    if (preconditions->if_match.ptr && !etag_list_holds(preconditions->if_match, etag, false)) {
        return false;
    }
    return !preconditions->if_none_match.ptr ||
           !etag_list_holds(preconditions->if_none_match, etag, true);
}
