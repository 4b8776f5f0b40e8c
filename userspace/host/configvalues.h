/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What each key of the configuration file takes. */
#ifndef FAULTD_HOST_CONFIGVALUES_H
#define FAULTD_HOST_CONFIGVALUES_H

/* 0, -EINVAL with a sentence in ret_error that the caller frees, or -ENOMEM. */
typedef int (*config_check_fn)(const char *value, char **ret_error);

int config_check_budget(const char *value, char **ret_error);
int config_check_threshold(const char *value, char **ret_error); /* a stall's: "off", too */
int config_check_match(const char *value, char **ret_error);
int config_check_fault(const char *value, char **ret_error);
int config_check_action(const char *value, char **ret_error);
int config_check_name(const char *value, char **ret_error);	/* a policy's */
int config_check_period(const char *value, char **ret_error);	/* a duration above zero */
int config_check_duration(const char *value, char **ret_error); /* "0s", too */
int config_check_factor(const char *value, char **ret_error);
int config_check_jitter(const char *value, char **ret_error);
int config_check_count(const char *value, char **ret_error);
int config_check_bool(const char *value, char **ret_error);
int config_check_command(const char *value, char **ret_error);

#endif
