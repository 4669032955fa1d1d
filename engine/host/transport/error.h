/* SPDX-License-Identifier: Apache-2.0 */
/* error.h -- what can go wrong with a connection, by name: the table below is the list of all.
 *
 * A failure carries the name (for programs: events, JSON, tests), a sentence with the particulars
 * (for people: which address, which certificate, until when it was valid) and what to do next. Both
 * sides of a refused handshake learn the reason: the one that refuses from its own check, the other
 * one from the TLS alert. */
#ifndef FERRY_HOST_TRANSPORT_ERROR_H
#define FERRY_HOST_TRANSPORT_ERROR_H

/* Bytes of the sentence, with its terminating zero. */
#define TRANSPORT_ERROR_TEXT_MAX 256

/* clang-format off */
/* name, what happened, what to do next */
#define TRANSPORT_ERROR_TABLE(ENTRY)                                                                                                                              \
    ENTRY(NONE,                "no error",                                                        "")                                                             \
    ENTRY(ADDRESS,             "the address is not a numeric IPv4 or IPv6 address",               "correct the address in the configuration")                     \
    ENTRY(LISTEN,              "the address and port cannot be listened on",                      "see which process holds the port, and whether the host has the address") \
    ENTRY(UNREACHABLE,         "the peer cannot be reached",                                      "check the route, the firewall and that ferryd runs at the peer") \
    ENTRY(REFUSED,             "nothing listens at the peer's address and port",                  "check that ferryd runs at the peer, and its port")             \
    ENTRY(DEADLINE,            "the other side did not do its part in time",                      "check the network, and what runs at the other end")            \
    ENTRY(CANCELLED,           "this side no longer wants the connection",                        "")                                                             \
    ENTRY(CLOSED,              "the other side closed the connection",                            "see the log of the other side")                                \
    ENTRY(BROKEN,              "the connection broke",                                            "check the network")                                            \
    ENTRY(CROWDED,             "too many connections that have not said what they want",          "see who opens them; limits: connections in the configuration") \
    ENTRY(MEMORY,              "no memory for the connection",                                    "give ferryd more memory")                                      \
    ENTRY(SYSTEM,              "the operating system refused",                                    "see the sentence for its reason")                              \
    ENTRY(PREFACE,             "the first bytes are no ferry preface",                            "see what program connects to this port")                       \
    ENTRY(PREFACE_VERSION,     "no protocol version is spoken by both sides",                     "update the older side")                                        \
    ENTRY(PLAIN_TEXT,          "the other side does not speak TLS",                               "use the same security setting on both hosts")                  \
    ENTRY(TLS_ON_PLAIN,        "the other side speaks TLS, this side is set to be unencrypted",   "use the same security setting on both hosts")                  \
    ENTRY(TLS_VERSION,         "the other side does not speak TLS 1.3",                           "update the TLS library of the other side")                     \
    ENTRY(TLS_PROTOCOL,        "the TLS handshake failed",                                        "see the sentence for the library's reason")                    \
    ENTRY(NO_CERTIFICATE,      "the other side has no certificate",                               "give it one: ferry cert host")                                 \
    ENTRY(FOREIGN_CA,          "the certificate is not of a CA that this side trusts",            "use certificates of one CA on all hosts: ferry cert")          \
    ENTRY(EXPIRED,             "the certificate has expired",                                     "make a new one: ferry cert host")                              \
    ENTRY(NOT_YET_VALID,       "the certificate is not valid yet",                                "compare the clocks of both hosts")                             \
    ENTRY(OTHER_NAME,          "the certificate names another host",                              "compare the peer's name in the configuration with the certificate's") \
    ENTRY(BAD_CERTIFICATE,     "the certificate is not acceptable",                               "see the sentence for the reason; make a new one: ferry cert host") \
    ENTRY(OWN_NO_CERTIFICATE,  "the other side asks for a certificate and this side sent none",   "set tls cert and key in the configuration")                    \
    ENTRY(OWN_FOREIGN_CA,      "the other side does not trust the CA of this side's certificate", "use certificates of one CA on all hosts: ferry cert")          \
    ENTRY(OWN_EXPIRED,         "the other side says that this side's certificate has expired",    "make a new one: ferry cert host; compare the clocks")          \
    ENTRY(OWN_REFUSED,         "the other side refused this side's certificate",                  "see the log of the other side; compare names")                 \
    ENTRY(FILE_CERTIFICATE,    "the certificate file cannot be used",                             "see the sentence; make a new one: ferry cert host")            \
    ENTRY(FILE_KEY,            "the key file cannot be used",                                     "see the sentence; make a new one: ferry cert host")            \
    ENTRY(FILE_CA,             "the CA file cannot be used",                                      "see the sentence; make a new one: ferry cert ca")              \
    ENTRY(FILE_WRITE,          "a file cannot be written",                                        "see the sentence for the reason")
/* clang-format on */

#define TRANSPORT_ERROR_ENTRY(name, what, next) TRANSPORT_##name,
enum transport_error { TRANSPORT_ERROR_TABLE(TRANSPORT_ERROR_ENTRY) TRANSPORT_ERROR_COUNT };
#undef TRANSPORT_ERROR_ENTRY

struct transport_failure {
    enum transport_error error;
    char text[TRANSPORT_ERROR_TEXT_MAX]; /* one line, no control characters, without next step */
};

const char *transport_error_name(enum transport_error error);      /* "EXPIRED"; never NULL */
const char *transport_error_sentence(enum transport_error error);  /* never NULL */
const char *transport_error_next_step(enum transport_error error); /* never NULL; "": none */

/* Fills `failure_out` (NULL: nobody wants to know): the error's sentence, and after a colon the
 * particulars, if there are any (NULL or a format of printf). Characters that are not printable,
 * which may come from a peer's certificate, become '?'. Returns false, so that a function that
 * fails can return this call. */
_Bool transport_fail(
    struct transport_failure *failure_out, enum transport_error error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts " (PLACE)" behind the text: which address it was. */
void transport_fail_at(struct transport_failure *failure, const char *place);

#endif
