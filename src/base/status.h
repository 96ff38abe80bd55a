/*
 * Every outcome that a caller of orgd can see, once: from this list come the enum, the HTTP statuses,
 * the stable error codes and the texts.
 *
 * seed: HTTP status outside /v1, where the seeds' clients are; v1: HTTP status under /v1.
 * The code is API: clients compare it, so it never changes. The detail is for people.
 */
#ifndef ORGD_BASE_STATUS_H
#define ORGD_BASE_STATUS_H

/* clang-format off */
#define STATUS_LIST(X)                                                                              \
    /* name                seed  v1   code                        detail                         */ \
    X(ST_OK,               200, 200, "ok",                       "OK")                              \
    X(ST_BAD_JSON,         400, 400, "malformed_json",           "The body is not valid JSON")      \
    X(ST_BAD_REQUEST,      400, 400, "malformed_request",        "Malformed request")               \
    X(ST_NAME_TAKEN,       400, 409, "organization_exists",      "Organization already exists")     \
    X(ST_NEW_NAME_TAKEN,   400, 409, "organization_name_exists", "Organization name already exists")\
    X(ST_EMAIL_TAKEN,      400, 409, "email_registered",         "Email already registered")        \
    X(ST_NOT_AUTHENTICATED,401, 401, "not_authenticated",        "Not authenticated")               \
    X(ST_BAD_TOKEN,        401, 401, "invalid_token",            "Invalid or expired token")        \
    X(ST_BAD_CREDENTIALS,  401, 401, "invalid_credentials",      "Invalid credentials")             \
    X(ST_FORBIDDEN,        403, 403, "forbidden",                "Not authorized")                  \
    X(ST_NO_ORGANIZATION,  404, 404, "organization_not_found",   "Organization not found")          \
    X(ST_NO_ACCOUNT,       404, 404, "account_not_found",        "Account not found")               \
    X(ST_NO_DOCUMENT,      404, 404, "document_not_found",       "Document not found")              \
    X(ST_NOT_FOUND,        404, 404, "not_found",                "Not Found")                       \
    X(ST_NO_METHOD,        405, 405, "method_not_allowed",       "Method Not Allowed")              \
    X(ST_DOCUMENT_EXISTS,  409, 409, "document_exists",          "Document already exists")         \
    X(ST_PRECONDITION,     412, 412, "precondition_failed",      "Precondition Failed")             \
    X(ST_TOO_LARGE,        413, 413, "too_large",                "Content Too Large")               \
    X(ST_TARGET_TOO_LONG,  414, 414, "target_too_long",          "URI Too Long")                    \
    X(ST_INVALID,          422, 422, "invalid",                  "Invalid input")                   \
    X(ST_LIMITED,          429, 429, "too_many_attempts",        "Too many attempts, try again later") \
    X(ST_HEADERS_TOO_LARGE,431, 431, "headers_too_large",        "Request Header Fields Too Large") \
    X(ST_BROKEN,           500, 500, "internal_error",           "Internal Server Error")           \
    X(ST_BUSY,             503, 503, "busy",                     "Busy, try again later")           \
    X(ST_UNAVAILABLE,      503, 503, "unavailable",              "The store does not answer; nothing was changed") \
    X(ST_UNSURE,           503, 503, "unsure",                   "The store was lost; the change may or may not have happened") \
    X(ST_STORAGE_FULL,     507, 507, "storage_full",             "The disk is full; nothing was changed")
/* clang-format on */

#define STATUS_ENUM(name, seed, v1, code, detail) name,
enum status {
    STATUS_LIST(STATUS_ENUM) STATUS_COUNT,
    ST_PENDING /* no outcome yet, and seen by nobody outside: base/later.h */
};
#undef STATUS_ENUM

/* Every function that can fail returns a status, and its caller must look at it. */
#define MUST_CHECK __attribute__((warn_unused_result))

/* Hands a failure on to the caller. */
#define TRY(call)                                                                                  \
    do {                                                                                           \
        enum status try_status_ = (call);                                                          \
        if (try_status_ != ST_OK) {                                                                \
            return try_status_;                                                                    \
        }                                                                                          \
    } while (0)

/* HTTP status of an outcome outside /v1 and under it. */
int status_http_seed(enum status status);
int status_http_v1(enum status status);

/* Stable error code, and the default text for people. Static strings. */
const char *status_code(enum status status);
const char *status_detail(enum status status);

#endif
