/* The rules of org/name.h in the form in which engines take them (store/rules.h). */
#ifndef ORGD_APP_STORE_RULES_H
#define ORGD_APP_STORE_RULES_H

struct store_rules;

extern const struct store_rules app_store_rules;

#endif
