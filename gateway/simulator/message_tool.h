// `portcullis-acquirer message`: one message a line, hexadecimal to JSON and back.
#pragma once

#include <string_view>
#include <vector>

#include "common/secret.h"
#include "vault/iso8583/message.h"

namespace simulator {

struct ToolOptions {
    vault::iso8583::Profile profile = vault::iso8583::Profile::gw87a;
    bool show_pan = false;     // otherwise card data and PIN blocks are masked (PCI DSS requirement 3.4.1)
    bool layout_only = false;  // leave out formats, mandatory fields, TLV and semantics
    common::SecretBytes mac_key;
};

// {"mti", "fields": {"2": …}} or {"error": {"name", "field"}}; NOT_HEX for a line that is no hexadecimal.
common::SecretText decode_line(std::string_view hex, const ToolOptions& options);
// The payload in upper-case hexadecimal, or an error object; NOT_JSON for a line that is no such document.
common::SecretText encode_line(std::string_view json, const ToolOptions& options);
// Works off standard input. `encode` chooses the direction.
void run_message_tool(bool encode, const ToolOptions& options);

}  // namespace simulator
