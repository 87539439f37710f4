/* Which library a C program runs on. */
#include <stdio.h>
#include <zmq.h>

int main (void)
{
    int major, minor, patch;

    zmq_version (&major, &minor, &patch);
    printf ("zmq_version() %d.%d.%d, zmq_has(\"zeroxide\") %d\n", major, minor, patch,
            zmq_has ("zeroxide"));
    return 0;
}
