/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a cgroup path says: the systemd unit, the container. */
#ifndef FAULTD_HOST_CGROUP_H
#define FAULTD_HOST_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define CGROUP_UNIT_SIZE      256
#define CGROUP_CONTAINER_SIZE 80

/*
 * The unit (.service or .scope) that the path belongs to, unescaped (systemd's cg_unescape: a leading "_").
 * As in systemd's cg_path_get_unit(): the first component below the slices; what is further down is its own
 * affair, so a container's own nginx.service is never taken for the host's. Below user@UID.service it is the
 * user manager's unit: then *ret_user is true and *ret_uid is whose; both may be NULL. False when the path
 * names none.
 */
bool cgroup_unit(const char *path, char ret[static CGROUP_UNIT_SIZE], bool *ret_user, uid_t *ret_uid);
/*
 * Docker, podman (libpod), containerd/CRI, cri-o, LXC: the id, or LXC's name, as the runtime on this host
 * shows it: of nested containers the outermost. A runtime's own monitor (conmon, lxc.monitor) is in none.
 * False: none.
 */
bool cgroup_container(const char *path, char ret[static CGROUP_CONTAINER_SIZE]);

#endif
