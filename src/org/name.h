/*
 * The rules for names: organization names, their keys and slugs, e-mail addresses. Unicode comes
 * from utf8proc. No function keeps state; any thread.
 */
#ifndef ORGD_ORG_NAME_H
#define ORGD_ORG_NAME_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>

#define NAME_MAX_CODE_POINTS 100
#define NAME_STORED_MAX_BYTES 1024
#define SLUG_MAX 64
#define EMAIL_MAX_BYTES 254

/* What is wrong with a name or an address; the caller chooses the words of its protocol. */
enum name_fault {
    NAME_OK,
    NAME_EMPTY,     /* nothing left after trimming */
    NAME_TOO_LONG,  /* more than NAME_MAX_CODE_POINTS after trimming and NFC */
    NAME_CONTROL,   /* a control character (Cc) inside */
    NAME_NO_LETTER, /* no letter (L*) or decimal digit (Nd), or nothing that counts when compared */
    NAME_NOT_UTF8,  /* not well-formed UTF-8, or a NUL */
};

struct name {
    struct str text; /* as shown: trimmed, NFC */
    struct str key;  /* as compared: NFKC_Casefold, runs of white space as one space, trimmed */
    struct str slug; /* plain slug: a-z0-9 and '_', at most SLUG_MAX; empty where nothing is left */
    bool slug_is_hex;  /* the plain slug is 24 hex digits and would read as an id */
    bool breaks_rules; /* name_make refuses it: only of name_make_stored */
};

/* Judges and normalises an organization's name. ret_name: untouched on a fault; strings in mem. */
MUST_CHECK enum name_fault name_make(struct str raw, struct arena *mem, struct name *ret_name);

/*
 * The same for a name that is stored already, perhaps by another program: also where name_make
 * refuses it, as far as there is a key to find it by; its text is then as it is. A look-up by such a
 * key finds names that only compare alike, good ones too: compare to the letter. False: not UTF-8,
 * over NAME_STORED_MAX_BYTES, nothing that counts when compared, or control characters other than
 * white space.
 */
bool name_make_stored(struct str raw, struct arena *mem, struct name *ret_name);

/* Only the key of name_make's name, in one pass where it is ASCII; false where name_make refuses it. */
bool name_make_key(struct str raw, struct arena *mem, struct str *ret_key);

/*
 * The key of any well-formed UTF-8 text, also of one that name_make would refuse (a name that
 * another program stored). name_key(name_key(s)) is name_key(s). In mem; empty where nothing in s
 * counts. Time grows with the square of the longest run of combining marks: bound the length of
 * outside text.
 */
struct str name_key(struct str text, struct arena *mem);

enum email_fault {
    EMAIL_OK,
    EMAIL_TOO_LONG, /* over EMAIL_MAX_BYTES */
    EMAIL_FORM,     /* not: text, one '@', text; or not UTF-8 */
    EMAIL_SPACE,    /* white space or a control character */
};

/* Judges an address; ret_key: its canonical full case folding, in NFC, in mem, by which addresses
 * compare. The address itself is kept as written. */
MUST_CHECK enum email_fault email_make(struct str raw, struct arena *mem, struct str *ret_key);

/* Whether there is a control character (Cc: U+0000 to U+001F, U+007F to U+009F). s is UTF-8. */
bool text_has_control(struct str s);

#endif
