/*
 * Replaces popen() in conf: the results of probes come from a file, so that a thousand runs of conf
 * do not start a hundred compilers each.
 *
 * CONF_PROBES names the file. It is a sequence of records "COMMAND-LENGTH OUTPUT-LENGTH\n" followed
 * by the bytes of both and a newline. With CONF_RECORD set, what is missing is run and appended;
 * without it, it ends conf with code 97: a run that silently asks something else proves nothing.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *text, *end;
static FILE *given;

__attribute__((constructor)) static void load(void)
{
	const char *name = getenv("CONF_PROBES");
	FILE *file = name ? fopen(name, "r") : NULL;
	long size;

	/* The commands that are run must not be given recorded results. */
	unsetenv("LD_PRELOAD");
	if (!file)
		return;
	fseek(file, 0, SEEK_END);
	size = ftell(file);
	rewind(file);
	text = malloc(size + 1);
	if (text && fread(text, 1, size, file) == (size_t)size) {
		text[size] = 0;
		end = text + size;
	}
	fclose(file);
}

static FILE *answer(char *bytes, size_t length)
{
	/* A memory stream of no bytes is an error in some C libraries. */
	given = length ? fmemopen(bytes, length, "r") : fopen("/dev/null", "r");
	return given;
}

FILE *popen(const char *command, const char *type)
{
	FILE *(*run)(const char *, const char *) = dlsym(RTLD_NEXT, "popen");
	int (*finish)(FILE *) = dlsym(RTLD_NEXT, "pclose");
	size_t wanted = strlen(command), length = 0, chunk;
	char *at = text, *output;
	FILE *pipe, *file;

	while (at && at < end) {
		size_t key = strtoul(at, &at, 10), value = strtoul(at, &at, 10);

		at++;
		if (key == wanted && !memcmp(at, command, key))
			return answer(at + key, value);
		at += key + value + 1;
	}
	if (!getenv("CONF_RECORD")) {
		fprintf(stderr, "no recorded result of: %s\n", command);
		_exit(97);
	}
	pipe = run(command, type);
	output = malloc(1 << 20);
	if (!pipe || !output)
		return NULL;
	while ((chunk = fread(output + length, 1, (1 << 20) - length, pipe)) > 0)
		length += chunk;
	finish(pipe);
	file = fopen(getenv("CONF_PROBES"), "a");
	if (!file)
		return NULL;
	fprintf(file, "%zu %zu\n", wanted, length);
	fwrite(command, 1, wanted, file);
	fwrite(output, 1, length, file);
	fputc('\n', file);
	fclose(file);
	return answer(output, length);
}

int pclose(FILE *stream)
{
	(void)given;
	return fclose(stream);
}
