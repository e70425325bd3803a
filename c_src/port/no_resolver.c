/*
 * ei can look up the addresses of hosts, and the number of this one, with these
 * functions of the C library. cprof connects only to its own machine, so ei
 * never has to. But gethostid is called in every handshake: that of the C
 * library may ask a name server, and wait for it for a long time. And a static
 * program cannot contain the others, because they load libraries at run time.
 * Therefore they are defined here; the linker takes these for ei.
 */
#include <errno.h>
#include <netdb.h>
#include <stddef.h>
#include <unistd.h>

long gethostid(void)
{
    return 0;
}

struct hostent *gethostbyname(const char *name)
{
    (void)name;
    h_errno = HOST_NOT_FOUND;
    return NULL;
}

struct hostent *gethostbyaddr(const void *address, socklen_t len, int type)
{
    (void)address, (void)len, (void)type;
    h_errno = HOST_NOT_FOUND;
    return NULL;
}

static int not_found(struct hostent **result, int *h_error)
{
    *result = NULL;
    *h_error = HOST_NOT_FOUND;
    return ENOENT;
}

int gethostbyname_r(const char *name, struct hostent *host, char *buffer,
                    size_t len, struct hostent **result, int *h_error)
{
    (void)name, (void)host, (void)buffer, (void)len;
    return not_found(result, h_error);
}

int gethostbyaddr_r(const void *address, socklen_t address_len, int type,
                    struct hostent *host, char *buffer, size_t len,
                    struct hostent **result, int *h_error)
{
    (void)address, (void)address_len, (void)type;
    (void)host, (void)buffer, (void)len;
    return not_found(result, h_error);
}
