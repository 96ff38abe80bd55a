/* Looks into messages (OP_MSG) on their way out. */
#include "mongo_sends.h"

#include "store/mongo/layout.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEAD_MAX 512
#define OP_MSG 2013
#define OFFSET_OPCODE 12
#define OFFSET_BODY_KIND 20
#define OFFSET_TYPE 25 /* of the body's first member: header, flags, kind, length are before it */
#define OFFSET_NAME 26
#define TYPE_STRING 2

typedef ssize_t sendmsg_fn(int fd, const struct msghdr *message, int flags);

static _Thread_local int count;
static _Thread_local bool is_mine;
static atomic_int left; /* writes until the end; 0: there is none */
static bool ends_by_others;
static enum sends_end how;

static _Thread_local int until_call; /* writes; 0: there is none */
static _Thread_local void (*call_then)(void *context);
static _Thread_local void *call_context;

bool sends_are_plain(const char *url)
{
    return !strstr(url, "tls=true") && !strstr(url, "ssl=true") && !strstr(url, "mongodb+srv:") &&
           !strstr(url, "compressors=");
}

int sends_count(void)
{
    int now = count;

    count = 0;
    return now;
}

void sends_end_at(int n, enum sends_end end, bool by_others)
{
    is_mine = true;
    how = end;
    ends_by_others = by_others;
    atomic_store(&left, n);
}

void sends_call_at(int n, void (*call)(void *context), void *context)
{
    call_then = call;
    call_context = context;
    until_call = n;
}

/* The beginning of a message in one piece. */
static size_t gather(const struct msghdr *message, char head[HEAD_MAX])
{
    size_t len = 0;

    for (size_t i = 0; i < message->msg_iovlen && len < HEAD_MAX; i++) {
        size_t part = message->msg_iov[i].iov_len;

        part = part < HEAD_MAX - len ? part : HEAD_MAX - len;
        memcpy(head + len, message->msg_iov[i].iov_base, part);
        len += part;
    }
    return len;
}

/* The command's name, and the collection where that is its value. False for what is no command. */
static bool parse(const char *head, size_t len, const char **ret_name, const char **ret_value)
{
    int32_t opcode = 0;
    const char *end;

    if (len <= OFFSET_NAME) {
        return false;
    }
    memcpy(&opcode, head + OFFSET_OPCODE, sizeof(opcode));
    if (opcode != OP_MSG || head[OFFSET_BODY_KIND] != 0) {
        return false;
    }
    *ret_name = head + OFFSET_NAME;
    end = memchr(*ret_name, '\0', len - OFFSET_NAME);
    if (!end) {
        return false;
    }
    *ret_value = "";
    if (head[OFFSET_TYPE] == TYPE_STRING && (size_t)(end - head) + 1 + sizeof(int32_t) < len) {
        *ret_value = end + 1 + sizeof(int32_t);
    }
    return true;
}

static bool is_write(const char *name, const char *collection)
{
    static const char *const writes[] = { "insert", "update", "delete",
                                          "create", "drop",   "renameCollection" };

    for (size_t i = 0; i < sizeof(writes) / sizeof(writes[0]); i++) {
        if (strcmp(name, writes[i]) == 0) {
            return strncmp(collection, C_INSTANCES, sizeof(C_INSTANCES)) != 0;
        }
    }
    return false;
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    static _Atomic(sendmsg_fn *) cached;
    sendmsg_fn *next = atomic_load(&cached);
    char head[HEAD_MAX + 1] = "";
    const char *collection = "";
    const char *name = "";
    bool ends = false;
    ssize_t sent;

    if (!next) {
        void *symbol = dlsym(RTLD_NEXT, "sendmsg");

        memcpy(&next, &symbol, sizeof(next));
        atomic_store(&cached, next);
    }
    if (parse(head, gather(message, head), &name, &collection)) {
        count++;
        if (until_call > 0 && is_write(name, collection) && --until_call == 0) {
            call_then(call_context);
        }
        if (is_mine != ends_by_others && is_write(name, collection) && atomic_load(&left) > 0) {
            ends = atomic_fetch_sub(&left, 1) == 1;
        }
    }
    if (ends && how == BEFORE_SENDING) {
        _exit(SENDS_ENDED);
    }
    sent = next(fd, message, flags);
    if (ends) {
        _exit(SENDS_ENDED);
    }
    return sent;
}
