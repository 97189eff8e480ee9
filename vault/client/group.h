// Several vaults on one database, as the gateway sees them: any of them does, but the security code of a card
// is in the memory of the one that took it.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "vault/client/client.h"

namespace vault {

// The vault that a handle of a security code names; "" = none.
std::string_view vault_of_cvc_handle(std::string_view handle);

// Lives on one io_context. Calls and errors are those of Client. They go to the vaults by turns; a call that
// one did not take is made of the next one, and for some seconds that one is asked last.
class Group {
  public:
    struct Vault {
        // Its vault.name. "" when it is the only one: it is asked whatever a handle names.
        std::string name;
        common::http::ClientOptions options;
    };
    // At least one; names are all different.
    Group(boost::asio::io_context& io, std::vector<Vault> vaults, const common::http::TlsSource& tls,
          common::Metrics& metrics);
    ~Group();

    common::Task<Card> create_card(NewCard card, common::Deadline deadline);
    common::Task<Card> find_card(common::AccountId account, std::string token, common::Deadline deadline);
    common::Task<Card> update_card(CardUpdate change, common::Deadline deadline);
    common::Task<bool> erase_card(common::AccountId account, std::string token, common::Deadline deadline);
    common::Task<CardList> search_cards(CardSearch search, common::Deadline deadline);
    common::Task<SecurityCode> hold_security_code(NewSecurityCode code, common::Deadline deadline);
    // To the vault that the security code's handle names. When that one is not in the group, or does not take
    // it, the authorization goes to another one and without the code.
    common::Task<Exchange> authorize(AuthorizationRequest request, common::Deadline deadline);
    common::Task<Exchange> capture(CaptureRequest request, common::Deadline deadline);
    common::Task<Exchange> reverse(ReversalRequest request, common::Deadline deadline);
    // Cause::unavailable where Client has lock_timeout.
    common::Task<Exchange> refund(RefundRequest request, common::Deadline deadline);
    common::Task<Exchange> find_exchange(common::AccountId account, std::string request_id,
                                         common::Deadline deadline);
    common::Task<DataKey> create_data_key(DataKeyScope scope, common::Deadline deadline);
    common::Task<common::SecretBytes> open_data_key(DataKeyScope scope, SealedDataKey key,
                                                    common::Deadline deadline);
    // One that is healthy is enough.
    common::Task<bool> healthy(common::Deadline deadline);

  private:
    struct Member {
        std::string name;
        std::unique_ptr<Client> client;
        std::chrono::steady_clock::time_point rests_until{};
        bool up = true;
    };
    template <class T, class Call>
    common::Task<T> first_of(Call call, common::Deadline deadline);
    template <class Call>
    common::Task<Exchange> send_by_one(std::vector<Member*> order, Call call, common::Deadline deadline);
    Member* holder_of(std::string_view cvc_handle);
    std::vector<Member*> turns();
    void note(Member& member, bool took_it);
    void show(const Member& member);

    std::vector<Member> members_;
    std::size_t next_ = 0;  // index of the one that comes first in the next call
    common::Metrics& metrics_;
};

}  // namespace vault
