#include "vault/client/group.h"

#include <gtest/gtest.h>

namespace {

TEST(CvcHandle, NamesItsVault) {
    EXPECT_EQ(vault::vault_of_cvc_handle("cvc_abc.vault-1"), "vault-1");
    EXPECT_EQ(vault::vault_of_cvc_handle("cvc_abc.10.0.0.1:8444"), "10.0.0.1:8444");
    EXPECT_EQ(vault::vault_of_cvc_handle("cvc_abc"), "");
    EXPECT_EQ(vault::vault_of_cvc_handle(""), "");
}

}  // namespace
