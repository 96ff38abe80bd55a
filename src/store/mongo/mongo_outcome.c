/*
 * What a failure means: did nothing happen, may it have happened, and does trying again make sense.
 *
 * Nothing is only said to have happened where that is known: the command was never handed to the
 * network, or the server refused it with a code that it gives before it changes anything. Whatever is
 * in no list here may have happened.
 */
#include "store/mongo/mongo_internal.h"

/* What an error code says of a command that the server answered with it. */
enum code_class {
    CLASS_UNKNOWN,
    CLASS_EXISTS,    /* a unique index, or the namespace, has one already */
    CLASS_NOT_FOUND, /* no such namespace */
    CLASS_FULL,      /* no space on the disk */
    CLASS_DOCUMENT,  /* the server can't hold such a document */
    CLASS_REFUSED,   /* not understood or not allowed: before it ran */
    CLASS_NOT_NOW,   /* not primary, or a conflict with another: before it changed anything */
    CLASS_CUT_OFF,   /* interrupted, timed out or lost behind a router, at whatever point */
};

struct code_row {
    int32_t code;
    enum code_class class;
};

static const struct code_row code_rows[] = {
    { 11000, CLASS_EXISTS },   /* DuplicateKey */
    { 11001, CLASS_EXISTS },   /* the same in an update, once */
    { 12582, CLASS_EXISTS },   /* the same behind a router, once */
    { 48, CLASS_EXISTS },      /* NamespaceExists */
    { 26, CLASS_NOT_FOUND },   /* NamespaceNotFound */
    { 14031, CLASS_FULL },     /* OutOfDiskSpace */
    { 2, CLASS_DOCUMENT },     /* BadValue */
    { 15, CLASS_DOCUMENT },    /* Overflow: nested too deeply */
    { 16, CLASS_DOCUMENT },    /* InvalidLength */
    { 22, CLASS_DOCUMENT },    /* InvalidBSON */
    { 28, CLASS_DOCUMENT },    /* PathNotViable */
    { 52, CLASS_DOCUMENT },    /* DollarPrefixedFieldName */
    { 53, CLASS_DOCUMENT },    /* InvalidIdField */
    { 54, CLASS_DOCUMENT },    /* NotSingleValueField */
    { 55, CLASS_DOCUMENT },    /* InvalidDBRef */
    { 56, CLASS_DOCUMENT },    /* EmptyFieldName */
    { 57, CLASS_DOCUMENT },    /* DottedFieldName */
    { 121, CLASS_DOCUMENT },   /* DocumentValidationFailure */
    { 10334, CLASS_DOCUMENT }, /* BSONObjectTooLarge */
    { 17280, CLASS_DOCUMENT }, /* KeyTooLong */
    { 17419, CLASS_DOCUMENT }, /* an update's result is too large */
    { 17420, CLASS_DOCUMENT }, /* the same */
    { 9, CLASS_REFUSED },      /* FailedToParse */
    { 13, CLASS_REFUSED },     /* Unauthorized */
    { 14, CLASS_REFUSED },     /* TypeMismatch */
    { 18, CLASS_REFUSED },     /* AuthenticationFailed */
    { 20, CLASS_REFUSED },     /* IllegalOperation */
    { 40, CLASS_REFUSED },     /* ConflictingUpdateOperators */
    { 59, CLASS_REFUSED },     /* CommandNotFound */
    { 66, CLASS_REFUSED },     /* ImmutableField */
    { 67, CLASS_REFUSED },     /* CannotCreateIndex */
    { 72, CLASS_REFUSED },     /* InvalidOptions */
    { 73, CLASS_REFUSED },     /* InvalidNamespace */
    { 85, CLASS_REFUSED },     /* IndexOptionsConflict */
    { 86, CLASS_REFUSED },     /* IndexKeySpecsConflict */
    { 115, CLASS_REFUSED },    /* CommandNotSupported */
    { 166, CLASS_REFUSED },    /* CommandNotSupportedOnView */
    { 171, CLASS_REFUSED },    /* CannotIndexParallelArrays */
    { 197, CLASS_REFUSED },    /* InvalidIndexSpecificationOption */
    { 238, CLASS_REFUSED },    /* NotImplemented */
    { 323, CLASS_REFUSED },    /* APIStrictError */
    { 371, CLASS_REFUSED },    /* UserWritesBlocked */
    { 8000, CLASS_REFUSED },   /* AtlasError: a plan's limits */
    { 40324, CLASS_REFUSED },  /* an unknown stage */
    { 40415, CLASS_REFUSED },  /* an unknown member */
    { 10058, CLASS_NOT_NOW },  /* LegacyNotPrimary */
    { 10107, CLASS_NOT_NOW },  /* NotWritablePrimary */
    { 13435, CLASS_NOT_NOW },  /* NotPrimaryNoSecondaryOk */
    { 13436, CLASS_NOT_NOW },  /* NotPrimaryOrSecondary */
    { 24, CLASS_NOT_NOW },     /* LockTimeout */
    { 46, CLASS_NOT_NOW },     /* LockBusy */
    { 112, CLASS_NOT_NOW },    /* WriteConflict */
    { 117, CLASS_NOT_NOW },    /* ConflictingOperationInProgress */
    { 133, CLASS_NOT_NOW },    /* FailedToSatisfyReadPreference */
    { 134, CLASS_NOT_NOW },    /* ReadConcernMajorityNotAvailableYet */
    { 12586, CLASS_NOT_NOW },  /* BackgroundOperationInProgressForDatabase */
    { 12587, CLASS_NOT_NOW },  /* BackgroundOperationInProgressForNamespace */
    { 6, CLASS_CUT_OFF },      /* HostUnreachable */
    { 7, CLASS_CUT_OFF },      /* HostNotFound */
    { 43, CLASS_CUT_OFF },     /* CursorNotFound */
    { 50, CLASS_CUT_OFF },     /* MaxTimeMSExpired */
    { 63, CLASS_CUT_OFF },     /* StaleShardVersion */
    { 64, CLASS_CUT_OFF },     /* WriteConcernFailed */
    { 79, CLASS_CUT_OFF },     /* UnknownReplWriteConcern */
    { 89, CLASS_CUT_OFF },     /* NetworkTimeout */
    { 91, CLASS_CUT_OFF },     /* ShutdownInProgress */
    { 100, CLASS_CUT_OFF },    /* CannotSatisfyWriteConcern */
    { 150, CLASS_CUT_OFF },    /* StaleEpoch */
    { 175, CLASS_CUT_OFF },    /* QueryPlanKilled: the collection went away under a cursor */
    { 189, CLASS_CUT_OFF },    /* PrimarySteppedDown */
    { 237, CLASS_CUT_OFF },    /* CursorKilled */
    { 262, CLASS_CUT_OFF },    /* ExceededTimeLimit */
    { 9001, CLASS_CUT_OFF },   /* SocketException */
    { 11600, CLASS_CUT_OFF },  /* InterruptedAtShutdown */
    { 11601, CLASS_CUT_OFF },  /* Interrupted */
    { 11602, CLASS_CUT_OFF },  /* InterruptedDueToReplStateChange */
    { 13388, CLASS_CUT_OFF },  /* StaleConfig */
};

/* Servers that wrap what their own storage says in an error that has no code of its own. */
static const struct text_row {
    const char *text;
    enum code_class class;
} text_rows[] = {
    { "UNIQUE constraint", CLASS_EXISTS },      /* FerretDB on SQLite */
    { "SQLSTATE 23505", CLASS_EXISTS },         /* FerretDB on PostgreSQL */
    { "SQLSTATE 22P05", CLASS_DOCUMENT },       /* the same: a NUL in text */
    { "duplicate key", CLASS_EXISTS },          /* and on PostgreSQL */
    { "database or disk is full", CLASS_FULL }, /* SQLite */
    { "No space left on device", CLASS_FULL },  /* PostgreSQL */
};

/* None at all, InternalError, UnknownError, and what the driver says where the server gave none. */
static bool is_no_code(int32_t code)
{
    return code == 0 || code == 1 || code == 8 || code == MONGOC_ERROR_QUERY_FAILURE;
}

static enum code_class class_of(int32_t code, const char *words)
{
    for (size_t i = 0; i < sizeof(code_rows) / sizeof(code_rows[0]); i++) {
        if (code_rows[i].code == code) {
            return code_rows[i].class;
        }
    }
    for (size_t i = 0; is_no_code(code) && i < sizeof(text_rows) / sizeof(text_rows[0]); i++) {
        if (strstr(words, text_rows[i].text)) {
            return text_rows[i].class;
        }
    }
    return CLASS_UNKNOWN;
}

/* The first document of an array member of the reply; false where there is none. */
static bool first_item(const bson_t *reply, const char *path, bson_iter_t *ret_item)
{
    bson_iter_t at;

    return bson_iter_init_find(&at, reply, path) && BSON_ITER_HOLDS_ARRAY(&at) &&
           bson_iter_recurse(&at, ret_item) && bson_iter_next(ret_item) &&
           BSON_ITER_HOLDS_DOCUMENT(ret_item);
}

/* A majority did not confirm the write: it's on the primary, and may yet be taken back. */
static bool is_unconfirmed(const struct mongo_try *try)
{
    bson_iter_t at;

    return bson_iter_init_find(&at, &try->reply, "writeConcernError") ||
           first_item(&try->reply, "writeConcernErrors", &at) ||
           try->error.domain == MONGOC_ERROR_WRITE_CONCERN;
}

/* Whether single statements failed, and with what the first one did. */
static bool has_write_error(const struct mongo_try *try, int32_t *ret_code, const char **ret_words)
{
    bson_iter_t item;
    bson_iter_t at;

    if (!first_item(&try->reply, "writeErrors", &item)) {
        return false;
    }
    *ret_code = 0;
    *ret_words = "";
    if (bson_iter_recurse(&item, &at) && bson_iter_find(&at, "code") &&
        BSON_ITER_HOLDS_NUMBER(&at)) {
        *ret_code = (int32_t)bson_iter_as_int64(&at);
    }
    if (bson_iter_recurse(&item, &at) && bson_iter_find(&at, "errmsg") &&
        BSON_ITER_HOLDS_UTF8(&at)) {
        *ret_words = bson_iter_utf8(&at, NULL);
    }
    return true;
}

static struct mongo_outcome refused(enum status status, const char *words)
{
    return (struct mongo_outcome){ .verdict = VERDICT_REFUSED, .status = status, .words = words };
}

static struct mongo_outcome verdict(enum mongo_verdict verdict, const char *words)
{
    return (struct mongo_outcome){ .verdict = verdict, .words = words };
}

/* Nothing was sent: no server, no connection, no login, or the driver itself refused. */
static struct mongo_outcome judge_unsent(const struct mongo_try *try)
{
    const bson_error_t *error = &try->error;
    struct mongo_outcome outcome = verdict(VERDICT_NOTHING, error->message);

    if (error->domain == MONGOC_ERROR_BSON) {
        return refused(ST_INVALID, error->message);
    }
    outcome.is_login_refused = error->code == MONGOC_ERROR_CLIENT_AUTHENTICATE ||
                               error->domain == MONGOC_ERROR_SCRAM ||
                               error->domain == MONGOC_ERROR_SASL;
    outcome.is_too_old = error->code == MONGOC_ERROR_PROTOCOL_BAD_WIRE_VERSION;
    return outcome;
}

/* The label speaks of the sending that it answers, so it says all only where there was no other. */
static bool has_no_writes(const struct mongo_try *try)
{
    return mongoc_error_has_label(&try->reply, "NoWritesPerformed");
}

/* The server answered with an error. */
static struct mongo_outcome judge_class(const struct mongo_try *try, enum code_class class,
                                        enum mongo_effect effect, bool is_statement,
                                        const char *words)
{
    /* Sent twice, or with statements before the failed one, "not now" says nothing of what came before. */
    bool is_alone = effect == EFFECT_ONE && try->sent == 1;

    switch (class) {
    case CLASS_EXISTS:
        return refused(ST_DOCUMENT_EXISTS, words);
    case CLASS_NOT_FOUND:
        return refused(ST_NOT_FOUND, words);
    case CLASS_FULL:
        return refused(ST_STORAGE_FULL, words);
    case CLASS_DOCUMENT:
        return refused(effect == EFFECT_NONE ? ST_BROKEN : ST_INVALID, words);
    case CLASS_REFUSED:
        return refused(ST_BROKEN, words);
    case CLASS_NOT_NOW:
        if (effect == EFFECT_NONE || is_alone) {
            return verdict(VERDICT_NOTHING, words);
        }
        return verdict(VERDICT_MAYBE, words);
    case CLASS_CUT_OFF:
        if (effect == EFFECT_NONE || (is_alone && has_no_writes(try))) {
            return verdict(VERDICT_NOTHING, words);
        }
        return verdict(VERDICT_MAYBE, words);
    case CLASS_UNKNOWN:
        break;
    }
    if (effect == EFFECT_NONE && strstr(words, "interrupted")) {
        return verdict(VERDICT_NOTHING, words); /* FerretDB, at its own time limit */
    }
    if (effect == EFFECT_NONE || is_statement) {
        return refused(ST_BROKEN, words);
    }
    return verdict(VERDICT_LOST, words);
}

struct mongo_outcome mongo_judge(const struct mongo_try *try, bool ok, enum mongo_effect effect)
{
    const char *words = try->error.message;
    int32_t code = (int32_t)try->error.code;

    if (!ok && try->sent == 0) {
        return judge_unsent(try);
    }
    if (effect != EFFECT_NONE && is_unconfirmed(try)) {
        return verdict(VERDICT_MAYBE, words);
    }
    if (has_write_error(try, &code, &words)) {
        return judge_class(try, class_of(code, words), effect, !is_no_code(code), words);
    }
    if (ok) {
        return verdict(VERDICT_DONE, "");
    }
    if (try->error.domain == MONGOC_ERROR_SERVER) {
        return judge_class(try, class_of(code, words), effect, false, words);
    }
    if (try->error.domain == MONGOC_ERROR_BSON) {
        return refused(effect == EFFECT_NONE ? ST_BROKEN : ST_INVALID, words);
    }
    return verdict(effect == EFFECT_NONE ? VERDICT_NOTHING : VERDICT_MAYBE, words);
}
