// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Looks a configuration over before libconfuse does. libconfuse 3.3 counts a comment as several lines, drops
 * characters that it has no rule for, takes "}" as given at the end of the file, and stays inside an
 * unterminated string for the next file, too: each would turn a mistake into silence or into a wrong line
 * number.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "host/configparts.h"

enum { DEPTH_MAX = 8 };

struct scan {
	const char *path;
	char *at, *end; /* the text has a NUL at its end */
	unsigned int line;
	unsigned int open[DEPTH_MAX]; /* lines of the braces that are open */
	unsigned int depth;
	bool in_word; /* the character before is of an unquoted value */
};

#define scan_error(scan, fmt, ...) \
	(log_error("%s:%u: " fmt, (scan)->path, (scan)->line, ##__VA_ARGS__), -EINVAL)

static bool is_bad_control(char c)
{
	return (iscntrl((unsigned char)c) && c != '\t') || c == '\0';
}

static int scan_comment_line(struct scan *scan)
{
	while (scan->at < scan->end && *scan->at != '\n')
		*scan->at++ = ' ';
	return 0;
}

static int scan_comment_block(struct scan *scan)
{
	char *close = memmem(scan->at + 2, (size_t)(scan->end - scan->at) - 2, "*/", 2);

	if (!close)
		return scan_error(scan, "the comment that starts here does not end: close it with */");
	for (; scan->at < close + 2; scan->at++) {
		if (*scan->at == '\n')
			scan->line++;
		else
			*scan->at = ' ';
	}
	return 0;
}

static int scan_comment(struct scan *scan)
{
	if (scan->in_word)
		return scan_error(
			scan, "a comment starts inside a value: put the value in quotes, or a blank before "
			      "the comment");
	return scan->at[0] == '/' && scan->at[1] == '*' ? scan_comment_block(scan) : scan_comment_line(scan);
}

/* ${NAME} or ${NAME:-otherwise}; scan->at is at the "$". */
static int scan_variable(struct scan *scan)
{
	char *name = scan->at + 2, *close = name + strcspn(name, "}\"'\n"), *otherwise;
	int r = 0;

	if (*close != '}')
		return scan_error(
			scan,
			"a variable that starts with ${ does not end: close it with }, or write \\${ in "
			"double quotes for the characters themselves");
	*close = '\0';
	otherwise = strchr(name, ':');
	if (!getenv(name) && !(otherwise && otherwise[1] == '-'))
		r = scan_error(
			scan,
			"the environment variable %s is not set: set it, or write ${%s:-otherwise}, or \\${ "
			"for the characters themselves",
			name, name);
	*close = '}';
	scan->at = close + 1;
	return r;
}

/* What follows a backslash in double quotes; scan->at is at the backslash. */
static int scan_escape(struct scan *scan)
{
	char c = scan->at[1];

	if (c == 'x') {
		char digits[3] = {scan->at[2], isxdigit((unsigned char)scan->at[2]) ? scan->at[3] : '\0',
				  '\0'};

		/* A NUL would end the string without a word. */
		if (!isxdigit((unsigned char)digits[0]) || strtoul(digits, NULL, 16) == 0)
			return scan_error(
				scan,
				"\\x in double quotes is not followed by the hexadecimal number of a "
				"character: write for example \\x41, or \\\\x for the characters themselves");
	} else if (c == '\n') {
		scan->line++;
	} else if (!c || !strchr("\\\"'$nrt", c)) {
		return scan_error(scan,
				  "'\\%c' in double quotes means nothing: write '\\\\%c', or put a regular "
				  "expression in single quotes",
				  is_bad_control(c) ? ' ' : c, is_bad_control(c) ? ' ' : c);
	}
	scan->at += 2;
	return 0;
}

static int scan_string(struct scan *scan)
{
	char quote = *scan->at++;
	unsigned int first = scan->line;
	int r;

	while (scan->at < scan->end && *scan->at != quote) {
		if (*scan->at == '\n')
			break;
		if (is_bad_control(*scan->at))
			return scan_error(scan,
					  "there is a control character (0x%02x) in a string: remove it",
					  (unsigned char)*scan->at);
		if (quote == '"' && *scan->at == '\\') {
			r = scan_escape(scan);
		} else if (quote == '"' && scan->at[0] == '$' && scan->at[1] == '{') {
			r = scan_variable(scan);
		} else {
			if (scan->at[0] == '\\' && scan->at + 1 < scan->end) {
				scan->at++;
				scan->line += *scan->at == '\n';
			}
			scan->at++;
			r = 0;
		}
		if (r < 0)
			return r;
	}
	if (scan->at >= scan->end || *scan->at != quote) {
		scan->line = first;
		return scan_error(scan,
				  "the string that starts here does not end on its line: close it with %c",
				  quote);
	}
	scan->at++;
	return 0;
}

static int scan_brace(struct scan *scan)
{
	if (*scan->at == '}') {
		if (scan->depth == 0)
			return scan_error(
				scan, "this } closes nothing: remove it, or look for a { that is missing");
		scan->depth--;
	} else {
		if (scan->depth == DEPTH_MAX)
			return scan_error(
				scan,
				"sections are nested deeper than any that faultd knows: look for a } that "
				"is missing");
		scan->open[scan->depth++] = scan->line;
	}
	scan->at++;
	return 0;
}

/* One step outside strings and comments. */
static int scan_code(struct scan *scan)
{
	char c = scan->at[0], next = scan->at[1];
	bool was_in_word = scan->in_word;

	scan->in_word = false;
	switch (c) {
	case '\n': scan->line++; break;
	case '\r':
		if (next != '\n')
			return scan_error(scan, "there is a control character (0x0d) here: remove it");
		break;
	case ' ':
	case '\t':
	case '=':
	case ',': break;
	case '{':
	case '}': return scan_brace(scan);
	case '"':
	case '\'': return scan_string(scan);
	case '+':
		if (next == '=')
			break;
		/* fall through */
	case '*':
	case '(':
	case ')':
		return scan_error(scan, "'%c' cannot stand outside quotes: put the whole value in quotes", c);
	case '$':
		if (next == '{')
			return scan_variable(scan);
		scan->in_word = true;
		break;
	case '#': scan->in_word = was_in_word; return scan_comment(scan);
	case '/':
		scan->in_word = was_in_word;
		if (next == '/' || next == '*')
			return scan_comment(scan);
		if (!next || strchr(" \t\r\n={}()+,\"'#", next))
			return scan_error(
				scan, "a / cannot end a value outside quotes: put the whole value in quotes");
		scan->in_word = true;
		break;
	default:
		if (is_bad_control(c))
			return scan_error(scan, "there is a control character (0x%02x) here: remove it",
					  (unsigned char)c);
		scan->in_word = true;
	}
	scan->at++;
	return 0;
}

int config_scan(const char *path, char *text, size_t len)
{
	static const char byte_order_mark[] = {'\xef', '\xbb', '\xbf'};
	struct scan scan = {.path = path, .at = text, .end = text + len, .line = 1};

	if (len >= sizeof(byte_order_mark) && !memcmp(text, byte_order_mark, sizeof(byte_order_mark)))
		memset(text, ' ', sizeof(byte_order_mark));
	while (scan.at < scan.end) {
		int r = scan_code(&scan);

		if (r < 0)
			return r;
	}
	if (scan.depth > 0) {
		scan.line = scan.open[scan.depth - 1];
		return scan_error(&scan, "the { on this line is never closed: add a }");
	}
	return 0;
}
