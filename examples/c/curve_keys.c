/* CURVE, the keys: makes a key pair each for the server and the client, as text files in a folder.
   Secret keys are readable by their owner only. Usage: curve_keys [folder] */
#include "example.h"
#include <fcntl.h>
#include <unistd.h>

static void write_key (const char *folder, const char *name, const char *key, int mode)
{
    char path[4096];
    int file;

    snprintf (path, sizeof path, "%s/%s", folder, name);
    file = open (path, O_WRONLY | O_CREAT | O_EXCL, mode);
    if (file == -1 || write (file, key, 40) != 40 || close (file) != 0) {
        fprintf (stderr, "%s: %s\n", path, strerror (errno));
        exit (1);
    }
}

int main (int argc, char **argv)
{
    const char *folder = text_argument (argc, argv, 1, ".");
    char public_key[41], secret_key[41];

    CHECK (zmq_curve_keypair (public_key, secret_key));
    write_key (folder, "server.public", public_key, 0644);
    write_key (folder, "server.secret", secret_key, 0600);
    CHECK (zmq_curve_keypair (public_key, secret_key));
    write_key (folder, "client.public", public_key, 0644);
    write_key (folder, "client.secret", secret_key, 0600);
    printf ("Wrote two key pairs\n");
    return 0;
}
