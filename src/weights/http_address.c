/* Which addresses belong to the public internet. Its own file because it is a table of networks, and needs no libcurl. */
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "weights/http_get.h"

/* Source: IANA's registries of special-purpose addresses (RFC 6890). */
static bool is_public_v4(uint32_t address)
{
    static const struct {
        uint32_t network;
        int bits;
    } others[] = {
        {0x00000000, 8},  /* this network */
        {0x0A000000, 8},  /* private */
        {0x64400000, 10}, /* shared by a provider's customers */
        {0x7F000000, 8},  /* this machine */
        {0xA9FE0000, 16}, /* link-local, and where clouds tell a machine its secrets */
        {0xAC100000, 12}, /* private */
        {0xC0000000, 24}, /* protocols */
        {0xC0000200, 24}, /* documentation */
        {0xC0A80000, 16}, /* private */
        {0xC6120000, 15}, /* benchmarks */
        {0xC6336400, 24}, /* documentation */
        {0xCB007100, 24}, /* documentation */
        {0xE0000000, 3},  /* many receivers, reserved, broadcast */
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if ((address ^ others[i].network) >> (32 - others[i].bits) == 0)
            return false;
    return true;
}

static uint32_t v4_at(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static bool is_public_v6(const unsigned char bytes[16])
{
    static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF},
                               translated[12] = {0, 0x64, 0xFF, 0x9B};
    if (!memcmp(bytes, mapped, sizeof mapped) || !memcmp(bytes, translated, sizeof translated))
        return is_public_v4(v4_at(bytes + 12));
    if (bytes[0] == 0x20 && bytes[1] == 0x02) /* 6to4 */
        return is_public_v4(v4_at(bytes + 2));
    bool teredo = bytes[0] == 0x20 && bytes[1] == 0x01 && !bytes[2] && !bytes[3];
    bool documentation = bytes[0] == 0x20 && bytes[1] == 0x01 && bytes[2] == 0x0D && bytes[3] == 0xB8;
    return (bytes[0] & 0xE0) == 0x20 && !teredo && !documentation; /* 2000::/3 is all that is given out */
}

bool http_address_is_public(const struct sockaddr *address, size_t length)
{
    if (address->sa_family == AF_INET && length >= sizeof(struct sockaddr_in)) {
        struct sockaddr_in v4;
        memcpy(&v4, address, sizeof v4);
        return is_public_v4(ntohl(v4.sin_addr.s_addr));
    }
    if (address->sa_family == AF_INET6 && length >= sizeof(struct sockaddr_in6)) {
        struct sockaddr_in6 v6;
        memcpy(&v6, address, sizeof v6);
        return is_public_v6(v6.sin6_addr.s6_addr);
    }
    return false;
}
