#include "CLibcrypto.h"
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

// No configuration file decides what a signature is.
static void prepare(void) { OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL); }

int amos_sha256(const void *bytes, size_t count, uint8_t *digest) {
    prepare();
    return EVP_Digest(bytes, count, digest, NULL, EVP_sha256(), NULL) == 1;
}

int amos_sha512(const void *bytes, size_t count, uint8_t *digest) {
    prepare();
    return EVP_Digest(bytes, count, digest, NULL, EVP_sha512(), NULL) == 1;
}

void *amos_sha256_begin(void) {
    prepare();
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1) return context;
    EVP_MD_CTX_free(context);
    return NULL;
}

int amos_sha256_add(void *context, const void *bytes, size_t count) {
    return EVP_DigestUpdate(context, bytes, count) == 1;
}

int amos_sha256_end(void *context, uint8_t *digest) {
    int is_good = digest == NULL || EVP_DigestFinal_ex(context, digest, NULL) == 1;
    EVP_MD_CTX_free(context);
    return is_good;
}

static EVP_PKEY *read_key(int scheme, const uint8_t *bytes, size_t count) {
    if (scheme == AMOS_SCHEME_ED25519) {
        return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, bytes, count);
    }
    const uint8_t *end = bytes;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &end, (long)count);
    int is_right = key && end == bytes + count;
    if (is_right && scheme == AMOS_SCHEME_ECDSA_P256) {
        char group[32];
        is_right = EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
                   EVP_PKEY_get_group_name(key, group, sizeof group, NULL) == 1 &&
                   OPENSSL_strcasecmp(group, SN_X9_62_prime256v1) == 0;
    } else if (is_right) {
        is_right = EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA && EVP_PKEY_get_bits(key) >= 2048;
    }
    if (is_right) return key;
    EVP_PKEY_free(key);
    return NULL;
}

int amos_verify(
    int scheme, const uint8_t *key_bytes, size_t key_size, const void *message, size_t count,
    const uint8_t *signature, size_t signature_size) {
    prepare();
    EVP_PKEY *key = read_key(scheme, key_bytes, key_size);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *options = NULL;
    const EVP_MD *digest = scheme == AMOS_SCHEME_ED25519 ? NULL : EVP_sha256();
    int result = -1;
    if (key && context && EVP_DigestVerifyInit(context, &options, digest, NULL, key) == 1) {
        int is_ready = 1;
        if (scheme == AMOS_SCHEME_RSA_PSS_SHA256) {
            is_ready = EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1 &&
                       EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_AUTO) == 1;
        }
        if (is_ready) {
            result = EVP_DigestVerify(context, signature, signature_size, message, count) == 1;
        }
    }
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return result;
}

static EVP_PKEY *rsa_key(const uint8_t *modulus, size_t size, uint32_t exponent) {
    EVP_PKEY *key = NULL;
    OSSL_PARAM *parameters = NULL;
    BIGNUM *n = BN_bin2bn(modulus, (int)size, NULL);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    if (n && builder && context && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
        OSSL_PARAM_BLD_push_uint32(builder, OSSL_PKEY_PARAM_RSA_E, exponent) == 1 &&
        (parameters = OSSL_PARAM_BLD_to_param(builder)) != NULL && EVP_PKEY_fromdata_init(context) == 1) {
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters);
    }
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(builder);
    EVP_PKEY_CTX_free(context);
    BN_free(n);
    return key;
}

int amos_verify_rsa_sha1_digest(
    const uint8_t *modulus, size_t modulus_size, uint32_t exponent, const uint8_t *digest, size_t digest_size,
    const uint8_t *signature, size_t signature_size) {
    prepare();
    EVP_PKEY *key = rsa_key(modulus, modulus_size, exponent);
    EVP_PKEY_CTX *context = key ? EVP_PKEY_CTX_new(key, NULL) : NULL;
    int result = -1;
    if (context && EVP_PKEY_verify_init(context) == 1 &&
        EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 &&
        EVP_PKEY_CTX_set_signature_md(context, EVP_sha1()) == 1) {
        result = EVP_PKEY_verify(context, signature, signature_size, digest, digest_size) == 1;
    }
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return result;
}
