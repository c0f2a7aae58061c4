/* The functions of libpq that are used here, once libpq_load() was true. */
#ifndef WORKER_PG_LIBPQ_H
#define WORKER_PG_LIBPQ_H

#include "shared/err.h"

#include <libpq-fe.h>

/* clang-format off */
#define LIBPQ_FUNCTIONS(X) \
    X(clear) X(cmdTuples) X(connectPoll) X(connectStartParams) X(connectionNeedsPassword) X(conninfoFree) \
    X(conninfoParse) X(consumeInput) X(errorMessage) X(finish) X(flush) X(freemem) X(getCopyData) X(getResult) \
    X(getisnull) X(getlength) X(getvalue) X(isBusy) X(ntuples) X(putCopyData) X(putCopyEnd) X(resultErrorField) \
    X(resultStatus) X(sendQuery) X(sendQueryParams) X(serverVersion) X(setErrorVerbosity) X(setNoticeReceiver) \
    X(setnonblocking) X(socket) X(status) X(transactionStatus)
/* clang-format on */

struct libpq {
#define LIBPQ_MEMBER(name) __typeof__(&PQ##name) name;
    LIBPQ_FUNCTIONS(LIBPQ_MEMBER)
#undef LIBPQ_MEMBER
};

extern struct libpq libpq;

bool libpq_load(struct err *err) MUST_CHECK;

#endif
