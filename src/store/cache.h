/*
 * An engine around another that remembers the results of the look-ups every request makes:
 * organization_by_name, _by_id and _by_slug, and membership_by_ids; and, where nobody else can change
 * them, documents (document_memory.h) and all organizations by name (organization_memory.h). Everything
 * else passes through.
 *
 * Within the process nothing can be noticed but the speed: each look-up answers as the inner engine
 * would have at some moment during the call. Only ST_OK is remembered.
 *
 * A call with memory_only never reaches the inner engine: it is answered from memory, or ST_BUSY.
 */
#ifndef ORGD_STORE_CACHE_H
#define ORGD_STORE_CACHE_H

#include "store/store.h"

/* Organizations by name and documents together. A million organizations need most of it; where more need all,
 * documents have what is theirs at any rate in addition. */
#define CACHE_BYTES ((size_t)32 << 20)
#define CACHE_DOCUMENT_BYTES ((size_t)2 << 20)

/*
 * Takes inner over; closing the result closes it. NULL only where memory is out, and then inner is
 * still the caller's.
 *
 * max_age_ms: how long a result may be used after the inner engine was asked for it. 0 means for ever,
 *             and is right only where no change can come about but during a verb of this store: an
 *             engine that one process has to itself, and whose ST_UNSURE is not followed by the
 *             change while the process runs (SQLite). Otherwise what others change is seen this
 *             much later at most, and documents are not remembered at all.
 *
 * Its memory is bounded: 8,192 results of at most 2 KiB each (16 MiB; some hundred bytes each are usual), and
 * CACHE_BYTES, at most CACHE_DOCUMENT_BYTES more, for organizations by name and documents together, of which
 * documents have 16 MiB at most. Password hashes are among the results, and are wiped when they are let go.
 */
struct store *cache_store_new(struct store *inner, int64_t max_age_ms);

#endif
