/*
 * The shared files of the AWS tools, ~/.aws/config and ~/.aws/credentials (AWS_CONFIG_FILE and
 * AWS_SHARED_CREDENTIALS_FILE name others), as one profile: AWS_PROFILE's, else "default". A file that is not there is
 * empty. Read-only once loaded.
 */
#ifndef WORKER_AWS_PROFILE_H
#define WORKER_AWS_PROFILE_H

#include "shared/arena.h"

struct profile;

/* Lives in arena. ERR_CONFIG: AWS_PROFILE names a profile that neither file has. */
bool profile_load(struct profile **profile, struct arena *arena, struct err *err) MUST_CHECK;
const char *profile_name(const struct profile *profile);
/* "region"; of a nested table "s3.addressing_style". NULL: not set. The credentials file comes before the other. */
const char *profile_get(const struct profile *profile, const char *key);
/* Like profile_get(), of the table [services NAME] that the profile names: "s3.endpoint_url". */
const char *profile_service(const struct profile *profile, const char *key);

/* The same, of the section [sso-session NAME]. */
const char *profile_session(const struct profile *profile, const char *key);

/* An environment variable that is set and not empty; else NULL. */
const char *aws_env(const char *name);
/* The region: AWS_REGION, AWS_DEFAULT_REGION, the profile's. NULL: none is set. */
const char *aws_region(const struct profile *profile);
/* An endpoint of one's own for a service, as "s3": AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, the profile's. NULL: AWS. */
const char *aws_endpoint(const struct profile *profile, const char *service, struct arena *arena);

#endif
