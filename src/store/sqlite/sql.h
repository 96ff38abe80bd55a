/*
 * Every statement of the SQLite engine, once: a connection prepares each at its first use and keeps
 * it. Parameters are numbered.
 */
#ifndef ORGD_STORE_SQLITE_SQL_H
#define ORGD_STORE_SQLITE_SQL_H

/* In the order in which row_to_organization and row_to_account read them. */
#define SQL_ORGANIZATION_COLUMNS                                                                   \
    "o.id, o.name, o.name_key, o.slug, o.created_ms, o.updated_ms, admin.id, admin.email"
#define SQL_ACCOUNT_COLUMNS                                                                        \
    "a.id, a.email, a.email_key, a.password_hash, a.password_version, a.created_ms, a.updated_ms"
#define SQL_ACCOUNT_FROM 8 /* the first account column of SQL_MEMBERSHIP; SQL_ROLE is behind them */
#define SQL_ROLE 15
#define SQL_WALK_NUMBER 8 /* behind the organization's columns of SQL_ORGANIZATION_WALK */
#define SQL_ADMIN_OF_O " JOIN accounts AS admin ON admin.number = o.administrator"
#define SQL_ORGANIZATION                                                                           \
    "SELECT " SQL_ORGANIZATION_COLUMNS " FROM organizations AS o" SQL_ADMIN_OF_O
#define SQL_MEMBERSHIP                                                                             \
    "SELECT " SQL_ORGANIZATION_COLUMNS ", " SQL_ACCOUNT_COLUMNS ", m.role"                         \
    " FROM accounts AS a JOIN memberships AS m ON m.account = a.number"                            \
    " JOIN organizations AS o ON o.number = m.organization" SQL_ADMIN_OF_O

/* clang-format off */
#define SQL_LIST(X)                                                                                \
    X(SQL_BEGIN,      "BEGIN IMMEDIATE")                                                           \
    X(SQL_COMMIT,     "COMMIT")                                                                    \
    X(SQL_SAVEPOINT,  "SAVEPOINT one")                                                             \
    X(SQL_RELEASE,    "RELEASE one")                                                               \
    X(SQL_UNDO,       "ROLLBACK TO one")                                                           \
    X(SQL_SETTLE,     "UPDATE settled SET times = times + 1")                                      \
    X(SQL_PING,       "SELECT times FROM settled")                                                 \
                                                                                                   \
    X(SQL_SECRET_GET, "SELECT value FROM secrets WHERE name = ?1")                                 \
    X(SQL_SECRET_ADD, "INSERT INTO secrets (name, value) VALUES (?1, ?2) ON CONFLICT DO NOTHING")  \
    X(SQL_SECRET_PUT,                                                                              \
      "INSERT INTO secrets (name, value) VALUES (?1, ?2)"                                          \
      " ON CONFLICT (name) DO UPDATE SET value = excluded.value")                                  \
                                                                                                   \
    X(SQL_ORGANIZATION_BY_NAME, SQL_ORGANIZATION " WHERE o.name_key = ?1")                         \
    X(SQL_ORGANIZATION_BY_ID,   SQL_ORGANIZATION " WHERE o.id = ?1")                               \
    X(SQL_ORGANIZATION_BY_SLUG, SQL_ORGANIZATION " WHERE o.slug = ?1")                             \
    X(SQL_ORGANIZATION_WALK,                                                                       \
      "SELECT " SQL_ORGANIZATION_COLUMNS ", o.number FROM organizations AS o" SQL_ADMIN_OF_O       \
      " WHERE o.number > ?1 ORDER BY o.number LIMIT ?2")                                           \
    X(SQL_ORGANIZATION_NUMBER,  "SELECT number FROM organizations WHERE id = ?1")                  \
    X(SQL_ORGANIZATION_NAMED,                                                                      \
      "SELECT 1 FROM organizations WHERE number = ?1 AND name = ?2")                               \
    X(SQL_NAME_HELD, "SELECT 1 FROM organizations WHERE name_key = ?1 AND number <> ?2")           \
    X(SQL_SLUG_HELD, "SELECT 1 FROM organizations WHERE slug = ?1 AND number <> ?2")               \
    X(SQL_ORGANIZATION_ADD,                                                                        \
      "INSERT INTO organizations (id, name, name_key, slug, administrator, created_ms, updated_ms)"\
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)")                                                      \
    X(SQL_ORGANIZATION_SET,                                                                        \
      "UPDATE organizations SET name = coalesce(?2, name), name_key = coalesce(?3, name_key),"     \
      " slug = coalesce(?4, slug), updated_ms = ?5 WHERE number = ?1")                             \
    X(SQL_ORGANIZATION_CUT,     "DELETE FROM organizations WHERE number = ?1")                     \
                                                                                                   \
    X(SQL_EMAIL_HELD, "SELECT 1 FROM accounts WHERE email_key = ?1 AND number <> ?2")              \
    X(SQL_ACCOUNT_ADD,                                                                             \
      "INSERT INTO accounts (id, email, email_key, password_hash, created_ms, updated_ms)"         \
      " VALUES (?1, ?2, ?3, ?4, ?5, ?5)")                                                          \
    X(SQL_ACCOUNT_SET,                                                                             \
      "UPDATE accounts SET email = coalesce(?2, email), email_key = coalesce(?3, email_key),"      \
      " password_version = password_version + (?4 IS NOT NULL),"                                   \
      " password_hash = coalesce(?4, password_hash), updated_ms = ?5 WHERE number = ?1")           \
    X(SQL_ACCOUNT_REHASH,                                                                          \
      "UPDATE accounts SET password_hash = ?3 WHERE id = ?1 AND password_hash = ?2")               \
    X(SQL_ACCOUNT_CUT,                                                                             \
      "DELETE FROM accounts WHERE number = ?1"                                                     \
      " AND NOT EXISTS (SELECT 1 FROM memberships WHERE account = ?1)")                            \
                                                                                                   \
    X(SQL_MEMBERSHIP_ADD,                                                                          \
      "INSERT INTO memberships (account, organization, role) VALUES (?1, ?2, 'admin')")            \
    X(SQL_MEMBERSHIP_BY_EMAIL,                                                                     \
      SQL_MEMBERSHIP " WHERE a.email_key = ?1 ORDER BY m.organization LIMIT 1")                    \
    X(SQL_MEMBERSHIP_BY_IDS, SQL_MEMBERSHIP " WHERE a.id = ?1 AND o.id = ?2")                      \
    X(SQL_MEMBER,                                                                                  \
      "SELECT a.number, a.password_version FROM accounts AS a"                                     \
      " JOIN memberships AS m ON m.account = a.number WHERE a.id = ?1 AND m.organization = ?2")    \
    X(SQL_MEMBERS_FIRST,                                                                           \
      "SELECT account FROM memberships WHERE organization = ?1 LIMIT 1")                           \
    X(SQL_MEMBERSHIP_CUT, "DELETE FROM memberships WHERE account = ?1 AND organization = ?2")      \
                                                                                                   \
    X(SQL_DOCUMENT_GET,                                                                            \
      "SELECT o.number, d.body FROM organizations AS o"                                            \
      " LEFT JOIN documents AS d ON d.organization = o.number AND d.id = ?2 WHERE o.id = ?1")      \
    X(SQL_DOCUMENT_LIST,                                                                           \
      "SELECT o.documents, d.id, d.body FROM organizations AS o"                                   \
      " LEFT JOIN documents AS d ON d.organization = o.number AND d.id >= ?2"                      \
      " WHERE o.id = ?1 ORDER BY d.id LIMIT ?3")                                                   \
    X(SQL_DOCUMENT_ADD, "INSERT INTO documents (organization, id, body) VALUES (?1, ?2, ?3)")      \
    X(SQL_DOCUMENT_TRY,                                                                            \
      "INSERT INTO documents (organization, id, body) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING") \
    X(SQL_DOCUMENT_SET, "UPDATE documents SET body = ?3 WHERE organization = ?1 AND id = ?2")      \
    X(SQL_DOCUMENT_CUT, "DELETE FROM documents WHERE organization = ?1 AND id = ?2")               \
    X(SQL_DOCUMENTS_COUNTED,                                                                       \
      "UPDATE organizations SET documents = documents + ?2 WHERE number = ?1")                     \
                                                                                                   \
    /* Members of an organization are NULL where it has none. */                                   \
    X(SQL_TENANT_LIST,                                                                             \
      "SELECT " SQL_ORGANIZATION_COLUMNS ", " SQL_ACCOUNT_COLUMNS ", m.role"                       \
      " FROM (SELECT * FROM organizations WHERE id > ?1 ORDER BY id LIMIT ?2) AS o"                \
      " LEFT JOIN accounts AS admin ON admin.number = o.administrator"                             \
      " LEFT JOIN memberships AS m ON m.organization = o.number"                                   \
      " LEFT JOIN accounts AS a ON a.number = m.account ORDER BY o.id, a.id")                      \
    X(SQL_TENANT_PUT,                                                                              \
      "INSERT INTO organizations (id, name, name_key, slug, administrator, created_ms, updated_ms)"\
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (id) DO UPDATE SET name = excluded.name,"  \
      " name_key = excluded.name_key, slug = excluded.slug,"                                       \
      " administrator = excluded.administrator, created_ms = excluded.created_ms,"                 \
      " updated_ms = excluded.updated_ms")                                                         \
    X(SQL_ACCOUNT_NUMBER, "SELECT number FROM accounts WHERE id = ?1")                             \
    X(SQL_ACCOUNT_PUT,                                                                             \
      "INSERT INTO accounts (id, email, email_key, password_hash, password_version, created_ms,"   \
      " updated_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (id) DO UPDATE SET"            \
      " email = excluded.email, email_key = excluded.email_key,"                                   \
      " password_hash = excluded.password_hash, password_version = excluded.password_version,"     \
      " created_ms = excluded.created_ms, updated_ms = excluded.updated_ms")                       \
    X(SQL_MEMBERSHIP_PUT,                                                                          \
      "INSERT INTO memberships (account, organization, role) VALUES (?1, ?2, ?3)"                  \
      " ON CONFLICT (account, organization) DO UPDATE SET role = excluded.role")                   \
    X(SQL_MEMBERS_NEXT,                                                                            \
      "SELECT m.account, a.id FROM memberships AS m JOIN accounts AS a ON a.number = m.account"    \
      " WHERE m.organization = ?1 AND m.account > ?2 ORDER BY m.account LIMIT 1")                  \
                                                                                                   \
    /* Whatever is there by one of their unique values is refused. */                              \
    X(SQL_ACCOUNT_NEW,                                                                             \
      "INSERT INTO accounts (id, email, email_key, password_hash, password_version, created_ms,"   \
      " updated_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")                                          \
    X(SQL_TENANT_NEW,                                                                              \
      "INSERT INTO organizations (id, name, name_key, slug, administrator, created_ms, updated_ms)"\
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")                                                      \
    X(SQL_MEMBERSHIP_NEW,                                                                          \
      "INSERT INTO memberships (account, organization, role) VALUES (?1, ?2, ?3)")                 \
    X(SQL_TENANT_ESTIMATE, "SELECT count(*) FROM organizations")                                   \
                                                                                                   \
    X(SQL_REMOVAL_ADD,   "INSERT INTO removals (organization) VALUES (?1)")                        \
    X(SQL_REMOVAL_FIRST, "SELECT organization FROM removals ORDER BY organization LIMIT 1")        \
    X(SQL_REMOVAL_CUT,   "DELETE FROM removals WHERE organization = ?1")                           \
    X(SQL_REMOVAL_NEXT,                                                                            \
      "SELECT body FROM documents WHERE organization = ?1 ORDER BY id LIMIT 1")                    \
    X(SQL_REMOVE_NEXT,                                                                             \
      "DELETE FROM documents WHERE organization = ?1"                                              \
      " AND id = (SELECT id FROM documents WHERE organization = ?1 ORDER BY id LIMIT 1)")
/* clang-format on */

#define SQL_ENUM(name, text) name,
enum sql { SQL_LIST(SQL_ENUM) SQL_COUNT };
#undef SQL_ENUM

#endif
