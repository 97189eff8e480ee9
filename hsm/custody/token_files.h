// The files of a SoftHSM2 token, and the archive of them that is its backup. Other modules keep their keys to
// themselves: their backup is the vendor's.
#pragma once

#include <string>
#include <vector>

#include "hsm/provision.h"

namespace hsm::custody {

struct TokenInfo {
    std::string serial, model, manufacturer;
};
// 500 when the module has no token of that label.
common::Result<TokenInfo> token_info(const TokenSetup& setup, common::Metrics& metrics);

// Where SoftHSM2 keeps its tokens, by the configuration that SOFTHSM2_CONF names.
common::Result<std::string> softhsm_token_folder();

struct TokenFiles {
    std::string folder;  // name of the token's own, a UUID whose end is the serial
    struct File {
        std::string name;
        common::SecretBytes content;
    };
    std::vector<File> files;
};
// Reads all twice: 409 when somebody writes to the token meanwhile. At most 256 files of 64 KiB, and 512 KiB
// in all.
common::Result<TokenFiles> read_token(const std::string& tokens, const std::string& serial);
// Makes the token's folder, whole or not at all; 409 when it is there already.
common::Status write_token(const std::string& tokens, const TokenFiles& token);

// The archive: the line "portcullis-hsm-backup-1 SET\n", then IV (12 bytes), ciphertext and tag (16) of
// AES-256-GCM, with that line as associated data. Inside, for the folder's name and then for each file its
// name and its content: length in four bytes, big-endian, and the bytes. 400 saying what is wrong.
common::Result<common::crypto::Bytes> seal_archive(const TokenFiles& token, const std::string& set,
                                                   const common::SecretBytes& key);
common::Result<TokenFiles> open_archive(std::span<const std::uint8_t> archive, const std::string& set,
                                        const common::SecretBytes& key);

}  // namespace hsm::custody
