/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a cgroup path says: the systemd unit, the container. And moving a process into one. */
#ifndef FAULTD_HOST_CGROUP_H
#define FAULTD_HOST_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define CGROUP_UNIT_SIZE      256
#define CGROUP_CONTAINER_SIZE 80

/*
 * The innermost unit (.service or .scope) that the path names, unescaped (systemd's cg_unescape: a leading
 * "_"). For a user manager's unit ret_user is set and ret_uid is whose. False when the path names none.
 */
bool cgroup_unit(const char *path, char ret[static CGROUP_UNIT_SIZE], bool *ret_user, uid_t *ret_uid);
/* Docker, podman (libpod), containerd/CRI, cri-o, LXC: the id as the runtime shows it. False: no container.
 */
bool cgroup_container(const char *path, char ret[static CGROUP_CONTAINER_SIZE]);

#endif
