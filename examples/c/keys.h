/* Reads the files that curve_keys writes. */
#ifndef KEYS_H
#define KEYS_H

#include "example.h"

static inline void read_key (const char *folder, const char *name, char key[41])
{
    char path[4096];
    FILE *file;

    snprintf (path, sizeof path, "%s/%s", folder, name);
    file = fopen (path, "r");
    if (!file || fread (key, 1, 40, file) != 40) {
        fprintf (stderr, "%s: no key there\n", path);
        exit (1);
    }
    key[40] = '\0';
    fclose (file);
}

/* Sets one of the key options of a socket. */
static inline void set_key (void *socket, int option, const char *folder, const char *name)
{
    char key[41];
    read_key (folder, name, key);
    CHECK (zmq_setsockopt (socket, option, key, sizeof key));
}

#endif
