/* Targets by name: the map "targets" of the console's settings. */
#ifndef TUI_CORE_TARGETS_H
#define TUI_CORE_TARGETS_H

#include "shared/arena.h"
#include "shared/err.h"

/*
 * What a name of -t stands for: "prod: ssh://worker/srv/lake" below "targets" in config, or else in
 * $XDG_CONFIG_HOME/sluice/sluice.yaml (~/.config/…), or else in /etc/sluice/sluice.yaml. A URL, a path and a folder
 * that is there stand for themselves. NULL: ERR_USAGE there is no such target, ERR_CONFIG the settings are wrong.
 */
const char *target_named(const char *name, const char *config, struct arena *arena, struct err *err);
/* Without any target: "unix:PATH" where the settings name the socket of a worker that is another account's, who gives
 * each user a role. NULL: an agent is started here. */
const char *target_of_worker(const char *config, struct arena *arena);

#endif
