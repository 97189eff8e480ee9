// What someone who has the PIN can try through the API: Clulow, "On the security of PKCS #11" (2003);
// Delaune, Kremer and Steel, "Formal security analysis of PKCS#11" (2008). None may give a byte of a key.
//
// One thing SoftHSM2 2.6 does allow, and PKCS#11 has no attribute against: C_DigestKey of a sensitive key. It
// gives a hash of 256 random bits, by which a guess of the whole key could be checked, and nothing else.
#include "fixture.h"

namespace hsm_test {
namespace {

constexpr CK_MECHANISM_TYPE aes_key_wrap = 0x2109;
constexpr CK_MECHANISM_TYPE aes_key_wrap_pad = 0x210a;

class Attacks : public HsmTest {
  protected:
    void SetUp() override { raw = std::make_unique<RawSession>(token); }
    void TearDown() override { raw.reset(); }

    // A key of the attacker's own, for the session only and allowed everything.
    CK_OBJECT_HANDLE own_key() {
        CK_BBOOL yes = CK_TRUE;
        CK_BBOOL no = CK_FALSE;
        CK_ULONG size = 32;
        CK_ATTRIBUTE all[] = {{CKA_TOKEN, &no, 1},    {CKA_VALUE_LEN, &size, sizeof size},
                              {CKA_WRAP, &yes, 1},    {CKA_UNWRAP, &yes, 1},
                              {CKA_ENCRYPT, &yes, 1}, {CKA_DECRYPT, &yes, 1}};
        CK_MECHANISM generator{CKM_AES_KEY_GEN, nullptr, 0};
        CK_OBJECT_HANDLE made = 0;
        EXPECT_EQ(raw->f().C_GenerateKey(raw->handle(), &generator, all, 6, &made), CKR_OK);
        return made;
    }
    CK_RV wrap(CK_OBJECT_HANDLE with, CK_OBJECT_HANDLE key, CK_MECHANISM_TYPE type) {
        std::array<CK_BYTE, 16> iv{};
        CK_MECHANISM mechanism{type, type == CKM_AES_CBC ? iv.data() : nullptr,
                               type == CKM_AES_CBC ? iv.size() : 0};
        std::array<CK_BYTE, 256> out{};
        CK_ULONG size = out.size();
        return raw->f().C_WrapKey(raw->handle(), &mechanism, with, key, out.data(), &size);
    }
    std::vector<std::string> labels() const {
        std::vector<std::string> all;
        for (const auto& kind : hsm::all_kinds())
            all.push_back(hsm::label_of({kind.purpose, 1}));
        return all;
    }
    std::unique_ptr<RawSession> raw;
};

// PCI DSS 4.0.1: 3.6.1.2
TEST_F(Attacks, ReadingTheValueIsRefused) {
    for (const auto& label : labels()) {
        std::array<CK_BYTE, 64> room{};
        CK_ATTRIBUTE asked{CKA_VALUE, room.data(), room.size()};
        EXPECT_EQ(raw->f().C_GetAttributeValue(raw->handle(), raw->key(label), &asked, 1),
                  CKR_ATTRIBUTE_SENSITIVE);
        EXPECT_TRUE(std::ranges::all_of(room, [](auto b) { return b == 0; }));
    }
}

TEST_F(Attacks, SearchingByValueIsNoOracle) {
    std::array<CK_BYTE, 32> guess{};
    CK_ATTRIBUTE match[] = {{CKA_VALUE, guess.data(), guess.size()}};
    std::vector<CK_OBJECT_HANDLE> found;
    raw->session->find(match, 8, found);
    EXPECT_THAT(found, testing::IsEmpty());
}

// PCI DSS 4.0.1: 3.6.1.2, 3.7.1
TEST_F(Attacks, ClulowWrapThenDecryptIsRefusedAtTheWrap) {
    for (const auto& with : {"KEK-card-v1", "KEK-pii-v1", "KEK-2fa-v1"})
        for (const auto& label : labels())
            for (const auto type : {CKM_AES_CBC, CKM_AES_ECB, aes_key_wrap, aes_key_wrap_pad, CKM_AES_GCM})
                EXPECT_NE(wrap(raw->key(with), raw->key(label), type), CKR_OK)
                    << with << ' ' << label << ' ' << type;
}

TEST_F(Attacks, WrappingWithAKeyOfOnesOwnIsRefused) {
    const auto own = own_key();
    for (const auto& label : labels())
        for (const auto type : {CKM_AES_CBC, aes_key_wrap, aes_key_wrap_pad})
            EXPECT_EQ(wrap(own, raw->key(label), type), CKR_KEY_UNEXTRACTABLE) << label << ' ' << type;
}

TEST_F(Attacks, UnwrappingSomethingMadeUpIsRefused) {
    CK_OBJECT_CLASS object_class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_AES;
    CK_BBOOL yes = CK_TRUE;
    CK_BBOOL no = CK_FALSE;
    CK_ATTRIBUTE weak[] = {{CKA_CLASS, &object_class, sizeof object_class},
                           {CKA_KEY_TYPE, &type, sizeof type},
                           {CKA_SENSITIVE, &no, 1},
                           {CKA_EXTRACTABLE, &yes, 1}};
    std::array<CK_BYTE, 40> blob{};
    for (const auto& with : {"KEK-card-v1", "KEK-pii-v1", "KEK-2fa-v1"}) {
        CK_MECHANISM mechanism{aes_key_wrap, nullptr, 0};
        CK_OBJECT_HANDLE made = 0;
        EXPECT_NE(raw->f().C_UnwrapKey(raw->handle(), &mechanism, raw->key(with), blob.data(), blob.size(),
                                       weak, 4, &made),
                  CKR_OK);
    }
}

TEST_F(Attacks, UnwrappingWhatAKekHasEncryptedIsRefused) {
    // Clulow's other half: a key of known bytes would come in under the KEK's name.
    std::array<CK_BYTE, 32> known{};
    std::array<CK_BYTE, 48> sealed{};
    std::array<CK_BYTE, 12> iv{};
    CK_GCM_PARAMS parameters{};
    parameters.pIv = iv.data();
    parameters.ulIvLen = iv.size();
    parameters.ulIvBits = 96;
    parameters.ulTagBits = 128;
    CK_MECHANISM gcm{CKM_AES_GCM, &parameters, sizeof parameters};
    CK_ULONG size = sealed.size();
    const auto kek = raw->key("KEK-card-v1");
    ASSERT_EQ(raw->f().C_EncryptInit(raw->handle(), &gcm, kek), CKR_OK);
    ASSERT_EQ(raw->f().C_Encrypt(raw->handle(), known.data(), known.size(), sealed.data(), &size), CKR_OK);
    CK_OBJECT_CLASS object_class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_AES;
    CK_ATTRIBUTE wanted[] = {{CKA_CLASS, &object_class, sizeof object_class},
                             {CKA_KEY_TYPE, &type, sizeof type}};
    CK_OBJECT_HANDLE made = 0;
    EXPECT_NE(raw->f().C_UnwrapKey(raw->handle(), &gcm, kek, sealed.data(), size, wanted, 2, &made), CKR_OK);
}

TEST_F(Attacks, ConjuringAKeyOutOfRandomBytesIsRefused) {
    CK_OBJECT_CLASS object_class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_GENERIC_SECRET;
    CK_ATTRIBUTE wanted[] = {{CKA_CLASS, &object_class, sizeof object_class},
                             {CKA_KEY_TYPE, &type, sizeof type}};
    for (const auto& label : labels())
        for (const auto mechanism_type : {CKM_AES_CBC, CKM_AES_CBC_PAD, aes_key_wrap, aes_key_wrap_pad})
            for (int i = 0; i < 8; ++i) {
                std::array<CK_BYTE, 16> iv{};
                std::array<CK_BYTE, 48> blob{};
                common::crypto::random_bytes(blob);
                const bool cbc = mechanism_type == CKM_AES_CBC || mechanism_type == CKM_AES_CBC_PAD;
                CK_MECHANISM mechanism{mechanism_type, cbc ? iv.data() : nullptr, cbc ? iv.size() : 0};
                CK_OBJECT_HANDLE made = 0;
                EXPECT_NE(raw->f().C_UnwrapKey(raw->handle(), &mechanism, raw->key(label), blob.data(),
                                               blob.size(), wanted, 2, &made),
                          CKR_OK)
                    << label << ' ' << mechanism_type;
            }
}

// PCI DSS 4.0.1: 3.7.1
TEST_F(Attacks, ChangingAnAttributeIsRefused) {
    for (const auto& label : labels())
        for (const auto& flag : hsm::flags_of(hsm::kind_of(hsm::key_of_label(label)->purpose))) {
            CK_BBOOL other = flag.value ? CK_FALSE : CK_TRUE;
            CK_ATTRIBUTE change{flag.type, &other, 1};
            EXPECT_NE(raw->f().C_SetAttributeValue(raw->handle(), raw->key(label), &change, 1), CKR_OK)
                << label << ' ' << flag.name;
        }
    raw.reset();
    EXPECT_EQ(refusal(), "");
}

// PCI DSS 4.0.1: 3.7.7
TEST_F(Attacks, RenamingAKeyIsRefused) {
    std::string name = "KEK-card-v9";
    CK_ATTRIBUTE change{CKA_LABEL, name.data(), name.size()};
    EXPECT_NE(raw->f().C_SetAttributeValue(raw->handle(), raw->key("KEK-pii-v1"), &change, 1), CKR_OK);
}

// PCI DSS 4.0.1: 3.7.1
TEST_F(Attacks, CopyingToWeakerAttributesIsRefused) {
    CK_BBOOL yes = CK_TRUE;
    CK_BBOOL no = CK_FALSE;
    for (const auto& label : labels()) {
        CK_ATTRIBUTE weaker[] = {{CKA_TOKEN, &no, 1}, {CKA_SENSITIVE, &no, 1}, {CKA_EXTRACTABLE, &yes, 1}};
        CK_OBJECT_HANDLE made = 0;
        EXPECT_NE(raw->f().C_CopyObject(raw->handle(), raw->key(label), weaker, 3, &made), CKR_OK) << label;
        EXPECT_NE(raw->f().C_CopyObject(raw->handle(), raw->key(label), weaker, 1, &made), CKR_OK) << label;
    }
}

TEST_F(Attacks, EveryOtherCipherUnderAKekIsRefused) {
    for (const auto type : {CKM_AES_ECB, CKM_AES_CBC, CKM_AES_CBC_PAD, CKM_AES_CTR}) {
        std::array<CK_BYTE, 16> iv{};
        CK_AES_CTR_PARAMS counter{};
        counter.ulCounterBits = 128;
        CK_MECHANISM mechanism{type, iv.data(), iv.size()};
        if (type == CKM_AES_CTR) mechanism = {type, &counter, sizeof counter};
        if (type == CKM_AES_ECB) mechanism = {type, nullptr, 0};
        EXPECT_NE(raw->f().C_EncryptInit(raw->handle(), &mechanism, raw->key("KEK-card-v1")), CKR_OK) << type;
        EXPECT_NE(raw->f().C_DecryptInit(raw->handle(), &mechanism, raw->key("KEK-card-v1")), CKR_OK) << type;
    }
}

TEST_F(Attacks, EveryWeakerHmacIsRefused) {
    for (const auto type :
         {CKM_MD5_HMAC, CKM_SHA_1_HMAC, CKM_SHA224_HMAC, CKM_SHA384_HMAC, CKM_SHA512_HMAC}) {
        CK_MECHANISM mechanism{type, nullptr, 0};
        EXPECT_NE(raw->f().C_SignInit(raw->handle(), &mechanism, raw->key("FPK-v1")), CKR_OK) << type;
    }
    CK_MECHANISM mechanism{CKM_SHA256_HMAC, nullptr, 0};
    EXPECT_NE(raw->f().C_VerifyInit(raw->handle(), &mechanism, raw->key("FPK-v1")), CKR_OK);
}

TEST_F(Attacks, UsingAKeyForAnotherPurposeIsRefused) {
    CK_MECHANISM hmac{CKM_SHA256_HMAC, nullptr, 0};
    EXPECT_NE(raw->f().C_SignInit(raw->handle(), &hmac, raw->key("KEK-card-v1")), CKR_OK);
    std::array<CK_BYTE, 12> iv{};
    CK_GCM_PARAMS parameters{};
    parameters.pIv = iv.data();
    parameters.ulIvLen = iv.size();
    parameters.ulIvBits = 96;
    parameters.ulTagBits = 128;
    CK_MECHANISM gcm{CKM_AES_GCM, &parameters, sizeof parameters};
    EXPECT_NE(raw->f().C_EncryptInit(raw->handle(), &gcm, raw->key("FPK-v1")), CKR_OK);
}

TEST_F(Attacks, DerivingFromAKeyIsRefused) {
    std::array<CK_BYTE, 16> data{};
    CK_KEY_DERIVATION_STRING_DATA input{};
    input.pData = data.data();
    input.ulLen = data.size();
    CK_MECHANISM mechanism{CKM_AES_ECB_ENCRYPT_DATA, &input, sizeof input};
    CK_OBJECT_CLASS object_class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_GENERIC_SECRET;
    CK_ULONG size = 16;
    CK_ATTRIBUTE weak[] = {{CKA_CLASS, &object_class, sizeof object_class},
                           {CKA_KEY_TYPE, &type, sizeof type},
                           {CKA_VALUE_LEN, &size, sizeof size}};
    CK_OBJECT_HANDLE made = 0;
    for (const auto& label : labels())
        EXPECT_NE(raw->f().C_DeriveKey(raw->handle(), &mechanism, raw->key(label), weak, 3, &made), CKR_OK)
            << label;
}

// Label and CKA_ID can be read and given to another key, once the true one is destroyed.
class Substitution : public Attacks {
  protected:
    void SetUp() override {
        open();
        sealed = seal("key").value();
        digest = mac("4242").value();
        Attacks::SetUp();
    }
    Template like(KeyRef key) {
        Template made{key};
        Bytes id;
        EXPECT_TRUE(raw->session->read(raw->key(hsm::label_of(key)), CKA_ID, id).ok());
        std::ranges::copy(id, made.id.begin());
        EXPECT_EQ(raw->f().C_DestroyObject(raw->handle(), raw->key(hsm::label_of(key))), CKR_OK);
        return made;
    }
    void expect_unused() {
        for (int i = 0; i < 3; ++i) {
            const auto sealed_now = seal("secret");
            ASSERT_FALSE(sealed_now);
            EXPECT_EQ(sealed_now.error().cause(), Cause::unavailable);
            const auto opened = open_sealed(sealed);
            ASSERT_FALSE(opened);
            EXPECT_EQ(opened.error().cause(), Cause::unavailable) << "the row is not to blame";
        }
        EXPECT_FALSE(wait_for(hsm->self_test(Deadline{})));
    }
    Bytes sealed;
    common::crypto::Digest digest{};
};

TEST_F(Substitution, AKeyOfTheSameLabelIsNotUsed) {
    auto other = like(card_kek);
    other.id.fill(0x55);
    ASSERT_EQ(other.generate(*raw), CKR_OK);
    expect_unused();
}

TEST_F(Substitution, AKeyOfTheSameLabelAndIdIsNotUsed) {
    ASSERT_EQ(like(card_kek).generate(*raw), CKR_OK);
    expect_unused();
}

TEST_F(Substitution, ATrojanKeyOfTheSameLabelAndIdIsNotUsed) {
    ASSERT_EQ(like(card_kek).create(*raw), CKR_OK);
    expect_unused();
}

TEST_F(Substitution, AFingerprintKeyOfTheSameLabelAndIdIsNotUsed) {
    ASSERT_EQ(like(fingerprint_key).generate(*raw), CKR_OK);
    for (int i = 0; i < 3; ++i)
        EXPECT_FALSE(mac("4242"));
    EXPECT_TRUE(seal("x").has_value() || !hsm->health().usable) << "the other keys may go on";
}

TEST_F(Attacks, KeysAreNotSeenWithoutALogin) {
    raw.reset();
    const RawSession stranger{token, false};
    std::vector<CK_OBJECT_HANDLE> found;
    ASSERT_TRUE(stranger.session->find({}, 16, found).ok());
    EXPECT_THAT(found, testing::IsEmpty());
}

TEST_F(Attacks, GuessingAShortTagNeverSucceeds) {
    raw.reset();
    open();
    auto sealed = seal("key").value();
    sealed.resize(sealed.size() - 15);  // a module that took the tag's length from us would accept one of 256
    for (int guess = 0; guess < 256; ++guess) {
        sealed.back() = static_cast<std::uint8_t>(guess);
        EXPECT_FALSE(open_sealed(sealed));
    }
}

}  // namespace
}  // namespace hsm_test
