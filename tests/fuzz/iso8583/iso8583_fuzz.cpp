// The first byte chooses profile, MAC and whether the rest is a stream; what decodes must encode, and again
// to the same bytes.
#include <cstdlib>

#include "vault/iso8583/message.h"

using namespace vault::iso8583;

namespace {

void check(std::span<const std::uint8_t> payload, Profile profile, const Options& options) {
    const auto message = decode(payload, profile, options);
    (void)readable_header(payload, profile);
    if (!message) return;
    const auto first = encode(*message, profile, options);
    if (!first) std::abort();
    const auto text = first->view();
    const auto again =
        decode({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}, profile, options);
    if (!again) std::abort();
    const auto second = encode(*again, profile, options);
    if (!second || second->view() != text) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static constexpr std::uint8_t key[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    if (size == 0) return 0;
    const std::uint8_t choice = data[0];
    const std::span<const std::uint8_t> rest{data + 1, size - 1};
    const Profile profile = (choice & 1U) != 0 ? Profile::gw87b : Profile::gw87a;
    Options options{.mac_key = {}, .layout_only = (choice & 2U) != 0};
    if ((choice & 4U) != 0) options.mac_key = key;
    if ((choice & 8U) == 0) {
        check(rest, profile, options);
        return 0;
    }
    FrameReader reader;
    common::SecretText payload;
    for (std::size_t at = 0; at < rest.size();) {
        const std::size_t part = std::min<std::size_t>(rest.size() - at, 1 + (choice >> 4U) * 7U);
        reader.feed(rest.subspan(at, part));
        at += part;
        while (reader.next(payload) == FrameReader::State::frame) {
            const auto text = payload.view();
            check({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}, profile, options);
        }
    }
    return 0;
}
