#include "certs/cms.h"

#include <openssl/cms.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

namespace certs {
namespace {

using common::Error;
using common::Fail;
using common::Result;
using common::Safe;
using common::SecretBytes;
using common::crypto::Bytes;
using CmsPtr = std::unique_ptr<CMS_ContentInfo, FreeBy<CMS_ContentInfo_free>>;
using Input = std::span<const std::uint8_t>;

constexpr int digest_bits_min = 256;

struct FreeStack {
    void operator()(STACK_OF(X509) * stack) const { sk_X509_free(stack); }  // not what is in it
};
using StackPtr = std::unique_ptr<STACK_OF(X509), FreeStack>;

Fail refuse(common::Text why) {
    ERR_clear_error();
    return Fail{Error::invalid("cms_invalid", "", why)};
}

Fail refuse_openssl(common::Text why) {
    const auto reason = last_openssl_error();
    return Fail{Error::invalid("cms_invalid", "", why, {Safe::param(reason)})};
}

StackPtr stack_of(const std::vector<X509*>& certificates) {
    StackPtr stack{sk_X509_new_null()};
    for (auto* const one : certificates)
        if (!stack || sk_X509_push(stack.get(), one) == 0) throw std::bad_alloc{};
    return stack;
}

BioPtr reader_of(Input data) {
    BioPtr bio{BIO_new_mem_buf(data.data(), static_cast<int>(data.size()))};
    if (!bio) throw std::bad_alloc{};
    return bio;
}

Bytes content_of(BIO* bio) {
    const char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return size > 0 ? Bytes(data, data + size) : Bytes{};
}

Result<CmsPtr> parse(Input data) {
    if (data.empty() || data.size() > cms_bytes_max) return refuse("The file is empty or larger than 1 MiB.");
    constexpr std::uint8_t sequence = 0x30;  // DER begins so, and no PEM
    const auto bio = reader_of(data);
    CmsPtr cms{data.front() == sequence ? d2i_CMS_bio(bio.get(), nullptr)
                                        : PEM_read_bio_CMS(bio.get(), nullptr, nullptr, nullptr)};
    if (!cms) return refuse("The file is no CMS message (RFC 5652), neither in PEM nor in DER.");
    return cms;
}

Result<std::string> to_pem(CMS_ContentInfo* cms) {
    const BioPtr bio{BIO_new(BIO_s_mem())};
    if (!bio || PEM_write_bio_CMS(bio.get(), cms) != 1) return refuse_openssl("No message was made: {}.");
    const auto bytes = content_of(bio.get());
    return std::string{bytes.begin(), bytes.end()};
}

bool strong_digest(const X509_ALGOR* algorithm) {
    const ASN1_OBJECT* name = nullptr;
    X509_ALGOR_get0(&name, nullptr, nullptr, algorithm);
    const EVP_MD* digest = EVP_get_digestbyobj(name);
    return digest != nullptr && EVP_MD_get_size(digest) * 8 >= digest_bits_min;
}

// Exactly one signer, who is `signer` by name and serial (or key identifier).
Result<CMS_SignerInfo*> only_signer(CMS_ContentInfo* cms, X509* signer) {
    if (OBJ_obj2nid(CMS_get0_type(cms)) != NID_pkcs7_signed) return refuse("The message is not signed.");
    STACK_OF(CMS_SignerInfo)* const all = CMS_get0_SignerInfos(cms);
    if (sk_CMS_SignerInfo_num(all) != 1)
        return refuse("The message must have exactly one signature; give each custodian's by itself.");
    CMS_SignerInfo* const info = sk_CMS_SignerInfo_value(all, 0);
    if (CMS_SignerInfo_cert_cmp(info, signer) != 0) return refuse("The message was signed by somebody else.");
    X509_ALGOR* digest = nullptr;
    CMS_SignerInfo_get0_algs(info, nullptr, nullptr, &digest, nullptr);
    if (!strong_digest(digest)) return refuse("The signature's digest is weaker than SHA-256.");
    // Without them the bytes that are signed could be taken for another message's attributes, RFC 5652
    // section 11.
    if (CMS_signed_get_attr_count(info) <= 0) return refuse("The signature has no signed attributes.");
    return info;
}

Result<std::optional<Bytes>> content_inside(CMS_ContentInfo* cms) {
    ASN1_OCTET_STRING** const inside = CMS_get0_content(cms);
    if (inside == nullptr) return refuse("The message has no content that could be read.");
    if (*inside == nullptr) return std::optional<Bytes>{};
    const auto* data = ASN1_STRING_get0_data(*inside);
    return std::optional{Bytes(data, data + ASN1_STRING_length(*inside))};
}

// Who can open it, and how the key gets to him: stronger than what OpenSSL does by itself.
bool add_recipient(CMS_ContentInfo* cms, X509* recipient) {
    CMS_RecipientInfo* const info = CMS_add1_recipient_cert(cms, recipient, CMS_KEY_PARAM);
    EVP_PKEY_CTX* const context = info != nullptr ? CMS_RecipientInfo_get0_pkey_ctx(info) : nullptr;
    if (context == nullptr) return false;
    if (CMS_RecipientInfo_type(info) == CMS_RECIPINFO_AGREE)
        return EVP_PKEY_CTX_set_ecdh_kdf_md(context, EVP_sha256()) == 1;
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_sha256()) == 1 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) == 1;
}

// One element of DER: its tag (0 = none), and where its content begins and it ends.
struct Element {
    int tag = 0;
    const unsigned char *content = nullptr, *end = nullptr;
};
Element element_at(const unsigned char* at, const unsigned char* limit) {
    long size = 0;
    int tag = 0, tag_class = 0;
    const auto* content = at;
    if (at >= limit || (ASN1_get_object(&content, &size, &tag, &tag_class, limit - at) & 0x80) != 0)
        return {};
    return {tag_class == V_ASN1_UNIVERSAL ? tag : -1, content, content + size};
}

// OpenSSL takes a tag of a single byte, which one forgery in 256 would have (NIST SP 800-38D, appendix C).
bool has_whole_tag(CMS_ContentInfo* cms) {
    unsigned char* raw = nullptr;
    const int size = i2d_CMS_ContentInfo(cms, &raw);
    if (size <= 0) return false;
    const std::unique_ptr<unsigned char, void (*)(unsigned char*)> held{
        raw, [](auto* memory) { OPENSSL_free(memory); }};
    const auto outer = element_at(raw, raw + size);
    const auto type = element_at(outer.content, outer.end);
    const auto explicit_tag = element_at(type.end, outer.end);
    const auto data = element_at(explicit_tag.content, explicit_tag.end);
    for (auto part = element_at(data.content, data.end); part.tag != 0; part = element_at(part.end, data.end))
        if (part.tag == V_ASN1_OCTET_STRING)
            return part.end - part.content == static_cast<long>(common::crypto::gcm_tag_size);
    return false;
}

SecretBytes take_secret(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    auto plain = size > 0 ? SecretBytes::copy_of(std::string_view{data, static_cast<std::size_t>(size)})
                          : SecretBytes{};
    if (size > 0) common::wipe(data, static_cast<std::size_t>(size));
    return plain;
}

}  // namespace

Result<std::string> cms_sign(Input content, X509* signer, EVP_PKEY* key) {
    if (X509_check_private_key(signer, key) != 1)
        return refuse("The private key does not belong to the certificate.");
    const auto bio = reader_of(content);
    constexpr unsigned flags = CMS_BINARY | CMS_PARTIAL | CMS_NOSMIMECAP;
    const CmsPtr cms{CMS_sign(nullptr, nullptr, nullptr, nullptr, flags)};
    if (!cms || CMS_add1_signer(cms.get(), signer, key, EVP_sha256(), flags) == nullptr ||
        CMS_final(cms.get(), bio.get(), nullptr, flags) != 1)
        return refuse_openssl("The document was not signed: {}.");
    return to_pem(cms.get());
}

Result<Bytes> cms_content_unverified(Input data) {
    const auto cms = parse(data);
    if (!cms) return Fail{cms.error()};
    if (OBJ_obj2nid(CMS_get0_type(cms->get())) != NID_pkcs7_signed)
        return refuse("The message is not signed.");
    auto content = content_inside(cms->get());
    if (!content) return Fail{std::move(content.error())};
    if (!*content) return refuse("The signature comes without the document; sign with the option -nodetach.");
    return std::move(**content);
}

Result<bool> cms_names_signer(Input data, X509* signer) {
    const auto cms = parse(data);
    if (!cms) return Fail{cms.error()};
    STACK_OF(CMS_SignerInfo)* const all = CMS_get0_SignerInfos(cms->get());
    const bool named = sk_CMS_SignerInfo_num(all) == 1 &&
                       CMS_SignerInfo_cert_cmp(sk_CMS_SignerInfo_value(all, 0), signer) == 0;
    ERR_clear_error();
    return named;
}

Result<Bytes> cms_verify(Input data, X509* signer, Input detached) {
    const auto cms = parse(data);
    if (!cms) return Fail{cms.error()};
    const auto info = only_signer(cms->get(), signer);
    if (!info) return Fail{info.error()};
    auto inside = content_inside(cms->get());
    if (!inside) return Fail{std::move(inside.error())};
    if (!*inside && detached.empty()) return refuse("The signature comes without the document.");
    if (*inside && !detached.empty() && !std::ranges::equal(**inside, detached))
        return refuse("The signature is of another document.");
    const auto certificates = stack_of({signer});
    const BioPtr given = *inside ? BioPtr{} : reader_of(detached);
    const BioPtr out{BIO_new(BIO_s_mem())};
    // CMS_NOINTERN: no certificate that came with the message takes the place of the one that we know.
    constexpr unsigned flags = CMS_BINARY | CMS_NOINTERN | CMS_NO_SIGNER_CERT_VERIFY;
    if (CMS_verify(cms->get(), certificates.get(), nullptr, given.get(), out.get(), flags) != 1)
        return refuse("The signature does not fit the document and the signer's certificate.");
    return *inside ? std::move(**inside) : Bytes(detached.begin(), detached.end());
}

Result<std::string> cms_seal(Input plain, const std::vector<X509*>& recipients) {
    if (plain.empty() || plain.size() > cms_bytes_max || recipients.empty())
        return refuse("Nothing to seal, or nobody to seal it to.");
    const auto bio = reader_of(plain);
    constexpr unsigned flags = CMS_BINARY | CMS_PARTIAL;
    const CmsPtr cms{CMS_encrypt(nullptr, nullptr, EVP_aes_256_gcm(), flags)};
    if (!cms) return refuse_openssl("Nothing was sealed: {}.");
    for (auto* const recipient : recipients)
        if (!add_recipient(cms.get(), recipient))
            return refuse_openssl("Nothing can be sealed to this certificate: {}.");
    if (CMS_final(cms.get(), bio.get(), nullptr, flags) != 1)
        return refuse_openssl("Nothing was sealed: {}.");
    return to_pem(cms.get());
}

Result<SecretBytes> cms_open(Input data, X509* recipient, EVP_PKEY* key) {
    const auto cms = parse(data);
    if (!cms) return Fail{cms.error()};
    const int type = OBJ_obj2nid(CMS_get0_type(cms->get()));
    if (type != NID_id_smime_ct_authEnvelopedData && type != NID_pkcs7_enveloped)
        return refuse("The message is not encrypted.");
    if (type == NID_id_smime_ct_authEnvelopedData && !has_whole_tag(cms->get()))
        return refuse("The message's authentication tag is shorter than 16 bytes.");
    const BioPtr out{BIO_new(BIO_s_secmem())};
    if (!out) throw std::bad_alloc{};
    const int opened = CMS_decrypt(cms->get(), key, recipient, nullptr, out.get(), CMS_BINARY);
    auto plain = take_secret(out.get());
    if (opened != 1 || plain.empty())
        return refuse("The message was not sealed to this certificate and key, or was changed on the way.");
    return plain;
}

}  // namespace certs
