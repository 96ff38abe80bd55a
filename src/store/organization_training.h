/*
 * Learns an organization's symbols from a sample of texts, in rounds: in each, all texts are read with the
 * symbols of the last, and those symbols and pairs of neighbours are kept that make up most of them. A round
 * over as many texts as there is room for takes 5 to 15 ms.
 */
#ifndef ORGD_STORE_ORGANIZATION_TRAINING_H
#define ORGD_STORE_ORGANIZATION_TRAINING_H

#include "store/organization_symbols.h"

/* Of all texts and their slugs together; and how many rounds are worth their time. */
#define ORGANIZATION_TRAINING_BYTES ((size_t)512 * 1024)
#define ORGANIZATION_TRAINING_ROUNDS 5

struct organization_training;

/* NULL where memory is out. */
struct organization_training *organization_training_new(void);

void organization_training_free(struct organization_training *training);

/* Copies a text into the sample, where there is room for it. slug: as for organization_encode. Neither is
 * longer than ORGANIZATION_SYMBOLS_TEXT_MAX. */
void organization_training_add(struct organization_training *training, struct str text,
                               struct str slug);

/* Goes through the sample once: the symbols that this gives. Of texts with more to learn than there is room
 * for, the rest is left out. */
void organization_training_round(struct organization_training *training,
                                 struct organization_symbols *ret_symbols);

#endif
