/*
 * Random expressions in the contract's language. Functions and operators come from the engine's own table, so that a
 * new one is asked about without being named here. Most have the right types; some do not, and are refused.
 */
#ifndef TESTS_ORACLE_GENERATE_H
#define TESTS_ORACLE_GENERATE_H

#include "shared/buf.h"
#include "tests/oracle/dice.h"

/* An expression whose result can be stored, mostly. */
void generate(struct dice *dice, struct buf *out);

#endif
