/* Replies by their length, in lists of those that are free. */
#include "http/replies.h"

#include <stdint.h>
#include <stdlib.h>

#define BINS 64
/* The most that the library adds by itself: status line, Content-Length, Connection, the blank line. */
#define LIBRARY_HEAD_BYTES 160

struct reply {
    struct reply *next;
    struct MHD_Response *response;
    const char *content_type;
    const char *cache_control;
    size_t len;
    size_t id_len;
    size_t etag_len; /* 0: it has none */
    char *id_at;     /* in the library's copies of the headers' values */
    char *date_at;   /* as long as any other Date */
    char *etag_at;
    size_t head_bytes;
    char body[REPLY_BODY_MAX];
};

struct replies {
    struct reply *bins[BINS];
    size_t count;
    size_t oldest_bin; /* where room is made next */
};

struct replies *replies_new(void)
{
    return calloc(1, sizeof(struct replies));
}

static void reply_free(struct reply *reply)
{
    if (reply->response) {
        MHD_destroy_response(reply->response);
    }
    free(reply);
}

static struct reply *pop(struct replies *replies, size_t bin)
{
    struct reply *reply = replies->bins[bin];

    replies->bins[bin] = reply->next;
    replies->count--;
    return reply;
}

void replies_free(struct replies *replies)
{
    if (!replies) {
        return;
    }
    for (size_t bin = 0; bin < BINS; bin++) {
        while (replies->bins[bin]) {
            reply_free(pop(replies, bin));
        }
    }
    free(replies);
}

/* Adds a header; gives where the library keeps its value. NULL where memory is out. */
static char *add_header(struct reply *reply, const char *name, const char *value)
{
    if (MHD_add_response_header(reply->response, name, value) != MHD_YES) {
        return NULL;
    }
    reply->head_bytes += strlen(name) + strlen(": ") + strlen(value) + strlen("\r\n");
    return (char *)(uintptr_t)MHD_get_response_header(reply->response, name);
}

static struct reply *reply_new(const struct reply_shape *shape)
{
    struct reply *reply = malloc(sizeof(*reply));
    bool is_whole;

    if (!reply) {
        return NULL;
    }
    reply->content_type = shape->content_type;
    reply->cache_control = shape->cache_control;
    reply->len = shape->body.len;
    reply->id_len = shape->id.len;
    reply->etag_len = shape->etag.len;
    reply->etag_at = NULL;
    reply->head_bytes = LIBRARY_HEAD_BYTES;
    reply->response =
        MHD_create_response_from_buffer(reply->len, reply->body, MHD_RESPMEM_PERSISTENT);
    if (!reply->response) {
        reply_free(reply);
        return NULL;
    }
    reply->date_at = add_header(reply, "Date", shape->date);
    is_whole = reply->date_at && add_header(reply, "Content-Type", shape->content_type) &&
               add_header(reply, "Cache-Control", shape->cache_control);
    if (is_whole && shape->etag.ptr) {
        reply->etag_at = add_header(reply, "ETag", shape->etag.ptr);
        is_whole = reply->etag_at;
    }
    reply->id_at = add_header(reply, "X-Request-Id", shape->id.ptr);
    if (!is_whole || !reply->id_at || !add_header(reply, "X-Content-Type-Options", "nosniff")) {
        reply_free(reply);
        return NULL;
    }
    return reply;
}

static bool has_shape(const struct reply *reply, const struct reply_shape *shape)
{
    return reply->len == shape->body.len && reply->id_len == shape->id.len &&
           reply->etag_len == shape->etag.len && reply->content_type == shape->content_type &&
           reply->cache_control == shape->cache_control;
}

/* A free one of this shape, taken out of its list; NULL where there is none. */
static struct reply *find(struct replies *replies, const struct reply_shape *shape)
{
    struct reply **link = &replies->bins[shape->body.len % BINS];

    while (*link && !has_shape(*link, shape)) {
        link = &(*link)->next;
    }
    if (*link) {
        struct reply *found = *link;

        *link = found->next;
        replies->count--;
        return found;
    }
    return NULL;
}

struct reply *replies_take(struct replies *replies, const struct reply_shape *shape)
{
    struct reply *reply;

    if (shape->body.len > REPLY_BODY_MAX) {
        return NULL;
    }
    reply = find(replies, shape);
    if (!reply) {
        reply = reply_new(shape);
        if (!reply) {
            return NULL;
        }
    }
    memcpy(reply->body, shape->body.ptr, shape->body.len);
    memcpy(reply->id_at, shape->id.ptr, shape->id.len);
    memcpy(reply->date_at, shape->date, strlen(shape->date));
    if (reply->etag_at) {
        memcpy(reply->etag_at, shape->etag.ptr, shape->etag.len);
    }
    return reply;
}

void replies_give_back(struct replies *replies, struct reply *reply)
{
    size_t bin;

    if (!reply) {
        return;
    }
    while (replies->count >= REPLIES_KEPT) { /* shapes that are not asked for any more go in turn */
        replies->oldest_bin = (replies->oldest_bin + 1) % BINS;
        if (replies->bins[replies->oldest_bin]) {
            reply_free(pop(replies, replies->oldest_bin));
        }
    }
    bin = reply->len % BINS;
    reply->next = replies->bins[bin];
    replies->bins[bin] = reply;
    replies->count++;
}

struct MHD_Response *reply_response(const struct reply *reply)
{
    return reply->response;
}

size_t reply_head_bytes(const struct reply *reply)
{
    return reply->head_bytes;
}
