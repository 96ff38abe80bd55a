/* The lines that `orgd export` writes, as import_line.h reads them. */
#ifndef ORGD_ORG_EXPORT_LINE_H
#define ORGD_ORG_EXPORT_LINE_H

#include "store/store.h"

struct buf;

/* Appends a line for an organization, its first administrator first, with what ends the line. */
void export_organization_line(const struct tenant *tenant, struct buf *out);

/* Appends a line for a document. */
void export_document_line(const struct oid *organization, const struct document *document,
                          struct buf *out);

#endif
