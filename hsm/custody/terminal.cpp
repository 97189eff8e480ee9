#include "hsm/custody/terminal.h"

#include <fstream>

#include <openssl/err.h>
#include <openssl/evp.h>

#include "common/config.h"
#include "hsm/custody/identity.h"

namespace hsm::custody {

using common::Error;
using common::Fail;
using common::Result;
using common::SecretBytes;
using common::Status;

Result<SecretBytes> passphrase(const std::string& file, const std::string& whose, bool fresh) {
    if (!file.empty()) return common::read_secret_file(file);
    SecretBytes typed{passphrase_max + 1};
    const auto prompt = "Passphrase of " + whose + ": ";
    const int minimum = fresh ? static_cast<int>(passphrase_min) : 1;
    const int outcome =
        EVP_read_pw_string_min(reinterpret_cast<char*>(typed.bytes().data()), minimum,
                               static_cast<int>(passphrase_max), prompt.c_str(), fresh ? 1 : 0);
    ERR_clear_error();
    if (outcome != 0)
        return Fail{Error::internal(
            "no passphrase was typed: there is no terminal, it was shorter than 12 characters, or the two "
            "differ; a file of mode 0600 can be named with --passphrase-file")};
    const auto size = typed.text().find('\0');
    return SecretBytes::copy_of(typed.text().substr(0, size));
}

Status confirm(const std::string& question) {
    std::fstream terminal{"/dev/tty"};
    std::string answer;
    if (terminal) {
        terminal << question << " Type yes to go on: " << std::flush;
        std::getline(terminal, answer);
    }
    if (answer == "yes") return {};
    return Fail{Error::internal("nothing was done, for nobody typed yes on a terminal")};
}

}  // namespace hsm::custody
