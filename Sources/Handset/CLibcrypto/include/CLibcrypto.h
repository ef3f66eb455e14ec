// OpenSSL's libcrypto, as much of it as handset programs need. Its own headers stay out of Swift: they are
// macros, casts and generations of each thing.
#ifndef AMOS_CLIBCRYPTO_H
#define AMOS_CLIBCRYPTO_H
#include <stddef.h>
#include <stdint.h>

/// 32 bytes; 0 when the library failed.
int amos_sha256(const void *bytes, size_t count, uint8_t *digest);

/// 64 bytes; 0 when the library failed.
int amos_sha512(const void *bytes, size_t count, uint8_t *digest);

/// A digest in parts; NULL when there is no memory.
void *amos_sha256_begin(void);
int amos_sha256_add(void *context, const void *bytes, size_t count);
/// `digest` may be NULL: only gives the memory back.
int amos_sha256_end(void *context, uint8_t *digest);

enum amos_scheme {
    AMOS_SCHEME_ED25519,         // the key is its 32 bytes
    AMOS_SCHEME_ECDSA_P256,      // with SHA-256; the key is a SubjectPublicKeyInfo in DER, the signature, too
    AMOS_SCHEME_RSA_PSS_SHA256,  // salt of any length; SubjectPublicKeyInfo, at least 2048 bits
};
/// 1: the key's owner signed the message; 0: not; -1: the key is none of that scheme.
int amos_verify(
    int scheme, const uint8_t *key, size_t key_size, const void *message, size_t count,
    const uint8_t *signature, size_t signature_size);

/// RSASSA-PKCS1-v1_5 over a SHA-1 digest that is given (adb's tokens are used as one). `modulus` begins with its
/// most significant byte. Results as above.
int amos_verify_rsa_sha1_digest(
    const uint8_t *modulus, size_t modulus_size, uint32_t exponent, const uint8_t *digest, size_t digest_size,
    const uint8_t *signature, size_t signature_size);
#endif
